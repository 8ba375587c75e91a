/** One conversation's log as a page holds it. Pure.
 *
 * The page holds one stretch without a gap. Messages come live, caught up, as a page asked for, or
 * twice, in any order; what does not touch the stretch is not taken but asked for. A message of
 * one's own waits below the stretch until the stretch has it, so it is shown once.
 */
import type { Message } from "../protocol/types.js";
import type { Conversation, PendingMessage } from "./model.js";

/** `asked`: messages after this seq were asked for and have not all come. `revision`: the messages
 * that are held are as of this revision at least. */
export interface Log extends Conversation {
  readonly asked: number | null;
  readonly revision: number;
}

/** A log, and the seq after which the page must ask for messages, if there is a gap. */
export type Merged = readonly [log: Log, ask: number | null];

export function emptyLog(id: string, head: number, read: number, revision: number): Log {
  return { id, head, messages: [], read, pending: [], loadingOlder: false, asked: null, revision };
}

export function lastSeq(log: Log): number {
  return log.messages.at(-1)?.seq ?? 0;
}

/** Takes what `chat.messages` or a page brought, in ascending order. */
export function merge(log: Log, me: string, head: number, arrived: readonly Message[]): Merged {
  const came = withoutBreak(arrived);
  const joined = join(log.messages, came);
  const grown: Log = {
    ...log,
    head: Math.max(log.head, head, joined.at(-1)?.seq ?? 0),
    revision: further(log.revision, arrived),
    messages: joined,
    pending: unsaid(log.pending, me, joined),
  };
  const last = lastSeq(grown);
  const gap = (came[0]?.seq ?? 0) > last + 1;
  const behind = grown.asked !== null && last > grown.asked && last < grown.head;
  if ((gap && grown.asked !== last) || behind) return [{ ...grown, asked: last }, last];
  const done = grown.asked !== null && last >= grown.head;
  return [done ? { ...grown, asked: null } : grown, null];
}

/** Takes one's own message as soon as it is on disk; the log may hold it already. */
export function accepted(log: Log, message: Message): Merged {
  return merge(log, message.person, message.seq, [message]);
}

/** Takes messages that were touched, as they are now; those that are not held are passed over. */
export function touch(log: Log, revision: number, touched: readonly Message[]): Log {
  const messages = withNewer(log.messages, touched);
  return { ...log, messages, revision: Math.max(log.revision, revision) };
}

/** The revision after these messages: each change is in the message that it touched last. */
export function further(revision: number, came: readonly Message[]): number {
  const steps = came.map((message) => message.revision).filter((step) => step > revision);
  if (steps.length > 1) steps.sort((a, b) => a - b);
  return steps.reduce((at, step) => (step === at + 1 ? step : at), revision);
}

/** Each message that is held, or the newer view of it that came. */
function withNewer(held: readonly Message[], came: readonly Message[]): readonly Message[] {
  const first = held[0]?.seq ?? 0;
  const newer = came.filter(({ seq, revision }) => revision > (held[seq - first]?.revision ?? Infinity));
  if (newer.length === 0) return held;
  const taken = [...held];
  for (const message of newer) taken[message.seq - first] = message;
  return taken;
}

/** Up to the first break, so that a stretch stays one whatever the sender does. */
function withoutBreak(messages: readonly Message[]): readonly Message[] {
  const end = messages.findIndex((m, i) => i > 0 && m.seq !== (messages[i - 1]?.seq ?? 0) + 1);
  return end < 0 ? messages : messages.slice(0, end);
}

/** The union of two stretches that touch or overlap; otherwise the first one. */
function join(held: readonly Message[], came: readonly Message[]): readonly Message[] {
  const [first, last] = [held[0]?.seq, held.at(-1)?.seq];
  if (first === undefined || last === undefined) return came;
  const touches = (came[0]?.seq ?? Infinity) <= last + 1 && (came.at(-1)?.seq ?? 0) >= first - 1;
  if (!touches) return held;
  const before = came.filter((message) => message.seq < first);
  const after = came.filter((message) => message.seq > last);
  const middle = withNewer(held, came);
  return before.length + after.length ? [...before, ...middle, ...after] : middle;
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
