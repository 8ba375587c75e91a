/** Frames and views to test with. */
import type {
  AuthOpened,
  MentorshipView,
  Message,
  ServerFrame,
  SessionAccount,
  SessionView,
} from "../../src/protocol/types.js";
import { START, type State } from "../../src/lib/state.js";

export const ME = "per_me";
export const ANA = "per_ana";

export function message(seq: number, person = seq % 2 ? ANA : ME, body = `text ${seq}`): Message {
  return { seq, id: `client-id-${seq}`, person, body, at_us: seq * 1_000, revision: seq };
}

export function messages(from: number, to: number): Message[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => message(from + i));
}

export function mentorship(part: Partial<MentorshipView> = {}): MentorshipView {
  return {
    id: "men_1",
    conversation: "cnv_1",
    room: "room_1",
    created_us: 1,
    members: [
      { person: { id: ME, name: "Me", zone: "Europe/Vienna" }, role: "mentee", presence: "here" },
      { person: { id: ANA, name: "Ana", zone: "America/Lima" }, role: "mentor", presence: "away" },
    ],
    head: 0,
    revision: part.head ?? 0,
    read: 0,
    unread: 0,
    marks: [],
    pinned: [],
    last: null,
    session: null,
    ...part,
  };
}

/** A mentorship whose conversation holds messages 1..head, as the server would show it. */
export function upTo(head: number, read = 0): MentorshipView {
  const unread = messages(read + 1, head).filter(({ person }) => person !== ME).length;
  return mentorship({ head, read, unread, last: head > 0 ? message(head) : null });
}

export function session(part: Partial<SessionView> = {}): SessionView {
  return {
    id: "ses_1",
    mentorship: "men_1",
    room: "room_1",
    version: 2,
    state: "open",
    created_us: 10,
    started_us: 20,
    ended_us: null,
    end_reason: null,
    as_of_us: 30,
    together_us: 0,
    together_since_us: 20,
    people: [],
    interruptions: [],
    estimated: false,
    ...part,
  };
}

export function account(part: Partial<SessionAccount> = {}): SessionAccount {
  const side = { person: ME, wait_us: 0, late_us: 0, no_show: "no" } as const;
  return {
    ...session(),
    together_most_us: 0,
    concession_most_us: 0,
    contact_us: 0,
    unknown_us: 0,
    impaired_us: 0,
    stretches: [],
    counted: [],
    bridged: [],
    lanes: [],
    proofs: [],
    terms_version: 0,
    terms: {},
    booked: null,
    extended_us: null,
    bill: {
      terms: 0,
      window_from_us: null,
      window_to_us: null,
      counted_us: 0,
      bridged_us: 0,
      unknown_us: 0,
      impaired_us: 0,
      billed_us: 0,
      make_up_us: 0,
      owed: "nothing",
      currency: null,
      net_minor: 0,
      fee_minor: 0,
      tax_minor: 0,
      mentor: side,
      mentee: side,
    },
    notes: [],
    ...part,
  };
}

export function opened(...mentorships: MentorshipView[]): AuthOpened {
  return {
    t: "auth.opened",
    connection: "con_1",
    person: ME,
    now_us: 5,
    beat_interval_us: 2_000_000,
    ice_servers: [],
    mentorships,
    epoch: 0,
  };
}

export function arrival(from: number, to: number, head = to): ServerFrame {
  return { t: "chat.messages", conversation: "cnv_1", head, revision: head, messages: messages(from, to) };
}

export const SIGNED_IN: State = {
  ...START,
  me: { id: ME, name: "Me", zone: "Europe/Vienna" },
};
