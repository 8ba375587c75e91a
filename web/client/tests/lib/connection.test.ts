import { describe, expect, test } from "vitest";
import {
  DEAF_AFTER_MS,
  DIAL_FOR_MS,
  IDLE,
  NO_NETWORK_AFTER_MS,
  RETRY_MAX_MS,
  RETRY_MIN_MS,
  linkOf,
  retryDelay,
  step,
  type Connection,
  type Effect,
  type Event,
} from "../../src/lib/connection.js";
import { troubleOf } from "../../src/lib/trouble.js";
import { pick, randomOf } from "./random.js";

interface Run {
  readonly connection: Connection;
  readonly effects: readonly Effect[];
}

function run(events: readonly (Event | [now: number, event: Event])[], from = IDLE): Run {
  let connection = from;
  let effects: readonly Effect[] = [];
  let now = 0;
  for (const each of events) {
    const event = Array.isArray(each) ? each[1] : each;
    if (Array.isArray(each)) now = each[0];
    [connection, effects] = step(connection, event, now, 0.5);
  }
  return { connection, effects };
}

const START = { is: "start" } as const;
const GRANTED = { is: "granted" } as const;
const OPENED = { is: "opened" } as const;
const SIGNED_IN = { is: "signed_in" } as const;
const HEARD = { is: "heard" } as const;
const TICK = { is: "tick" } as const;
const NUDGE = { is: "nudge" } as const;
const closed = (code: number): Event => ({ is: "closed", code });
const ONLINE = run([START, GRANTED, OPENED, SIGNED_IN]).connection;

test("from nothing to online", () => {
  const steps: [Event, string, Effect[]][] = [
    [START, "granting", ["grant"]],
    [GRANTED, "dialing", ["dial"]],
    [OPENED, "signing", ["sign"]],
    [SIGNED_IN, "online", ["beat"]],
    [TICK, "online", ["beat"]],
  ];
  let connection = IDLE;
  for (const [event, phase, effects] of steps) {
    const [next, done] = step(connection, event, 0, 0.5);
    expect([next.phase, done]).toEqual([phase, effects]);
    connection = next;
  }
  expect(linkOf(connection)).toEqual({ is: "online" });
});

describe("close codes say what to do", () => {
  test.each([
    [1000, "waiting"],
    [1001, "waiting"],
    [1003, "waiting"],
    [1006, "waiting"],
    [1009, "waiting"],
    [1011, "waiting"],
    [1012, "waiting"],
    [4001, "waiting"],
    [4003, "waiting"],
    [4099, "waiting"],
    [4100, "granting"],
    [4199, "granting"],
    [4200, "stopped"],
    [4202, "stopped"],
    [4203, "stopped"],
    [4299, "stopped"],
  ] as const)("%i: %s", (code, phase) => {
    const { connection } = run([closed(code)], ONLINE);
    expect(connection.phase).toBe(phase);
    expect(connection.renew).toBe(code >= 4100 && code <= 4199);
    expect(linkOf(connection).is).toBe(
      { waiting: "offline", granting: "connecting", stopped: "stopped" }[phase],
    );
  });

  test("stopped says why, and starts again only when asked", () => {
    const { connection } = run([closed(4202), TICK, NUDGE, GRANTED], ONLINE);
    expect(linkOf(connection)).toEqual({ is: "stopped", trouble: troubleOf("revoked") });
    expect(run([START], connection).effects).toEqual(["grant"]);
  });

  test("a grant that is refused twice in a row is not renewed in a tight circle", () => {
    const again = [closed(4100), GRANTED, OPENED, closed(4100)];
    const { connection, effects } = run(again, ONLINE);
    expect([connection.phase, connection.renew, effects]).toEqual(["waiting", true, ["wait"]]);
  });
});

describe("silence", () => {
  test("beat.ack keeps a socket alive; 5 s without one end it", () => {
    const late = DEAF_AFTER_MS + 1;
    expect(run([[4_000, HEARD], [late, TICK]], ONLINE).effects).toEqual(["beat"]);
    const { connection, effects } = run([[late, TICK]], ONLINE);
    expect([connection.phase, effects]).toEqual(["waiting", ["hang_up", "wait"]]);
  });

  test("coming back to a page that slept finds the dead socket at once", () => {
    expect(run([[60_000, NUDGE]], ONLINE).effects).toEqual(["hang_up", "wait"]);
  });

  test.each([
    ["dialing", [START, GRANTED]],
    ["signing", [START, GRANTED, OPENED]],
  ] as const)("%s does not take for ever", (phase, events) => {
    const { connection } = run(events);
    expect(run([[DIAL_FOR_MS, TICK]], connection).connection.phase).toBe(phase);
    expect(run([[DIAL_FOR_MS + 1, TICK]], connection).effects).toEqual(["hang_up", "wait"]);
  });
});

describe("the network goes", () => {
  const GONE = { is: "no_network" } as const;
  const by = 1_000 + NO_NETWORK_AFTER_MS;
  const gone = run([[1_000, GONE]], ONLINE).connection;

  test("a beat asks at once; without its answer one is away within a second", () => {
    expect(step(ONLINE, GONE, 1_000, 0.5)[1]).toEqual(["beat", "check"]);
    expect(run([[by - 1, TICK]], gone).connection.phase).toBe("online");
    expect(run([[by, TICK]], gone).effects).toEqual(["hang_up", "wait"]);
  });

  test.each([["this machine itself answers", HEARD], ["it is back before that", NUDGE]] as const)("%s", (_, event) => {
    expect(run([[by - 1, event], [by, TICK]], gone).effects).toEqual(["beat"]);
  });

  test("a beat that waits for its answer says so, until it has come or the socket is given up", () => {
    const silent = run([{ is: "unanswered" }], ONLINE).connection;
    expect(linkOf(silent)).toEqual({ is: "online", silent: true });
    expect(linkOf(run([HEARD], silent).connection)).toEqual({ is: "online" });
    expect(linkOf(run([closed(1006), NUDGE, GRANTED, OPENED, SIGNED_IN], silent).connection)).toEqual({ is: "online" });
  });
});

describe("trying again", () => {
  test("one is as far away as before, until one is signed in", () => {
    const tries = [closed(1006), NUDGE, GRANTED, OPENED] as const;
    const links = tries.map((_, i) => linkOf(run(tries.slice(0, i + 1), ONLINE).connection).is);
    expect(new Set(links)).toEqual(new Set(["offline"]));
    expect(linkOf(run([...tries, SIGNED_IN], ONLINE).connection)).toEqual({ is: "online" });
  });

  test("waits until it is due, or until the network or the person is back", () => {
    const { connection } = run([closed(1006)], ONLINE);
    expect(run([[connection.retryAt - 1, TICK]], connection).effects).toEqual([]);
    expect(run([[connection.retryAt, TICK]], connection).effects).toEqual(["grant"]);
    expect(run([NUDGE], connection).effects).toEqual(["grant"]);
  });

  test("longer after each failure, with full jitter, from 0.3 s to 10 s", () => {
    expect(retryDelay(0, 0.999)).toBe(RETRY_MIN_MS);
    expect(retryDelay(1, 1)).toBe(2 * RETRY_MIN_MS);
    expect(retryDelay(50, 1)).toBe(RETRY_MAX_MS);
    expect(retryDelay(50, 0)).toBe(RETRY_MIN_MS);
    let { connection } = run([closed(1006)], ONLINE);
    for (let failures = 2; failures < 20; failures += 1) {
      connection = run([NUDGE, GRANTED, closed(1006)], connection).connection;
      expect(connection.failures).toBe(failures);
    }
    const back = run([NUDGE, GRANTED, OPENED, SIGNED_IN], connection).connection;
    expect(back.failures).toBe(19);
    expect(run([HEARD], back).connection.failures).toBe(0);
  });

  test("a renewal that is refused for good stops; one that finds nobody is tried again", () => {
    const refused = (code: string): Event => ({ is: "not_granted", trouble: troubleOf(code) });
    expect(run([START, refused("renewal_invalid")]).connection.phase).toBe("stopped");
    for (const code of ["unreachable", "unavailable"]) {
      const { phase, trouble } = run([START, refused(code)]).connection;
      expect([phase, trouble?.advice]).toEqual(["waiting", expect.stringContaining("by itself")]);
    }
  });
});

test("signing out ends it in every phase, and stale news changes nothing", () => {
  const events: Event[] = [
    START, GRANTED, OPENED, SIGNED_IN, HEARD, TICK, NUDGE,
    { is: "unanswered" }, { is: "no_network" },
    closed(1006), closed(4100), closed(4202),
    { is: "not_granted", trouble: troubleOf("unreachable") },
  ];
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = randomOf(seed);
    let connection = IDLE;
    let sockets = 0;
    for (let i = 0; i < 60; i += 1) {
      const event = pick(random, events);
      const hadSocket = ["dialing", "signing", "online"].includes(connection.phase);
      const [next, effects] = step(connection, event, i * 700, random());
      if (effects.includes("dial")) sockets += 1;
      const lost = effects.includes("hang_up") || event.is === "closed";
      if (hadSocket && lost) sockets -= 1;
      // Exactly the phases with a socket have one.
      const has = ["dialing", "signing", "online"].includes(next.phase);
      expect(sockets, `seed ${seed}, event ${i}`).toBe(has ? 1 : 0);
      connection = next;
    }
    const [ended, effects] = step(connection, { is: "stop" }, 0, 0);
    expect(ended).toEqual(IDLE);
    if (connection.phase !== "idle") expect(effects).toEqual(["hang_up"]);
    for (const event of events.slice(1)) expect(step(ended, event, 0, 0)).toEqual([IDLE, []]);
  }
});
