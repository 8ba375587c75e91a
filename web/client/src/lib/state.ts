/** The state that pages draw, and how each frame changes it. Pure.
 *
 * Snapshot law: `auth.opened` brings a snapshot, and applying the later frames to it gives what a
 * fresh snapshot would say, as far as frames tell.
 */
import type {
  AuthOpened,
  Member,
  MentorshipView,
  PersonView,
  PresenceChanged,
  RoomJoined,
  ServerFrame,
  SessionAccount,
  SessionView,
} from "../protocol/types.js";
import type { Log } from "./conversation.js";
import {
  NOTHING_SINCE,
  change,
  disconnected,
  emptied,
  onAccepted,
  onGap,
  onMessages,
  onReceipt,
  onSnapshot,
  onTouched,
  only,
  type Since,
} from "./conversations.js";
import type { AppState, DeviceState, MediaState } from "./model.js";
import { isNewer, viewOf } from "./session.js";

/** AppState with what only the library looks at. */
export interface State extends AppState {
  readonly conversations: Readonly<Record<string, Log>>;
  readonly since: Readonly<Record<string, Since>>;
  /** Of the last snapshot: with another one, what is held of conversations is of another course of things. */
  readonly epoch: number | null;
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
  since: {},
  epoch: null,
  typing: {},
  sessions: {},
  listed: {},
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
      return onOpened(state, frame);
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
                    ? present(member, frame)
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
      return onTouched(state, frame);
    case "chat.receipt":
      return onReceipt(state, frame);
    default:
      return only(state);
  }
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
  const listed = { ...state.listed, [mentorship]: true as const };
  const loaded = { ...state, listed, sessions: { ...state.sessions, [mentorship]: held } };
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

/** Who goes by another zone. */
export function movedTo(state: State, zone: string): State {
  const { me } = state;
  if (!me) return state;
  const now = { ...me, zone };
  const moved = change(state, (m) => withPersons(m, [now]));
  return { ...moved, me: now };
}

// ---- the parts ---------------------------------------------------------------------------------

/** From now on the call is about this session, whatever it was about before. */
function joinedSession(state: State, { room, session }: RoomJoined): State {
  const call = state.call?.room === room ? { ...state.call, session } : state.call;
  return withSession({ ...state, call }, session);
}

function onOpened(state: State, { mentorships, epoch }: AuthOpened): Step {
  const held = state.epoch === null || state.epoch === epoch ? state : emptied(state);
  const ready: State = { ...disconnected(held), phase: "ready", epoch };
  const sessions = mentorships.flatMap(({ session }) => session ?? []);
  return onSnapshot(sessions.reduce(withSession, asMember(ready, mentorships)), mentorships);
}

/** What was told of when they were last here is as old as their presence. */
function present({ person, role }: Member, { presence, seen_us }: PresenceChanged): Member {
  return { person, role, presence, ...(seen_us != null && { seen_us }) };
}

/** A new one; or one that is known and told again, after the server may have lost something. */
function withMentorship(state: State, mentorship: MentorshipView): State {
  const { id, conversation, revision, head } = mentorship;
  if (state.mentorships.some((m) => m.id === id)) return withArrangements(state, mentorship);
  const since = { ...state.since, [conversation]: { ...NOTHING_SINCE, revision, head } };
  return { ...state, mentorships: [...state.mentorships, mentorship], since };
}

/** Oneself as the mentorships say it: another device may have chosen another zone. */
function asMember(state: State, views: readonly MentorshipView[]): State {
  const all = views.flatMap(({ members }) => members.map(({ person }) => person));
  const me = all.find(({ id }) => id === state.me?.id);
  return !me || (me.name === state.me?.name && me.zone === state.me?.zone) ? state : { ...state, me };
}

function withPersons(view: MentorshipView, persons: readonly PersonView[]): MentorshipView {
  const members = view.members.map((member) => {
    const person = persons.find(({ id }) => id === member.person.id) ?? member.person;
    const { name, zone } = member.person;
    return person.name === name && person.zone === zone ? member : { ...member, person };
  });
  return members.every((member, i) => member === view.members[i]) ? view : { ...view, members };
}

/** Who the two are, what they agreed on and planned, and whether one left or blocks the other; all else of the view
 * travels in frames of its own, and may be newer here. */
export function withArrangements(state: State, view: MentorshipView): State {
  const { agreement = null, proposal = null, meeting = null } = view;
  const { closed_us = null, closed_by = null, blocked_by_me = false } = view;
  const news = { agreement, proposal, meeting };
  const stands = { closed_us, closed_by, blocked_by_me };
  const persons = view.members.map(({ person }) => person);
  return change(asMember(state, [view]), (each) => {
    if (each.id !== view.id) return each;
    const m = withPersons(each, persons);
    const stood = m.closed_us != null || m.blocked_by_me;
    return { ...m, ...news, ...((stood || closed_us != null || blocked_by_me) && stands) };
  });
}
