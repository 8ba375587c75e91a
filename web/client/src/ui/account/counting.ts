/** The stretches of a session with what the server counted of each, so that each can say why. Pure. */
import type { Lane, SessionAccount, Stretch, Terms } from "../../protocol/types.js";

export type Span = readonly [from_us: number, to_us: number];

/** `counts`: as time together, or as a short gap (`bridged`). `of`: how much of it, where the booked
 * time cuts it. `kind`: gaps lie between stretches together. */
export interface Piece extends Stretch {
  readonly kind: "together" | "gap" | "before" | "after";
  readonly counts: boolean;
  readonly bridged: boolean;
  readonly of_us: number;
  /** Whose page went silent in it or at its end: last sign of life, and when that was noticed. */
  readonly silent: readonly { readonly person: string; readonly span: Span }[];
}

/** The server leaves nothing out. */
export const allTerms = (terms: Terms): Required<Terms> => terms as Required<Terms>;

/** An account as of now: what runs in it has gone on since it was asked for. */
export function grown(account: SessionAccount, nowUs: number): SessionAccount {
  const here = account.people.filter((time) => time.since_us != null).map(({ person }) => person);
  const to = Math.max(nowUs, account.as_of_us);
  if (here.length === 0) return account;
  const lanes = account.lanes.map((lane): Lane => {
    const last = lane.spans.at(-1);
    if (!last || !here.includes(lane.person)) return lane;
    return { ...lane, spans: [...lane.spans.slice(0, -1), [last[0], Math.max(last[1], to)]] };
  });
  const last = account.stretches.at(-1);
  const runs = last?.present.length === here.length;
  const stretches = runs
    ? [...account.stretches.slice(0, -1), { ...last, to_us: Math.max(last.to_us, to) }]
    : account.stretches;
  // What counted until then still does, as far as the booked time goes.
  const most = Math.min(to, account.bill.window_to_us ?? to);
  const counted = account.counted.map(([from, end]): [number, number] =>
    runs && end === last.to_us ? [from, Math.max(end, most)] : [from, end],
  );
  return { ...account, lanes, stretches, counted };
}

export function piecesOf(account: SessionAccount): readonly Piece[] {
  const { stretches, counted, bridged } = account;
  const together = stretches.map(({ state }) => state !== "alone" && state !== "nobody");
  const [first, last] = [together.indexOf(true), together.lastIndexOf(true)];
  return stretches.map((stretch, i): Piece => {
    const span: Span = [stretch.from_us, stretch.to_us];
    const [counts_us, bridged_us] = [lengthIn(span, counted), lengthIn(span, bridged)];
    return {
      ...stretch,
      kind: together[i] ? "together" : first < 0 || i < first ? "before" : i > last ? "after" : "gap",
      counts: counts_us > 0,
      bridged: !counts_us && bridged_us > 0,
      of_us: counts_us + bridged_us,
      silent: silences(account.lanes, stretch, i === stretches.length - 1),
    };
  });
}

/** Whether time in that state counts, where it lies within the booked time. */
export function canCount(state: Stretch["state"], terms: Terms): boolean {
  return state === "contact" || (state === "unknown" && allTerms(terms).counts === "room");
}

/** How much of what can count lies outside the booked time. */
export const outside = (account: SessionAccount): number =>
  piecesOf(account)
    .filter(({ state }) => canCount(state, account.terms))
    .reduce((sum, { from_us, to_us, of_us }) => sum + to_us - from_us - of_us, 0);

/** Whether a wait for a late mentee counts. */
export const waitCounts = (account: SessionAccount): boolean =>
  piecesOf(account).some(({ state, counts }) => state === "alone" && counts);

function silences(lanes: readonly Lane[], { from_us, to_us }: Stretch, last: boolean): Piece["silent"] {
  return lanes.flatMap((lane) =>
    inferredEnds(lane)
      .filter(([at]) => (at > from_us && at <= to_us) || (last && at > to_us))
      .map((span) => ({ person: lane.person, span })),
  );
}

/** The ends of a lane's spans that nobody said, up to when they were noticed or the person was back.
 * A page that went silent while the person was there with another one ended nothing. */
export function inferredEnds({ spans, inferred }: Lane): readonly Span[] {
  return inferred.flatMap(([at, noticed]): Span[] => {
    const i = spans.findIndex(([, to]) => to === at);
    return i < 0 ? [] : [[at, Math.max(at, Math.min(noticed, spans[i + 1]?.[0] ?? noticed))]];
  });
}

const overlap = (a: Span, b: Span): Span => {
  const [from, to] = [Math.max(a[0], b[0]), Math.min(a[1], b[1])];
  return [from, Math.max(from, to)];
};

const lengthIn = (span: Span, spans: readonly Span[]): number =>
  spans.reduce((sum, each) => sum + overlap(span, each)[1] - overlap(span, each)[0], 0);

/** The union of spans, with the gaps of at most that length filled. */
export function bridge(spans: readonly Span[], longestUs: number): readonly Span[] {
  const merged: [number, number][] = [];
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (from >= to) continue;
    if (last && from - last[1] <= longestUs) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}
