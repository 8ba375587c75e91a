import { describe, expect, it } from "vitest";

import { bridge, grown, piecesOf } from "../../src/ui/account/counting.js";
import { drawingOf, pieceAt, type Box } from "../../src/ui/account/drawing.js";
import type { SessionAccount } from "../../src/protocol/types.js";
import { account, ACCOUNTS, bill, S, type Plan } from "./accounts.js";
import { ANA, ME, MIN, NOW } from "./people.js";

const FROM = NOW - 48 * MIN;
const draw = (of: SessionAccount, nowUs = NOW) => drawingOf(of, ME.id, nowUs, 60 * MIN);
const places = (boxes: readonly Box[]): string[] =>
  boxes.map(({ x, width }) => `${(x * 100).toFixed(1)}+${(width * 100).toFixed(1)}`);
const booked = (start_us: number, length_us: number, again = false): SessionAccount["booked"] => ({
  meeting: "mee_1",
  start_us,
  length_us,
  came: [],
  again,
  binding: true,
  waited_us: [0, 0],
  before_us: 0,
  billed_us: 0,
});

type Time = SessionAccount["people"][number];

describe("what is drawn of an account", () => {
  const simple = account([["alone", 100], ["contact", 600], ["alone", 100, 1], ["contact", 200]]);

  it("lies where it was, the mentor's lane first, gaps between", () => {
    const { lanes, pieces, from_us, to_us } = draw(simple);
    expect([from_us, to_us]).toEqual([FROM, FROM + 1000 * S]);
    expect(lanes.map(({ person }) => person)).toEqual([ME.id, ANA.id]);
    expect(places(lanes[0]!.spans)).toEqual(["0.0+70.0", "80.0+20.0"]);
    expect(places(lanes[0]!.gaps)).toEqual(["70.0+10.0"]);
    expect(places(lanes[1]!.spans)).toEqual(["10.0+90.0"]);
    expect(lanes[1]!.gaps).toEqual([]);
    expect(places(pieces)).toEqual(["0.0+10.0", "10.0+60.0", "70.0+10.0", "80.0+20.0"]);
    expect(places(lanes[0]!.proofs)).toEqual(["10.0+60.0", "80.0+20.0"]);
  });

  it("puts the mentor first whoever comes first in the account", () => {
    const { lanes } = drawingOf(simple, ANA.id, NOW);
    expect(lanes.map(({ person }) => person)).toEqual([ANA.id, ME.id]);
  });

  it("draws an inferred end up to when it was noticed, or the person was back", () => {
    const lanes = (inferred: [number, number][]): SessionAccount["lanes"] => [
      { ...simple.lanes[0]!, inferred },
      simple.lanes[1]!,
    ];
    const [end, back] = [FROM + 700 * S, FROM + 800 * S];
    const at = (of: [number, number][]) => places(draw({ ...simple, lanes: lanes(of) }).lanes[0]!.inferred);
    expect(at([[end, end + 50 * S]])).toEqual(["70.0+5.0"]);
    expect(at([[end, back + 50 * S]])).toEqual(["70.0+10.0"]);
    expect(at([[end - S, end + 50 * S]])).toEqual([]); // another page of theirs was there
  });

  it("takes the booked time and an end that was noticed late into the axis", () => {
    const late = { ...simple, booked: booked(FROM - 1000 * S, 1500 * S) };
    const { from_us, to_us, booked: box } = draw(late);
    expect([from_us, to_us]).toEqual([FROM - 1000 * S, FROM + 1000 * S]);
    expect(places([box!])).toEqual(["0.0+75.0"]);
    const end = FROM + 1000 * S;
    const silent = simple.lanes.map((lane) => ({ ...lane, inferred: [[end, end + 250 * S]] as [number, number][] }));
    expect(draw({ ...simple, lanes: silent }).to_us).toBe(end + 250 * S);
  });

  it("shows what is shorter than a pixel, and what has no length at all", () => {
    const { pieces } = draw(account([["contact", 3000], ["alone", 0], ["contact", 0.001]]));
    expect(pieces).toHaveLength(3);
    for (const { x, width } of pieces) {
      expect(width).toBeGreaterThanOrEqual(0.003);
      expect(x + width).toBeLessThanOrEqual(1.000001);
    }
    const nothing = draw(account([["contact", 0]]));
    expect(nothing.to_us - nothing.from_us).toBe(S);
    expect(nothing.pieces).toHaveLength(1);
  });

  it("draws a session in which nobody was, by its booked time, or at all", () => {
    const { pieces, lanes, booked: box } = draw(ACCOUNTS["account-nobody"]!);
    expect(pieces).toEqual([]);
    expect(lanes.flatMap(({ spans }) => spans)).toEqual([]);
    expect(places([box!])).toEqual(["0.0+100.0"]);
    expect(draw(account([])).to_us).toBeGreaterThan(draw(account([])).from_us);
  });

  it("draws 200 stretches, and a day, within the axis and with few ticks", () => {
    for (const name of ["account-flapping", "account-day"]) {
      const { pieces, ticks, lanes } = draw(ACCOUNTS[name]!);
      const boxes = [...pieces, ...lanes.flatMap((lane) => [...lane.spans, ...lane.gaps, ...lane.proofs])];
      for (const { x, width } of boxes) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x + width).toBeLessThanOrEqual(1.000001);
      }
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks.length).toBeLessThanOrEqual(7);
    }
    expect(draw(ACCOUNTS["account-flapping"]!).pieces).toHaveLength(200);
  });

  it("draws proofs that touch as one", () => {
    const parts = Array.from({ length: 300 }, (_, i) => ({
      person: ANA.id,
      signer: ME.id,
      from_us: FROM + (100 + i * 2) * S,
      to_us: FROM + (101 + i * 2) * S,
      beats: 1,
    }));
    const { lanes } = draw({ ...simple, proofs: parts });
    expect(places(lanes[1]!.proofs)).toEqual(["10.0+59.9"]);
    expect(lanes[0]!.proofs).toEqual([]);
  });

  it("lets what runs grow with the clock", () => {
    const now = ACCOUNTS["account-running"]!;
    expect(draw(now, NOW).to_us).toBe(NOW);
    const later = draw(now, NOW + 100 * S);
    expect(later.to_us).toBe(NOW + 100 * S);
    expect(later.pieces.at(-1)?.piece.to_us).toBe(NOW + 100 * S);
    expect(places(later.lanes[0]!.spans)).toEqual(["0.0+100.0"]);
    const [me, ana] = now.people as [Time, Time];
    const alone = { ...now, people: [me, { ...ana, since_us: null }] };
    expect(places(draw(alone, NOW + 1300 * S).lanes[1]!.spans)).toEqual(["1.5+48.5"]);
    expect(draw(alone, NOW + 1300 * S).pieces.at(-1)?.piece.to_us).toBe(NOW);
    const left = { ...now, people: now.people.map((time) => ({ ...time, since_us: null })) };
    expect(draw(left, NOW + 100 * S).to_us).toBe(NOW);
    expect(draw(simple, NOW + 100 * S).to_us).toBe(FROM + 1000 * S); // ended
  });
});

describe("ticks", () => {
  it.each([
    [10, 5, true],
    [40, 15, true],
    [90, 30, true],
    [100, 60, false],
    [200, 60, false],
    [660, 180, false],
    [2900, 900, false],
    [4200, 1200, false],
    [3 * 3600, 3600, false],
    [24 * 3600, 6 * 3600, false],
    [40 * 3600, 12 * 3600, false],
  ])("over %i s stand every %i s", (seconds, step, toTheSecond) => {
    const drawn = draw(account([["contact", seconds]]));
    const [first, second] = drawn.ticks;
    expect((second!.us - first!.us) / S).toBe(step);
    expect(drawn.seconds).toBe(toTheSecond);
  });

  it("are round on the reader's clock", () => {
    const ahead = 345 * MIN; // Kathmandu
    const { ticks } = drawingOf(account([["contact", 4 * 3600]]), ME.id, NOW, ahead);
    for (const { us } of ticks) expect((us + ahead) % (60 * MIN)).toBe(0);
  });
});

it("finds the stretch at a place, or the nearest", () => {
  const drawing = draw(account([["contact", 1000], ["alone", 1], ["contact", 999]], { booked: booked(FROM, 4000 * S) }));
  expect(pieceAt(drawing, 0.1)).toBe(0);
  expect(pieceAt(drawing, 0.251)).toBe(1); // the short one, though the next is drawn there too
  expect(pieceAt(drawing, 0.4)).toBe(2);
  expect(pieceAt(drawing, 0.9)).toBe(2);
  expect(pieceAt(drawing, -1)).toBe(0);
  const end = draw(account([["contact", 3999], ["alone", 1]]));
  expect(pieceAt(end, 0.998)).toBe(1); // drawn over the end of the long one
  expect(pieceAt(draw(ACCOUNTS["account-nobody"]!), 0.5)).toBe(-1);
});

describe("what counts of a stretch", () => {
  const seen = (of: SessionAccount): string[] =>
    piecesOf(of).map(
      ({ kind, counts, bridged, of_us }) =>
        `${kind} ${counts ? "counts" : bridged ? "bridged" : "-"} ${of_us / S}`,
    );
  const plan: Plan = [["alone", 60], ["contact", 600], ["alone", 90, 1], ["contact", 60], ["nobody", 91], ["contact", 60], ["alone", 5]];

  it("is what the server counted and bridged", () => {
    expect(seen(account(plan))).toEqual([
      "before - 0",
      "together counts 600",
      "gap bridged 90",
      "together counts 60",
      "gap - 0",
      "together counts 60",
      "after - 0",
    ]);
  });

  it("bridges a gap of several stretches as one, unproven ones too", () => {
    const parts: Plan = [["contact", 60], ["unknown", 40], ["nobody", 30], ["impaired", 20], ["contact", 60]];
    expect(seen(account(parts)).slice(1, 4)).toEqual([
      "together bridged 40",
      "gap bridged 30",
      "together bridged 20",
    ]);
  });

  it("takes nothing for a gap that counts by itself", () => {
    expect(piecesOf(account(plan)).filter((piece) => piece.counts && piece.bridged)).toEqual([]);
  });

  it("is cut where the server cut it", () => {
    const of = account([["alone", 100], ["contact", 500]], { counted: [[FROM + 50 * S, FROM + 400 * S]] });
    expect(seen(of)).toEqual(["before counts 50", "together counts 300"]);
  });

  it("grows while both are there, to the end of the booked time", () => {
    const of = account([["contact", 60], ["alone", 10], ["contact", 60]]);
    const running = { ...of, people: of.people.map((time): Time => ({ ...time, since_us: FROM })) };
    const at = (us: number, more: Partial<SessionAccount> = {}): string[] =>
      seen(grown({ ...running, ...more }, us));
    expect(at(FROM + 200 * S)).toEqual(["together counts 60", "gap bridged 10", "together counts 130"]);
    const windowed = bill({ window_to_us: FROM + 150 * S });
    expect(at(FROM + 200 * S, { bill: windowed })[2]).toBe("together counts 80");
    const over = bill({ window_to_us: FROM + 100 * S });
    const counted: [number, number][] = [[FROM, FROM + 100 * S]];
    expect(at(FROM + 200 * S, { bill: over, counted, bridged: [] })[2]).toBe("together counts 30");
    const alone = { people: [running.people[0]!, { ...running.people[1]!, since_us: null }] };
    expect(at(FROM + 200 * S, alone)[2]).toBe("together counts 60");
  });
});

it("joins spans over gaps of at most that length, and drops empty ones", () => {
  expect(bridge([[5, 5], [0, 2], [3, 4], [1, 2], [6, 7]], 1)).toEqual([[0, 4], [6, 7]]);
});
