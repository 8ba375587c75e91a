import { describe, expect, test } from "vitest";
import type { AgreementView, MeetingView, ServerFrame } from "../../src/protocol/types.js";
import * as talk from "../../src/lib/conversations.js";
import * as reduce from "../../src/lib/state.js";
import { onFrame, type Effect, type State } from "../../src/lib/state.js";
import { below, pick, randomOf } from "./random.js";
import {
  ANA,
  ME,
  SIGNED_IN,
  account,
  arrival,
  mentorship,
  message,
  messages,
  opened,
  session,
  upTo,
} from "./things.js";

const READY = onFrame(SIGNED_IN, opened(upTo(4, 2)))[0];

function after(state: State, ...frames: ServerFrame[]): State {
  return frames.reduce((now, frame) => onFrame(now, frame)[0], state);
}

function viewing(state: State): [State, readonly Effect[]] {
  const [next, effects] = talk.openConversation(state, "cnv_1");
  return [next, effects];
}

describe("snapshot law: frames on an old snapshot give the fresh one", () => {
  const presence = (person: string, to: "away" | "here" | "in_room"): ServerFrame => ({
    t: "presence.changed",
    mentorship: "men_1",
    person,
    presence: to,
  });
  const receipt = (person: string, delivered: number, read: number): ServerFrame => ({
    ...{ t: "chat.receipt", conversation: "cnv_1", person, delivered, read },
  });
  const [me, ana] = upTo(4, 2).members;
  const second = { id: "men_2", conversation: "cnv_2" };
  const agreement: AgreementView = {
    mentorship: "men_1",
    version: 1,
    terms: { currency: "EUR", rate_minor: 6000 },
    state: "accepted",
    proposed_by: ANA,
    proposed_us: 1,
    accepted_by: [ANA, ME],
    accepted_us: 2,
    valid_from_us: 2,
  };
  const meeting: MeetingView = {
    id: "met_1",
    mentorship: "men_1",
    start_us: 9,
    length_us: 5,
    zone: "UTC",
    by: ME,
    told_us: 1,
    told_by: ME,
    state: "planned",
  };
  const cases: [string, ServerFrame[], ReturnType<typeof mentorship>[]][] = [
    ["nothing", [], [upTo(4, 2)]],
    ["a message", [arrival(5, 5)], [upTo(5, 2)]],
    ["several, one twice", [arrival(5, 6), arrival(6, 6), arrival(7, 7)], [upTo(7, 2)]],
    ["in pages, the head known first", [arrival(5, 6, 9), arrival(7, 9, 9)], [upTo(9, 2)]],
    ["my read mark", [receipt(ME, 4, 4)], [{ ...upTo(4, 4), marks: [{ person: ME, delivered: 4, read: 4 }] }]],
    [
      "another's marks, late ones too",
      [receipt(ANA, 4, 3), receipt(ANA, 3, 0)],
      [{ ...upTo(4, 2), marks: [{ person: ANA, delivered: 4, read: 3 }] }],
    ],
    ["a late read mark", [receipt(ME, 1, 1)], [{ ...upTo(4, 2), marks: [{ person: ME, delivered: 1, read: 1 }] }]],
    [
      "presence",
      [presence(ANA, "here"), presence(ANA, "in_room")],
      [{ ...upTo(4, 2), members: [me!, { ...ana!, presence: "in_room" }] }],
    ],
    [
      "presence, and when somebody was last here",
      [{ ...presence(ANA, "away"), seen_us: 77 } as ServerFrame],
      [{ ...upTo(4, 2), members: [me!, { ...ana!, presence: "away", seen_us: 77 }] }],
    ],
    [
      "presence, of who hides since when they were here",
      [{ ...presence(ANA, "away"), seen_us: 77 } as ServerFrame, presence(ANA, "here"), presence(ANA, "away")],
      [{ ...upTo(4, 2), members: [me!, { ...ana!, presence: "away" }] }],
    ],
    ["a session begins", [{ t: "session.changed", session: session() }], [{ ...upTo(4, 2), session: session() }]],
    [
      "a session ends",
      [
        { t: "session.changed", session: session() },
        { t: "session.changed", session: session({ version: 3, state: "ended", ended_us: 25, as_of_us: 25 }) },
      ],
      [upTo(4, 2)],
    ],
    [
      "a late account of an ended session",
      [
        { t: "session.changed", session: session({ version: 3, state: "ended", ended_us: 25, as_of_us: 25 }) },
        { t: "session.changed", session: session() },
      ],
      [upTo(4, 2)],
    ],
    [
      "what was agreed and planned; the rest of that frame is older than what came by itself",
      [
        arrival(5, 5),
        presence(ANA, "here"),
        { t: "mentorship.changed", mentorship: { ...upTo(4, 2), agreement, proposal: null, meeting } },
      ],
      [{ ...upTo(5, 2), members: [me!, { ...ana!, presence: "here" }], agreement, proposal: null, meeting }],
    ],
    [
      "what is agreed or planned no more",
      [
        { t: "mentorship.changed", mentorship: { ...upTo(4, 2), proposal: agreement, meeting } },
        { t: "mentorship.changed", mentorship: upTo(4, 2) },
      ],
      [{ ...upTo(4, 2), agreement: null, proposal: null, meeting: null }],
    ],
    [
      "a new mentorship",
      [{ t: "mentorship.added", mentorship: mentorship({ id: "men_2", conversation: "cnv_2" }) }],
      [upTo(4, 2), mentorship({ id: "men_2", conversation: "cnv_2" })],
    ],
    [
      "a new mentorship, and again what was said in it by then",
      [{ t: "mentorship.added", mentorship: { ...upTo(3), ...second } }, { ...arrival(3, 4), ...second } as ServerFrame],
      [upTo(4, 2), { ...upTo(4), ...second }],
    ],
    [
      "a mentorship that is known: but for what was agreed and planned, it is older than what came by itself",
      [
        arrival(5, 5),
        receipt(ANA, 4, 3),
        presence(ANA, "here"),
        { t: "session.changed", session: session() },
        { t: "mentorship.added", mentorship: { ...upTo(4, 2), agreement, proposal: null, meeting } },
      ],
      [
        {
          ...{ ...upTo(5, 2), members: [me!, { ...ana!, presence: "here" }], session: session() },
          ...{ agreement, proposal: null, meeting, marks: [{ person: ANA, delivered: 4, read: 3 }] },
        },
      ],
    ],
  ];
  test.each(cases)("%s", (_name, frames, fresh) => {
    expect(after(READY, ...frames).mentorships).toEqual(fresh);
  });
});

test("a message copies little of all that was told since the snapshot", () => {
  const before = after(onFrame(SIGNED_IN, opened(mentorship()))[0], arrival(1, 2_000));
  const told = (state: State): object => state.since["cnv_1"]!.told;
  const parts = (of: object): object[] => (of instanceof Map ? [...of.values()] : Object.values(of));
  const held = new Set(parts(told(before)));
  const copied = (now: object): number =>
    parts(now).reduce((sum, part) => sum + 1 + (held.has(part) ? 0 : Object.keys(part).length), 0);
  const changed = { ...message(700), revision: 2_001 };
  const touched: ServerFrame = { t: "chat.touched", conversation: "cnv_1", revision: 2_001, messages: [changed] };
  for (const frame of [arrival(2_001, 2_001), arrival(2_000, 2_001), touched]) {
    expect(copied(told(after(before, frame)))).toBeLessThan(300);
  }
  expect(told(after(before, arrival(1, 2_000)))).toBe(told(before));
});

test("unread is counted in the log where the log holds it, in any order of arrival", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = randomOf(seed);
    let [state] = viewing(READY);
    state = after(state, arrival(1, 4));
    const frames = messages(5, 20).map(({ seq }) => arrival(seq, seq));
    let lost: ServerFrame[] = [];
    let read = 2;
    for (let i = 0; i < 60; i += 1) {
      const frame = pick(random, frames);
      const [next, effects] = onFrame(state, frame);
      state = next;
      for (const effect of effects) {
        if (effect.is === "fetch") lost = [...lost, arrival((effect.after ?? 0) + 1, 20)];
      }
      const answer = lost.shift();
      if (answer && random() < 0.5) state = after(state, answer);
      if (random() < 0.1) {
        read = Math.max(read, below(random, 20));
        state = after(state, { t: "chat.receipt", conversation: "cnv_1", person: ME, delivered: 0, read });
      }
    }
    state = after(talk.disconnected(state), arrival(5, 20));
    const { unread, read: mark } = state.mentorships[0]!;
    expect({ unread, mark }, `seed ${seed}`).toEqual({ unread: upTo(20, read).unread, mark: read });
  }
});

describe("opening a conversation", () => {
  test("asks for the newest page, once", () => {
    const [state, effects] = viewing(READY);
    expect(effects).toEqual([{ is: "fetch", conversation: "cnv_1", after: null }]);
    expect(viewing(state)[1]).toEqual([]);
  });

  test("an empty one asks for nothing", () => {
    expect(viewing(after(SIGNED_IN, opened(upTo(0))))[1]).toEqual([]);
  });

  test("asked for again on a new socket if the page never came", () => {
    const [state] = viewing(READY);
    const [, effects] = onFrame(state, opened(upTo(4, 2)));
    expect(effects).toEqual([{ is: "fetch", conversation: "cnv_1", after: null }]);
  });

  test("the cursor is the end of the stretch, and absent before there is one", () => {
    const [state] = viewing(READY);
    expect(talk.cursors(state)).toEqual({});
    expect(talk.cursors(after(state, arrival(3, 4)))).toEqual({ cnv_1: { seq: 4, revision: 4 } });
  });
});

describe("reading", () => {
  test("is told to the server, never backwards, never beyond the head", () => {
    const [state] = viewing(READY);
    const [read, effects] = talk.readUpTo(state, "cnv_1", 99);
    expect(effects).toEqual([{ is: "read", conversation: "cnv_1", seq: 4 }]);
    expect(read.mentorships[0]).toMatchObject({ read: 4, unread: 0 });
    expect(talk.readUpTo(read, "cnv_1", 3)[1]).toEqual([]);
  });

  test("while away is told on return", () => {
    const [read] = talk.readUpTo(after(viewing(READY)[0], arrival(1, 4)), "cnv_1", 4);
    const [back, effects] = onFrame(read, opened(upTo(5, 2)));
    expect(effects).toEqual([{ is: "read", conversation: "cnv_1", seq: 4 }]);
    expect(back.mentorships[0]).toMatchObject({ read: 4, unread: 1 });
  });
});

describe("pending messages", () => {
  const item = { id: "client-id-6", body: "text 6", writtenUs: 1, replyTo: null, refused: null };
  const sending = talk.withPending(after(viewing(READY)[0], arrival(1, 4)), "cnv_1", [item], []);

  test("accepted: into the log, out of pending, last line of the mentorship", () => {
    const state = after(sending, arrival(5, 5), {
      t: "chat.accepted",
      conversation: "cnv_1",
      id: item.id,
      seq: 6,
      at_us: 6_000,
      revision: 6,
    });
    expect(state.conversations.cnv_1?.pending).toEqual([]);
    const said = { ...message(6), revision: 5.5 };
    expect(state.conversations.cnv_1?.messages.at(-1)).toEqual(said);
    expect(state.mentorships[0]).toMatchObject({ head: 6, last: said, unread: 2 });
  });

  test("accepted before what became of it is told: what is told stands", () => {
    const edited = { ...message(6), body: "another text", edited_us: 7_000, revision: 7 };
    const state = after(
      sending,
      arrival(5, 5),
      { t: "chat.accepted", conversation: "cnv_1", id: item.id, seq: 6, at_us: 6_000, revision: 7 },
      { t: "chat.messages", conversation: "cnv_1", head: 6, revision: 7, messages: [edited] },
    );
    expect(state.conversations.cnv_1?.messages.at(-1)).toEqual(edited);
    expect(talk.cursors(state)).toMatchObject({ cnv_1: { seq: 6 } });
    expect(Number.isInteger(talk.cursors(state).cnv_1?.revision)).toBe(true);
    expect(state.mentorships[0]).toMatchObject({ last: edited });
  });

  test("one that the log has is not shown again", () => {
    const state = after(sending, arrival(5, 6));
    expect(talk.withPending(state, "cnv_1", [item], []).conversations.cnv_1?.pending).toEqual([]);
  });
});

test("older messages join the log and change nothing else", () => {
  const state = after(viewing(READY)[0], arrival(3, 4));
  const loading = talk.loading(state, "cnv_1", "loadingOlder", true);
  expect(loading.conversations.cnv_1?.loadingOlder).toBe(true);
  const [loaded] = onFrame(loading, arrival(1, 2, 4));
  expect(loaded.conversations.cnv_1).toMatchObject({ loadingOlder: true, messages: messages(1, 4) });
  expect(loaded.mentorships).toEqual(state.mentorships);
  expect(talk.loading(loaded, "cnv_1", "loadingOlder", false).conversations.cnv_1?.loadingOlder).toBe(false);
});

test("a log that the server does not know begins anew, and keeps what is still to be sent", () => {
  const waiting = { id: "client-id-9", body: "text 9", writtenUs: 9, replyTo: null, refused: null };
  const held = after(viewing(READY)[0], arrival(3, 7));
  const state = talk.withPending(held, "cnv_1", [waiting], []);
  const [anew, effects] = onFrame(state, { t: "chat.gap", conversation: "cnv_1", head: 4 });
  expect(anew.conversations.cnv_1).toMatchObject({ head: 4, messages: [], pending: [waiting] });
  expect(held.conversations.cnv_1?.restored).toBe(false);
  expect(anew.conversations.cnv_1?.restored).toBe(true);
  expect(effects).toEqual([{ is: "fetch", conversation: "cnv_1", after: null }]);
  expect(talk.cursors(anew)).toEqual({});
  const unseen = { t: "chat.gap", conversation: "cnv_2", head: 4 } as const;
  expect(onFrame(state, unseen)).toEqual([state, []]);
});

test("that messages may be gone is known where some were held, until one has read it", () => {
  const gap = { t: "chat.gap", conversation: "cnv_1", head: 4 } as const;
  const [empty] = onFrame(viewing(READY)[0], gap);
  expect(empty.conversations.cnv_1?.restored).toBe(false); // nothing was shown that can be missed
  const gone = after(viewing(READY)[0], arrival(3, 7), gap);
  const filled = after(gone, arrival(3, 4), gap, gap);
  expect(filled.conversations.cnv_1).toMatchObject({ restored: true, messages: [] });
  const heeded = talk.heeded(after(filled, arrival(3, 4)), "cnv_1");
  expect(heeded.conversations.cnv_1).toMatchObject({ restored: false, messages: messages(3, 4) });
  expect(talk.heeded(heeded, "cnv_1")).toBe(heeded);
  expect(talk.heeded(heeded, "cnv_2")).toBe(heeded);
});

test("of another epoch nothing is held, nor said to be read", () => {
  const [held] = talk.readUpTo(after(viewing(READY)[0], arrival(1, 7)), "cnv_1", 7);
  const snapshot = { ...opened(mentorship({ head: 9, revision: 9, read: 2, unread: 3 })), epoch: 5 };
  const [anew, effects] = onFrame(held, snapshot);
  expect(anew.epoch).toBe(5);
  expect(anew.conversations.cnv_1).toMatchObject({ head: 9, messages: [], restored: true });
  expect(anew.mentorships[0]?.read).toBe(2);
  expect(effects).toEqual([{ is: "fetch", conversation: "cnv_1", after: null }]);
  expect(onFrame(held, { ...snapshot, epoch: 0 })[0].conversations.cnv_1?.messages).toHaveLength(7);
});

describe("sessions", () => {
  test("are listed newest first, and the newest account of each counts", () => {
    const [old, now] = [session({ id: "ses_0", created_us: 5 }), session()];
    const ended = session({ version: 3, state: "ended", ended_us: 25, as_of_us: 25 });
    const state = [old, now, ended, now].reduce(reduce.withSession, READY);
    expect(state.sessions.men_1).toEqual([ended, old]);
  });

  test("a change counts though the server's clock was set back, a late account does not", () => {
    const before = session({ version: 2, as_of_us: 50 });
    const after = session({ version: 3, as_of_us: 40, together_us: 7 });
    const late = session({ version: 2, as_of_us: 60 });
    const state = [before, after, late].reduce(reduce.withSession, READY);
    expect(state.sessions.men_1).toEqual([after]);
  });

  test("none at all is known as none", () => {
    expect(reduce.withSessions(READY, "men_1", []).sessions).toEqual({ men_1: [] });
  });

  test("the call follows the session it joined, not an earlier one of the room", () => {
    const call = {
      mentorship: "men_1",
      room: "room_1",
      phase: "joined",
      peers: [],
      gone: null,
      session: null,
      microphoneOn: true,
      cameraOn: true,
      ended: null,
      trouble: null,
    } as const;
    const joined = after(
      { ...READY, call: { ...call, session: session({ id: "ses_0" }) } },
      { t: "room.joined", room: "room_1", peer: "p", peers: [], ice_servers: [], session: session() },
      { t: "session.changed", session: session({ id: "ses_0", state: "ended" }) },
      { t: "session.changed", session: session({ as_of_us: 50, together_us: 7 }) },
    );
    expect(joined.call?.session).toMatchObject({ id: "ses_1", together_us: 7 });
  });

  test("an account is kept apart from the view that it brings", () => {
    const state = reduce.withAccount(READY, account({ version: 3 }));
    expect(state.accounts).toEqual({ ses_1: account({ version: 3 }) });
    expect(state.sessions.men_1).toEqual([session({ version: 3 })]);
    const next = after(state, { t: "session.changed", session: session({ version: 4 }) });
    expect(next.sessions.men_1).toEqual([session({ version: 4 })]);
    expect(next.accounts).toBe(state.accounts);
    expect(reduce.withAccount(next, account({ version: 2 }))).toBe(next); // a late answer
  });
});
