import { describe, expect, test } from "vitest";
import {
  continues,
  onJoined,
  onPeerJoined,
  onPeerLeft,
  type Known,
} from "../../src/lib/call/roster.js";
import type { Peer } from "../../src/protocol/types.js";

const peer = (id: string, person = "per_ana"): Peer => ({ id, person, audio: true, video: true });
const known = (id: string, part: Partial<Known> = {}): Known => ({
  peer: id,
  person: "per_ana",
  proven: true,
  connected: true,
  lasting: true,
  ...part,
});

describe("joining", () => {
  test("alone: nothing to do", () => {
    expect(onJoined([], [])).toEqual([]);
  });

  test("who is there is called: I am the newcomer", () => {
    expect(onJoined([], [peer("p1")])).toEqual([{ do: "call", peer: peer("p1") }]);
  });

  test("again, the other still there: the media goes on", () => {
    expect(onJoined([known("p1")], [peer("p1")])).toEqual([{ do: "keep", peer: peer("p1") }]);
  });

  test("again, but nothing ever flowed: start over", () => {
    const link = known("p1", { proven: false, connected: false, lasting: false });
    expect(onJoined([link], [peer("p1")])).toEqual([{ do: "call", peer: peer("p1") }]);
  });

  test("again, the other's signalling is gone: what flows or may flow again stays, what does not goes", () => {
    expect(onJoined([known("p1")], [])).toEqual([{ do: "miss", peer: "p1" }]);
    expect(onJoined([known("p1", { connected: false })], [])).toEqual([{ do: "miss", peer: "p1" }]);
    const over = known("p1", { connected: false, lasting: false });
    expect(onJoined([over], [])).toEqual([{ do: "close", peer: "p1" }]);
  });

  test("again, the other has loaded its page anew meanwhile", () => {
    expect(onJoined([known("p1")], [peer("p2")])).toEqual([
      { do: "close", peer: "p1" },
      { do: "call", peer: peer("p2") },
    ]);
  });
});

describe("somebody comes", () => {
  test("new: it will make the offer", () => {
    expect(onPeerJoined([], peer("p1"))).toEqual([{ do: "await", peer: peer("p1") }]);
  });

  test("with a new page: the old one's link is over", () => {
    expect(onPeerJoined([known("p1")], peer("p2"))).toEqual([
      { do: "close", peer: "p1" },
      { do: "await", peer: peer("p2") },
    ]);
  });

  test("another person's link is left alone", () => {
    expect(onPeerJoined([known("p1", { person: "per_bea" })], peer("p2"))).toEqual([
      { do: "await", peer: peer("p2") },
    ]);
  });

  test("back with the same page: the media goes on, even if it needs mending", () => {
    const link = known("p1", { connected: false });
    expect(onPeerJoined([link], peer("p1"))).toEqual([{ do: "keep", peer: peer("p1") }]);
  });

  test("after its offer, which came ahead: the link that answers it stays", () => {
    const link = known("p1", { proven: false, connected: false, lasting: false });
    expect(onPeerJoined([link], peer("p1"))).toEqual([{ do: "keep", peer: peer("p1") }]);
  });
});

describe("somebody leaves", () => {
  test.each([
    ["left", true, "close"],
    ["replaced", true, "close"],
    ["ended", true, "close"],
    ["revoked", true, "close"],
    ["lost", true, "miss"],
    ["lost", false, "close"],
    ["restart", true, "miss"],
  ] as const)("%s, lasting %s: %s", (reason, lasting, what) => {
    const link = known("p1", { connected: false, lasting });
    expect(onPeerLeft([link], "p1", reason)).toEqual([{ do: what, peer: "p1" }]);
  });

  test("unknown: nothing to do", () => {
    expect(onPeerLeft([], "p1", "left")).toEqual([]);
  });
});

test("a call goes on under its own id while media flows; else it begins anew", () => {
  expect(continues([known("p1")])).toBe(true);
  expect(continues([known("p1", { connected: false })])).toBe(false);
  expect(continues([])).toBe(false);
});
