import { expect, test } from "vitest";
import { Access } from "../../src/lib/access.js";
import { MemoryStorage } from "../../src/lib/page.js";
import { Socket } from "../../src/lib/socket.js";
import { FakeServer, FakeSocket, settled } from "./server.js";

test("a grant that an earlier start asked for opens nothing", async () => {
  const server = new FakeServer();
  const answers: ((grant: string) => void)[] = [];
  const dialed: string[] = [];
  const socket = new Socket({
    url: "ws://here/ws",
    WebSocket: class extends FakeSocket {
      constructor(url: string) {
        super(server);
        dialed.push(url);
      }
    } as unknown as new (url: string, protocols: string[]) => WebSocket,
    now: () => server.nowMs,
    random: () => 0.5,
    after: (ms, run) => server.after(ms, run),
    everyBeat: () => () => undefined,
    grant: () => new Promise((resolve) => answers.push(resolve)),
    signIn: () => ({ tab: "tab", cursors: {}, epoch: null }),
    frame: () => undefined,
    link: () => undefined,
  });
  socket.start();
  socket.stop();
  socket.start();
  answers[0]?.("per_old 1");
  await settled();
  expect(dialed).toEqual([]);
  answers[1]?.("per_me 2");
  await settled();
  expect(dialed).toHaveLength(1);
  expect(server.frames[0]).toMatchObject({ t: "auth.open", grant: "per_me 2" });
});

test("whoever needs a grant at the same time gets the same one", async () => {
  const server = new FakeServer();
  const access = new Access({
    tab: new MemoryStorage(),
    fetch: (path, init) => server.fetch(path, init),
    now: () => server.nowMs,
    newId: () => "tab",
  });
  await access.exchange("inv_me");
  const held = await access.grant();
  expect(await Promise.all([access.grant(true), access.grant(true)])).toEqual(["per_me 2", "per_me 2"]);
  expect(held).toBe("per_me 1");
  await server.pass(560_000);
  expect(await access.grant()).toBe("per_me 2");
  await server.pass(20_000); // 20 s of its life are left
  expect(await access.grant()).toBe("per_me 3");
});

test("a network that goes is told within a second; a server that is silent, within a beat", async () => {
  const server = new FakeServer();
  const { app } = server.open("/open#inv_me", new MemoryStorage());
  await settled();
  const turn = async (network: boolean, ms: number): Promise<string> => {
    server.network = network;
    for (const each of server.networkTurns) each();
    await server.pass(ms);
    return JSON.stringify(app.state.link);
  };
  expect(await turn(false, 1_000)).toBe('{"is":"online"}'); // on this machine there is none to lose
  server.mute = true;
  await server.pass(3_500);
  expect(app.state.link).toEqual({ is: "online", silent: true });
  server.mute = false;
  await server.pass(2_000);
  expect(app.state.link).toEqual({ is: "online" });
  server.mute = true;
  expect(await turn(false, 600)).toContain('"offline"');
});
