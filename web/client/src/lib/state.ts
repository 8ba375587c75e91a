/** The state that pages draw, and how each frame changes it. Pure.
 *
 * Snapshot law: `auth.opened` brings a snapshot, and applying the later frames to it gives what a
 * fresh snapshot would say, as far as frames tell.
 */
import type {
  ChatAccepted,
  ChatGap,
  ChatMessages,
  ChatReceipt,
  ChatTouched,
  Cursor,
  MentorshipView,
  Message,
  PersonView,
  RoomJoined,
  ServerFrame,
  SessionAccount,
  SessionView,
} from "../protocol/types.js";
import {
  accepted,
  emptyLog,
  further,
  lastSeq,
  merge,
  touch,
  unsaid,
  type Log,
  type Merged,
} from "./conversation.js";
import type { AppState, DeviceState, MediaState, PendingMessage } from "./model.js";
import { isNewer, viewOf } from "./session.js";

/** AppState with what only the library looks at. */
export interface State extends AppState {
  readonly conversations: Readonly<Record<string, Log>>;
}

/** What a change of state asks the world for. */
export type Effect =
  | { readonly is: "fetch"; readonly conversation: string; readonly after: number | null }
  | { readonly is: "read"; readonly conversation: string; readonly seq: number };

export type Step = readonly [state: State, effects: readonly Effect[]];

const DEVICE: DeviceState = {
  wanted: true,
  live: false,
  asking: false,
  problem: null,
  chosen: null,
  choices: [],
};

export const NO_MEDIA: MediaState = {
  microphone: DEVICE,
  camera: DEVICE,
  speakers: { chosen: null, choices: [] },
  preview: null,
  level: 0,
};

export const START: State = {
  phase: "starting",
  trouble: null,
  canStart: false,
  me: null,
  link: { is: "connecting" },
  hasNetwork: true,
  clockOffsetUs: 0,
  mentorships: [],
  arrivedAt: null,
  conversations: {},
  sessions: {},
  arranged: {},
  reflections: {},
  next: {},
  accounts: {},
  media: NO_MEDIA,
  call: null,
};

/** Applies one frame. Frames that are not about what a page draws change nothing. */
export function onFrame(state: State, frame: ServerFrame): Step {
  switch (frame.t) {
    case "auth.opened":
      return onSnapshot(state, frame.mentorships);
    case "mentorship.added":
      return only(withMentorship(state, frame.mentorship));
    case "mentorship.changed":
      return only(withArrangements(state, frame.mentorship));
    case "presence.changed":
      return only(
        change(state, (m) =>
          m.id !== frame.mentorship
            ? m
            : {
                ...m,
                members: m.members.map((member) =>
                  member.person.id === frame.person
                    ? { ...member, presence: frame.presence }
                    : member,
                ),
              },
        ),
      );
    case "session.changed":
      return only(withSession(state, frame.session));
    case "room.joined":
      return only(joinedSession(state, frame));
    case "room.left":
      return only(frame.session ? withSession(state, frame.session) : state);
    case "chat.messages":
      return onMessages(state, frame);
    case "chat.gap":
      return onGap(state, frame);
    case "chat.accepted":
      return onAccepted(state, frame);
    case "chat.touched":
      return only(onTouched(state, frame));
    case "chat.receipt":
      return only(onReceipt(state, frame));
    default:
      return only(state);
  }
}

/** A conversation is looked at: its newest page is asked for, once. */
export function openConversation(state: State, id: string): Step {
  const mentorship = state.mentorships.find((m) => m.conversation === id);
  if (state.conversations[id] || !mentorship) return only(state);
  const log = emptyLog(id, mentorship.head, mentorship.read, mentorship.revision);
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
export function withPending(state: State, id: string, pending: readonly PendingMessage[]): State {
  const log = state.conversations[id];
  const me = state.me?.id ?? "";
  if (!log || log.pending.length + pending.length === 0) return state;
  return withLog(state, { ...log, pending: unsaid(pending, me, log.messages) });
}

/** A page of older messages is on its way, has come (`page`), or has failed (null). */
export function loadingOlder(state: State, id: string): State {
  const log = state.conversations[id];
  return log ? withLog(state, { ...log, loadingOlder: true }) : state;
}

export function olderLoaded(state: State, id: string, page: ChatMessages | null): Step {
  const log = state.conversations[id];
  if (!log) return only(state);
  const done = withLog(state, { ...log, loadingOlder: false });
  return page ? onMessages(done, page) : only(done);
}

/** The person has seen everything up to `seq`. */
export function readUpTo(state: State, id: string, seq: number): Step {
  const before = readOf(state, id);
  const head = state.conversations[id]?.head ?? 0;
  const to = Math.min(seq, head);
  if (to <= before) return only(state);
  return [withRead(state, id, to), [{ is: "read", conversation: id, seq: to }]];
}

/** The socket is gone: nothing that was asked for will come. */
export function disconnected(state: State): State {
  const logs = Object.values(state.conversations).map((log) => ({ ...log, asked: null }));
  return { ...state, conversations: Object.fromEntries(logs.map((log) => [log.id, log])) };
}

/** A session as it is known now; an older account of it changes nothing. */
export function withSession(state: State, session: SessionView): State {
  const held = state.sessions[session.mentorship] ?? [];
  const before = held.find(({ id }) => id === session.id);
  if (before && isNewer(before, session)) return state;
  const list = [session, ...held.filter(({ id }) => id !== session.id)];
  list.sort((a, b) => b.created_us - a.created_us);
  const changed = change(state, (m) => {
    if (m.id !== session.mentorship) return m;
    if (session.state !== "ended") return { ...m, session };
    return m.session?.id === session.id ? { ...m, session: null } : m;
  });
  const call =
    state.call?.room === session.room &&
    (!state.call.session || state.call.session.id === session.id)
      ? { ...state.call, session }
      : state.call;
  return { ...changed, call, sessions: { ...state.sessions, [session.mentorship]: list } };
}

/** A mentorship's sessions, perhaps none, beside those that are known already. */
export function withSessions(
  state: State,
  mentorship: string,
  sessions: readonly SessionView[],
): State {
  const held = state.sessions[mentorship] ?? [];
  const loaded = { ...state, sessions: { ...state.sessions, [mentorship]: held } };
  return sessions.reduce<State>(withSession, loaded);
}

/** A session and why. Its account is kept apart from the views, which frames bring anew. */
export function withAccount(state: State, account: SessionAccount): State {
  const held = state.accounts[account.id];
  if (held && isNewer(held, account)) return state;
  const accounts = { ...state.accounts, [account.id]: account };
  return { ...withSession(state, viewOf(account)), accounts };
}

export function signedIn(state: State, me: PersonView, arrivedAt: string | null): State {
  return { ...state, me, arrivedAt: arrivedAt ?? state.arrivedAt, trouble: null };
}

/** Per conversation what is held: the last seq without a gap, and as of which revision. */
export function cursors(state: State): Record<string, Cursor> {
  const logs = Object.values(state.conversations).filter((log) => log.messages.length > 0);
  return Object.fromEntries(
    logs.map((log) => [log.id, { seq: lastSeq(log), revision: log.revision }]),
  );
}

// ---- the parts ---------------------------------------------------------------------------------

/** From now on the call is about this session, whatever it was about before. */
function joinedSession(state: State, { room, session }: RoomJoined): State {
  const call = state.call?.room === room ? { ...state.call, session } : state.call;
  return withSession({ ...state, call }, session);
}

function only(state: State): Step {
  return [state, []];
}

function onSnapshot(state: State, mentorships: readonly MentorshipView[]): Step {
  const effects: Effect[] = [];
  let next: State = { ...disconnected(state), phase: "ready", mentorships };
  for (const mentorship of mentorships) {
    if (mentorship.session) next = withSession(next, mentorship.session);
    const log = next.conversations[mentorship.conversation];
    if (!log) continue;
    next = withLog(next, { ...log, head: Math.max(log.head, mentorship.head) });
    if (log.messages.length === 0 && mentorship.head > 0) {
      effects.push({ is: "fetch", conversation: log.id, after: null });
    }
    if (log.read > mentorship.read) {
      // Read while the socket was away.
      next = withRead(next, log.id, log.read);
      effects.push({ is: "read", conversation: log.id, seq: log.read });
    } else {
      next = withRead(next, log.id, mentorship.read);
    }
  }
  return [next, effects];
}

function onMessages(state: State, frame: ChatMessages): Step {
  const me = state.me?.id ?? "";
  const log = state.conversations[frame.conversation];
  if (!log) return only(news(state, frame));
  const [merged, ask] = merge(log, me, frame.head, frame.messages);
  // Behind a gap nothing is counted yet: it comes again when the gap is filled.
  const seen = lastSeq(merged);
  const messages = frame.messages.filter(({ seq }) => seq <= seen);
  return settle(news(state, { ...frame, messages }), [merged, ask]);
}

/** What this page has is not there any more; what it has still to send, is. */
function onGap(state: State, { conversation, head }: ChatGap): Step {
  const log = state.conversations[conversation];
  if (!log) return only(state);
  const revision = state.mentorships.find((m) => m.conversation === conversation)?.revision ?? 0;
  const empty = emptyLog(log.id, head, Math.min(log.read, head), revision);
  const anew = { ...empty, pending: log.pending };
  const ask: Effect[] = head > 0 ? [{ is: "fetch", conversation, after: null }] : [];
  return [withLog(state, anew), ask];
}

function onAccepted(state: State, frame: ChatAccepted): Step {
  const { conversation, id, seq, at_us } = frame;
  const log = state.conversations[conversation];
  const pending = log?.pending.find((item) => item.id === id);
  if (!state.me || !log || !pending) return only(state);
  // As it was written: what the server has of it is newer.
  const message: Message = { seq, id, person: state.me.id, body: pending.body, at_us, revision: 0 };
  const [merged, ask] = accepted(log, message);
  const messages = lastSeq(merged) >= seq ? [message] : [];
  const said: ChatMessages = { t: "chat.messages", conversation, head: seq, revision: 0, messages };
  return settle(news(state, said), [merged, ask]);
}

function onTouched(state: State, { conversation, revision, messages }: ChatTouched): State {
  const held = state.conversations[conversation];
  const next = held ? withLog(state, touch(held, revision, messages)) : state;
  const touched = messages.reduce((before, message) => withTouched(before, conversation, message), next);
  const told = change(touched, (m) =>
    m.conversation === conversation && m.revision < revision ? { ...m, revision } : m,
  );
  return recount(told, conversation);
}

/** What the home page and the list of pins show of a message that was touched. */
function withTouched(state: State, conversation: string, message: Message): State {
  const { seq, deleted_us: gone, pinned_us: pinned } = message;
  const log = state.conversations[conversation];
  return change(state, (m) => {
    if (m.conversation !== conversation) return m;
    const others = (m.pinned ?? []).filter((each) => each !== seq);
    const pins = pinned == null ? others : m.pinned?.includes(seq) ? m.pinned : [seq, ...others];
    const isLast = m.last?.seq === seq && m.last.revision < message.revision;
    const last = isLast ? (gone == null ? message : newestLive(log)) : m.last;
    return { ...m, pinned: pins, last: last ?? null };
  });
}

function newestLive(log: Log | undefined): Message | null {
  return log?.messages.findLast((message) => message.deleted_us == null) ?? null;
}

function onReceipt(state: State, { conversation, person, delivered, read }: ChatReceipt): State {
  const marked = change(state, (m) => {
    if (m.conversation !== conversation) return m;
    const before = m.marks?.find((mark) => mark.person === person);
    const mark = {
      person,
      delivered: Math.max(delivered, before?.delivered ?? 0),
      read: Math.max(read, before?.read ?? 0),
    };
    const marks = [...(m.marks ?? []).filter((each) => each.person !== person), mark];
    return { ...m, marks: marks.sort((a, b) => (a.person < b.person ? -1 : 1)) };
  });
  return person === state.me?.id ? withRead(marked, conversation, read) : marked;
}

function news(state: State, frame: ChatMessages): State {
  const me = state.me?.id ?? "";
  return change(state, (m) => (m.conversation === frame.conversation ? withNews(m, me, frame) : m));
}

function settle(state: State, [log, ask]: Merged): Step {
  const next = recount(withLog(state, log), log.id);
  return [next, ask === null ? [] : [{ is: "fetch", conversation: log.id, after: ask }]];
}

/** Head, last line and unread count after messages that nobody here has counted yet. */
function withNews(mentorship: MentorshipView, me: string, frame: ChatMessages): MentorshipView {
  const known = mentorship.last?.seq ?? 0;
  const news = frame.messages.filter((message) => message.seq > known && message.deleted_us == null);
  const newest = news.at(-1);
  const unread = news.filter((m) => m.person !== me && m.seq > mentorship.read).length;
  const head = Math.max(mentorship.head, frame.head, newest?.seq ?? 0);
  const revision = further(mentorship.revision, frame.messages);
  if (!newest && head === mentorship.head && revision === mentorship.revision) return mentorship;
  return {
    ...mentorship,
    head,
    revision,
    last: newest ?? mentorship.last ?? null,
    unread: mentorship.unread + unread,
  };
}

/** Where the log holds all that is unread, it is counted there. */
function recount(state: State, conversation: string): State {
  const log = state.conversations[conversation];
  if (!log) return state;
  return change(state, (m) => {
    if (m.conversation !== conversation) return m;
    const count = unreadIn(log, m, state.me?.id ?? "");
    return count === null || count === m.unread ? m : { ...m, unread: count };
  });
}

function unreadIn(log: Log, mentorship: MentorshipView, me: string): number | null {
  const first = log.messages[0]?.seq ?? Infinity;
  if (first > mentorship.read + 1 || lastSeq(log) < mentorship.head) return null;
  return log.messages.filter(
    (m) => m.seq > mentorship.read && m.person !== me && m.deleted_us == null,
  ).length;
}

function readOf(state: State, conversation: string): number {
  const mentorship = state.mentorships.find((m) => m.conversation === conversation);
  return Math.max(mentorship?.read ?? 0, state.conversations[conversation]?.read ?? 0);
}

/** Moves one's own read mark, never backwards. What cannot be counted is bounded by what is left. */
function withRead(state: State, conversation: string, seq: number): State {
  const log = state.conversations[conversation];
  const read = Math.max(seq, log?.read ?? 0);
  const moved = log && read !== log.read ? withLog(state, { ...log, read }) : state;
  const marked = change(moved, (m) =>
    m.conversation === conversation && read > m.read
      ? { ...m, read, unread: Math.min(m.unread, Math.max(0, m.head - read)) }
      : m,
  );
  return recount(marked, conversation);
}

function withLog(state: State, log: Log): State {
  return { ...state, conversations: { ...state.conversations, [log.id]: log } };
}

function withMentorship(state: State, mentorship: MentorshipView): State {
  const others = state.mentorships.filter(({ id }) => id !== mentorship.id);
  return { ...state, mentorships: [...others, mentorship] };
}

/** What the two agreed on and planned; all else of the view travels in frames of its own, and may be
 * newer here. */
function withArrangements(state: State, view: MentorshipView): State {
  const { agreement = null, proposal = null, meeting = null } = view;
  return change(state, (m) => (m.id === view.id ? { ...m, agreement, proposal, meeting } : m));
}

function change(state: State, to: (mentorship: MentorshipView) => MentorshipView): State {
  const mentorships = state.mentorships.map(to);
  const same = mentorships.every((m, i) => m === state.mentorships[i]);
  return same ? state : { ...state, mentorships };
}
