import { expect, test } from "vitest";

import type { AppState, RemotePeer } from "../../src/lib/model.js";
import type { SessionView } from "../../src/protocol/types.js";
import { shown, type Shown } from "../../src/ui/call/timer.js";
import { CALL, NOW } from "./fake-app.js";

const S = 1_000_000;
const ONLINE: AppState["link"] = { is: "online" };
const AWAY: AppState["link"] = { is: "offline", retryAt: 0, trouble: null };
/** Together for 100 s up to `NOW`, and on. */
const RUNS: SessionView = { ...CALL.session!, together_us: 0, together_since_us: NOW - 100 * S };
/** The other was lost 4 s before the server said so. */
const CUT: SessionView = { ...RUNS, together_us: 96 * S, together_since_us: null };
const peer = (more: Partial<RemotePeer>): RemotePeer =>
  ({ here: true, media: "connected", ...more }) as RemotePeer;

/** What a page shows, second by second, as things happen. */
function page(): (
  at: number,
  session: SessionView,
  link: AppState["link"],
  peer?: RemotePeer,
) => number {
  let before: Shown | null = null;
  return (at, session, link, other) => {
    before = shown(before, session, NOW + at * S, link, other);
    return before.us / S;
  };
}

test("both pages count on while the two can talk, though one is cut off from the server", () => {
  const [cut, left] = [page(), page()];
  for (const each of [cut, left]) expect(each(0, RUNS, ONLINE, peer({}))).toBe(100);
  for (let at = 1; at < 30; at += 1) {
    const mine = cut(at, RUNS, AWAY, peer({}));
    expect(left(at, CUT, ONLINE, peer({ here: false }))).toBe(mine);
    expect(mine).toBe(100 + at);
  }
  // Back: the server has the last word, on both.
  const back = { ...CUT, together_since_us: NOW + 29 * S };
  for (const each of [cut, left]) expect(each(30, back, ONLINE, peer({}))).toBe(97);
});

test("a page that hears nobody and no server stands still, and goes on from there", () => {
  const mine = page();
  mine(0, RUNS, ONLINE, peer({}));
  expect(mine(5, RUNS, AWAY, peer({ media: "interrupted" }))).toBe(100);
  expect(mine(6, RUNS, AWAY)).toBe(100);
  expect(mine(8, RUNS, AWAY, peer({}))).toBe(102);
  expect(mine(9, RUNS, ONLINE, peer({}))).toBe(109);
});

test("who hears nobody, and is told that the other is gone, shows what the server counted", () => {
  const mine = page();
  mine(0, RUNS, ONLINE, peer({}));
  expect(mine(2, CUT, ONLINE, peer({ here: false, media: "interrupted" }))).toBe(96);
  expect(mine(3, CUT, ONLINE)).toBe(96);
});

test("another session begins anew", () => {
  const mine = page();
  mine(0, RUNS, ONLINE, peer({}));
  const next = { ...RUNS, id: "ses_next", together_since_us: NOW + 5 * S };
  expect(mine(7, next, AWAY, peer({}))).toBe(2);
});
