/** Money in words. Amounts are integers in minor units of an ISO 4217 currency. Pure. */
import { MINOR_DIGITS } from "../../protocol/types.js";

const formats = new Map<string, Intl.NumberFormat>();

/** How many digits the minor unit has: by ISO 4217, not by the browser, whose list differs. */
const digitsOf = (currency: string): number => MINOR_DIGITS[currency] ?? 2;

/** One formatter a currency: making them is slow. */
function format(currency: string): Intl.NumberFormat {
  let made = formats.get(currency);
  if (!made) {
    const digits = digitsOf(currency);
    made = new Intl.NumberFormat("en-GB", {
      style: "currency",
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formats.set(currency, made);
  }
  return made;
}

/** `€60.00`, `JP¥6,000`, `TND 60.000`. Exact: the digits go to the formatter as they stand. */
export function money(minor: number, currency: string): string {
  const digits = digitsOf(currency);
  const all = String(minor).padStart(digits + 1, "0");
  const point = all.length - digits;
  const decimal = digits ? `${all.slice(0, point)}.${all.slice(point)}` : all;
  return format(currency).format(decimal as `${number}`).replaceAll("\u00a0", " ");
}

/** `20 %` of 200000 parts per million. */
export const percent = (share: number): string => `${share / 10_000} %`;

/** `of` x `part` / `whole`, half up: as the server computes it. */
export function share(of: number, part: number, whole: number): number {
  const [a, b, c] = [BigInt(of), BigInt(part), BigInt(whole)];
  return Number((2n * a * b + c) / (2n * c));
}

/** `60.00`: as one would type it. */
export function amount(minor: number, currency: string): string {
  return (minor / 10 ** digitsOf(currency)).toFixed(digitsOf(currency));
}

/** The minor units of what was typed (`60`, `59.50`, `59,5`), or what is wrong with it. */
export function minorOf(typed: string, currency: string): number | string {
  const digits = digitsOf(currency);
  const parts = /^(\d{1,10})(?:[.,](\d*))?$/.exec(typed.trim());
  if (!parts) return "A price is a number, such as 60 or 59.50.";
  const [, whole = "", part = ""] = parts;
  if (part.length > digits) {
    return digits ? `${currency} has ${digits} decimal places.` : `${currency} has no decimal places.`;
  }
  const minor = Number(whole + part.padEnd(digits, "0"));
  return minor <= 1e10 ? minor : "That is more than can be agreed on here.";
}

/** `part` of `whole` of an amount, half up: as the server reckons. */
export function shareOf(minor: number, part: number, whole: number): number {
  const [a, b, c] = [BigInt(minor), BigInt(part), BigInt(whole)];
  return Number((2n * a * b + c) / (2n * c));
}

/** `part` of `whole` of an amount, rounded up: what it costs at most. */
export function atMost(minor: number, part: number, whole: number): number {
  const [a, b, c] = [BigInt(minor), BigInt(part), BigInt(whole)];
  return Number((a * b + c - 1n) / c);
}
