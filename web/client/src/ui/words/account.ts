/** The account of a session in words: the result, each stretch, and how the amount came about. Pure. */
import type { Link, Trouble } from "../../lib/model.js";
import { troubleOf } from "../../lib/trouble.js";
import type { Bill, SessionAccount, SessionView } from "../../protocol/types.js";
import { allTerms, canCount, inferredEnds, type Piece } from "../account/counting.js";
import { money } from "./money.js";
import { nameAmid, nameIn, type Pair } from "./people.js";
import { HELD, headline, isHeld, serverWasAway, togetherUs } from "./session.js";
import { between, brief, clock, count, named, spanOf, theirClock } from "./time.js";

export interface Result {
  readonly amount: string;
  readonly words: string;
  /** What it comes to, where it comes to something. */
  readonly billed: string;
}

/** `45 min 29 s` `together, billed` `45 min: €45.00`; `corrected to` where it is not by the time itself.
 * What is free is only counted; what somebody contests is billed to nobody yet. */
export function resultOf(
  view: SessionView,
  account: SessionAccount | null,
  pair: Pair,
  nowUs: number,
): Result {
  const { amount, words } = headline(view, nowUs);
  const bill = view.settlement?.bill ?? account?.bill;
  if (!bill) return { amount, words, billed: "" };
  if (view.state !== "ended") {
    if (!bill.currency || !amount) return { amount, words, billed: "" };
    const billed = `${money(sum(bill), bill.currency)} so far`;
    return { amount, words: `${words.replace(/ so far$/, "")},`, billed };
  }
  const billed = billedWords(bill);
  const came = resultShort(view, pair, nowUs, bill).words;
  if (isHeld(view)) return { amount, words: `${came}, ${HELD}`, billed: "" };
  const corrected = bill.owed === "correction";
  if (!bill.currency && !corrected) return { amount, words: billed ? `${came}, free of charge` : came, billed: "" };
  if (billed) return { amount, words: `${came}, ${corrected ? "corrected to" : "billed"}`, billed };
  return { amount, words: `${came}, ${corrected ? "corrected: nothing billed" : "nothing billed"}`, billed };
}

/** The same without what is billed: `45 min 29 s` `together`, or who did not come. */
export function resultShort(
  view: SessionView,
  pair: Pair,
  nowUs: number,
  bill: Bill | undefined = view.settlement?.bill,
): Pick<Result, "amount" | "words"> {
  const { amount, words } = headline(view, nowUs);
  const absent = bill && !amount && view.state === "ended" ? absentWords(bill, pair) : null;
  return { amount, words: absent ?? words };
}

const sum = (bill: Bill): number => bill.net_minor + bill.tax_minor;

/** `45 min: €45.00`, `45 min`; nothing where nothing is billed. */
export function billedWords(bill: Bill): string {
  if (!bill.billed_us) return "";
  const cost = bill.currency ? `: ${money(sum(bill), bill.currency)}` : "";
  return `${brief(bill.billed_us)}${cost}`;
}

/** `€45.00`; nothing where nothing is to be paid, or nobody knows yet. */
export function costWords(view: SessionView): string {
  const bill = view.settlement?.bill;
  if (!bill?.currency || !sum(bill) || isHeld(view)) return "";
  return money(sum(bill), bill.currency);
}

function absentWords(bill: Bill, pair: Pair): string | null {
  const { mentor, mentee } = bill;
  if (mentor.no_show === "yes" && mentee.no_show === "yes") return "Neither of you came";
  for (const { person, no_show } of [mentee, mentor]) {
    if (no_show === "yes") return `${nameIn(pair, person)} did not come`;
  }
  if (mentor.no_show === "unknown" && mentee.no_show === "unknown") {
    return "It is not known whether you came";
  }
  for (const { person, no_show } of [mentee, mentor]) {
    if (no_show === "unknown") return `It is not known whether ${nameAmid(pair, person)} came`;
  }
  return null;
}

/** Why an account that is shown may be old: a newer one could not be had, or none comes while it goes
 * on; null where it is not. */
export function isOld(link: Link, trouble: Trouble | null, ended: boolean): Trouble | null {
  if (trouble) return trouble;
  return link.is === "offline" && !ended ? (link.trouble ?? troubleOf("unreachable")) : null;
}

/** Whose end is inferred, and between what the time together lies then. A page whose network broke,
 * that slept, or whose server stopped did not say that it left either. */
export function boundsWords(account: SessionAccount, pair: Pair, nowUs: number): string {
  if (!account.estimated) return "";
  const least = togetherUs(account, nowUs);
  const most = least - account.together_us + account.together_most_us;
  const over = account.together_since_us == null;
  const differ = over && count(most) !== count(least);
  const silent = account.lanes.filter((lane) => inferredEnds(lane).length > 0);
  if (silent.length === 0 && !differ) return "";
  const [one] = silent;
  const whose = one ? whosePage(one.person, pair) : "A page";
  const why =
    silent.length > 1
      ? "Your pages were not heard to leave: their time goes up to when they were last heard."
      : `${whose} was not heard to leave: its time goes up to when it was last heard.`;
  return differ ? `${why} You were together between ${count(least)} and ${count(most)}.` : why;
}

const whosePage = (person: string, { me, other }: Pair): string =>
  person === me.id ? "Your page" : `${possessive(other.name)} page`;

// ---- a stretch -----------------------------------------------------------------------------------

/** `14:02:11–14:47:40` */
export function clocks(zone: string, fromUs: number, toUs: number): string {
  const [from, to] = [clock(zone, fromUs), clock(zone, toUs)];
  return from === to ? from : `${from}–${to}`;
}

/** `45 min 29 s`: of a stretch, as far as its two clocks are apart. */
export function lengthOf({ from_us, to_us }: Piece): string {
  return spanOf(between(from_us, to_us) || Math.min(to_us - from_us, 1));
}

/** The same by the other's clock, with their name; nothing where both read the same. */
export function theirClocks(fromUs: number, toUs: number, { me, other }: Pair): string {
  const theirs = theirClock(fromUs, me, other);
  if (!theirs) return "";
  const words = clocks(other.zone, fromUs, toUs);
  return theirs.replace(/^\S+/, words);
}

/** What happened in it, without its times: `both present, proven by both pages`. */
export function happened(piece: Piece, account: SessionAccount, pair: Pair): string {
  const nobodys = piece.kind === "gap" || piece.state === "nobody";
  if (nobodys && serverWasAway(account, piece)) return "the server was away";
  switch (piece.state) {
    case "contact":
      return `both present, ${proofWords(piece, account, pair)}`;
    case "impaired":
      return "both present, but no sound or picture travelled";
    case "unknown":
      return "both present, but not proven to be in contact";
    case "alone": {
      const here = piece.present[0] ?? "";
      const absent = here === pair.me.id ? pair.other.id : pair.me.id;
      return piece.kind === "gap"
        ? `${nameAmid(pair, absent)} ${absent === pair.me.id ? "were" : "was"} away`
        : `${nameAmid(pair, here)} alone`;
    }
    case "nobody":
      return piece.kind === "gap" ? "you were both away" : "nobody in the room";
  }
}

function proofWords(piece: Piece, { proofs }: SessionAccount, pair: Pair): string {
  const signers = new Set(
    proofs
      .filter(({ from_us, to_us }) => from_us < piece.to_us && to_us >= piece.from_us)
      .map(({ signer }) => signer),
  );
  if (signers.size > 1) return "proven by both pages";
  const [signer] = signers;
  if (signer === undefined) return "proven";
  return signer === pair.me.id
    ? `signed by your page, handed in by ${possessive(pair.other.name)}`
    : `signed by ${possessive(pair.other.name)} page, handed in by yours`;
}

const possessive = (name: string): string => `${named(name)}'s`;

/** `outside the booked time`, and what was added to it: all of it only if that was said before its end. */
export function outsideWords({ booked, extended_us, terms }: SessionAccount): string {
  const { overrun_us } = allTerms(terms);
  const late = booked && extended_us != null && extended_us > booked.start_us + booked.length_us;
  const added = late ? "what was added to it" : `the ${brief(overrun_us)} after it`;
  const more = extended_us != null && overrun_us ? ` and ${added}` : "";
  return `outside the booked time${more}`;
}

/** Whether it counts, and why (not). */
export function countsWords(piece: Piece, account: SessionAccount): string {
  const terms = allTerms(account.terms);
  const whole = piece.to_us - piece.from_us;
  if (piece.of_us && piece.of_us < whole) {
    return `${spanOf(piece.of_us)} of it count, the rest is ${outsideWords(account)}`;
  }
  if (piece.counts) return piece.state === "alone" ? "counts: the other was late" : "";
  if (piece.bridged) return `counts: ${termsName(account)} allow gaps of ${brief(terms.grace_us)}`;
  if (canCount(piece.state, account.terms)) return `${outsideWords(account)}, so it does not count`;
  switch (piece.state) {
    case "unknown":
      return "does not count";
    case "impaired":
      if (!inWindow(piece, account)) return `${outsideWords(account)}, so it does not count`;
      return terms.make_up ? "does not count, owed as make-up time" : "does not count";
    default:
      return piece.kind === "gap" ? gapWords(piece, account) : "";
  }
}

/** Why a gap does not count. One is filled between two times that count, if all that lies between
 * them is short enough, and as far as it lies within the booked time. */
function gapWords(piece: Piece, account: SessionAccount): string {
  const { from_us, to_us } = piece;
  const { grace_us } = allTerms(account.terms);
  if (!inWindow(piece, account)) return `${outsideWords(account)}, so it does not count`;
  const before = account.counted.findLast(([, end]) => end <= from_us);
  const after = account.counted.find(([start]) => start >= to_us);
  if (!before || !after) {
    const where = before ? "after" : after ? "before" : "before or after";
    return `does not count: there is no time ${where} it that does`;
  }
  const allow = `${termsName(account)} allow gaps of ${brief(grace_us)}`;
  if (after[0] - before[1] <= grace_us) return `${outsideWords(account)}, so it does not count`;
  if (to_us - from_us > grace_us) return `does not count: ${allow}`;
  return `does not count: ${allow}, and with what lies beside it this one is longer`;
}

function inWindow({ from_us, to_us }: Piece, { bill }: SessionAccount): boolean {
  const { window_from_us: from, window_to_us: to } = bill;
  return from == null || to == null || (to_us > from && from_us < to);
}

const termsName = ({ terms_version }: SessionAccount): string =>
  terms_version ? "your terms" : "the terms without an agreement";

/** `Ana's page was last heard at 14:47:40, which was noticed at 14:47:46.` */
export function silentWords({ silent }: Piece, pair: Pair): string {
  return silent
    .map(({ person, span: [at, noticed] }) => {
      const { zone } = pair.me;
      const seen = `${clock(zone, at)}, which was noticed at ${clock(zone, noticed)}`;
      return `${whosePage(person, pair)} was last heard at ${seen}.`;
    })
    .join(" ");
}

/** All of it in one breath: `14:02:11–14:47:40 both present, 45 min 29 s, proven by both pages`. */
export function pieceWords(piece: Piece, account: SessionAccount, pair: Pair): string {
  const { from_us, to_us } = piece;
  const [what = "", ...more] = happened(piece, account, pair).split(", ");
  const gap = piece.kind === "gap" ? "gap " : "";
  const parts = [
    `${gap}${clocks(pair.me.zone, from_us, to_us)}${gap ? "," : ""} ${what}`,
    lengthOf(piece),
    ...more,
    countsWords(piece, account),
  ];
  const silent = silentWords(piece, pair);
  return `${parts.filter(Boolean).join(", ")}.${silent ? ` ${silent}` : ""}`;
}
