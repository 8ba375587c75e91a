/** How what is said changes the state. Pure.
 *
 * A mentorship's line at home (last message, unread, pins, marks) is kept by the snapshot law: the
 * snapshot and any later frames, in any order and twice, give what a later snapshot would say.
 */
import type {
  ChatAccepted,
  ChatDone,
  ChatGap,
  ChatMessages,
  ChatReceipt,
  ChatTouched,
  Mark,
  MentorshipView,
  Message,
} from "../protocol/types.js";
import {
  accepted,
  emptyLog,
  lastSeq,
  merge,
  messageAt,
  touched,
  unsaid,
  type Log,
  type Merged,
} from "./conversation.js";
import type { PendingChange, PendingMessage } from "./model.js";
import type { Effect, State, Step } from "./state.js";
import { NONE_TOLD, toldAt, withTold, type Told } from "./told.js";

/** What came since the snapshot of a conversation, so that it counts once whatever the order. */
export interface Since {
  /** Of the snapshot. */
  readonly revision: number;
  readonly head: number;
  /** The newest view of each message that came. */
  readonly told: Told;
}

export const NOTHING_SINCE: Since = { revision: 0, head: 0, told: NONE_TOLD };

export const only = (state: State): Step => [state, []];

/** A conversation is looked at: its newest page is asked for, once. */
export function openConversation(state: State, id: string): Step {
  const mentorship = state.mentorships.find((m) => m.conversation === id);
  if (state.conversations[id] || !mentorship) return only(state);
  const log = emptyLog(id, mentorship.head);
  const effects: Effect[] = [];
  if (log.head > 0) effects.push({ is: "fetch", conversation: id, after: null });
  return [withLog(state, log), effects];
}

/** All that was asked for and has not come, to be asked again when an answer was refused: a refusal
 * does not say of which conversation it is, and a page that comes twice does no harm. */
export function unanswered(state: State): readonly Effect[] {
  return Object.values(state.conversations).flatMap((log): Effect[] => {
    const newest = log.messages.length === 0 && log.head > 0;
    if (!newest && log.asked === null) return [];
    return [{ is: "fetch", conversation: log.id, after: newest ? null : log.asked }];
  });
}

/** What waits to be sent. What the log has already is not shown twice. */
export function withPending(
  state: State,
  id: string,
  pending: readonly PendingMessage[],
  changes: readonly PendingChange[],
): State {
  const log = state.conversations[id];
  const me = state.me?.id ?? "";
  if (!log) return state;
  if (log.pending.length + pending.length + log.changes.length + changes.length === 0) return state;
  return withLog(state, { ...log, pending: unsaid(pending, me, log.messages), changes });
}

/** Which older or newer messages are on their way. */
export function loading(state: State, id: string, which: "loadingOlder" | "loadingNewer", is: boolean): State {
  const log = state.conversations[id];
  return log && log[which] !== is ? withLog(state, { ...log, [which]: is }) : state;
}

/** The person has seen everything up to `seq`. */
export function readUpTo(state: State, id: string, seq: number): Step {
  const head = state.conversations[id]?.head ?? 0;
  const to = Math.min(seq, head);
  if (to <= readOf(state, id)) return only(state);
  return [withRead(state, id, to), [{ is: "read", conversation: id, seq: to }]];
}

/** The socket is gone: nothing that was asked for will come, and who types now nobody knows. */
export function disconnected(state: State): State {
  const logs = Object.values(state.conversations).map((log) => ({ ...log, asked: null }));
  return { ...state, typing: {}, conversations: Object.fromEntries(logs.map((log) => [log.id, log])) };
}

/** Nothing that is held is there any more, nor was it read; what is still to be sent, is. */
export function emptied(state: State): State {
  const logs = Object.values(state.conversations).map((log) => anew(log, 0));
  return { ...state, mentorships: [], conversations: Object.fromEntries(logs.map((log) => [log.id, log])) };
}

function anew({ id, pending, changes, messages, restored }: Log, head: number): Log {
  return { ...emptyLog(id, head), pending, changes, restored: restored || messages.length > 0 };
}

/** Whoever looks knows that messages may be gone. */
export function heeded(state: State, id: string): State {
  const log = state.conversations[id];
  return log?.restored ? withLog(state, { ...log, restored: false }) : state;
}

/** Per conversation what is held without a gap. */
export function cursors(state: State): Record<string, { seq: number; revision: number }> {
  const logs = Object.values(state.conversations).filter((log) => log.messages.length > 0);
  return Object.fromEntries(logs.map((log) => [log.id, { seq: lastSeq(log), revision: log.revision }]));
}

/** By conversation, up to which seq a page of this person's has got what the log does not hold. */
export type Got = ReadonlyMap<string, number>;

/** What no page of this person's has got: all between these. */
export interface Missing {
  readonly conversation: string;
  readonly after: number;
  readonly before: number;
}

/** How far one's own pages have got each conversation without a gap, where the server has not heard of it. */
export function undelivered(state: State, got: Got): readonly { readonly conversation: string; readonly seq: number }[] {
  return unheard(state, got).flatMap(({ log, delivered }) =>
    log.messages[0]!.seq <= delivered + 1 ? [{ conversation: log.id, seq: lastSeq(log) }] : [],
  );
}

/** Of conversations of which the newest is held, what is missing before it. */
export function missing(state: State, got: Got): readonly Missing[] {
  return unheard(state, got).flatMap(({ log, delivered }) => {
    const first = log.messages[0]!.seq;
    return first > delivered + 1 ? [{ conversation: log.id, after: delivered, before: first }] : [];
  });
}

function unheard(state: State, got: Got): readonly { readonly log: Log; readonly delivered: number }[] {
  const me = state.me?.id ?? "";
  return state.mentorships.flatMap((m) => {
    const log = state.conversations[m.conversation];
    const delivered = Math.max(markOf(m, me).delivered, got.get(m.conversation) ?? 0);
    return log && lastSeq(log) > delivered ? [{ log, delivered }] : [];
  });
}

/** Conversations of which something came that no page of this person's has got: they are fetched, though
 * nobody looks at them yet. */
export function unheld(state: State): readonly string[] {
  const me = state.me?.id ?? "";
  return state.mentorships
    .filter((m) => !state.conversations[m.conversation] && m.head > markOf(m, me).delivered)
    .map((m) => m.conversation);
}

export function markOf(mentorship: MentorshipView, person: string): Mark {
  const found = mentorship.marks?.find((mark) => mark.person === person);
  return found ?? { person, delivered: 0, read: 0 };
}

// ---- frames ------------------------------------------------------------------------------------

/** What is there of conversations when one signs in. */
export function onSnapshot(state: State, mentorships: readonly MentorshipView[]): Step {
  const effects: Effect[] = [];
  const since = Object.fromEntries(
    mentorships.map((m) => [m.conversation, { revision: m.revision, head: m.head, told: NONE_TOLD }]),
  );
  let next: State = { ...state, mentorships, since };
  for (const mentorship of mentorships) {
    // Read while the socket was away.
    const seen = Math.min(readOf(state, mentorship.conversation), mentorship.head);
    if (seen > mentorship.read) {
      next = withRead(next, mentorship.conversation, seen);
      effects.push({ is: "read", conversation: mentorship.conversation, seq: seen });
    }
    const log = next.conversations[mentorship.conversation];
    if (!log) continue;
    next = withLog(next, { ...log, head: Math.max(log.head, mentorship.head) });
    if (log.messages.length === 0 && mentorship.head > 0) {
      effects.push({ is: "fetch", conversation: log.id, after: null });
    }
    next = recount(next, log.id);
  }
  return [next, effects];
}

export function onMessages(state: State, frame: ChatMessages): Step {
  const me = state.me?.id ?? "";
  const log = state.conversations[frame.conversation];
  if (!log) return only(news(state, frame));
  const [merged, ask] = merge(log, me, frame);
  // Behind a gap nothing is counted yet: it comes again when the gap is filled.
  const seen = lastSeq(merged);
  const messages = frame.messages.filter(({ seq }) => seq <= seen);
  return settle(news(state, { ...frame, messages }), [merged, ask]);
}

/** What this page has is not there any more; what it has still to send, is. */
export function onGap(state: State, { conversation, head }: ChatGap): Step {
  const log = state.conversations[conversation];
  if (!log) return only(state);
  const ask: Effect[] = head > 0 ? [{ is: "fetch", conversation, after: null }] : [];
  const known = change(state, (m) => (m.conversation === conversation && m.read > head ? { ...m, read: head } : m));
  return [withLog(known, anew(log, head)), ask];
}

export function onTouched(state: State, frame: ChatTouched): Step {
  const { conversation, revision, messages } = frame;
  const log = state.conversations[conversation];
  const known = log ? withLog(state, touched(log, revision, messages)) : state;
  const next = recount(news(known, { ...frame, t: "chat.messages", head: 0 }), conversation);
  // What was said before the last message, which is gone, only the log knows.
  const lastOf = (of: State): unknown => of.mentorships.find((m) => m.conversation === conversation)?.last;
  return lastOf(state) && !lastOf(next) ? openConversation(next, conversation) : only(next);
}

export function onAccepted(state: State, frame: ChatAccepted): Step {
  const { conversation, id, seq, at_us, revision } = frame;
  const log = state.conversations[conversation];
  const pending = log?.pending.find((item) => item.id === id);
  if (!state.me || !log || !pending) return only(state);
  const { body, replyTo } = pending;
  const message: Message = {
    // What was written, under the revision as it is now: whatever is told of that one is newer.
    ...{ seq, id, person: state.me.id, body, at_us, revision: revision - 0.5 },
    ...(replyTo != null && { reply_to: replyTo }),
  };
  const [merged, ask] = accepted(log, message);
  const messages = lastSeq(merged) >= seq ? [message] : [];
  const said = news(state, { t: "chat.messages", conversation, head: seq, revision, messages });
  return settle(said, [merged, ask]);
}

export function onReceipt(state: State, frame: ChatReceipt): Step {
  const { conversation, person, delivered, read } = frame;
  const marked = change(state, (m) => {
    if (m.conversation !== conversation) return m;
    const mark = markOf(m, person);
    if (mark.delivered >= delivered && mark.read >= read) return m;
    const grown = {
      person,
      delivered: Math.max(mark.delivered, delivered),
      read: Math.max(mark.read, read),
    };
    return { ...m, marks: [...(m.marks ?? []).filter((each) => each.person !== person), grown] };
  });
  return only(person === state.me?.id ? withRead(marked, conversation, read) : marked);
}

/** Whether the log shows what the server has done. */
export function shows(state: State, { conversation, seq, revision }: Pick<ChatDone, "conversation" | "seq" | "revision">): boolean {
  const log = state.conversations[conversation];
  const held = log && messageAt(log, seq);
  return !held || held.revision >= revision;
}

// ---- a mentorship's line -------------------------------------------------------------------------

/** Messages, new or changed. What is older than what was told of them changes nothing. */
function news(state: State, frame: ChatMessages): State {
  const { conversation } = frame;
  const me = state.me?.id ?? "";
  const since = state.since[conversation] ?? NOTHING_SINCE;
  const fresh = new Map<number, Message>();
  for (const message of frame.messages) {
    const known = fresh.get(message.seq) ?? toldAt(since.told, message.seq);
    if (message.revision <= (known?.revision ?? since.revision)) continue; // the snapshot has older ones
    fresh.set(message.seq, message);
  }
  const next = change(state, (m) => {
    if (m.conversation !== conversation) return m;
    const counted = [...fresh.values()].reduce((view, message) => {
      const was = toldAt(since.told, message.seq);
      return withNews(view, message, { was, isNew: !was && message.seq > since.head, me });
    }, m);
    const head = Math.max(m.head, frame.head, ...fresh.keys());
    const revision = Math.max(m.revision, frame.revision);
    return head === counted.head && revision === counted.revision ? counted : { ...counted, head, revision };
  });
  const told = withTold(since.told, fresh.values());
  return { ...next, since: { ...next.since, [conversation]: { ...since, told } } };
}

/** One message as it is now; it `was` told as something else, or came by the snapshot. */
function withNews(
  view: MentorshipView,
  message: Message,
  { was, isNew, me }: { readonly was: Message | undefined; readonly isNew: boolean; readonly me: string },
): MentorshipView {
  const [live, wasLive] = [isLive(message), was ? isLive(was) : !isNew];
  const counts = message.person !== me && message.seq > view.read;
  const unread = counts ? Math.max(0, view.unread + Number(live) - Number(wasLive)) : view.unread;
  const { last = null } = view;
  const newest = message.seq >= (last?.seq ?? 0);
  const pinned = view.pinned ?? message.pinned_us ? pinsWith(view.pinned ?? [], message, was) : undefined;
  return {
    ...view,
    unread,
    last: !newest ? last : live ? message : message.seq === last?.seq ? null : last,
    ...(pinned && { pinned }),
  };
}

const isLive = ({ deleted_us }: Message): boolean => deleted_us == null;

/** Newest pin first. */
function pinsWith(pinned: readonly number[], message: Message, before: Message | undefined): number[] {
  const others = pinned.filter((seq) => seq !== message.seq);
  if (message.pinned_us == null) return others;
  const again = before !== undefined && before.pinned_us !== message.pinned_us;
  return pinned.includes(message.seq) && !again ? [...pinned] : [message.seq, ...others];
}

function settle(state: State, [log, ask]: Merged): Step {
  const next = recount(withLog(state, log), log.id);
  return [next, ask === null ? [] : [{ is: "fetch", conversation: log.id, after: ask }]];
}

/** Where the log holds it, all is read off there: what is unread, what was said last, what is pinned. */
export function recount(state: State, conversation: string): State {
  const log = state.conversations[conversation];
  if (!log) return state;
  return change(state, (m) => {
    if (m.conversation !== conversation) return m;
    const unread = unreadIn(log, m, state.me?.id ?? "") ?? m.unread;
    const last = lastIn(log, m);
    const pinned = pinsIn(log, m);
    const same = unread === m.unread && last === (m.last ?? null) && pinned === m.pinned;
    return same ? m : { ...m, unread, last, ...(pinned && { pinned }) };
  });
}

function unreadIn(log: Log, mentorship: MentorshipView, me: string): number | null {
  const first = log.messages[0]?.seq ?? Infinity;
  if (first > mentorship.read + 1 || lastSeq(log) < mentorship.head) return null;
  return log.messages
    .slice(Math.max(0, mentorship.read + 1 - first))
    .filter((m) => m.person !== me && isLive(m)).length;
}

function lastIn(log: Log, { head, last = null }: MentorshipView): Message | null {
  if (lastSeq(log) < head) return last;
  const found = log.messages.findLast(isLive);
  if (found) return found.revision === last?.revision ? last : found;
  return log.messages[0]?.seq === 1 ? null : last;
}

/** In the order of their times, once they are all held. */
function pinsIn(log: Log, { pinned }: MentorshipView): number[] | undefined {
  if (!pinned || pinned.length < 2) return pinned;
  const times = new Map(pinned.map((seq) => [seq, messageAt(log, seq)?.pinned_us ?? null]));
  if ([...times.values()].includes(null)) return pinned;
  const sorted = [...pinned].sort((a, b) => times.get(b)! - times.get(a)! || b - a);
  return sorted.every((seq, i) => seq === pinned[i]) ? pinned : sorted;
}

function readOf(state: State, conversation: string): number {
  return state.mentorships.find((m) => m.conversation === conversation)?.read ?? 0;
}

/** Moves one's own read mark, never backwards. What cannot be counted is bounded by what is left. */
function withRead(state: State, conversation: string, seq: number): State {
  const marked = change(state, (m) =>
    m.conversation === conversation && seq > m.read
      ? { ...m, read: seq, unread: Math.min(m.unread, Math.max(0, m.head - seq)) }
      : m,
  );
  return recount(marked, conversation);
}

export function withLog(state: State, log: Log): State {
  return { ...state, conversations: { ...state.conversations, [log.id]: log } };
}

export function change(state: State, to: (mentorship: MentorshipView) => MentorshipView): State {
  const mentorships = state.mentorships.map(to);
  const same = mentorships.every((m, i) => m === state.mentorships[i]);
  return same ? state : { ...state, mentorships };
}
