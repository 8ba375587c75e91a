import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { statement } from "../../src/lib/call/contact.js";
import { signing } from "../../src/lib/call/signing.js";
import type { ClientFrame, Contact, RoomContact } from "../../src/protocol/types.js";
import { FakePeerConnection, WEBRTC, World, type Page } from "./browsers.js";

const S = 1_000_000;

beforeEach(() => {
  for (const [name, fake] of Object.entries(WEBRTC)) vi.stubGlobal(name, fake);
});
afterEach(() => vi.unstubAllGlobals());

async function joined(world: World, ...pages: Page[]): Promise<void> {
  await world.settled();
  for (const page of pages) {
    page.call.join();
    await world.settled();
  }
}

async function two(me: Parameters<World["page"]>[1] = {}): Promise<{ world: World; me: Page; ana: Page }> {
  const world = new World();
  const ana = world.page("per_ana");
  const mine = world.page("per_me", me);
  await joined(world, ana, mine);
  return { world, me: mine, ana };
}

/** From and to of what was handed in, in seconds since `sinceMs`. */
const spans = (frames: readonly RoomContact[], sinceMs: number): string[] =>
  frames.flatMap(({ session, contacts }) =>
    contacts.map(
      ({ from_us, to_us }) =>
        `${session} ${from_us / S - sinceMs / 1000}-${to_us / S - sinceMs / 1000}`,
    ),
  );
const last = (page: Page): Contact | undefined => page.contacts.at(-1)?.contacts.at(-1);
const tags = (frames: readonly ClientFrame[]): string[] => frames.map(({ t }) => t);
const paths = (page: Page): boolean[] =>
  page.frames.flatMap((frame) => (frame.t === "room.path" ? [frame.up] : []));

describe("the way for proofs", () => {
  test("is there from the beginning: one offer, one answer, also without any device", async () => {
    const { world, me, ana } = await two();
    expect(me.joins[0]?.offer).toMatch(/ audio,video,application$/);
    const said = [...me.frames, ...ana.frames].filter(({ t }) => t.startsWith("peer."));
    expect(tags(said)).toEqual(["peer.answer"]);
    expect(world.channelOf("newcomer")).toMatchObject({
      readyState: "open",
      label: "contact",
      options: { negotiated: true, id: 0, ordered: true },
    });
  });
});

describe("the key", () => {
  test("is ready before anybody can press Join, and joins with it", async () => {
    const { me, ana } = await two();
    expect(me.joins[0]?.key).toMatch(/^[\w-]{87}$/);
    expect(ana.joins[0]?.key).not.toBe(me.joins[0]?.key);
  });

  test("is not waited for", async () => {
    const world = new World();
    const { call, joins, frames } = world.page("per_me");
    call.join();
    expect(tags(frames)).toEqual(["room.join"]);
    expect(joins).toEqual([]); // as taken before
    await world.settled();
    expect(frames[0]).not.toHaveProperty("key");
  });

  test("that came after the join is of use once the room knows it", async () => {
    const world = new World();
    const ana = world.page("per_ana");
    const me = world.page("per_me");
    ana.call.join(); // at once
    await joined(world, me);
    await world.beats(4);
    expect([...me.contacts, ...ana.contacts]).toEqual([]);
    ana.offline();
    ana.online();
    await world.settled();
    await world.beats(4);
    expect(last(me)?.signer_key).toBe(ana.joins[1]?.key);
  });

  test.each([
    ["the media went on", "connected", true],
    ["the media was dead", "failed", false],
  ] as const)("stays over a new socket; %s", async (_, ice, samePeer) => {
    const { world, me } = await two();
    await world.beats(1);
    me.offline();
    world.ice(ice);
    me.online();
    await world.settled();
    const [first, second] = me.joins;
    expect(second?.key).toBe(first?.key);
    expect(second?.peer === first?.peer).toBe(samePeer);
  });

  test("none, where there is no WebCrypto: the call is as ever, nothing is proven", async () => {
    const { world, me, ana } = await two({ subtle: undefined });
    expect(me.joins[0]).not.toHaveProperty("key");
    await world.beats(6);
    expect(me.call.state().peers).toMatchObject([{ media: "connected" }]);
    expect([...me.contacts, ...ana.contacts]).toEqual([]);
  });
});

describe("that nothing is proven", () => {
  const unproven = ({ call }: Page): boolean | undefined => call.state().peers[0]?.unproven;

  test("is known after a while without a new signature, until one comes", async () => {
    const { world, me, ana } = await two();
    await world.beats(4);
    for (const which of ["newcomer", "first"] as const) world.channelOf(which).tamper = () => "";
    await world.beats(10);
    expect([unproven(me), unproven(ana)]).toEqual([false, false]);
    await world.beats(2);
    expect([unproven(me), unproven(ana)]).toEqual([true, true]);
    const drawn = me.drawn;
    for (const which of ["newcomer", "first"] as const) {
      world.channelOf(which).tamper = (text) => text;
    }
    await world.beats(3);
    expect([unproven(me), unproven(ana)]).toEqual([false, false]);
    expect(me.drawn).toBeGreaterThan(drawn);
  });

  test("is no news of somebody with whom one is not connected", async () => {
    const { world, me } = await two();
    await world.beats(2);
    world.ice("disconnected");
    await world.beats(20);
    expect(unproven(me)).toBe(false);
    world.ice("connected");
    await world.beats(8);
    expect(unproven(me)).toBe(false);
  });

  test("is known where the other's page has no key", async () => {
    const { world, me } = await two({ subtle: undefined });
    await world.beats(12);
    expect(unproven(me)).toBe(true);
  });
});

describe("contact", () => {
  test("each hands in what the other signed, every second beat", async () => {
    const { world, me, ana } = await two();
    const since = world.nowMs;
    await world.beats(6);
    for (const [page, other] of [[me, ana], [ana, me]] as const) {
      // What was signed with this beat is handed in with a later one.
      expect(spans(page.contacts, since)).toEqual(["ses_1 2-6", "ses_1 2-10"]);
      const contact = last(page);
      if (!contact) throw new Error("no contact");
      expect(contact).toMatchObject({
        about_key: page.joins[0]?.key,
        signer_key: other.joins[0]?.key,
        beats: 5,
      });
      const text = statement("ses_1", contact);
      const { signer_key, signature } = contact;
      expect(await signing(crypto.subtle).verify(signer_key, text, signature)).toBe(true);
    }
  });

  test("goes on while the server is away, and is handed in right after", async () => {
    const { world, me, ana } = await two();
    const since = world.nowMs;
    await world.beats(2);
    for (const page of [me, ana]) page.offline();
    await world.beats(10);
    expect(me.contacts).toEqual([]);
    const before = me.frames.length;
    me.online();
    await world.settled();
    expect(tags(me.frames.slice(before))).toEqual(["room.join", "room.path", "room.contact"]);
    expect(spans(me.contacts, since)).toEqual(["ses_1 2-24"]);
  });

  test("in the tab's storage, outlives the page, at most every 4 s", async () => {
    const { world, me, ana } = await two();
    const since = world.nowMs;
    const write = vi.spyOn(me.tab, "setItem");
    me.offline();
    await world.beats(8);
    expect(write.mock.calls.length).toBeLessThanOrEqual(4);
    const again = world.page("per_me", { tab: me.tab });
    world.pages.splice(world.pages.indexOf(me), 1); // it crashed
    await joined(world, again);
    expect(spans(again.contacts, since)).toEqual(["ses_1 2-14"]);
    expect(last(again)).toMatchObject({ about_key: me.joins[0]?.key, signer_key: ana.joins[0]?.key });
  });

  test("is not handed in a second time once the server has it", async () => {
    const { world, me, ana } = await two();
    await world.beats(6);
    ana.call.leave();
    await world.beats(6);
    const handed = me.contacts.length;
    me.offline();
    me.online();
    await world.settled();
    expect(me.contacts).toHaveLength(handed);
    expect(me.tab.length).toBe(0);
  });

  test("that was refused is handed in again", async () => {
    const { world, me, ana } = await two();
    await world.beats(4);
    const refused = { t: "error", code: "unavailable", message: "x", about: "room.contact" } as const;
    me.tell(refused);
    ana.call.leave(); // nothing new comes
    await world.settled();
    const before = me.contacts.length;
    await world.beats(2);
    expect(me.contacts.length).toBe(before + 1);
  });

  test.each([
    ["went on elsewhere", true, 0],
    ["is not known there any more", false, 1],
  ])("whoever is told that they are not in, because the call %s", async (_, elsewhere, joins) => {
    const { world, me } = await two();
    await world.beats(2);
    const before = me.joins.length;
    me.tell({ t: "error", code: "not_in_room", message: "x", about: "room.media" });
    await world.settled();
    expect(me.joins.length).toBe(before);
    if (elsewhere) me.tell({ t: "room.left", room: "room_1", reason: "replaced" });
    await world.settled();
    for (const run of [...me.later]) run();
    await world.settled();
    expect(me.joins.length - before).toBe(joins);
  });

  test("who joined at the second try joins again too when they are not in", async () => {
    const { world, me } = await two();
    for (const about of ["room.join", "room.media"]) {
      const before = me.joins.length;
      const code = about === "room.join" ? "unavailable" : "not_in_room";
      me.tell({ t: "error", code, message: "x", about });
      await world.settled();
      for (const run of [...me.later]) run();
      me.later.clear();
      await world.settled();
      expect(me.joins.length, about).toBe(before + 1);
    }
  });

  test.each<[string, (page: Page) => void, string[]]>([
    ["leaves", ({ call }) => call.leave(), ["room.contact", "room.leave"]],
    ["is put away", ({ call }) => call.sayGoodbye(), ["room.contact", "room.leave"]],
    ["ends the session", ({ call }) => call.handIn(), ["room.contact"]],
    [
      "hears that the other ended the session",
      (page) => page.call.handle({ t: "room.left", room: "room_1", reason: "ended" }),
      ["room.contact"],
    ],
  ])("whoever %s hands in the latest first", async (_, act, wanted) => {
    const { world, me } = await two();
    const since = world.nowMs;
    await world.beats(6);
    const before = me.frames.length;
    act(me);
    expect(tags(me.frames.slice(before))).toEqual(wanted);
    expect(spans(me.contacts.slice(-1), since)).toEqual(["ses_1 2-12"]);
  });

  test("a broken way is a gap: another stretch", async () => {
    const { world, me } = await two();
    const since = world.nowMs;
    await world.beats(3);
    world.ice("disconnected");
    await world.beats(10);
    world.ice("connected");
    await world.beats(4);
    expect(spans(me.contacts, since)).toEqual(["ses_1 2-6", "ses_1 28-30"]);
  });

  test("what the broken way does not take is not piled up for later", async () => {
    const { world } = await two();
    await world.beats(3);
    const channel = world.channelOf("newcomer");
    world.ice("disconnected");
    await world.beats(200);
    expect(channel.bufferedAmount).toBeLessThan(3_000);
  });

  test("another session begins another stretch", async () => {
    const { world, me, ana } = await two();
    const since = world.nowMs;
    await world.beats(4);
    world.session = "ses_2";
    for (const page of [me, ana]) page.tell({ t: "session.changed", session: world.view() });
    await world.settled();
    await world.beats(4);
    expect(spans(me.contacts, since).at(-1)).toBe("ses_2 10-14");
  });

  test("an ended one, or one of another room, is not taken for it", async () => {
    const { world, me } = await two();
    const since = world.nowMs;
    await world.beats(2);
    const view = world.view();
    me.tell({ t: "session.changed", session: { ...view, id: "ses_2", state: "ended" } });
    me.tell({ t: "session.changed", session: { ...view, id: "ses_3", room: "room_2" } });
    await world.beats(4);
    expect(spans(me.contacts, since).at(-1)).toBe("ses_1 2-10");
  });

  test("no beats before the server's clock is known", async () => {
    const { world, me, ana } = await two();
    ana.offsetUs = null;
    await world.beats(4);
    expect([...me.contacts, ...ana.contacts]).toEqual([]);
  });
});

/** Whatever the other's page says instead: nothing but the truth is handed in. */
describe("a liar", () => {
  type Said = Record<string, number | string>;
  const lies: readonly [string, (said: Said) => Said][] = [
    ["a second longer", (said) => ({ ...said, to_us: Number(said.to_us) + S })],
    ["since before", (said) => ({ ...said, from_us: Number(said.from_us) - 2 * S })],
    ["more beats", (said) => ({ ...said, beats: Number(said.beats) + 1 })],
    ["fewer beats", (said) => ({ ...said, beats: Number(said.beats) - 1 })],
    ["another's signature", (said) => ({ ...said, signature: "s".repeat(86) })],
  ];

  test.each(lies)("signs one thing and says another: %s", async (_, lie) => {
    const { world, me, ana } = await two();
    for (const { channel } of world.ways) {
      if (!channel) continue;
      channel.tamper = (text) =>
        text.includes('"sign"') ? JSON.stringify(lie(JSON.parse(text) as Said)) : text;
    }
    await world.beats(6);
    expect([...me.contacts, ...ana.contacts]).toEqual([]);
  });

  test.each([
    ["back-dated", -3_000_001],
    ["ahead", 3_000_001],
  ])("whose beats are %s has nothing signed", async (_, offsetUs) => {
    const { world, me, ana } = await two();
    ana.offsetUs = offsetUs;
    await world.beats(6);
    // Its own idea of the time is as wrong about the other's beats: neither hears the other.
    expect([...me.contacts, ...ana.contacts]).toEqual([]);
  });

  test("who says a beat twice gains nothing", async () => {
    const { world, me, ana } = await two();
    const since = world.nowMs;
    let first: string | null = null;
    world.channelOf("first").tamper = (text) => (text.includes('"beat"') ? (first ??= text) : text);
    await world.beats(6);
    expect(ana.contacts).toEqual([]);
    expect(spans(me.contacts, since).at(-1)).toBe("ses_1 2-10"); // its own beats were true
  });

  test.each([["x".repeat(2_000)], ["{"], [new ArrayBuffer(8)]])(
    "who says what no page says is not heard",
    async (junk) => {
      const { world, me, ana } = await two();
      for (const { channel } of world.ways) if (channel) channel.tamper = () => junk;
      await world.beats(4);
      expect([...me.contacts, ...ana.contacts]).toEqual([]);
      expect(me.call.state().peers).toMatchObject([{ media: "connected" }]);
    },
  );
});

describe("who spoke", () => {
  test("is measured while somebody is there, and handed in before one leaves", async () => {
    const world = new World();
    const [ana, me] = [world.page("per_ana"), world.page("per_me")];
    await joined(world, ana);
    await world.beats(3);
    expect(ana.measures).toEqual([null]);
    await joined(world, me);
    await world.beats(2);
    expect([ana.measures, me.measures]).toEqual([[null, "room_1"], [null, "room_1"]]);
    me.call.leave();
    const left = me.frames.findIndex(({ t }) => t === "room.leave");
    expect(me.measures).toEqual([null, "room_1", left, null]);
    await world.settled();
    me.beat();
    expect(me.measures).toHaveLength(4);
  });
});

describe("how sound and picture travel", () => {
  test("up, down after a while, up again; and anew with each join", async () => {
    const { world, me } = await two();
    expect(paths(me)).toEqual([true]);
    world.ice("disconnected");
    await world.beats(1);
    expect(paths(me)).toEqual([true]);
    await world.beats(2);
    expect(paths(me)).toEqual([true, false]);
    world.ice("connected");
    expect(paths(me)).toEqual([true, false, true]);
    me.offline();
    me.online();
    await world.settled();
    expect(paths(me)).toEqual([true, false, true, true]);
  });

  test("what changes while the server is away is told on return", async () => {
    const { world, me } = await two();
    me.offline();
    world.ice("disconnected");
    await world.beats(3);
    expect(paths(me)).toEqual([true]);
    world.ice("connected");
    me.online();
    await world.settled();
    expect(paths(me)).toEqual([true, true]);
  });

  test("nothing of it, nor any proof, goes ahead of the room's answer", async () => {
    const { world, me } = await two();
    await world.beats(3);
    me.offline();
    const before = me.frames.length;
    me.online();
    world.ice("disconnected");
    world.nowMs += 3_000;
    me.beat();
    me.beat();
    world.ice("connected");
    expect(tags(me.frames.slice(before))).toEqual(["room.join"]);
    await world.settled();
    expect(tags(me.frames.slice(before))).toEqual(["room.join", "room.path", "room.contact"]);
  });

  test("never connected", async () => {
    const meet = vi.spyOn(FakePeerConnection.prototype, "ice").mockReturnValue();
    const { world, me } = await two();
    await world.beats(5);
    expect(paths(me)).toEqual([]);
    await world.beats(1);
    expect(paths(me)).toEqual([false]);
    meet.mockRestore();
  });
});
