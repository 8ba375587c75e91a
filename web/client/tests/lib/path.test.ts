import { expect, test } from "vitest";
import { look, UNTOLD } from "../../src/lib/call/path.js";
import type { Media } from "../../src/lib/call/peer.js";

/** What is told while media is like this at these seconds. */
function told(...seen: (readonly [number, Media | null])[]): (readonly [number, boolean])[] {
  let path = UNTOLD;
  const news: (readonly [number, boolean])[] = [];
  for (const [s, media] of seen) {
    const [next, tell] = look(path, media, s * 1000);
    path = next;
    if (tell !== null) news.push([s, tell]);
  }
  return news;
}

test("up when connected, once", () => {
  expect(told([0, "connecting"], [1, "connected"], [3, "connected"])).toEqual([[1, true]]);
});

test("down when it was broken for more than 2 s, once, and up again", () => {
  const broken = [0, 2, 2.1, 4].map((s) => [10 + s, "interrupted"] as const);
  expect(told([1, "connected"], ...broken, [15, "failed"], [16, "connected"])).toEqual([
    [1, true],
    [12.1, false],
    [16, true],
  ]);
});

test("a short interruption is no news", () => {
  expect(told([0, "connected"], [2, "interrupted"], [4, "connected"], [6, "interrupted"], [8, "failed"])).toEqual([
    [0, true],
  ]);
});

test("down when it still connects after 10 s", () => {
  expect(told([0, "connecting"], [10, "connecting"], [10.1, "connecting"])).toEqual([[10.1, false]]);
});

test("whoever is alone says nothing, and waits again with the next one", () => {
  expect(told([0, null], [60, null], [61, "connecting"], [71, "connecting"])).toEqual([]);
  expect(told([0, "connecting"], [9, null], [10, "connecting"], [19, "connecting"])).toEqual([]);
});
