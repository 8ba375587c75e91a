import { expect, it } from "vitest";

import { below, randomOf } from "../lib/random.js";
import { Track } from "../../src/ui/conversation/track.js";

const tops = (heights: readonly number[]): number[] =>
  heights.reduce<number[]>((sums, height) => [...sums, sums.at(-1)! + height], [0]);

it("knows where each row stands, whatever heights turn out to be", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = randomOf(seed);
    const heights = Array.from({ length: below(random, 70) }, () => below(random, 90));
    const half = below(random, heights.length + 1);
    const track = new Track(heights.slice(0, half)).grown(heights.slice(half));
    for (let i = 0; i < 30 && heights.length; i += 1) {
      const index = below(random, heights.length);
      heights[index] = below(random, 200) + 0.5;
      track.set(index, heights[index]!);
    }
    const sums = tops(heights);
    expect(heights.map((_, i) => track.top(i)), `seed ${seed}`).toEqual(sums.slice(0, -1));
    expect([track.total, track.length]).toEqual([sums.at(-1), heights.length]);
    for (let i = 0; i < 30; i += 1) {
      const y = below(random, sums.at(-1)! + 50) - 20;
      const first = heights.findIndex((_, at) => sums[at + 1]! > Math.max(0, y));
      const expected = first < 0 ? Math.max(0, heights.length - 1) : first;
      expect(track.at(y), `seed ${seed} at ${y}`).toBe(expected);
    }
  }
});

it("of nothing is nothing", () => {
  const track = new Track([]);
  expect([track.total, track.at(50), track.height(3), track.top(3)]).toEqual([0, 0, 0, 0]);
});
