/** Instants and durations in words. Instants are microseconds since the Unix epoch, durations
 * microseconds; zones are IANA names. Pure: what time it is comes as an argument. */

export interface Placed {
  readonly name: string;
  readonly zone: string;
}

const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;
const DAY_US = 24 * 60 * MINUTE_US;
const formats = new Map<string, Intl.DateTimeFormat>();

/** One formatter a zone and shape: making them is slow. A zone this browser lacks is read as UTC. */
function format(zone: string, shape: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(shape);
  let made = formats.get(key);
  if (!made) {
    try {
      made = new Intl.DateTimeFormat("en-GB", { ...shape, timeZone: zone });
    } catch {
      made = new Intl.DateTimeFormat("en-GB", { ...shape, timeZone: "UTC" });
    }
    formats.set(key, made);
  }
  return made;
}

/** How far apart two clocks read to the second: what stands beside them is this and no other. */
export const between = (fromUs: number, toUs: number): number =>
  (Math.floor(toUs / SECOND_US) - Math.floor(fromUs / SECOND_US)) * SECOND_US;

const at = (us: number): number => Math.floor(us / 1000);

/** `45 min 29 s`, `1 h 2 min 5 s`, `0 s`. Whole seconds, rounded down. */
export function span(us: number): string {
  const seconds = Math.max(0, Math.floor(us / SECOND_US));
  const h = Math.floor(seconds / 3600);
  const min = Math.floor(seconds / 60) % 60;
  const s = seconds % 60;
  const parts = [h && `${h} h`, (h || min) && `${min} min`, `${s} s`];
  return parts.filter(Boolean).join(" ");
}

/** `0:00`, `45:29`, `1:02:05`: a running count. */
export function count(us: number): string {
  const seconds = Math.max(0, Math.floor(us / SECOND_US));
  const two = (n: number): string => String(n).padStart(2, "0");
  const h = Math.floor(seconds / 3600);
  const min = Math.floor(seconds / 60) % 60;
  return h ? `${h}:${two(min)}:${two(seconds % 60)}` : `${min}:${two(seconds % 60)}`;
}

/** `14:13` */
export function timeIn(zone: string, us: number): string {
  return format(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at(us));
}

/** `2026-11-23`: the same for all instants of one day in that zone. */
export function dayKey(zone: string, us: number): string {
  const parts = format(zone, { year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(
    at(us),
  );
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** The instant at which a clock in that zone reads this day and time. A time that the clocks leap
 * over is read as by the clock before the leap; of one that comes twice it is the first. */
export function instantOf(zone: string, day: string, time: string): number {
  const wanted = Date.parse(`${day}T${time}:00Z`) * 1000;
  const found = [-DAY_US, DAY_US]
    .map((way) => wanted - aheadUs(zone, wanted + way))
    .sort((a, b) => a - b);
  return found.find((us) => us + aheadUs(zone, us) === wanted) ?? found.at(-1) ?? wanted;
}

/** How far the clocks of a zone are ahead of UTC, to the minute. */
export function aheadUs(zone: string, us: number): number {
  const read = Date.parse(`${dayKey(zone, us)}T${timeIn(zone, us)}:00Z`) * 1000;
  return read - Math.floor(us / MINUTE_US) * MINUTE_US;
}

/** Whole days from the day of `us` to the day of `nowUs`; the past is positive. */
function daysAgo(zone: string, us: number, nowUs: number): number {
  return Math.round((Date.parse(dayKey(zone, nowUs)) - Date.parse(dayKey(zone, us))) / 86_400_000);
}

/** `Today`, `Yesterday`, `Tomorrow`, `Tuesday 24 November`, `Tuesday 24 November 2026` in another year. */
export function dayName(zone: string, us: number, nowUs: number): string {
  const ago = daysAgo(zone, us, nowUs);
  if (ago === 0) return "Today";
  if (ago === 1) return "Yesterday";
  if (ago === -1) return "Tomorrow";
  const sameYear = dayKey(zone, us).slice(0, 4) === dayKey(zone, nowUs).slice(0, 4);
  return format(zone, {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(sameYear ? {} : { year: "numeric" }),
  })
    .format(at(us))
    .replace(",", "");
}

/** For a list: `14:13` today, `Yesterday`, `24 Nov`, `24 Nov 2025`. */
export function shortWhen(zone: string, us: number, nowUs: number): string {
  const ago = daysAgo(zone, us, nowUs);
  if (ago === 0) return timeIn(zone, us);
  if (ago === 1) return "Yesterday";
  const sameYear = dayKey(zone, us).slice(0, 4) === dayKey(zone, nowUs).slice(0, 4);
  return format(zone, {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
  }).format(at(us));
}

/** `Monday 23 November 2026, 14:02:05`: for a hover and for who cannot see the short form. */
export function exact(zone: string, us: number): string {
  const day = format(zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" })
    .format(at(us))
    .replace(",", "");
  const time = format(zone, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).format(at(us));
  return `${day}, ${time}`;
}

/** `Buenos Aires` of `America/Argentina/Buenos_Aires`. */
export function cityOf(zone: string): string {
  return (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u;

const SENTENCE_MOST = 28; // characters of a name, as a reader counts them
const characters = new Intl.Segmenter("en", { granularity: "grapheme" });

/** A name for the middle of a sentence, near where it stands whole: a long one is cut, one written
 * from right to left is set apart (Unicode UAX 9, FSI..PDI), or it would pull the words around it
 * out of order. */
export function named(name: string): string {
  const all = [...characters.segment(name)].map(({ segment }) => segment);
  const short =
    all.length > SENTENCE_MOST ? `${all.slice(0, SENTENCE_MOST - 1).join("").trimEnd()}…` : name;
  return RIGHT_TO_LEFT.test(short) ? `\u2068${short}\u2069` : short;
}

/** A sentence that ends with what `named` gave: a name that was cut has its points already. */
export const stop = (sentence: string): string =>
  /…\u2069?$/u.test(sentence) ? sentence : `${sentence}.`;

/** `02:13`, or `02:13 on Tuesday` where it is another day than in `zone`. */
function elsewhere(other: string, zone: string, us: number): string {
  const time = timeIn(other, us);
  if (dayKey(other, us) === dayKey(zone, us)) return time;
  return `${time} on ${format(other, { weekday: "long" }).format(at(us))}`;
}

/** `14:13 for you in Vienna, 02:13 for Ana in Lima`; one clock where both read the same. */
export function bothClocks(us: number, me: Placed, other: Placed): string {
  if (sameClock(us, me, other)) return `${timeIn(me.zone, us)} for both of you`;
  return (
    `${timeIn(me.zone, us)} for you in ${cityOf(me.zone)}, ` +
    `${elsewhere(other.zone, me.zone, us)} for ${named(other.name)} in ${cityOf(other.zone)}`
  );
}

/** `02:13 for Ana`: what the other's clock says, or nothing where both read the same. */
export function theirClock(us: number, me: Placed, other: Placed): string {
  if (sameClock(us, me, other)) return "";
  return `${elsewhere(other.zone, me.zone, us)} for ${named(other.name)}`;
}

function sameClock(us: number, me: Placed, other: Placed): boolean {
  return (
    timeIn(me.zone, us) === timeIn(other.zone, us) && dayKey(me.zone, us) === dayKey(other.zone, us)
  );
}

/** `14:02 to 14:48 for you in Vienna, 02:02 to 02:48 for Ana in Lima`; one time within a minute. */
export function bothStretches(fromUs: number, toUs: number, me: Placed, other: Placed): string {
  const short = timeIn(me.zone, fromUs) === timeIn(me.zone, toUs) && toUs - fromUs < 60 * SECOND_US;
  const stretch = (zone: string, from: string): string =>
    short ? from : `${from} to ${timeIn(zone, toUs)}`;
  const mine = stretch(me.zone, timeIn(me.zone, fromUs));
  if (sameClock(fromUs, me, other)) return `${mine} for both of you`;
  const theirs = stretch(other.zone, elsewhere(other.zone, me.zone, fromUs));
  return (
    `${mine} for you in ${cityOf(me.zone)}, ` +
    `${theirs} for ${named(other.name)} in ${cityOf(other.zone)}`
  );
}

/** `14:02:11` */
export function clock(zone: string, us: number): string {
  const shape = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
  return format(zone, shape).format(at(us));
}

/** `November 2026` of `2026-11`. */
export function monthName(month: string): string {
  return format("UTC", { month: "long", year: "numeric" }).format(Date.parse(`${month}-15`));
}

/** `45 min`, `1 min 30 s`, `2 h`: without what is zero at its end. */
export function brief(us: number): string {
  const words = span(us);
  if (words.endsWith(" 0 min 0 s")) return words.slice(0, -10);
  return words.endsWith(" 0 s") ? words.slice(0, -4) : words;
}

/** A length to the second; what is shorter than one is said to be so. */
export function spanOf(us: number): string {
  return us > 0 && us < SECOND_US ? "less than 1 s" : span(us);
}
