/** What a conversation tells of what its two arranged: terms that were proposed, and what became of
 * them; meetings that were set or cancelled. Pure. */
import type { Arranged } from "../../lib/model.js";
import type { AgreementView, MeetingView } from "../../protocol/types.js";
import type { Mark } from "./marks.js";
import { nameIn, type Pair } from "./people.js";
import { full, missedWords, rate, unowed, type Booked, type Two } from "./terms.js";
import { dayName, named, timeIn } from "./time.js";

export function arrangedMarks(arranged: Arranged | undefined, pair: Pair, nowUs: number): readonly Mark[] {
  if (!arranged) return [];
  const { agreements, meetings } = arranged;
  return [
    ...agreements.flatMap((each) => [proposed(each, agreements, pair), answered(each, pair)].flat()),
    ...meetings.map((each) => told(each, pair, nowUs)),
  ];
}

function proposed(
  { version, terms, proposed_by, proposed_us }: AgreementView,
  all: readonly AgreementView[],
  pair: Pair,
): Mark {
  const before = all.find((each) => each.version === version - 1);
  const instead = before?.state === "superseded" && before.answered_us === proposed_us;
  const words = `${nameIn(pair, proposed_by)} proposed ${instead ? "other terms instead" : "terms"}`;
  return { key: `proposed ${version}`, at_us: proposed_us, words: `${words}: ${price(terms)}` };
}

const ANSWERS: Partial<Record<AgreementView["state"], string>> = {
  accepted: "accepted the terms",
  declined: "declined the terms",
  withdrawn: "withdrew the proposed terms",
};

/** That other terms took their place is told with those. */
function answered(agreement: AgreementView, pair: Pair): readonly Mark[] {
  const { version, terms, state, answered_by, answered_us } = agreement;
  const did = ANSWERS[state];
  if (did === undefined || answered_by == null || answered_us == null) return [];
  const words = `${nameIn(pair, answered_by)} ${did}: ${price(terms)}`;
  return [{ key: `answered ${version}`, at_us: answered_us, words }];
}

const price = (terms: AgreementView["terms"]): string => {
  const t = full(terms);
  return t.rate_minor ? rate(t) : "free of charge";
};

/** Of a meeting the last that was said of it. */
function told(meeting: MeetingView, pair: Pair, nowUs: number): Mark {
  const { id, state, told_us, told_by } = meeting;
  const did = state === "cancelled" ? "cancelled the meeting of" : "set a meeting for";
  const words = `${nameIn(pair, told_by)} ${did} ${stretch(meeting, pair.me.zone, nowUs)}`;
  return { key: `told ${id} ${told_us}`, at_us: told_us, words };
}

/** `today, 14:00 to 15:00` */
export function stretch({ start_us, length_us }: MeetingView, zone: string, nowUs: number): string {
  const day = dayName(zone, start_us, nowUs);
  const name = ["Today", "Yesterday", "Tomorrow"].includes(day) ? day.toLowerCase() : day;
  return `${name}, ${timeIn(zone, start_us)} to ${timeIn(zone, start_us + length_us)}`;
}

/** What missing the meeting will cost at the time that is about to be chosen; also why it will cost
 * nothing, where it can cost something. Nothing while that is the time that it has. */
export function noticeWords(
  agreement: AgreementView | null | undefined,
  chosen: Booked,
  before: MeetingView | null,
  two: Two,
): string {
  if (before?.start_us === chosen.start_us && before.length_us === chosen.length_us) return "";
  const how = unowed(full(agreement?.terms ?? {}), chosen, two);
  if (how === null) return missedWords(agreement, chosen, two);
  const owes = two.pays ? "you owe" : `${named(two.other.name)} owes`;
  return how === "free" ? "" : `It is so ${how} that ${owes} nothing for not coming.`;
}
