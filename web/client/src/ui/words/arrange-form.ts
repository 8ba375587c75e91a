/** The forms of terms and meetings: from what was typed to what is asked for, or what is wrong with
 * it. Pure; the server looks too. */
import type { MeetingView, NewMeeting, Terms } from "../../protocol/types.js";
import { amount, minorOf } from "./money.js";
import type { Full } from "./terms.js";
import { dayKey, instantOf, timeIn } from "./time.js";

const MINUTE_US = 60_000_000;
const SECOND_US = 1_000_000;
const MILLION = 1_000_000;
const PERCENT = MILLION / 100;
const HOUR_MIN = 60;

/** By the names that the server gives its fields. */
export type TermsEntries = Readonly<Record<TermsField, string>>;
export type TermsField =
  | "terms.rate_minor"
  | "terms.currency"
  | "terms.unit_us"
  | "terms.grace_us"
  | "terms.overrun_us"
  | "terms.no_show_share"
  | "terms.no_show_after_us"
  | MoreField;
/** What most pairs leave as it is. */
export const MORE = [
  "terms.early_us",
  "terms.minimum_us",
  "terms.cap_us",
  "terms.tax_share",
] as const;
type MoreField = (typeof MORE)[number];

const minutes = (us: number): string => String(us / MINUTE_US);

/** Nothing agreed has no currency: what it is to cost is to be said. */
export function termsEntries(terms: Full, currency: string): TermsEntries {
  const code = terms.currency ?? currency;
  return {
    "terms.rate_minor": terms.currency ? amount(terms.rate_minor, code) : "",
    "terms.currency": code,
    "terms.unit_us": minutes(terms.unit_us),
    "terms.grace_us": minutes(terms.grace_us),
    "terms.overrun_us": minutes(terms.overrun_us),
    "terms.no_show_share": String(terms.no_show_share / PERCENT),
    "terms.no_show_after_us": minutes(terms.no_show_after_us),
    "terms.early_us": minutes(terms.early_us),
    "terms.minimum_us": minutes(terms.minimum_us),
    "terms.cap_us": terms.cap_us == null ? "" : minutes(terms.cap_us),
    "terms.tax_share": String(terms.tax_share / PERCENT),
  };
}

type Wrong<F extends string> = Partial<Record<F, string>>;

/** `base`: what is agreed now, whose other parts stay. */
export function termsOf(
  entries: TermsEntries,
  base: Full,
): { readonly terms: Terms; readonly wrong: Wrong<TermsField> } {
  const wrong: Wrong<TermsField> = {};
  const empty = entries["terms.rate_minor"].trim() === "";
  const currency = entries["terms.currency"];
  const rate = empty
    ? "Write a price, or 0 if it is to be free of charge."
    : minorOf(entries["terms.rate_minor"], currency);
  if (typeof rate === "string") wrong["terms.rate_minor"] = rate;
  const span = (field: TermsField, most: number): number => {
    const typed = entries[field].trim().replace(",", ".");
    const us = Math.round(Number(typed) * HOUR_MIN) * SECOND_US;
    if (typed && us >= 0 && us <= most * MINUTE_US) return us;
    wrong[field] = `Minutes, from 0 to ${most}.`;
    return 0;
  };
  const share = (field: TermsField): number => {
    const typed = entries[field].trim().replace(",", ".");
    const parts = Math.round(Number(typed) * PERCENT);
    if (typed && parts >= 0 && parts <= MILLION) return parts;
    wrong[field] = "Percent, from 0 to 100.";
    return 0;
  };
  const terms: Terms = {
    ...base,
    currency,
    rate_minor: typeof rate === "number" ? rate : 0,
    unit_us: span("terms.unit_us", 24 * HOUR_MIN),
    grace_us: span("terms.grace_us", HOUR_MIN),
    overrun_us: span("terms.overrun_us", 12 * HOUR_MIN),
    no_show_share: Number(entries["terms.no_show_share"]) * PERCENT,
    no_show_after_us: span("terms.no_show_after_us", 2 * HOUR_MIN),
    early_us: span("terms.early_us", 2 * HOUR_MIN),
    minimum_us: span("terms.minimum_us", 12 * HOUR_MIN),
    cap_us: entries["terms.cap_us"].trim() ? span("terms.cap_us", 24 * HOUR_MIN) : null,
    tax_share: share("terms.tax_share"),
  };
  return { terms, wrong };
}

/** The day and the time share what the server calls `start_us`. */
export type MeetingField = "day" | "start_us" | "length_us";
export type MeetingEntries = Readonly<Record<MeetingField, string>>;

export function meetingEntries(
  meeting: MeetingView | null,
  nowUs: number,
  zone: string,
): MeetingEntries {
  const tomorrow = nowUs + 24 * HOUR_MIN * MINUTE_US;
  const start = meeting?.start_us ?? tomorrow - (tomorrow % (HOUR_MIN * MINUTE_US));
  return {
    day: dayKey(zone, start),
    start_us: timeIn(zone, start),
    length_us: minutes(meeting?.length_us ?? HOUR_MIN * MINUTE_US),
  };
}

export function meetingOf(
  entries: MeetingEntries,
  nowUs: number,
  zone: string,
): { readonly meeting: NewMeeting; readonly wrong: Wrong<MeetingField> } {
  const wrong: Wrong<MeetingField> = {};
  const day = /^\d{4}-\d\d-\d\d$/.test(entries.day);
  const time = /^\d\d:\d\d$/.test(entries.start_us);
  if (!day) wrong.day = "Choose a day.";
  if (!time) wrong.start_us = "Choose a time.";
  const start_us = day && time ? instantOf(zone, entries.day, entries.start_us) : 0;
  if (day && time && start_us <= nowUs) wrong.start_us = "That is over already.";
  const length = Number(entries.length_us);
  if (!Number.isInteger(length) || length < 5 || length > 720) {
    wrong.length_us = "Whole minutes, from 5 to 720.";
  }
  return { meeting: { start_us, length_us: length * MINUTE_US, zone }, wrong };
}
