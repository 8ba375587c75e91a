/** Terms and meetings in words: what it costs, what starts the clock, when it stops. Pure. */
import type { Arranged } from "../../lib/model.js";
import type {
  AgreementView,
  Member,
  MeetingView,
  MentorshipView,
  PersonView,
  Terms,
} from "../../protocol/types.js";
import { atMost, money, shareOf } from "./money.js";
import { otherOf } from "./people.js";
import { bothStretches, brief, dayName, named, timeIn } from "./time.js";

const HOUR_US = 3_600_000_000;
const MILLION = 1_000_000;
const SECOND_US = 1_000_000;

/** Terms with all that the server fills in. */
export type Full = Required<Terms>;

export const FREE: Full = {
  currency: null,
  rate_minor: 0,
  counts: "contact",
  grace_us: 90_000_000,
  early_us: 0,
  overrun_us: 0,
  cap_us: null,
  minimum_us: 0,
  unit_us: 60_000_000,
  rounding: "down",
  late_counts: false,
  no_show_after_us: 600_000_000,
  no_show_share: 0,
  no_show_notice_us: 86_400_000_000,
  make_up: true,
  fee_share: 0,
  tax_share: 0,
};

export const full = (terms: Terms): Full => ({ ...FREE, ...terms });

export interface Two {
  readonly me: PersonView;
  readonly other: PersonView;
  /** Whether I am the one who pays. */
  readonly pays: boolean;
}

export function twoOf(view: MentorshipView, me: PersonView): Two {
  const other: Member = otherOf(view, me);
  return { me, other: other.person, pays: other.role === "mentor" };
}

/** `€60.00 an hour plus 20 % tax` */
export function rate({ rate_minor, currency, tax_share }: Full): string {
  const tax = tax_share ? ` plus ${percent(tax_share)} tax` : "";
  return `${money(rate_minor, currency ?? "")} an hour${tax}`;
}

const percent = (share: number): string => `${share / 10_000} %`;

/** The price, and what starts and stops the clock; nothing where nothing is agreed. */
export function priceWords(
  agreement: AgreementView | null | undefined,
  meeting: MeetingView | null | undefined,
  two: Two,
): string {
  if (!agreement) return "";
  const terms = full(agreement.terms);
  if (!terms.rate_minor) return "You agreed that this costs nothing.";
  return `${charges(terms, two)} ${clockWords(terms, meeting, two)}`;
}

/** `Ana charges €60.00 an hour plus 20 % tax.` */
const charges = (terms: Full, { other, pays }: Two): string =>
  `${pays ? `${named(other.name)} charges` : "You charge"} ${rate(terms)}.`;

/** What one is not to miss before joining: terms that wait for one's answer, else the price. */
export function beforeWords(
  { agreement, proposal }: Pick<MentorshipView, "agreement" | "proposal">,
  two: Two,
): { readonly text: string; readonly asks: boolean } | null {
  if (proposal && proposal.proposed_by !== two.me.id) {
    return { text: `${named(two.other.name)} proposes terms: read them first.`, asks: true };
  }
  if (!agreement?.terms.rate_minor) return null;
  return { text: charges(full(agreement.terms), two), asks: false };
}

function clockWords(terms: Full, meeting: MeetingView | null | undefined, two: Two): string {
  const begins = "The clock starts when you both are in the call";
  if (!meeting) return `${begins}, and stops when one of you leaves.`;
  const { zone } = two.me;
  const from = timeIn(zone, meeting.start_us - terms.early_us);
  const to = timeIn(zone, meeting.start_us + meeting.length_us);
  const unless = terms.overrun_us
    ? ` unless ${two.pays ? "you say" : `${named(two.other.name)} says`} to go on`
    : "";
  return `${begins}, at ${from} at the earliest, and stops at ${to}${unless}.`;
}

/** When, and who said so when. */
export type Booked = Pick<MeetingView, "start_us" | "length_us" | "told_us" | "told_by">;

/** Why a missed meeting costs nothing, where it does: it is `free`, was set too `soon` before it to
 * bind, or too `short` for anybody to be missing before it is over. */
export function unowed(
  terms: Full,
  meeting: Booked,
  { me, other, pays }: Two,
): "free" | "soon" | "short" | null {
  if (!terms.rate_minor || !terms.no_show_share) return "free";
  const told = meeting.told_by === (pays ? me : other).id;
  if (!told && meeting.start_us - meeting.told_us < terms.no_show_notice_us) return "soon";
  return terms.no_show_after_us > meeting.length_us ? "short" : null;
}

/** What a missed meeting costs; nothing where it costs nothing. */
export function missedWords(
  agreement: AgreementView | null | undefined,
  meeting: Booked | null | undefined,
  two: Two,
): string {
  const terms = full(agreement?.terms ?? {});
  if (!meeting || unowed(terms, meeting, two)) return "";
  const who = two.pays ? "you do" : `${named(two.other.name)} does`;
  const wait = brief(terms.no_show_after_us);
  const booked = meeting.length_us / SECOND_US; // multiplied before it is divided: then it is exact
  const part = Math.floor((booked * terms.no_show_share) / MILLION) * SECOND_US;
  const net = shareOf(terms.rate_minor, Math.min(part, terms.cap_us ?? part), HOUR_US);
  const costs = money(net + shareOf(net, terms.tax_share, MILLION), terms.currency ?? "");
  return `If ${who} not come within ${wait} of the start, ${costs} is owed.`;
}

/** What going on past the booked end costs at most: whole rounding units of the over-run. */
export function goingOnMinor(terms: Full): number {
  const units = Math.ceil(terms.overrun_us / terms.unit_us) * terms.unit_us;
  const most = Math.min(units, terms.cap_us ?? units);
  return withTax(terms, atMost(terms.rate_minor, most, HOUR_US));
}

const withTax = (terms: Full, net: number): number => net + atMost(net, terms.tax_share, MILLION);

/** Terms as a list, for whoever is to accept them: in the words of the form that they come from. */
export function termsList(terms: Terms, two: Two): readonly string[] {
  const t = full(terms);
  if (!t.rate_minor) return ["Free of charge."];
  const name = named(two.other.name);
  const list = [
    two.pays ? `You pay ${name} ${rate(t)}.` : `${name} pays you ${rate(t)}.`,
    t.counts === "contact"
      ? "Counted is the time you both are in the call and your two pages reach each other; both prove it."
      : "Counted is the time you both are in the call.",
    t.grace_us ? `Short gaps count too: up to ${brief(t.grace_us)}.` : "Gaps do not count.",
    `Billed in steps of ${brief(t.unit_us)}, rounded ${ROUNDED[t.rounding]}, once a session.`,
  ];
  if (t.minimum_us) list.push(`At least ${brief(t.minimum_us)} a session.`);
  if (t.cap_us != null) list.push(`At most ${brief(t.cap_us)} a session.`);
  list.push("Several sessions of one meeting count as one.");
  if (t.early_us) list.push(`With a meeting, counted from ${brief(t.early_us)} before its start.`);
  const says = two.pays ? "you say" : `${name} says`;
  list.push(
    t.overrun_us
      ? `Past the end of a meeting nothing more is counted, unless ${says} to go on: then up to ${brief(t.overrun_us)} more.`
      : "Past the end of a meeting nothing more is counted.",
  );
  const comes = two.pays ? "you come" : `${name} comes`;
  if (t.late_counts) list.push(`If ${comes} late, the wait counts as time together.`);
  if (t.no_show_share) list.push(noShowWords(t, two));
  return list;
}

const ROUNDED = { down: "down", up: "up", nearest: "to the nearest" } as const;

function noShowWords(t: Full, { pays, other }: Two): string {
  const name = named(other.name);
  const [has, owes, set] = pays
    ? ["you have", "you owe", "you chose its time"]
    : [`${name} has`, `${name} owes`, `${name} chose its time`];
  const when = `${brief(t.no_show_after_us)} after the start of a meeting`;
  return (
    `If ${has} not come ${when}, ${owes} ${partWords(t.no_show_share)}. ` +
    `That holds if ${set}, or if it was set at least ${brief(t.no_show_notice_us)} ahead.`
  );
}

function partWords(share: number): string {
  if (share === MILLION) return "the booked time";
  return share === MILLION / 2 ? "half the booked time" : `${percent(share)} of the booked time`;
}

/** The meeting that is to come or under way; one whose time is over only while its session is open,
 * else the next of what they `arranged`. */
export function ahead(
  { meeting, session }: MentorshipView,
  nowUs: number,
  arranged?: Arranged,
): MeetingView | null {
  if (!meeting) return null;
  if (session || nowUs <= meeting.start_us + meeting.length_us) return meeting;
  const coming = (arranged?.meetings ?? []).filter(
    ({ state, start_us }) => state === "planned" && start_us > nowUs,
  );
  return coming.sort((a, b) => a.start_us - b.start_us)[0] ?? null;
}

/** `Tomorrow, 14:00 to 15:00 for you in Vienna, 08:00 to 09:00 for Ana in Lima` */
export function meetingWords(meeting: MeetingView, nowUs: number, two: Two): string {
  const { start_us, length_us } = meeting;
  const day = dayName(two.me.zone, start_us, nowUs);
  return `${day}, ${bothStretches(start_us, start_us + length_us, two.me, two.other)}`;
}

/** When a proposal is to be valid, where that is not at once. */
export function fromWords(proposal: AgreementView, nowUs: number, zone: string): string {
  const from = proposal.valid_from_us;
  if (from == null || from <= nowUs) return "";
  const day = dayName(zone, from, nowUs);
  return `Valid from ${day === "Today" || day === "Tomorrow" ? day.toLowerCase() : day}, ${timeIn(zone, from)}.`;
}
