/** What a conversation tells of its sessions, as slim lines in its flow: how long one was together, what
 * that costs, and what was contested or corrected since. Pure. */
import type { SessionView, Settlement } from "../../protocol/types.js";
import { billedWords, costWords, resultShort } from "./account.js";
import { nameIn, type Pair } from "./people.js";
import { onDay } from "./reflection.js";
import { HELD, isHeld } from "./session.js";
import { givenIn, waitsWords } from "./settlement.js";
import { bothStretches, dayName, named, timeIn } from "./time.js";

export interface Mark {
  readonly key: string;
  readonly at_us: number;
  readonly words: string;
  /** Day and time, on both clocks. */
  readonly exact?: string;
  /** Whose account says more. */
  readonly session?: string;
}

export function marksOf(
  sessions: readonly SessionView[],
  pair: Pair,
  nowUs: number,
): readonly Mark[] {
  return sessions.flatMap((view) => [...ended(view, pair, nowUs), ...said(view, pair, nowUs)]);
}

/** Who looked in alone, without a meeting, has met nobody: that is no part of what the two say. */
function ended(view: SessionView, pair: Pair, nowUs: number): readonly Mark[] {
  if (view.ended_us == null) return [];
  const { amount, words } = resultShort(view, pair, nowUs);
  if (!amount && view.settlement?.bill.window_from_us == null) return [];
  const { window_from_us: from, window_to_us: to } = view.settlement?.bill ?? {};
  const [what, beganUs, endedUs] = amount
    ? ["Session", view.started_us ?? view.created_us, view.ended_us]
    : ["Meeting", from ?? view.created_us, to ?? from ?? view.created_us];
  const when = stretchIn(pair.me.zone, beganUs, endedUs);
  const said = [`${what} ${when}: ${amount ? `${amount} ${words}` : amid(words)}`, costWords(view)];
  const exact = `${dayName(pair.me.zone, beganUs, nowUs)}, ${bothStretches(beganUs, endedUs, pair.me, pair.other)}`;
  const key = `ended ${view.id}`;
  return [{ key, at_us: view.ended_us, words: said.filter(Boolean).join(", "), exact, session: view.id }];
}

/** `13:25 to 14:10`, `at 13:25` of less than a minute. */
function stretchIn(zone: string, fromUs: number, toUs: number): string {
  const [from, to] = [timeIn(zone, fromUs), timeIn(zone, toUs)];
  return from === to && toUs - fromUs < 60_000_000 ? `at ${from}` : `${from} to ${to}`;
}

/** A name stays as it is. */
const amid = (words: string): string =>
  words.replace(/^(You (did|were)|Neither of|It is not) /, (word) => word.toLowerCase());

function said(view: SessionView, pair: Pair, nowUs: number): readonly Mark[] {
  const { settlement } = view;
  if (settlement?.said_us == null) return [];
  const words = standsWords(view, settlement, pair, nowUs);
  return [{ key: `said ${view.id}`, at_us: settlement.said_us, words, session: view.id }];
}

/** How it stands since somebody contested or corrected it. */
function standsWords(
  view: SessionView,
  settlement: Settlement,
  pair: Pair,
  nowUs: number,
): string {
  const { bill } = settlement;
  const session = sessionWords(view, pair, nowUs);
  if (givenIn(settlement)) {
    const by = nameIn(pair, settlement.contested_by[0] ?? "");
    return `${by} contested ${session}. ${gaveIn(settlement, pair)}: it ${waitsWords(settlement, pair)}`;
  }
  const comes = billedWords(bill) || "nothing billed";
  if (isHeld(view)) return `${contestsWords(view, pair)} ${session} (${comes}): ${HELD}`;
  if (bill.owed === "correction") return `T${session.slice(1)} was corrected: ${comes}`;
  return `Nobody contests ${session} any more (${comes})`;
}

/** `the session today at 14:02`: there may be several a day. */
function sessionWords(view: SessionView, { me }: Pair, nowUs: number): string {
  const us = view.started_us ?? view.created_us;
  return `the session ${onDay(me.zone, us, nowUs)} at ${timeIn(me.zone, us)}`;
}

function contestsWords({ settlement }: SessionView, { me, other }: Pair): string {
  const by = settlement?.contested_by ?? [];
  if (by.length > 1) return "You both contest";
  return by.includes(me.id) ? "You contest" : `${named(other.name)} contests`;
}

/** What waits for my answer: the other contests, or gave in to what I contest; and what was corrected
 * lately, until I confirm it. */
export function asksMe(view: SessionView, pair: Pair, nowUs: number): string {
  const { settlement } = view;
  if (!settlement) return "";
  if (!isHeld(view)) return correctedWords(view, settlement, pair, nowUs);
  const { contested_by } = settlement;
  const mine = !contested_by.includes(pair.other.id);
  if (contested_by.length === 1 && mine !== givenIn(settlement)) return "";
  const session = sessionWords(view, pair, nowUs);
  if (mine) return `${gaveIn(settlement, pair)} for ${session}: it ${waitsWords(settlement, pair)}`;
  return `${contestsWords(view, pair)} ${session}: it waits for your answer`;
}

/** `Ana gave in to 40 min: €40.00`: to what the other contests. */
function gaveIn({ bill, contested_by }: Settlement, pair: Pair): string {
  const by = contested_by.includes(pair.me.id) ? pair.other.id : pair.me.id;
  return `${nameIn(pair, by)} gave in to ${billedWords(bill) || "nothing billed"}`;
}

const LATELY_US = 7 * 86_400_000_000;

function correctedWords(
  view: SessionView,
  settlement: Settlement,
  pair: Pair,
  nowUs: number,
): string {
  const { bill, confirmed_by, at_us } = settlement;
  if (bill.owed !== "correction" || confirmed_by.includes(pair.me.id)) return "";
  if (nowUs - at_us > LATELY_US) return "";
  return standsWords(view, settlement, pair, nowUs);
}
