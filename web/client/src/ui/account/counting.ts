/** The stretches of a session with what counts of each: the server's rules, read once more, so that
 * each stretch can say why. The amounts themselves come from the server. Pure. */
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
  return { ...account, lanes, stretches };
}

/** What can count at all: the booked time with what was agreed before and after it. */
export function windowOf(account: SessionAccount): readonly Span[] {
  const { booked, extended_us } = account;
  if (!booked) return [[0, Number.MAX_SAFE_INTEGER]];
  const { early_us, overrun_us } = allTerms(account.terms);
  const end = booked.start_us + booked.length_us;
  const window: Span[] = [[Math.max(0, booked.start_us - early_us), end]];
  if (extended_us != null) window.push([Math.max(end, extended_us), end + overrun_us]);
  return bridge(window, 0);
}

export function piecesOf(account: SessionAccount, mentor: string): readonly Piece[] {
  const { stretches } = account;
  const counting = countingOf(account, mentor);
  const merged = bridge(counting, allTerms(account.terms).grace_us);
  const window = windowOf(account);
  const together = stretches.map(({ state }) => state !== "alone" && state !== "nobody");
  const [first, last] = [together.indexOf(true), together.lastIndexOf(true)];
  return stretches.map((stretch, i): Piece => {
    const span: Span = [stretch.from_us, stretch.to_us];
    const counts = lengthIn(span, counting) > 0;
    const inside = window.map((each) => overlap(span, each));
    return {
      ...stretch,
      kind: together[i] ? "together" : first < 0 || i < first ? "before" : i > last ? "after" : "gap",
      counts,
      bridged: !counts && lengthIn(span, merged) > 0,
      of_us: inside.reduce((sum, part) => sum + lengthIn(part, merged), 0),
      silent: silences(account.lanes, stretch, i === stretches.length - 1),
    };
  });
}

/** All that could count, whether within the booked time or not. */
export function countingOf(account: SessionAccount, mentor: string): readonly Span[] {
  const waits = waitCounts(account, mentor) ? waitForTheLate(account, mentor) : [];
  return bridge([...metSpans(account), ...waits], 0);
}

function metSpans({ stretches, terms }: SessionAccount): Span[] {
  const { counts } = allTerms(terms);
  return stretches
    .filter(({ state }) => state === "contact" || (counts === "room" && state === "unknown"))
    .map(({ from_us, to_us }): Span => [from_us, to_us]);
}

/** Whether the wait for a late mentee counts. Only the server knows whether they had notice enough:
 * more is counted then than the time in which they met. */
export function waitCounts(account: SessionAccount, mentor: string): boolean {
  if (!allTerms(account.terms).late_counts || !waitForTheLate(account, mentor).length) return false;
  const met = metSpans(account).map((span) => overlap(span, [0, account.as_of_us]));
  const inside = windowOf(account).reduce((sum, span) => sum + lengthIn(span, met), 0);
  return account.bill.counted_us > inside;
}

function waitForTheLate({ booked, lanes }: SessionAccount, mentor: string): readonly Span[] {
  const came = lanes.find(({ person }) => person !== mentor)?.spans[0]?.[0];
  const waits = lanes.find(({ person }) => person === mentor)?.spans ?? [];
  if (!booked || booked.again || came === undefined || came <= booked.start_us) return [];
  const wait: Span = [booked.start_us, Math.min(booked.start_us + booked.length_us, came)];
  return waits.map((span) => overlap(span, wait)).filter(([from, to]) => from < to);
}

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

export const total = (spans: readonly Span[]): number =>
  spans.reduce((sum, [from, to]) => sum + to - from, 0);
