import { describe, expect, test } from "vitest";
import { Drawer } from "../../src/lib/drawer.js";
import type { App } from "../../src/lib/model.js";
import { MemoryStorage } from "../../src/lib/page.js";
import { FakeServer, settled, type Tab } from "./server.js";

const LINK = "/open#inv_me";

async function signedIn(server: FakeServer, link = LINK, browser: Storage = new MemoryStorage()): Promise<Tab> {
  const tab = server.open(link, browser);
  await settled();
  tab.app.chat.open("cnv_1");
  await settled();
  return tab;
}

const log = (app: App): string[] => app.state.conversations.cnv_1?.messages.map(({ body }) => body) ?? [];
const pending = (app: App): string[] => app.state.conversations.cnv_1?.pending.map(({ body }) => body) ?? [];

describe("coming in", () => {
  test("by a link: signed in, the secret gone from the address", async () => {
    const { app, places } = await signedIn(new FakeServer());
    expect(app.state).toMatchObject({ phase: "ready", link: { is: "online" }, arrivedAt: "men_1" });
    expect(app.state.me?.name).toBe("Me");
    expect(places).toEqual(["/m/men_1"]);
    expect(app.state.canStart).toBe(true);
  });

  test("by a link that is not known: said so, the address kept", async () => {
    const { app, places } = await signedIn(new FakeServer(), "/open#inv_nobody");
    expect(app.state).toMatchObject({ phase: "refused", trouble: { code: "invitation_invalid" } });
    expect(places).toEqual([]);
  });

  test("by another link, pasted where one that is not known stands refused", async () => {
    const { app, places, paste } = await signedIn(new FakeServer(), "/open#inv_nobody");
    paste("/open#inv_ana");
    await settled();
    expect(app.state).toMatchObject({ phase: "ready", link: { is: "online" }, trouble: null });
    expect(app.state.me?.name).toBe("Ana");
    expect(places).toEqual(["/m/men_1"]);
  });

  test("whether there is a network is known, from the first moment and after a change", async () => {
    const server = new FakeServer();
    server.network = false;
    const { app } = await signedIn(server);
    expect(app.state.hasNetwork).toBe(false);
    server.network = true;
    for (const turn of server.networkTurns) turn();
    expect(app.state.hasNetwork).toBe(true);
    server.network = false;
    for (const turn of server.networkTurns) turn();
    app.signOut();
    expect(app.state).toMatchObject({ phase: "signed_out", hasNetwork: false });
  });

  test("while the server is away: said so, and tried again", async () => {
    const server = new FakeServer();
    server.reachable = false;
    const { app, places } = await signedIn(server);
    const advice = "Check your connection; it is tried again by itself.";
    const link = { is: "offline", trouble: { code: "unreachable", advice } };
    expect(app.state).toMatchObject({ phase: "starting", link });
    await server.pass(30_000);
    expect(app.state).toMatchObject({ phase: "starting", link });
    server.reachable = true;
    app.reconnectNow();
    await settled();
    expect(app.state).toMatchObject({ phase: "ready", link: { is: "online" } });
    expect(places).toEqual(["/m/men_1"]);
    await server.pass(30_000);
    expect(server.requests.filter(({ path }) => path === "/v1/grants")).toHaveLength(1);
  });

  test("without a link: signed out", async () => {
    const { app } = await signedIn(new FakeServer(), "/");
    expect(app.state).toMatchObject({ phase: "signed_out", canStart: true });
  });

  test("again by a reload: the same person and the same tab, without the link", async () => {
    const server = new FakeServer();
    const browser = new MemoryStorage();
    const first = await signedIn(server, LINK, browser);
    const again = server.open("/m/men_1", browser, first.tab);
    await settled();
    expect(again.app.state).toMatchObject({ phase: "ready", me: { id: "per_me" } });
    const opens = server.frames.filter((frame) => frame.t === "auth.open");
    expect(opens.map(({ tab }) => tab)).toEqual([opens[0]?.tab, opens[0]?.tab]);
    expect(server.requests.at(-1)?.path).toBe("/v1/grants/renew");
  });

  test("again by a reload while the server is away: still the same person", async () => {
    const server = new FakeServer();
    const browser = new MemoryStorage();
    const { tab } = await signedIn(server, LINK, browser);
    server.reachable = false;
    const again = server.open("/m/men_1", browser, tab);
    await server.pass(30_000);
    expect(again.app.state).toMatchObject({ phase: "starting", link: { is: "offline" } });
    server.reachable = true;
    await server.pass(11_000);
    expect(again.app.state).toMatchObject({ phase: "ready", me: { id: "per_me" } });
  });

  test("again by a reload: still in the call it was in, until that is over", async () => {
    const server = new FakeServer();
    const browser = new MemoryStorage();
    const { app, tab } = await signedIn(server, LINK, browser);
    expect(app.inCall()).toBeNull();
    app.keepInCall("men_1");
    expect((await signedIn(server, LINK, browser)).app.inCall()).toBeNull(); // another tab
    const again = server.open("/m/men_1/call", browser, tab);
    expect(again.app.inCall()).toBe("men_1");
    again.app.keepInCall(null);
    expect(server.open("/m/men_1/call", browser, tab).app.inCall()).toBeNull();
  });

  test("again after the access has ended: said so, and forgotten", async () => {
    const server = new FakeServer();
    const browser = new MemoryStorage();
    const { tab } = await signedIn(server, LINK, browser);
    server.revoke("per_me");
    const again = server.open("/m/men_1", browser, tab);
    await settled();
    expect(again.app.state).toMatchObject({ phase: "refused", trouble: { code: "revoked" } });
    expect(tab.getItem("ithaca.identity")).toBeNull();
  });

  test("two people in two tabs of one browser", async () => {
    const server = new FakeServer();
    const browser = new MemoryStorage();
    const me = await signedIn(server, LINK, browser);
    const ana = await signedIn(server, "/open#inv_ana", browser);
    me.app.chat.saveDraft("cnv_1", { text: "mine", replyTo: null, editing: null });
    me.app.chat.send("cnv_1", "to Ana");
    await settled();
    expect(log(ana.app)).toEqual(["to Ana"]);
    expect(ana.app.chat.draft("cnv_1").text).toBe("");
    expect(me.app.chat.draft("cnv_1").text).toBe("mine");
  });

  test("signed out: this tab forgets, another tab does not", async () => {
    const server = new FakeServer();
    const one = await signedIn(server);
    const two = await signedIn(server);
    one.app.signOut();
    await server.pass(20_000);
    expect(one.app.state).toMatchObject({ phase: "signed_out", me: null, mentorships: [] });
    expect(one.tab.getItem("ithaca.identity")).toBeNull();
    expect(two.app.state.link).toEqual({ is: "online" });
  });
});

describe("a replaced link", () => {
  const links = (app: App): string[] => {
    const seen: string[] = [];
    app.subscribe(({ link, phase }) => seen.push(`${phase} ${link.is}`));
    return seen;
  };

  test("is there to be copied: the page goes on with it, and the old one is withdrawn", async () => {
    const server = new FakeServer();
    const { app, tab, places } = await signedIn(server);
    const seen = links(app);
    expect(await app.replaceLink()).toBe("http://here/open#inv_per_me_anew");
    await settled();
    expect(app.state).toMatchObject({ phase: "ready", link: { is: "online" } });
    expect(new Set(seen)).toEqual(new Set(["ready connecting", "ready online"]));
    expect(places).toEqual(["/m/men_1"]); // as on arrival: no page was left
    const again = server.open("/", new MemoryStorage(), tab);
    const old = server.open(LINK, new MemoryStorage());
    await settled();
    expect(again.app.state).toMatchObject({ phase: "ready", me: { id: "per_me" } });
    expect(old.app.state).toMatchObject({ phase: "refused", trouble: { code: "revoked" } });
  });

  test("is there too where the network breaks as soon as it is known", async () => {
    const server = new FakeServer();
    const { app } = await signedIn(server);
    const answer = server.fetch.bind(server);
    server.fetch = async (path, init) => {
      const answered = await answer(path, init);
      if (path === "/v1/me/link") server.reachable = false;
      return answered;
    };
    expect(await app.replaceLink()).toBe("http://here/open#inv_per_me_anew");
    expect(app.state).toMatchObject({ phase: "ready", link: { is: "offline" } });
    server.reachable = true;
    await server.pass(11_000);
    expect(app.state).toMatchObject({ phase: "ready", link: { is: "online" } });
  });

  test("was not to be had: said so, and the old one goes on", async () => {
    const server = new FakeServer();
    const { app } = await signedIn(server);
    server.reachable = false;
    await expect(app.replaceLink()).rejects.toMatchObject({ trouble: { code: "unreachable" } });
    server.reachable = true;
    await server.pass(11_000);
    expect(app.state).toMatchObject({ phase: "ready", link: { is: "online" } });
    expect(server.invitations.has("inv_me")).toBe(true);
  });

  test("was made, but its answer was lost: says that the old one may be gone, and what to do", async () => {
    const server = new FakeServer();
    const { app } = await signedIn(server);
    const answer = server.fetch.bind(server);
    server.fetch = async (path, init) => {
      const answered = await answer(path, init);
      if (path === "/v1/me/link") throw new TypeError("network error");
      return answered;
    };
    await expect(app.replaceLink()).rejects.toMatchObject({
      trouble: {
        code: "unreachable",
        what: "The server cannot be reached.",
        advice:
          "Whether your link was replaced is not known. If this page connects again, it was not: press " +
          "again. If it says that your link has ended, ask whoever runs this server for a new one.",
      },
    });
  });
});

describe("the socket", () => {
  test("breaks: offline, then back by itself", async () => {
    const server = new FakeServer();
    const { app } = await signedIn(server);
    server.reachable = false;
    server.close(1006);
    expect(app.state.link.is).toBe("offline");
    await server.pass(30_000);
    expect(app.state.link.is).toBe("offline");
    server.reachable = true;
    await server.pass(11_000);
    expect(app.state.link).toEqual({ is: "online" });
  });

  test("an expired grant is renewed, once, and the person notices nothing", async () => {
    const server = new FakeServer();
    const { app } = await signedIn(server);
    server.close(4100);
    await settled();
    expect(app.state.link).toEqual({ is: "online" });
    expect(server.requests.filter(({ path }) => path === "/v1/grants/renew")).toHaveLength(1);
  });

  test("revoked: stopped, and it stays so", async () => {
    const server = new FakeServer();
    const { app } = await signedIn(server);
    server.revoke("per_me");
    await server.pass(60_000);
    expect(app.state.link).toMatchObject({ is: "stopped", trouble: { code: "revoked" } });
    expect(server.sockets.size).toBe(0);
  });

  test("a server that has gone silent is left after 5 s", async () => {
    const server = new FakeServer();
    const { app } = await signedIn(server);
    await server.pass(20_000);
    expect(app.state.link).toEqual({ is: "online" });
    for (const socket of server.sockets) socket.tell = () => undefined;
    await server.pass(6_000);
    expect(app.state.link).toMatchObject({ is: "offline", trouble: null });
  });

  test("the server's clock is known, though this one is an hour slow", async () => {
    const server = new FakeServer();
    const { app } = await signedIn(server);
    await server.pass(4_000);
    expect(app.nowUs()).toBe(server.clockUs());
    expect(app.state.clockOffsetUs).toBe(3_600_000_000);
  });

  test("after this computer slept, the server's clock is learnt anew", async () => {
    const server = new FakeServer();
    const { app } = await signedIn(server);
    await server.pass(30_000);
    server.aheadMs = 5_000_000;
    server.close(1006);
    await server.pass(11_000);
    expect(app.nowUs()).toBe(server.clockUs());
  });
});

describe("writing", () => {
  test("is in the log of both, once, at once", async () => {
    const server = new FakeServer();
    const me = await signedIn(server);
    const ana = await signedIn(server, "/open#inv_ana");
    const seen: number[] = [];
    me.app.subscribe(() => seen.push(log(me.app).length + pending(me.app).length));
    expect(me.app.chat.send("cnv_1", "hello")).toBeNull();
    expect(pending(me.app)).toEqual(["hello"]);
    await settled();
    expect([log(me.app), pending(me.app), log(ana.app)]).toEqual([["hello"], [], ["hello"]]);
    expect(new Set(seen)).toEqual(new Set([1]));
  });

  test("while away waits below the log, and goes out in order on return", async () => {
    const server = new FakeServer();
    const { app } = await signedIn(server);
    server.reachable = false;
    server.close(1006);
    for (const body of ["1", "2", "3"]) app.chat.send("cnv_1", body);
    server.store("per_ana", "ana-1", "from Ana");
    expect([log(app), pending(app)]).toEqual([[], ["1", "2", "3"]]);
    server.reachable = true;
    await server.pass(11_000);
    expect([log(app), pending(app)]).toEqual([["from Ana", "1", "2", "3"], []]);
  });

  test("what was stored but never answered is sent again and stays one message", async () => {
    const server = new FakeServer();
    const { app } = await signedIn(server);
    server.deaf = true;
    app.chat.send("cnv_1", "once");
    app.chat.send("cnv_1", "twice");
    await settled();
    expect(pending(app)).toEqual(["once", "twice"]);
    server.close(1006);
    server.deaf = false;
    await server.pass(11_000);
    expect(server.log.map(({ body }) => body)).toEqual(["once", "twice"]);
    expect([log(app), pending(app)]).toEqual([["once", "twice"], []]);
  });

  test("unsent messages survive a reload, and another tab's are taken over", async () => {
    const server = new FakeServer();
    const browser = new MemoryStorage();
    const first = await signedIn(server, LINK, browser);
    server.reachable = false;
    server.close(1006);
    first.app.chat.send("cnv_1", "kept");
    expect(browser.length).toBe(1);
    server.reachable = true;
    const again = await signedIn(server, LINK, browser);
    expect([log(again.app), pending(again.app)]).toEqual([["kept"], []]);
    expect(browser.length).toBe(0);
    await server.pass(11_000);
    expect([log(first.app), pending(first.app)]).toEqual([["kept"], []]);
    expect(server.log).toHaveLength(1);
  });

  test("what another tab left behind goes out when the socket is back", async () => {
    const server = new FakeServer();
    const browser = new MemoryStorage();
    const { app } = await signedIn(server, LINK, browser);
    const left = { id: "left-behind", body: "left", writtenUs: 1, order: 1, refused: null };
    new Drawer(browser, "per_me").keep({ ...left, conversation: "cnv_1" });
    server.close(1006);
    await server.pass(11_000);
    expect([log(app), browser.length]).toEqual([["left"], 0]);
  });

  test("too much for a while: tried again, in order", async () => {
    const server = new FakeServer();
    const { app } = await signedIn(server);
    server.refusals.push({ code: "rate_limited", retry_after_us: 3_000_000 });
    app.chat.send("cnv_1", "1");
    app.chat.send("cnv_1", "2");
    await server.pass(2_900);
    expect(pending(app)).toEqual(["1", "2"]);
    await server.pass(200);
    expect(log(app)).toEqual(["1", "2"]);
  });

  test("what is refused stays, with the reason, until it is given up", async () => {
    const server = new FakeServer();
    const browser = new MemoryStorage();
    const { app, tab } = await signedIn(server, LINK, browser);
    server.refusals.push({ code: "invalid_field" });
    app.chat.send("cnv_1", "strange");
    app.chat.send("cnv_1", "plain");
    await settled();
    const [refused] = app.state.conversations.cnv_1?.pending ?? [];
    expect(refused).toMatchObject({ body: "strange", refused: { code: "invalid_field" } });
    expect(log(app)).toEqual(["plain"]);
    const again = server.open("/m/men_1", browser, tab);
    await settled();
    again.app.chat.open("cnv_1");
    await settled();
    expect(pending(again.app)).toEqual(["strange"]);
    again.app.chat.discard(refused?.id ?? "");
    expect([pending(again.app), browser.length]).toEqual([[], 0]);
    expect(server.log).toHaveLength(1);
  });

  test("nothing, or too much, is refused here", async () => {
    const { app } = await signedIn(new FakeServer());
    expect(app.chat.send("cnv_1", " \n")?.code).toBe("message_empty");
    expect(app.chat.send("cnv_1", "x".repeat(20_000))?.code).toBe("message_too_long");
    expect(pending(app)).toEqual([]);
  });
});

describe("the past", () => {
  async function long(): Promise<{ server: FakeServer; app: App }> {
    const server = new FakeServer();
    for (let i = 1; i <= 120; i += 1) server.store("per_ana", `ana-${i}`, `${i}`);
    server.talk.mark("per_me", 120, false);
    return { server, app: (await signedIn(server)).app };
  }

  test("the newest page first, older ones when asked, to the beginning", async () => {
    const { app } = await long();
    expect([log(app)[0], log(app).length]).toEqual(["71", 50]);
    await app.chat.loadOlder("cnv_1");
    expect(log(app)[0]).toBe("21");
    await app.chat.loadOlder("cnv_1");
    await app.chat.loadOlder("cnv_1");
    expect([log(app)[0], log(app).length]).toEqual(["1", 120]);
  });

  test("a page that does not come is said so, and can be asked for again", async () => {
    const { server, app } = await long();
    server.reachable = false;
    await expect(app.chat.loadOlder("cnv_1")).rejects.toMatchObject({ trouble: { code: "unreachable" } });
    expect(app.state.conversations.cnv_1?.loadingOlder).toBe(false);
    server.reachable = true;
    await app.chat.loadOlder("cnv_1");
    expect(log(app)).toHaveLength(100);
  });

  test("what a lost hint skipped is fetched", async () => {
    const { server, app } = await long();
    server.store("per_ana", "ana-121", "121");
    for (const socket of server.sockets) socket.cursor = { seq: 121, revision: 121 };
    server.store("per_ana", "ana-122", "122");
    server.deliver();
    await settled();
    expect(log(app).slice(-3)).toEqual(["120", "121", "122"]);
    expect(app.state.mentorships[0]?.unread).toBe(122);
  });
});

describe("a page that is refused", () => {
  const fetches = (server: FakeServer): number =>
    server.frames.filter(({ t }) => t === "chat.fetch").length;

  function written(count: number): FakeServer {
    const server = new FakeServer();
    for (let i = 1; i <= count; i += 1) server.store("per_ana", `ana-${i}`, `${i}`);
    return server;
  }

  /** The hint of all but the newest message is lost, and the page asks for what it missed. */
  async function missed(server: FakeServer, count: number): Promise<void> {
    const first = server.log.length + 1;
    for (let i = first; i < first + count; i += 1) server.store("per_ana", `ana-${i}`, `${i}`);
    const seq = server.log.length - 1;
    for (const socket of server.sockets) socket.cursor = { seq, revision: seq };
    server.deliver();
    await settled();
  }

  test("the newest one comes when the server can give it, asked for ever more rarely", async () => {
    const server = written(3);
    server.withheld.push(...Array.from({ length: 8 }, () => ({ code: "unavailable" })));
    const { app } = await signedIn(server);
    expect(log(app)).toEqual([]);
    await server.pass(1_000);
    const soon = fetches(server);
    expect(soon).toBeLessThan(5);
    await server.pass(60_000);
    expect(log(app)).toEqual(["1", "2", "3"]);
    expect(fetches(server)).toBe(9);
  });

  test("is not asked for before the time that the server named", async () => {
    const server = written(3);
    server.withheld.push({ code: "rate_limited", retry_after_us: 20_000_000 });
    const { app } = await signedIn(server);
    await server.pass(19_900);
    expect([log(app), fetches(server)]).toEqual([[], 1]);
    await server.pass(200);
    expect([log(app), fetches(server)]).toEqual([["1", "2", "3"], 2]);
  });

  test("a gap is filled all the same, and live messages are taken again", async () => {
    const server = written(3);
    const { app } = await signedIn(server);
    server.withheld.push({ code: "unavailable" }, { code: "rate_limited", retry_after_us: 2_000_000 });
    await missed(server, 2);
    server.store("per_ana", "ana-6", "6");
    server.deliver();
    await settled();
    expect(log(app)).toEqual(["1", "2", "3"]);
    await server.pass(10_000);
    expect(log(app)).toEqual(["1", "2", "3", "4", "5", "6"]);
    server.store("per_ana", "ana-7", "7");
    server.deliver();
    await settled();
    expect(log(app).at(-1)).toBe("7");
    await server.pass(60_000);
    expect(fetches(server)).toBe(4); // the newest page, and the gap three times
  });

  test("for good: it is not asked for again and again", async () => {
    const server = written(3);
    server.withheld.push({ code: "forbidden" });
    await signedIn(server);
    await server.pass(60_000);
    expect(fetches(server)).toBe(1);
  });

  test("on a new connection it is asked for at once, and soon again", async () => {
    const server = written(3);
    server.withheld.push(...Array.from({ length: 6 }, () => ({ code: "unavailable" })));
    const { app } = await signedIn(server);
    await server.pass(10_100);
    expect(fetches(server)).toBe(6);
    server.withheld.push({ code: "unavailable" });
    server.close(1006);
    await server.pass(1_500);
    expect([log(app), fetches(server)]).toEqual([["1", "2", "3"], 8]);
  });
});

test("a form is sent again under the same key until it is answered", async () => {
  const server = new FakeServer();
  const { app } = await signedIn(server, "/");
  const keys: string[] = [];
  const answer = server.fetch.bind(server);
  let lost = true;
  server.fetch = async (path, init) => {
    const key = new Headers(init.headers).get("Idempotency-Key");
    if (!key) return answer(path, init);
    keys.push(key);
    if (lost) throw new TypeError("Failed to fetch");
    return Response.json({ mentorship: "men_2", links: [] }, { status: 201 });
  };
  const form = { mentor: { name: "A", zone: "UTC" }, mentee: { name: "B", zone: "UTC" } };
  await expect(app.startMentorship(form)).rejects.toMatchObject({
    trouble: { code: "unreachable", advice: expect.stringContaining("press again") },
  });
  lost = false;
  await app.startMentorship(form);
  await app.startMentorship(form);
  expect(keys[0]).toBe(keys[1]);
  expect(keys[2]).not.toBe(keys[0]);
});

describe("proofs of contact that an earlier page left in the tab", () => {
  const contact = {
    about_key: "A".repeat(87),
    signer_key: "S".repeat(87),
    from_us: 1,
    to_us: 5,
    beats: 3,
    signature: "s".repeat(86),
  };
  const left = JSON.stringify({ ses_1: { room: "room_1", contacts: [contact] } });

  test("are handed in without joining again, until the server has them", async () => {
    const server = new FakeServer();
    const tab = new MemoryStorage();
    tab.setItem("ithaca.contact", left);
    server.open(LINK, new MemoryStorage(), tab);
    await settled();
    const handed = (): unknown[] => server.frames.filter(({ t }) => t === "room.contact");
    const frame = { t: "room.contact", room: "room_1", session: "ses_1", contacts: [contact] };
    expect(handed()).toEqual([frame]);
    server.close(1006); // before the server can have it on disk
    await server.pass(2_500);
    expect(handed()).toEqual([frame, frame]);
    expect(tab.getItem("ithaca.contact")).toBe(left);
    await server.pass(10_000);
    expect(tab.getItem("ithaca.contact")).toBeNull();
    server.close(1006);
    await server.pass(2_500);
    expect(handed()).toHaveLength(2);
  });

  test("are kept when they are refused", async () => {
    const server = new FakeServer();
    const tab = new MemoryStorage();
    tab.setItem("ithaca.contact", left);
    server.open(LINK, new MemoryStorage(), tab);
    await settled();
    for (const socket of server.sockets) {
      socket.tell({ t: "error", code: "unavailable", message: "x", about: "room.contact" });
    }
    await server.pass(20_000);
    expect(tab.getItem("ithaca.contact")).toBe(left);
  });

  test("go with whom they are about", async () => {
    const server = new FakeServer();
    const tab = new MemoryStorage();
    tab.setItem("ithaca.contact", left);
    const { app } = server.open(LINK, new MemoryStorage(), tab);
    await settled();
    app.signOut();
    expect(tab.getItem("ithaca.contact")).toBeNull();
  });
});
