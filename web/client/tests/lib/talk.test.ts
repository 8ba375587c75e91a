import { describe, expect, test } from "vitest";

import { changesNothing, withChanges, type Change } from "../../src/lib/changes.js";
import { beside, emptyLog, lookAt, merge, messageAt, touched } from "../../src/lib/conversation.js";
import * as talk from "../../src/lib/conversations.js";
import { MemoryStorage } from "../../src/lib/page.js";
import { onFrame, type State } from "../../src/lib/state.js";
import { EMOJIS, type ServerFrame } from "../../src/protocol/types.js";
import { below, pick, randomOf } from "./random.js";
import { FakeServer, settled } from "./server.js";
import { Talking } from "./talking.js";
import { ANA, ME, SIGNED_IN, message, messages, opened } from "./things.js";

const PEOPLE = [ME, ANA];

/** Anything that either may do; most of it is to the latest messages. */
function happen(server: Talking, random: () => number, now: number): void {
  const person = pick(random, PEOPLE);
  const id = `change-${now}`;
  const seq = 1 + (random() < 0.7 ? Math.max(0, server.head - 1 - below(random, 4)) : below(random, server.head + 1));
  const of = { conversation: "cnv_1", id, seq };
  const what = random();
  if (what < 0.45 || server.head === 0) server.store(person, id, `text ${now}`, now);
  else if (what < 0.6) server.change(person, { t: "chat.edit", ...of, body: `edited ${now}` }, now);
  else if (what < 0.7) server.change(person, { t: "chat.delete", ...of }, now);
  else if (what < 0.85) {
    server.change(person, { t: "chat.react", ...of, emoji: pick(random, EMOJIS), on: random() < 0.7 }, now);
  } else server.change(person, { t: "chat.pin", ...of, on: random() < 0.7 }, now);
}

describe("snapshot law of conversations", () => {
  /** Frames as the server hands them on: what is new, and what was touched, since a cursor. */
  function since(server: Talking, cursor: { seq: number; revision: number }): ServerFrame[] {
    const fresh = server.log.slice(cursor.seq);
    const changed = server.touched(cursor.revision, cursor.seq);
    return [
      ...(fresh.length ? [{ t: "chat.messages" as const, ...server.page(fresh) }] : []),
      ...(changed ? [changed] : []),
    ];
  }

  /** One message a frame, so that any order can come about. */
  const oneByOne = (frame: ServerFrame): ServerFrame[] => {
    if (frame.t !== "chat.messages" && frame.t !== "chat.touched") return [frame];
    return frame.messages.map((each) => ({ ...frame, messages: [each] }) as ServerFrame);
  };

  test.each([
    ["nobody looks at it", false],
    ["its log is held", true],
  ])("whatever happens, in any order and twice: %s", (_name, held) => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = randomOf(seed);
      const server = new Talking();
      let now = 1;
      for (; now <= below(random, 12); now += 1) happen(server, random, now);
      if (random() < 0.5) server.mark(ME, below(random, server.head + 1), true);
      let [state] = onFrame(SIGNED_IN, opened(server.view(ME)));
      if (held) {
        [state] = talk.openConversation(state, "cnv_1");
        [state] = onFrame(state, { t: "chat.messages", ...server.page(server.log) });
      }
      let cursor = { seq: server.head, revision: server.revision };
      let wire: ServerFrame[] = [];
      for (let i = 0; i < 1 + below(random, 15); i += 1) {
        happen(server, random, (now += 1));
        if (random() < 0.7) continue;
        wire.push(...since(server, cursor).flatMap((frame) => oneByOne(frame)));
        cursor = { seq: server.head, revision: server.revision };
      }
      wire.push(...since(server, cursor).flatMap((frame) => oneByOne(frame)));
      wire = [...wire, ...wire.filter(() => random() < 0.3)].sort(() => random() - 0.5);
      // What leaves a gap in the log is fetched again; here it is simply told again, in order.
      const again = [{ t: "chat.messages" as const, ...server.page(server.log) }];
      for (const frame of [...wire, ...(held ? again : [])]) [state] = onFrame(state, frame);
      const { revision, last, ...fresh } = server.view(ME);
      const { revision: _, last: told, ...known } = state.mentorships[0]!;
      const ofLast = (view: typeof last) => view && [view.seq, view.body];
      expect({ ...known, pinned: new Set(known.pinned) }, `seed ${seed}`).toEqual({ ...fresh, pinned: new Set(fresh.pinned) });
      if (held) {
        expect(known.pinned, `seed ${seed}`).toEqual(fresh.pinned);
        expect(ofLast(told), `seed ${seed}`).toEqual(ofLast(last));
        expect(state.conversations["cnv_1"]?.messages, `seed ${seed}`).toEqual(server.log);
      } else if (last && last.seq > 0 && !state.conversations["cnv_1"]) {
        expect(ofLast(told), `seed ${seed}`).toEqual(ofLast(last));
      }
    }
  });
});

test("two pages and a server that dies, cuts and refuses: all agree in the end", async () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const random = randomOf(seed);
    const server = new FakeServer();
    const browser = new MemoryStorage();
    const links: Record<string, string> = { [ME]: "/open#inv_me", [ANA]: "/open#inv_ana" };
    const tabs: Record<string, MemoryStorage> = { [ME]: new MemoryStorage(), [ANA]: new MemoryStorage() };
    const open = (person: string): ReturnType<FakeServer["open"]>["app"] => {
      const { app } = server.open(tabs[person]!.length ? "/" : links[person]!, browser, tabs[person]);
      return app;
    };
    let apps: Record<string, ReturnType<typeof open>> = { [ME]: open(ME), [ANA]: open(ANA) };
    await settled();
    const written: Record<string, string[]> = { [ME]: [], [ANA]: [] };
    for (let i = 1; i <= 40; i += 1) {
      const person = pick(random, PEOPLE);
      const { chat, state } = apps[person]!;
      chat.open("cnv_1");
      const held = state.conversations["cnv_1"]?.messages ?? [];
      const what = random();
      const target = held.length ? pick(random, held) : null;
      if (what < 0.4 || !target) {
        const body = `${person} ${i}`;
        written[person]!.push(body);
        chat.send("cnv_1", body, target && random() < 0.3 && target.deleted_us == null ? target.seq : null);
      } else if (what < 0.5 && target.person === person) chat.edit("cnv_1", target.seq, `edited ${i}`);
      else if (what < 0.55 && target.person === person) chat.erase("cnv_1", target.seq);
      else if (what < 0.7) chat.react("cnv_1", target.seq, pick(random, EMOJIS), random() < 0.7);
      else if (what < 0.8) chat.pin("cnv_1", target.seq, random() < 0.7);
      else if (what < 0.85) server.close(1006);
      else if (what < 0.9) [server.deaf, server.reachable] = [random() < 0.5, random() < 0.7];
      else if (what < 0.95) apps = { ...apps, [person]: open(person) }; // a reload
      else [server.deaf, server.reachable] = [false, true];
      if (random() < 0.5) await settled();
      if (random() < 0.2) await server.pass(below(random, 3_000));
    }
    [server.deaf, server.reachable] = [false, true];
    server.close(1006);
    await server.pass(30_000);
    for (const person of PEOPLE) {
      apps[person]!.chat.open("cnv_1");
      await settled();
      const { messages, pending, changes } = apps[person]!.state.conversations["cnv_1"]!;
      expect(messages, `seed ${seed}`).toEqual(server.log.slice(-messages.length));
      expect(pending, `seed ${seed}`).toEqual([]);
      expect(changes.filter(({ refused }) => refused === null), `seed ${seed}`).toEqual([]);
      const mine = server.log.filter((each) => each.person === person);
      expect(mine.map(({ id }) => id).length, `seed ${seed}`).toBe(written[person]!.length);
      expect(new Set(mine.map(({ id }) => id)).size).toBe(mine.length);
    }
  }
});

describe("a second stretch, of long ago", () => {
  const held = merge(emptyLog("cnv_1", 100), ME, { head: 100, revision: 100, messages: messages(81, 100) })[0];
  const page = (from: number, to: number) => ({ head: 100, revision: 100, messages: messages(from, to) });
  const seqs = (list: readonly { seq: number }[] | null) => list && [list[0]?.seq, list.at(-1)?.seq];

  test("stands aside until it touches the newest", () => {
    const aside = lookAt(held, ME, page(10, 30));
    expect([seqs(aside.aside), seqs(aside.messages)]).toEqual([[10, 30], [81, 100]]);
    const [more] = merge(aside, ME, page(31, 60));
    expect(seqs(more.aside)).toEqual([10, 60]);
    const [older] = merge(more, ME, page(1, 9));
    expect(seqs(older.aside)).toEqual([1, 60]);
    const [whole] = merge(older, ME, page(61, 85));
    expect([whole.aside, seqs(whole.messages)]).toEqual([null, [1, 100]]);
  });

  test("another one takes its place; one that touches the newest joins it", () => {
    const aside = lookAt(lookAt(held, ME, page(10, 30)), ME, page(50, 60));
    expect(seqs(aside.aside)).toEqual([50, 60]);
    const joined = lookAt(aside, ME, page(70, 90));
    expect([joined.aside, seqs(joined.messages)]).toEqual([null, [70, 100]]);
    expect(lookAt(aside, ME, page(5, 4)).aside).toBeNull();
  });

  test("is changed by what is touched, and so is what is quoted or comes later", () => {
    const quoted = beside(lookAt(held, ME, page(10, 30)), 100, [message(5)]);
    const news = [10, 5, 45, 90].map((seq, i) => ({ ...message(seq), body: "new", revision: 101 + i }));
    const log = touched(quoted, 104, news);
    expect([10, 5, 45, 90].map((seq) => messageAt(log, seq)?.body)).toEqual(["new", "new", "new", "new"]);
    const [later] = merge(log, ME, page(31, 50)); // read before it was touched
    expect(later.aside?.find(({ seq }) => seq === 45)?.body).toBe("new");
    expect(log.revision).toBe(104);
  });
});

test("what is held is as old as its oldest part; the very next change leaves no gap", () => {
  const first = merge(emptyLog("cnv_1", 5), ME, { head: 5, revision: 9, messages: messages(3, 5) })[0];
  expect(first.revision).toBe(9);
  const live = { ...message(6), revision: 10 };
  expect(merge(first, ME, { head: 6, revision: 12, messages: [live] })[0].revision).toBe(10);
  expect(merge(first, ME, { head: 6, revision: 12, messages: [{ ...live, revision: 11 }] })[0].revision).toBe(9);
  expect(merge(first, ME, { head: 5, revision: 7, messages: messages(1, 2) })[0].revision).toBe(7);
});

describe("what waits is shown as it will be", () => {
  const base = message(4, ME);
  const emoji = "👍";
  const cases: [string, Change[], Partial<typeof base>][] = [
    ["an edit", [{ is: "edit", seq: 4, body: "b" }], { body: "b", edited_us: 9 }],
    ["a deletion, and nothing after it", [{ is: "delete", seq: 4 }, { is: "edit", seq: 4, body: "b" }], { body: "", deleted_us: 9 }],
    ["a reaction", [{ is: "react", seq: 4, emoji, on: true }], { reactions: [{ emoji, persons: [ME] }] }],
    ["a reaction taken back", [{ is: "react", seq: 4, emoji, on: true }, { is: "react", seq: 4, emoji, on: false }], { reactions: [] }],
    ["a pin", [{ is: "pin", seq: 4, on: true }], { pinned_us: 9, pinned_by: ME }],
    ["a pin taken off", [{ is: "pin", seq: 4, on: true }, { is: "pin", seq: 4, on: false }], { pinned_us: null }],
    ["another's", [{ is: "edit", seq: 5, body: "b" }], {}],
  ];
  test.each(cases)("%s", (_name, changes, part) => {
    expect(withChanges(base, changes, ME, 9)).toMatchObject({ ...base, ...part });
    if (changes.length === 1 && changes[0]!.seq === 4) {
      expect(changesNothing(base, changes[0]!, ME)).toBe(false);
      expect(changesNothing(withChanges(base, changes, ME, 9), changes[0]!, ME)).toBe(true);
    }
  });

  test("beside another's reaction", () => {
    const theirs = { ...base, reactions: [{ emoji, persons: [ANA] } as const].map((each) => ({ ...each, persons: [...each.persons] })) };
    const both = withChanges(theirs, [{ is: "react", seq: 4, emoji, on: true }], ME, 9);
    expect(both.reactions).toEqual([{ emoji, persons: [ANA, ME] }]);
    expect(withChanges(both, [{ is: "react", seq: 4, emoji, on: false }], ME, 9).reactions).toEqual(theirs.reactions);
  });
});

describe("in a page", () => {
  async function two(): Promise<{ server: FakeServer; me: ReturnType<FakeServer["open"]>["app"]; ana: ReturnType<FakeServer["open"]>["app"]; browser: MemoryStorage }> {
    const server = new FakeServer();
    const browser = new MemoryStorage();
    const me = server.open("/open#inv_me", browser).app;
    const ana = server.open("/open#inv_ana", browser).app;
    await settled();
    for (const app of [me, ana]) app.chat.open("cnv_1");
    await settled();
    return { server, me, ana, browser };
  }
  const log = (app: { state: unknown }): State["conversations"][string] => (app.state as State).conversations["cnv_1"]!;

  test("delivered once the other's page has it, read once it was seen: several steps in one frame", async () => {
    const { server, me, ana } = await two();
    for (let i = 1; i <= 5; i += 1) me.chat.send("cnv_1", `m ${i}`);
    await server.pass(1_000);
    const mark = () => talk.markOf(me.state.mentorships[0]!, ANA);
    expect(mark()).toEqual({ person: ANA, delivered: 5, read: 0 });
    expect(server.frames.filter(({ t }) => t === "chat.delivered").length).toBeLessThanOrEqual(4);
    for (let seq = 1; seq <= 5; seq += 1) ana.chat.read("cnv_1", seq);
    await server.pass(1_000);
    expect(mark()).toEqual({ person: ANA, delivered: 5, read: 5 });
    expect(server.frames.filter(({ t }) => t === "chat.read")).toHaveLength(1);
  });

  describe("how far one has got, where the server did not take it,", () => {
    const mark = (app: { state: unknown }) => talk.markOf((app.state as State).mentorships[0]!, ANA);
    const said = (server: FakeServer) => server.frames.filter(({ t }) => t === "chat.read").length;

    test.each([
      ["the database is away", { code: "unavailable" }],
      ["the disk is full", { code: "storage_full" }],
      ["there was too much of it", { code: "rate_limited", retry_after_us: 2_000_000 }],
    ])("is said again by itself: %s", async (_name, refusal) => {
      const { server, me, ana } = await two();
      me.chat.send("cnv_1", "hello");
      await server.pass(1_000);
      server.unmoved.push(refusal, refusal, refusal);
      ana.chat.read("cnv_1", 1);
      await server.pass(1_000);
      expect(mark(me).read).toBe(0);
      await server.pass(40_000);
      expect(mark(me)).toEqual({ person: ANA, delivered: 1, read: 1 });
      expect(server.unmoved).toEqual([]);
      const before = said(server);
      await server.pass(60_000);
      expect(said(server)).toBe(before); // then it is known
    });

    test("is said again though nobody answered", async () => {
      const { server, me } = await two();
      server.unmoved.push(null, null, null);
      me.chat.send("cnv_1", "hello");
      await server.pass(1_000);
      expect(mark(me).delivered).toBe(0);
      await server.pass(30_000);
      expect(mark(me)).toEqual({ person: ANA, delivered: 1, read: 0 });
    });

    test("is said as soon as the server wants it, and not sooner", async () => {
      const { server, me, ana } = await two();
      me.chat.send("cnv_1", "hello");
      await server.pass(1_000);
      server.unmoved.push({ code: "rate_limited", retry_after_us: 5_000_000 });
      ana.chat.read("cnv_1", 1);
      await server.pass(5_000);
      expect(said(server)).toBe(1);
      await server.pass(1_000);
      expect(mark(me).read).toBe(1);
    });

    test("is let be where it will never be taken, until there is more", async () => {
      const { server, me, ana } = await two();
      me.chat.send("cnv_1", "hello");
      await server.pass(1_000);
      server.unmoved.push({ code: "not_found" });
      ana.chat.read("cnv_1", 1);
      await server.pass(60_000);
      expect(said(server)).toBe(1);
      me.chat.send("cnv_1", "and");
      await server.pass(1_000);
      ana.chat.read("cnv_1", 2);
      await server.pass(1_000);
      expect(mark(me).read).toBe(2);
    });
  });

  test("delivered though nobody looks at the conversation", async () => {
    const server = new FakeServer();
    server.store("per_ana", "ana-1", "hello");
    const { app } = server.open("/open#inv_me", new MemoryStorage());
    await server.pass(1_000);
    expect(talk.markOf(app.state.mentorships[0]!, ME).delivered).toBe(1);
    expect(app.state.mentorships[0]?.unread).toBe(1);
  });

  describe("delivered is not said of what no page has got: it is fetched first,", () => {
    /** 500 were written, of which 480 while nobody of mine was there. */
    function away(count = 500): { server: FakeServer; open: () => ReturnType<FakeServer["open"]>["app"] } {
      const server = new FakeServer();
      for (let i = 1; i <= count; i += 1) server.store("per_ana", `ana-${i}`, `${i}`);
      server.talk.mark(ME, 20, false);
      return { server, open: () => server.open("/open#inv_me", new MemoryStorage()).app };
    }
    const mark = (app: { state: unknown }) => talk.markOf((app.state as State).mentorships[0]!, ME).delivered;

    test("and again by the next connection", async () => {
      const { server, open } = away();
      server.pages = false;
      const app = open();
      await server.pass(5_000);
      expect([log(app).messages[0]?.seq, mark(app)]).toEqual([451, 20]); // the newest page alone
      server.close(1006);
      server.pages = true;
      await server.pass(5_000);
      expect(mark(app)).toBe(500);
    });

    test("and again by itself after a failure, from where it had got", async () => {
      const { server, open } = away();
      const app = open();
      const answer = server.fetch.bind(server);
      const asked: string[] = [];
      server.fetch = async (path, init) => {
        if (path.includes("/messages?")) asked.push(path.split("?")[1]!);
        if (asked.length === 2) server.pages = false;
        return answer(path, init);
      };
      await server.pass(5_000);
      expect([log(app).messages[0]?.seq, mark(app)]).toEqual([451, 220]);
      server.pages = true;
      await server.pass(30_000);
      expect(mark(app)).toBe(500);
      expect(asked[0]).toBe("after=20&limit=200");
      expect(new Set(asked.slice(1, -1))).toEqual(new Set(["after=220&limit=200"]));
      expect(asked.at(-1)).toBe("after=420&limit=30");
      server.store("per_ana", "ana-501", "501");
      server.deliver();
      await server.pass(1_000);
      expect(mark(app)).toBe(501);
    });

    test("and never all held, however much it is", async () => {
      const { server, open } = away(5_000);
      const app = open();
      let most = 0;
      app.subscribe(() => (most = Math.max(most, log(app)?.messages.length ?? 0)));
      await server.pass(5_000);
      expect(mark(app)).toBe(5_000);
      expect(most).toBeLessThanOrEqual(250);
      expect(log(app).messages).toEqual(server.log.slice(-most));
      expect(app.state.mentorships[0]?.unread).toBe(5_000);
    });

    test("and is held where it is not much", async () => {
      const { server, open } = away(200);
      const app = open();
      await server.pass(5_000);
      expect(log(app).messages).toEqual(server.log.slice(20));
      expect(mark(app)).toBe(200);
    });
  });

  test("a change is shown at once, kept over a reload, and gone from the outbox once it is done", async () => {
    const { server, me, ana, browser } = await two();
    ana.chat.send("cnv_1", "hello");
    await settled();
    server.deaf = true;
    server.reachable = false;
    server.close(1006);
    await settled();
    me.chat.react("cnv_1", 1, "👍", true);
    await settled();
    expect(log(me).changes).toMatchObject([{ change: { is: "react", seq: 1 }, refused: null }]);
    [server.deaf, server.reachable] = [false, true];
    const again = server.open("/open#inv_me", browser).app;
    await settled();
    again.chat.open("cnv_1");
    await server.pass(500);
    expect(server.log[0]?.reactions).toEqual([{ emoji: "👍", persons: [ME] }]);
    expect(log(again).changes).toEqual([]);
    expect(log(again).messages[0]?.reactions).toEqual([{ emoji: "👍", persons: [ME] }]);
    expect([...Array(browser.length).keys()].filter((i) => browser.key(i)?.includes(".outbox."))).toEqual([]);
  });

  test("a refused change stays with the reason until it is discarded", async () => {
    const { me, ana } = await two();
    ana.chat.send("cnv_1", "hello");
    await settled();
    me.chat.edit("cnv_1", 1, "not mine");
    await settled();
    expect(log(me).changes).toMatchObject([{ refused: { code: "not_yours" } }]);
    me.chat.discard(log(me).changes[0]!.id);
    expect(log(me).changes).toEqual([]);
  });

  test("who writes is seen, until they send, stop, or are not heard of for 6 s", async () => {
    const { server, me, ana } = await two();
    const typing = () => me.state.typing["cnv_1"];
    ana.chat.typing("cnv_1", true);
    ana.chat.typing("cnv_1", true); // said once in 4 s
    await settled();
    expect(typing()).toBe(ANA);
    expect(server.frames.filter(({ t }) => t === "chat.typing")).toHaveLength(1);
    ana.chat.typing("cnv_1", false);
    await settled();
    expect(typing()).toBeUndefined();
    ana.chat.typing("cnv_1", true);
    await server.pass(5_900);
    expect(typing()).toBe(ANA);
    await server.pass(200);
    expect(typing()).toBeUndefined();
    ana.chat.typing("cnv_1", true);
    ana.chat.send("cnv_1", "there");
    await settled();
    expect(typing()).toBeUndefined();
  });

  test("an answer names what it answers", async () => {
    const { server, me, ana } = await two();
    ana.chat.send("cnv_1", "hello");
    await settled();
    me.chat.send("cnv_1", "hi", 1);
    await settled();
    expect(server.log[1]).toMatchObject({ body: "hi", reply_to: 1 });
    expect(log(me).messages).toEqual(server.log);
    expect(log(ana).messages).toEqual(server.log);
  });

  test("goes to a message of long ago, or a day, and back", async () => {
    const server = new FakeServer();
    for (let i = 1; i <= 300; i += 1) {
      server.nowMs += 60_000;
      server.store("per_ana", `ana-${i}`, `${i}`);
    }
    server.talk.mark(ME, 300, false);
    const { app } = server.open("/open#inv_me", new MemoryStorage());
    await settled();
    app.chat.open("cnv_1");
    await settled();
    expect(await app.chat.goTo("cnv_1", 299)).toBe(299);
    expect(log(app).aside).toBeNull();
    expect(await app.chat.goTo("cnv_1", 20)).toBe(20);
    expect(log(app).aside?.some(({ seq }) => seq === 20)).toBe(true);
    await app.chat.loadNewer("cnv_1");
    await app.chat.loadOlder("cnv_1");
    expect([log(app).aside?.[0]?.seq, log(app).aside?.at(-1)?.seq]).toEqual([1, 100]);
    expect(await app.chat.goTo("cnv_1", { atUs: 150 * 60_000_000 })).toBe(150);
    app.chat.newest("cnv_1");
    expect([log(app).aside, log(app).messages.at(-1)?.seq]).toEqual([null, 300]);
    await app.chat.quoted("cnv_1", 3);
    expect(messageAt(log(app), 3)?.body).toBe("3");
    expect((await app.chat.find("men_1", "29", null)).matches.map(({ seq }) => seq).slice(0, 2)).toEqual([299, 298]);
  });
});
