/** From an account to what is drawn of it: places on one time axis, as parts of its length. Pure. */
import type { SessionAccount } from "../../protocol/types.js";
import { bridge, grown, inferredEnds, piecesOf, type Piece, type Span } from "./counting.js";

/** From `x` on, `width` long; both in 0..1. Nothing is too short to be seen. */
export interface Box {
  readonly x: number;
  readonly width: number;
}

export interface LaneDrawn {
  readonly person: string;
  readonly spans: readonly Box[];
  readonly gaps: readonly Box[];
  readonly inferred: readonly Box[];
  /** Contact of theirs that the other's page signed. */
  readonly proofs: readonly Box[];
}

export interface Drawing {
  readonly from_us: number;
  readonly to_us: number;
  /** The mentor's first. */
  readonly lanes: readonly LaneDrawn[];
  readonly pieces: readonly (Box & { readonly piece: Piece })[];
  readonly booked: Box | null;
  readonly ticks: readonly { readonly x: number; readonly us: number }[];
  /** Whether ticks are to be read to the second. */
  readonly seconds: boolean;
}

const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;
const HOUR_US = 60 * MINUTE_US;
const STEPS_US = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND_US),
  ...[1, 2, 3, 5, 10, 15, 20, 30].map((n) => n * MINUTE_US),
  ...[1, 2, 3, 6, 12, 24].map((n) => n * HOUR_US),
];
const LEAST = 0.003; // of the axis: a pixel on a phone
const TICKS_MOST = { seconds: 3, minutes: 4 }; // as many as can be read side by side on a phone

/** `aheadUs`: how far the clocks that ticks are to be round on are ahead of UTC. */
export function drawingOf(
  account: SessionAccount,
  mentor: string,
  nowUs: number,
  aheadUs = 0,
): Drawing {
  const now = grown(account, nowUs);
  const { booked } = now;
  const bookedSpan: Span[] = booked ? [[booked.start_us, booked.start_us + booked.length_us]] : [];
  const [from, to] = extent(now, bookedSpan);
  const box = ([start, end]: Span): Box => {
    const width = Math.max(LEAST, (end - start) / (to - from));
    return { x: Math.min((start - from) / (to - from), 1 - width), width };
  };
  const lanes = [...now.lanes].sort(
    (a, b) => Number(b.person === mentor) - Number(a.person === mentor),
  );
  return {
    from_us: from,
    to_us: to,
    lanes: lanes.map((lane) => ({
      person: lane.person,
      spans: lane.spans.map(box),
      gaps: gapsOf(lane.spans).map(box),
      inferred: inferredEnds(lane).map(box),
      // What lies closer than one sees is drawn as one: a long call is proven in many parts.
      proofs: bridge(
        now.proofs
          .filter(({ person }) => person === lane.person)
          .map(({ from_us, to_us }): Span => [from_us, Math.max(to_us, from_us + 1)]),
        (to - from) * LEAST * 2,
      ).map(box),
    })),
    pieces: piecesOf(now).map((piece) => ({ ...box([piece.from_us, piece.to_us]), piece })),
    booked: bookedSpan[0] ? box(bookedSpan[0]) : null,
    ...ticksOf(from, to, aheadUs),
  };
}

/** The whole time that there is something to draw of; never none. */
function extent(account: SessionAccount, booked: readonly Span[]): Span {
  const spans: Span[] = [
    ...booked,
    ...account.stretches.map(({ from_us, to_us }): Span => [from_us, to_us]),
    ...account.lanes.flatMap((lane) => [...lane.spans, ...inferredEnds(lane)]),
  ];
  if (!spans.length) spans.push([account.created_us, account.ended_us ?? account.created_us]);
  const from = spans.reduce((least, [start]) => Math.min(least, start), Infinity);
  const to = spans.reduce((most, [, end]) => Math.max(most, end), 0);
  return [from, Math.max(to, from + SECOND_US)];
}

const gapsOf = (spans: readonly (readonly [number, number])[]): Span[] =>
  spans.slice(1).map(([start], i): Span => [spans[i]![1], start]);

function ticksOf(from: number, to: number, aheadUs: number): Pick<Drawing, "ticks" | "seconds"> {
  const fits = (step: number): boolean =>
    (to - from) / step <= (step < MINUTE_US ? TICKS_MOST.seconds : TICKS_MOST.minutes);
  const step = STEPS_US.find(fits) ?? Math.ceil((to - from) / TICKS_MOST.minutes / HOUR_US) * HOUR_US;
  const first = Math.ceil((from + aheadUs) / step) * step - aheadUs;
  const ticks = [];
  for (let us = first; us <= to; us += step) ticks.push({ us, x: (us - from) / (to - from) });
  return { ticks, seconds: step < MINUTE_US };
}

/** The piece at a place of the axis, or the nearest one; -1 where there is none. */
export function pieceAt({ pieces }: Drawing, x: number): number {
  let [best, distance] = [-1, Infinity];
  pieces.forEach((box, i) => {
    const away = Math.max(box.x - x, x - (box.x + box.width), 0);
    // Of two that are drawn over each other, the shorter: the other can be met beside it.
    if (away < distance || (away === distance && box.width < (pieces[best]?.width ?? 0))) {
      [best, distance] = [i, away];
    }
  });
  return best;
}
