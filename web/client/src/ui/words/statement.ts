/** A month's statement in words and sums. Pure. */
import type { Trouble } from "../../lib/model.js";
import { triedAgain } from "../../lib/trouble.js";
import type { MentorshipView, PersonView, StatementLine, StatementSum } from "../../protocol/types.js";
import { money } from "./money.js";
import { otherOf } from "./people.js";
import { brief, clock, dayKey } from "./time.js";

export type Role = "mentor" | "mentee";

/** All months from the first mentorship to now, the newest first: no session lies outside. */
export function months(mentorships: readonly MentorshipView[], zone: string, nowUs: number): readonly string[] {
  const first = mentorships.reduce((least, { created_us }) => Math.min(least, created_us), nowUs);
  const all: string[] = [];
  for (let month = monthOf(zone, nowUs); month >= monthOf(zone, first); month = before(month)) {
    all.push(month);
  }
  return all;
}

export const monthOf = (zone: string, us: number): string => dayKey(zone, us).slice(0, 7);

function before(month: string): string {
  const [year = 0, number = 0] = month.split("-").map(Number);
  const [y, m] = number > 1 ? [year, number - 1] : [year - 1, 12];
  return `${String(y).padStart(4, "0")}-${String(m).padStart(2, "0")}`;
}

/** The role that one has, or has most often: what one looks at first. */
export function usualRole(mentorships: readonly MentorshipView[], me: PersonView): Role {
  const mentor = mentorships.filter((each) => otherOf(each, me).role === "mentee").length;
  return mentor * 2 >= mentorships.length ? "mentor" : "mentee";
}

export const roleOf = (text: string | null): Role | null =>
  text === "mentor" || text === "mentee" ? text : null;

/** Over a statement for which a newer one could not be had. */
export function oldWords(trouble: Trouble): Pick<Trouble, "what" | "advice"> {
  const { what, advice } = triedAgain(trouble);
  return { what: `What is shown may be out of date. ${what}`, advice };
}

/** The other of a line, as seen by whose statement it is. */
export const withWhom = (line: StatementLine, role: Role): PersonView =>
  role === "mentor" ? line.mentee : line.mentor;

export function amountWords({ bill }: StatementLine): string {
  return bill.currency ? money(bill.net_minor + bill.tax_minor, bill.currency) : "free";
}

export function stateWords({ bill, state }: StatementLine): string {
  const why = { no_show: "no-show, ", correction: "corrected, ", nothing: "", time: "" }[bill.owed];
  return `${why}${{ settled: "settled", confirmed: "confirmed by both", contested: "contested" }[state]}`;
}

/** `ses_…, terms v3`: what a line on paper is to be found by, and rests on. */
export const recordWords = ({ session, bill }: StatementLine): string =>
  `${session}, ${bill.terms ? `terms v${bill.terms}` : "without an agreement"}`;

export interface SumRow {
  readonly label: string;
  readonly value: string;
  readonly strong?: boolean;
}

/** `€` is summed apart from `¥`, and what is free from both. */
export function sumRows(sum: StatementSum, role: Role): readonly SumRow[] {
  const { currency, lines } = sum;
  const rows: SumRow[] = [
    { label: lines === 1 ? "1 session" : `${lines} sessions`, value: brief(sum.billed_us) },
  ];
  if (sum.make_up_us) rows.push({ label: "To be made up for", value: brief(sum.make_up_us) });
  if (!currency) return rows;
  if (sum.tax_minor) {
    rows.push({ label: "Price", value: money(sum.net_minor, currency) });
    rows.push({ label: "Tax", value: money(sum.tax_minor, currency) });
  }
  const total = role === "mentor" ? "Owed to you" : "You owe";
  rows.push({ label: total, value: money(sum.net_minor + sum.tax_minor, currency), strong: true });
  if (sum.fee_minor) {
    rows.push({ label: "of which the site's fee", value: money(sum.fee_minor, currency) });
  }
  return rows;
}

/** `Tue 24, 14:02`: the month is said above. */
export function dayWords(zone: string, us: number): string {
  const [year = 0, month = 0, day = 0] = dayKey(zone, us).split("-").map(Number);
  const name = WEEKDAYS[new Date(Date.UTC(year, month - 1, day)).getUTCDay()] ?? "";
  return `${name} ${day}, ${clock(zone, us).slice(0, 5)}`;
}
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
