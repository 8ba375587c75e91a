/** What is asked and said after a session, and who spoke how much, in words. */
import { REFLECTION_MAX, type ReflectionView, type TalkView } from "../../protocol/types.js";
import { bothClocks, dayKey, dayName, named, type Placed } from "./time.js";

/** By the number that is kept, from 1 on. */
export const RATINGS = ["Hard going", "So-so", "All right", "Good", "Very good"] as const;

export const QUESTIONS = {
  useful: "What was most useful?",
  next: "What will you do next?",
  rating: "How was it?",
  private: "A note for yourself",
} as const;

export function ratingWords(rating: number | null | undefined): string {
  return (rating && RATINGS[rating - 1]) || "";
}

const DAY_MS = 86_400_000;

/** `today`, `yesterday`, `tomorrow`, `on Tuesday`, `on Tuesday 24 November`: for the middle of a sentence. */
export function onDay(zone: string, us: number, nowUs: number): string {
  const name = dayName(zone, us, nowUs);
  if (["Today", "Yesterday", "Tomorrow"].includes(name)) return name.toLowerCase();
  const days = (Date.parse(dayKey(zone, nowUs)) - Date.parse(dayKey(zone, us))) / DAY_MS;
  return `on ${days > 0 && days < 7 ? (name.split(" ")[0] ?? name) : name}`;
}

/** Why a text cannot be kept as it is, or nothing. */
export function textTrouble(text: string): string {
  const over = [...text.trim()].length - REFLECTION_MAX;
  return over > 0 ? `${over} ${over === 1 ? "character" : "characters"} too long.` : "";
}

/** What becomes of what one is about to say. */
export function beforeWords(view: ReflectionView, other: Placed): string {
  const name = named(other.name);
  if (view.mine?.shared_us != null) return "";
  if (view.theirs) return `${name} sees the first three as soon as you save.`;
  return view.they_answered
    ? `${name} has answered: as soon as you save the first three, you see each other's.`
    : `${name} sees the first three once you have both answered, or a day after you did.`;
}

/** What has become of what one said. */
export function afterWords(view: ReflectionView, me: Placed, other: Placed, nowUs: number): string {
  const { mine } = view;
  const name = named(other.name);
  if (!mine) return "";
  const note = mine.private ? " Your note stays with you." : "";
  if (mine.shared_us != null) {
    return `${name} can read your answers.${note}`;
  }
  if (mine.due_us == null) return "Only you can read this.";
  return (
    `${name} can read your answers once ${name} has answered too, ` +
    `at the latest ${onDay(me.zone, mine.due_us, nowUs)}, ` +
    `${bothClocks(mine.due_us, me, other)}. Until then you can change them.${note}`
  );
}

export const percent = (part: number, of: number): number => (of > 0 ? Math.round((100 * part) / of) : 0);

/** Of the time both were there, in whole percent that make up 100. */
export interface Shares {
  readonly mine: number; // alone
  readonly both: number; // at once
  readonly theirs: number; // alone
  readonly silence: number;
}

export function sharesOf({ both_us, speaking_us, overlap_us, silence_us }: TalkView): Shares {
  const spoke = percent(speaking_us, both_us);
  const both = Math.min(spoke, percent(overlap_us, both_us));
  const silence = Math.min(100 - spoke, percent(silence_us, both_us));
  return { mine: spoke - both, both, theirs: 100 - spoke - silence, silence };
}

/** `You spoke 40 % of the time you both were there: 35 % alone and 5 % at once with Ana. Ana alone
 * spoke 40 %, and 20 % was silence.` */
export function talkWords(talk: TalkView, other: string): string {
  if (talk.both_us <= 0) return "";
  const { mine, both, theirs, silence } = sharesOf(talk);
  const name = named(other);
  const how = both ? `: ${mine} % alone and ${both} % at once with ${name}` : "";
  return (
    `You spoke ${mine + both} % of the time you both were there${how}. ` +
    `${name} alone spoke ${theirs} %, and ${silence} % was silence.`
  );
}

/** How one's own share went over the last talks, where there is more than one. */
export function trendWords({ trend }: TalkView): string {
  const shares = trend.map(({ speaking_us, both_us }) => percent(speaking_us, both_us));
  const [first, last] = [shares[0], shares.at(-1)];
  if (shares.length < 2 || first === undefined || last === undefined) return "";
  const over = `Over your last ${shares.length} talks your share`;
  if (Math.abs(last - first) < 5) return `${over} stayed at about ${last} %.`;
  return `${over} went from ${first} % to ${last} %.`;
}
