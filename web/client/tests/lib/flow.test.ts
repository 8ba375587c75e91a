import { describe, expect, test } from "vitest";
import {
  FLOW,
  countsOf,
  doubted,
  expecting,
  flows,
  frozen,
  looked,
  stopped,
  type Flow,
} from "../../src/lib/call/flow.js";

/** Looks at which so many packets and pictures have come in all. */
const after = (flow: Flow, ...looks: readonly (readonly [packets: number, frames: number])[]): Flow =>
  looks.reduce((now, [packets, frames]) => looked(now, { packets, frames }), flow);

const says = (flow: Flow): string =>
  [flows(flow) && "flows", stopped(flow) && "stopped", frozen(flow) && "frozen"]
    .filter(Boolean)
    .join(" ");

const FLOWING = after(FLOW, [50, 10], [100, 20]);

describe("what the other sends", () => {
  test.each<[string, Flow, string]>([
    ["at the first look it may be old", after(FLOW, [50, 10]), ""],
    ["flows", FLOWING, "flows"],
    ["one look without anything may be chance", after(FLOWING, [100, 20]), "flows"],
    ["two are not", after(FLOWING, [100, 20], [100, 20]), "stopped frozen"],
    ["comes back", after(FLOWING, [100, 20], [100, 20], [101, 21]), "flows"],
    ["sound without a new picture", after(FLOWING, [150, 20], [200, 20]), "flows frozen"],
    ["sound that never had a picture", after(FLOW, [50, 0], [100, 0], [150, 0]), "flows"],
    ["in doubt", doubted(FLOWING), ""],
    ["in doubt, the rest of what came before", after(doubted(FLOWING), [120, 24]), ""],
    ["in doubt, and seen again", after(doubted(FLOWING), [120, 24], [170, 34]), "flows"],
    ["in doubt, rightly", after(doubted(FLOWING), [120, 24], [120, 24], [120, 24]), "stopped frozen"],
    ["something new to expect", expecting(after(FLOWING, [100, 20], [100, 20])), "flows"],
  ])("%s", (_, flow, words) => {
    expect(says(flow)).toBe(words);
  });

  test("is counted over sound and picture", () => {
    const report = new Map<string, object>([
      ["a", { type: "inbound-rtp", kind: "audio", packetsReceived: 7 }],
      ["v", { type: "inbound-rtp", kind: "video", packetsReceived: 5, framesDecoded: 3 }],
      ["o", { type: "outbound-rtp", packetsSent: 99 }],
    ]);
    expect(countsOf(report as unknown as RTCStatsReport)).toEqual({ packets: 12, frames: 3 });
  });
});
