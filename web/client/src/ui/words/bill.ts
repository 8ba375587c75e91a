/** How the amount came about, step by step, in words. Integers all the way. Pure. */
import type { BookedView, SessionAccount, Terms } from "../../protocol/types.js";
import { allTerms, outside, piecesOf, type Span, waitCounts } from "../account/counting.js";
import { clocks, outsideWords } from "./account.js";
import { money, percent, share } from "./money.js";
import { nameAmid, nameIn, type Pair } from "./people.js";
import { isHeld } from "./session.js";
import { bothClocks, bothStretches, brief, dayName, named, spanOf } from "./time.js";

export interface Row {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
  readonly strong?: boolean;
}

const HOUR_US = 3_600_000_000;
const SECOND_US = 1_000_000;
/** As little as the beginning of a call or a return to it takes: nothing to worry anybody with. */
const SHORT_US = 5 * SECOND_US;

/** From the time together to what is owed. */
export function steps(account: SessionAccount, pair: Pair): readonly Row[] {
  const { bill } = account;
  const rows = [
    ...timeRows(account, pair),
    ...roundingRows(account),
    ...owedRows(account, pair),
    ...elsewhereRows(account),
  ];
  rows.push({
    label: totalLabel(account),
    value: brief(bill.billed_us),
    strong: true,
  });
  return [...rows, ...moneyRows(account, pair)];
}

/** What is free of charge is billed to nobody. */
function totalLabel(account: SessionAccount): string {
  const free = !account.bill.currency;
  if (isHeld(account)) return free ? "Would come to" : "Would be billed";
  const label = free ? "Comes to" : "Billed";
  return account.state === "ended" ? label : `${label} so far`;
}

function timeRows(account: SessionAccount, pair: Pair): Row[] {
  const { bill } = account;
  const terms = allTerms(account.terms);
  const outside_us = outside(account);
  const together = account.contact_us + account.unknown_us + account.impaired_us;
  const short = isMoment(account);
  const rows: Row[] = [{ label: "Both in the room", value: spanOf(together) }];
  if (account.contact_us !== together) {
    rows.push({
      label: "Proven contact",
      value: spanOf(account.contact_us),
      ...(short && { note: "Until your pages reach each other takes a moment." }),
    });
  }
  if (account.unknown_us >= SECOND_US && !short) {
    rows.push({ label: "Not proven", value: spanOf(account.unknown_us), note: unknownWords(account, pair) });
  }
  if (account.impaired_us) {
    const owed = terms.make_up ? ` It is owed to ${nameAmid(pair, pair.mentee)} as time.` : "";
    const what = bill.impaired_us === account.impaired_us ? "It" : `${spanOf(bill.impaired_us)} of it`;
    const counts = bill.impaired_us ? ` ${what} does not count.${owed}` : "";
    rows.push({
      label: "Impaired",
      value: spanOf(account.impaired_us),
      note: `Both pages said that neither sound nor picture travelled.${counts}`,
    });
  }
  if (account.booked && outside_us >= SECOND_US) {
    rows.push({
      label: `O${outsideWords(account).slice(1)}`,
      value: `− ${spanOf(outside_us)}`,
      note: "Only what lies within it counts.",
    });
  }
  rows.push({ label: "Counted", value: spanOf(bill.counted_us), note: countsNote(terms, pair) });
  if (bill.bridged_us) {
    rows.push({
      label: "Short gaps",
      value: `+ ${spanOf(bill.bridged_us)}`,
      note: `Gaps of up to ${brief(terms.grace_us)} count as time together.`,
    });
  }
  return rows;
}

function countsNote(terms: Required<Terms>, pair: Pair): string {
  const what =
    terms.counts === "contact"
      ? "Contact that both pages proved."
      : "All time with both of you in the room, unless nothing travelled.";
  return terms.late_counts
    ? `${what} The wait for ${nameAmid(pair, pair.mentee)}, if late, counts too.`
    : what;
}

/** Whether all that is not proven is what passes after somebody came, until the pages reach each other. */
function isMoment({ stretches, unknown_us }: SessionAccount): boolean {
  const atFirst = stretches.every(
    ({ state }, i) => state !== "unknown" || (stretches[i - 1]?.present.length ?? 0) < 2,
  );
  return atFirst && unknown_us > 0 && unknown_us < SHORT_US;
}

/** What unknown time is, why it is not billed, and what one can do. */
function unknownWords(account: SessionAccount, pair: Pair): string {
  const what = "You both were in the room, but your pages did not prove that they reached each other.";
  if (allTerms(account.terms).counts === "room") return `${what} By your terms it counts all the same.`;
  const pieces = piecesOf(account).filter(({ state }) => state === "unknown");
  if (pieces.every(({ from_us, to_us, of_us }) => of_us === to_us - from_us)) {
    return `${what} It counts all the same, as a short gap.`;
  }
  const { mentor, me } = pair;
  const act =
    me.id === mentor
      ? `If you did talk, contest the amount: ${named(pair.other.name)} can give in to more.`
      : "If you did talk, contest the amount, or give in to more once it is contested.";
  const short = account.unknown_us > account.bill.unknown_us ? " What is short is bridged as a gap." : "";
  return `${what} That ${account.bill.currency ? "is not billed" : "does not count"}.${short} ${act}`;
}

/** Minimum, rounding and cap, where they change anything: of the meeting, in all its sessions. */
function roundingRows(account: SessionAccount): Row[] {
  const { bill, booked } = account;
  const terms = allTerms(account.terms);
  const counted = bill.counted_us + bill.bridged_us;
  if (!counted) return [];
  const rows: Row[] = [];
  const exact = counted + (booked?.before_us ?? 0);
  if (exact > counted) {
    rows.push({
      label: "The meeting’s other sessions",
      value: `+ ${spanOf(exact - counted)}`,
      note: "What is agreed for a meeting is for all its sessions together.",
    });
  }
  const least = Math.max(exact, terms.minimum_us);
  if (least > exact) rows.push({ label: "At least", value: brief(least), note: "The agreed minimum." });
  const rounded = toUnit(least, terms.unit_us, terms.rounding);
  if (rounded !== least) {
    const way = terms.rounding === "nearest" ? "to the nearest" : `${terms.rounding} to whole`;
    rows.push({
      label: "Rounded",
      value: brief(rounded),
      note: `Once, ${way} ${unitWords(terms.unit_us)}.`,
    });
  }
  if (terms.cap_us != null && rounded > terms.cap_us) {
    rows.push({ label: "At most", value: brief(terms.cap_us), note: "The agreed limit." });
  }
  return rows;
}

/** What of that the meeting's other sessions are billed for already. */
function elsewhereRows({ bill, booked }: SessionAccount): Row[] {
  const owes = bill.owed === "no_show" || bill.counted_us + bill.bridged_us > 0;
  if (!booked?.billed_us || !owes || bill.owed === "correction") return [];
  return [
    {
      label: `${bill.currency ? "Billed for" : "Counted in"} the other sessions`,
      value: `− ${brief(booked.billed_us)}`,
      note: "This session adds what is new.",
    },
  ];
}

const unitWords = (us: number): string => (us === 60 * SECOND_US ? "minutes" : `units of ${brief(us)}`);

function toUnit(us: number, unit: number, rounding: "down" | "nearest" | "up"): number {
  const up = { down: 0, nearest: Math.floor(unit / 2), up: unit - 1 }[rounding];
  const raised = us + up;
  return raised - (raised % unit);
}

/** What stands in place of the time together. */
function owedRows(account: SessionAccount, pair: Pair): Row[] {
  const { bill, booked } = account;
  const terms = allTerms(account.terms);
  if (bill.owed === "no_show" && booked) {
    const most = terms.cap_us === bill.billed_us + booked.billed_us ? `, at most ${brief(terms.cap_us)}` : "";
    return [
      {
        label: "No-show",
        value: brief(bill.billed_us + booked.billed_us),
        note:
          `${nameIn(pair, pair.mentee)} had not come ${brief(terms.no_show_after_us)} after the ` +
          `start: ${percent(terms.no_show_share)} of the booked ${brief(booked.length_us)} is owed${most}.`,
      },
    ];
  }
  if (bill.owed !== "correction") return [];
  const note = account.notes.findLast(({ about }) => about === "corrected");
  const by = note?.person ? nameIn(pair, note.person) : "Whoever runs this server";
  return [
    {
      label: "Corrected",
      value: brief(bill.billed_us),
      note: `${by} corrected it${note?.text ? `: “${note.text}”` : "."}`,
    },
  ];
}

function moneyRows(account: SessionAccount, pair: Pair): Row[] {
  const { bill } = account;
  const terms = allTerms(account.terms);
  const { currency } = bill;
  if (!currency) return [];
  const rows: Row[] = [];
  if (bill.billed_us) {
    rows.push({
      label: "Price",
      value: money(bill.net_minor, currency),
      note: `${brief(bill.billed_us)} at ${money(terms.rate_minor, currency)} an hour.`,
    });
  }
  if (bill.tax_minor) {
    rows.push({
      label: "Tax",
      value: `+ ${money(bill.tax_minor, currency)}`,
      note: `${percent(terms.tax_share)} of the price.`,
    });
  }
  const sofar = account.state === "ended" ? "" : " so far";
  const mine = pair.me.id === pair.mentee;
  const who = mine ? "You" : named(pair.other.name);
  const pays = `${who} ${isHeld(account) ? "would pay" : mine ? "pay" : "pays"}`;
  rows.push({
    label: `${pays}${sofar}`,
    value: money(bill.net_minor + bill.tax_minor, currency),
    strong: true,
  });
  if (bill.fee_minor) {
    rows.push({
      label: "Fee",
      value: money(bill.fee_minor, currency),
      note: `${percent(terms.fee_share)} of the price is the site's, and in it already.`,
    });
  }
  return rows;
}

/** What a correction to `billedUs` would cost. */
export function costOf(account: SessionAccount, billedUs: number): string {
  const terms = allTerms(account.terms);
  const { currency } = account.bill;
  if (!currency) return "";
  const net = share(terms.rate_minor, billedUs, HOUR_US);
  return money(net + share(net, terms.tax_share, 1_000_000), currency);
}

/** Why nothing is owed for who did not come, where that needs saying. */
function missedWords({ bill, booked, terms }: SessionAccount, mentor: boolean): string {
  if (mentor) return " Nothing is owed for that.";
  const { no_show_share, no_show_notice_us } = allTerms(terms);
  if (!no_show_share || bill.owed !== "nothing" || bill.mentor.no_show !== "no") return "";
  if (booked?.binding) return "";
  return ` Nothing is owed for that: the time was set less than ${brief(no_show_notice_us)} before.`;
}

const AWAY_SHOWN = 3;

/** When the server was away of a session's or its meeting's time: what it did not see, it holds against
 * nobody. */
export function awayWords(account: SessionAccount, { me }: Pair): string {
  const { booked, stretches, unwatched } = account;
  const start = booked?.start_us ?? stretches[0]?.from_us ?? 0;
  const to = booked ? booked.start_us + booked.length_us : (stretches.at(-1)?.to_us ?? 0);
  const away = (unwatched ?? [])
    .map(([from, end]): Span => [Math.max(from, start), Math.min(end, to)])
    .filter(([from, end]) => end - from >= SECOND_US);
  if (!away.length) return "";
  const when = away.slice(0, AWAY_SHOWN).map(([from, end]) => clocks(me.zone, from, end));
  const more = away.length > AWAY_SHOWN ? `, and ${away.length - AWAY_SHOWN} more times` : "";
  const so = booked
    ? "Nobody is late for that time, and it proves of nobody that they did not come."
    : "What your pages signed meanwhile counts all the same.";
  return `The server was away ${when.join(", ")}${more}. ${so}`;
}

/** Who waited, came late or did not come, and what is owed as time. */
export function comings(account: SessionAccount, pair: Pair): readonly string[] {
  const { bill, booked } = account;
  const away = awayWords(account, pair);
  const said: string[] = [];
  for (const [i, side] of [bill.mentor, bill.mentee].entries()) {
    const { person } = side;
    const who = nameIn(pair, person);
    const mentor = person === pair.mentor;
    if (side.no_show === "yes") {
      said.push(`${who} did not come to the meeting.${missedWords(account, mentor)}`);
    } else if (side.no_show === "unknown") {
      const whom = nameAmid(pair, person);
      said.push(`Whether ${whom} came is not known: nothing proves it, and nothing proves the contrary.`);
    }
    if (side.late_us >= SECOND_US) {
      const counts = !mentor && waitCounts(account) ? " The wait counts as time together." : "";
      const but = away ? ", without the time that the server was away" : "";
      said.push(`${who} came ${spanOf(side.late_us)} after the booked start${but}.${counts}`);
    }
    if (side.wait_us >= SECOND_US) {
      said.push(`${who} ${who === "You" ? "were" : "was"} alone in the room for ${spanOf(side.wait_us)}.`);
    }
    const before = booked?.waited_us[i] ?? 0;
    if (before >= SECOND_US && [bill.mentor, bill.mentee][1 - i]?.no_show === "yes") {
      said.push(`${who} had waited ${spanOf(before)} in earlier sessions of the meeting.`);
    }
  }
  if (bill.make_up_us >= SECOND_US) {
    const whom = nameAmid(pair, pair.mentee);
    said.push(`${spanOf(bill.make_up_us)} are owed to ${whom} as time, to be made up for.`);
  }
  return said;
}

/** Why who came in an earlier session of the meeting is neither late nor missing in this one. */
function cameBefore({ came, again }: BookedView, pair: Pair): readonly string[] {
  const before = "had come for this meeting before";
  if (again) return [`You both ${before}, so nobody was late for it now.`];
  return came.map((person) => {
    const was = person === pair.me.id ? "were" : "was";
    return `${nameIn(pair, person)} ${before}, and so ${was} neither late for it now nor missing.`;
  });
}

/** By which terms, and for which meeting. */
export function frame(account: SessionAccount, pair: Pair, nowUs: number): readonly string[] {
  const { booked, extended_us, terms_version } = account;
  const said = [
    terms_version
      ? "By the terms that you two had agreed on when the session began."
      : "You two had agreed on nothing when the session began, so it is free of charge.",
  ];
  if (!booked) return [...said, "It was no booked meeting: all of it can count."];
  const { me, other } = pair;
  const end = booked.start_us + booked.length_us;
  const day = dayName(me.zone, booked.start_us, nowUs);
  said.push(`Booked: ${day}, ${bothStretches(booked.start_us, end, me, other)}.`);
  said.push(...cameBefore(booked, pair));
  if (extended_us != null) {
    const mentee = nameIn(pair, pair.mentee);
    const most = brief(allTerms(account.terms).overrun_us);
    const when = bothClocks(extended_us, me, other);
    said.push(`${mentee} said to go on for up to ${most} past the booked time: ${when}.`);
  }
  return said;
}
