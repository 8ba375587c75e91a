/** One conversation's log as a page holds it. Pure.
 *
 * The page holds one stretch without a gap up to the newest message, and perhaps a second one *aside*
 * where somebody looks at what was said long ago; when they touch they become one. Messages come live,
 * caught up, as a page asked for, or twice, in any order; what does not touch the stretch is not taken
 * but asked for. Of two views of a message the one of the greater revision is the newer, whichever came
 * first. A message of one's own waits below the stretch until the stretch has it, so it is shown once.
 */
import type { Message } from "../protocol/types.js";
import type { Conversation, PendingMessage } from "./model.js";

/** `asked`: messages after this seq were asked for and have not all come. `revision`: each message that is
 * held is at least as it was then. */
export interface Log extends Conversation {
  readonly asked: number | null;
  readonly revision: number;
}

/** A log, and the seq after which the page must ask for messages, if there is a gap. */
export type Merged = readonly [log: Log, ask: number | null];

/** What `chat.messages` or a page brought, as it was read. */
export interface Arrival {
  readonly head: number;
  readonly revision: number;
  readonly messages: readonly Message[];
}

type Stretch = readonly Message[];

const STRAYS_MOST = 1000;

export function emptyLog(id: string, head: number): Log {
  return {
    id,
    head,
    messages: [],
    aside: null,
    strays: {},
    pending: [],
    changes: [],
    loadingOlder: false,
    loadingNewer: false,
    restored: false,
    asked: null,
    revision: 0,
  };
}

export function lastSeq(log: Log): number {
  return log.messages.at(-1)?.seq ?? 0;
}

/** The message at a place, as far as it is held anywhere. */
export function messageAt(log: Conversation, seq: number): Message | undefined {
  return inStretch(log.messages, seq) ?? inStretch(log.aside ?? [], seq) ?? log.strays[seq];
}

/** A stretch has no gap, so a place in it is reckoned. */
export function inStretch(stretch: Stretch, seq: number): Message | undefined {
  return stretch[seq - (stretch[0]?.seq ?? seq + 1)];
}

/** Takes what `chat.messages` or a page brought, in ascending order. */
export function merge(log: Log, me: string, arrival: Arrival): Merged {
  const came = newestOf(log, withoutBreak(arrival.messages));
  const joined = join(log.messages, came);
  const beside = joined === log.messages && log.aside ? joinAside(log.aside, came) : log.aside;
  const grown = settle({
    ...log,
    head: Math.max(log.head, arrival.head, joined.at(-1)?.seq ?? 0),
    revision: joined === log.messages && beside === log.aside ? log.revision : revisionOf(log, arrival),
    messages: joined,
    aside: beside,
    pending: unsaid(log.pending, me, joined),
  });
  const last = lastSeq(grown);
  const gap = (came[0]?.seq ?? 0) > last + 1;
  const behind = grown.asked !== null && last > grown.asked && last < grown.head;
  if ((gap && grown.asked !== last) || behind) return [{ ...grown, asked: last }, last];
  const done = grown.asked !== null && last >= grown.head;
  return [done ? { ...grown, asked: null } : grown, null];
}

/** Takes one's own message as soon as it is on disk; the log may hold it already. */
export function accepted(log: Log, message: Message): Merged {
  const { seq, revision } = message;
  return merge(log, message.person, { head: seq, revision: Math.ceil(revision), messages: [message] });
}

/** Messages that were touched, as they are now: those that are not held are kept beside, as the page that
 * will hold them may have been read before. */
export function touched(log: Log, revision: number, messages: readonly Message[]): Log {
  const strays = { ...log.strays };
  for (const message of messages) {
    if ((strays[message.seq]?.revision ?? -1) < message.revision) strays[message.seq] = message;
  }
  return {
    ...log,
    messages: patch(log.messages, messages),
    aside: log.aside && patch(log.aside, messages),
    strays: few(strays),
    revision: Math.max(log.revision, revision),
  };
}

/** Messages that are looked at by themselves, quoted or pinned, as they were at `revision`. */
export function beside(log: Log, revision: number, messages: readonly Message[]): Log {
  const known = touched(log, 0, messages);
  return { ...known, revision: lower(log.revision, revision) };
}

/** Looks at a page of long ago: aside, unless it touches what is held. */
export function lookAt(log: Log, me: string, arrival: Arrival): Log {
  const came = newestOf(log, withoutBreak(arrival.messages));
  if (came.length === 0) return { ...log, aside: null };
  if (touches(log.messages, came)) return { ...merge(log, me, arrival)[0], aside: null };
  const aside = log.aside && touches(log.aside, came) ? join(log.aside, came) : came;
  return {
    ...log,
    head: Math.max(log.head, arrival.head),
    aside,
    revision: lower(log.revision, arrival.revision),
  };
}

// ---- stretches ---------------------------------------------------------------------------------

/** Up to the first break, so that a stretch stays one whatever the sender does. */
function withoutBreak(messages: Stretch): Stretch {
  const end = messages.findIndex((m, i) => i > 0 && m.seq !== (messages[i - 1]?.seq ?? 0) + 1);
  return end < 0 ? messages : messages.slice(0, end);
}

function touches(held: Stretch, came: Stretch): boolean {
  const [first, last] = [held[0]?.seq, held.at(-1)?.seq];
  if (first === undefined || last === undefined) return true;
  return (came[0]?.seq ?? Infinity) <= last + 1 && (came.at(-1)?.seq ?? 0) >= first - 1;
}

/** The union of two stretches that touch or overlap; otherwise the first one. */
function join(held: Stretch, came: Stretch): Stretch {
  const [first, last] = [held[0]?.seq, held.at(-1)?.seq];
  if (first === undefined || last === undefined) return came;
  if (came.length === 0 || !touches(held, came)) return held;
  const before = came.filter((message) => message.seq < first);
  const after = came.filter((message) => message.seq > last);
  const patched = patch(held, came);
  return before.length + after.length ? [...before, ...patched, ...after] : patched;
}

const joinAside = (aside: Stretch, came: Stretch): Stretch =>
  touches(aside, came) ? join(aside, came) : aside;

/** Once the second stretch touches the first they are one. */
function settle(log: Log): Log {
  if (!log.aside || !touches(log.messages, log.aside)) return log;
  return { ...log, messages: join(log.messages, log.aside), aside: null };
}

/** The same stretch, with those of these that are newer. */
function patch(stretch: Stretch, newer: readonly Message[]): Stretch {
  let patched: Message[] | null = null;
  const first = stretch[0]?.seq ?? Infinity;
  for (const message of newer) {
    const held = inStretch(patched ?? stretch, message.seq);
    if (!held || held.revision >= message.revision) continue;
    patched ??= [...stretch];
    patched[message.seq - first] = message;
  }
  return patched ?? stretch;
}

/** What came, as it is now: a change of it may have come first. */
function newestOf(log: Log, came: Stretch): Stretch {
  const stray = (message: Message): Message => {
    const known = messageAt(log, message.seq);
    return known && known.revision > message.revision ? known : message;
  };
  return came.some((message) => stray(message) !== message) ? came.map(stray) : came;
}

/** Whatever joins is as it was when it was read. A new message that is the very next change leaves nothing
 * between. */
function revisionOf(log: Log, { revision, messages }: Arrival): number {
  let known = lower(log.revision, revision);
  for (const message of messages) if (message.revision === known + 1) known += 1;
  return known;
}

/** 0: nothing was held. */
const lower = (held: number, came: number): number => (held === 0 ? came : Math.min(held, came));

function few(strays: Readonly<Record<number, Message>>): Readonly<Record<number, Message>> {
  const all = Object.values(strays);
  if (all.length <= STRAYS_MOST) return strays;
  const kept = all.sort((a, b) => b.revision - a.revision).slice(0, STRAYS_MOST / 2);
  return Object.fromEntries(kept.map((message) => [message.seq, message]));
}

/** Those that one's own messages in the log do not say already. */
export function unsaid(
  pending: readonly PendingMessage[],
  me: string,
  said: readonly Message[],
): readonly PendingMessage[] {
  if (pending.length === 0) return pending;
  const mine = new Set(said.filter((message) => message.person === me).map(({ id }) => id));
  return pending.some(({ id }) => mine.has(id)) ? pending.filter(({ id }) => !mine.has(id)) : pending;
}
