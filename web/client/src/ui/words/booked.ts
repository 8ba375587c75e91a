/** The end of the booked time, said in the call before it costs more. Pure. */
import type { MeetingView, SessionAccount, Terms } from "../../protocol/types.js";
import { money } from "./money.js";
import { full, goingOnMinor } from "./terms.js";
import { brief, named, timeIn } from "./time.js";

const ASK_BEFORE_US = 120_000_000;

export interface BookedWords {
  readonly text: string;
  /** Whether the person is to say how it goes on. */
  readonly asks: boolean;
  /** Whether they can say to go on: also who kept to the time, until it is too late. */
  readonly can: boolean;
}

/** From two minutes before the booked end. The one who pays is asked; the other is told what holds
 * until they go on. `kept`: this person said to keep to the time, which nobody else is told, since
 * they may still go on. Null where nothing is to be said. */
export function bookedWords(
  account: SessionAccount,
  nowUs: number,
  pays: boolean,
  me: { readonly zone: string },
  other: { readonly name: string },
  kept: boolean,
): BookedWords | null {
  const terms = full(account.terms);
  const { booked } = account;
  if (!booked || !terms.rate_minor || !terms.overrun_us) return null;
  const endUs = booked.start_us + booked.length_us;
  const lastUs = endUs + terms.overrun_us;
  const goesOn = account.extended_us != null;
  if (nowUs < endUs - ASK_BEFORE_US || (nowUs >= lastUs && !goesOn)) return null;
  const end = timeIn(me.zone, endUs);
  const last = timeIn(me.zone, lastUs);
  const over = nowUs >= endUs;
  const ends = over ? `The booked time ended at ${end}.` : `The booked time ends at ${end}.`;
  if (goesOn) {
    const who = pays ? "You" : named(other.name);
    const text =
      nowUs < lastUs
        ? `${who} said to go on: the time counts until ${last} at the latest.`
        : `The time counted until ${last}. Talking on costs nothing.`;
    return { text, asks: false, can: false };
  }
  const nothing = `${ends} Talking on costs nothing unless`;
  if (!pays) {
    return { text: `${nothing} ${named(other.name)} says to go on.`, asks: false, can: false };
  }
  const costs = money(goingOnMinor(terms), terms.currency ?? "");
  return kept
    ? { text: `${nothing} you go on after all, for up to ${costs}.`, asks: false, can: true }
    : { text: `${ends} ${asksWords(costs, terms.overrun_us)}`, asks: true, can: true };
}

/** Either way the call goes on; in one line, so that the answers stand beside it. */
const asksWords = (costs: string, mostUs: number): string =>
  `Going on costs up to ${costs} for ${brief(mostUs)}; else talking on is free.`;

/** One call is one meeting: that the next of them needs a call of its own, from when that could be
 * missed on. Null where it could not. */
export function nextWords(
  { booked }: Pick<SessionAccount, "booked">,
  meetings: readonly MeetingView[],
  nowUs: number,
  zone: string,
): BookedWords | null {
  const begins = meetings
    .filter(({ id, state }) => state === "planned" && id !== booked?.meeting)
    .map(({ start_us }) => start_us)
    .filter((start) => booked && start > booked.start_us && nowUs >= start - ASK_BEFORE_US);
  if (!begins.length) return null;
  const start = Math.max(...begins);
  const [when, then] = nowUs < start ? ["begins", "once it has begun, end"] : ["began", "end"];
  const text =
    `Your next meeting ${when} at ${timeIn(zone, start)}. Its time runs in a call of its own: ` +
    `${then} this one for both, and join again.`;
  return { text, asks: false, can: false };
}

/** That nothing proves the time that runs: said where it may be billed for what is proven. The
 * `account` of the session, once it is known, tells when nothing counts anyway. */
export function unprovenWords(
  terms: Terms | undefined,
  account: Pick<SessionAccount, "booked" | "extended_us"> | null,
  nowUs: number,
): string | null {
  const { rate_minor, counts, early_us, overrun_us } = full(terms ?? {});
  if (!rate_minor || counts !== "contact") return null;
  const booked = account?.booked;
  if (account && booked) {
    const endUs = booked.start_us + booked.length_us;
    const lastUs = account.extended_us == null ? endUs : endUs + overrun_us;
    if (nowUs < booked.start_us - early_us || nowUs >= lastUs) return null;
  }
  return (
    "This time is not proven at the moment and may not be billed. " +
    "You two can settle it afterwards."
  );
}
