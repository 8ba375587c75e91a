/** How what a session came to stands between the two, in words. Pure. */
import { isVisible } from "../../lib/text.js";
import type { Bill, Note, SessionView, Settlement } from "../../protocol/types.js";
import { billedWords } from "./account.js";
import { nameAmid, nameIn, type Pair } from "./people.js";
import { HELD } from "./session.js";
import { brief, named } from "./time.js";

export const REASON_MOST = 1000; // characters, as the server counts them
const MINUTE_US = 60_000_000;

export interface Standing {
  readonly text: string;
  readonly more: string;
  /** Why it is contested, in the words of who does, the other's if both do; or why it was corrected. */
  readonly reason: string | null;
  /** `Ana says:` */
  readonly by: string;
  readonly can: { readonly confirm: boolean; readonly contest: boolean; readonly giveIn: boolean };
}

const HELD_WORDS = "It is held until you two agree; until then no statement adds it up.";
const NOTHING = { confirm: false, contest: false, giveIn: false };

/** Null while there is nothing to agree to yet. */
export function standing(view: SessionView, notes: readonly Note[], pair: Pair): Standing | null {
  if (view.state !== "ended") return null;
  const { settlement } = view;
  const calm = { reason: null, by: "" };
  if (!settlement) {
    return { ...calm, text: "What it comes to is being computed.", more: "", can: NOTHING };
  }
  const amount = said(settlement.bill);
  if (settlement.contested_by.length) return contested(settlement, notes, pair);
  const mine = settlement.confirmed_by.includes(pair.me.id);
  const theirs = settlement.confirmed_by.includes(pair.other.id);
  const who = named(pair.other.name);
  if (mine && theirs) {
    const more = "Only whoever runs this server can correct it now.";
    return { ...calm, text: `You both confirmed ${amount}.`, more, can: NOTHING };
  }
  if (mine) {
    const can = { ...NOTHING, contest: true };
    return { ...calm, text: `You confirmed ${amount}.`, more: `${who} has not yet.`, can };
  }
  const can = { confirm: true, contest: true, giveIn: false };
  const correction = correctionOf(settlement, notes);
  if (theirs) {
    const text = `${who} confirmed ${amount}.`;
    const gaveIn = correction?.person === pair.me.id;
    const more = gaveIn
      ? "You gave in to that. Confirm it too, and it can be contested no more."
      : "Confirm it too, if it is right.";
    return { ...calm, text, more, can };
  }
  if (correction) {
    const by = correction.person ? nameIn(pair, correction.person) : "Whoever runs this server";
    return {
      text: `${by} corrected it to ${billedWords(settlement.bill) || "nothing"}.`,
      more: OPEN,
      reason: correction.text,
      by: correction.person === pair.me.id ? "You said:" : `${by} says:`,
      can,
    };
  }
  const billed = billedWords(settlement.bill);
  const text = billed ? `It is settled at ${billed}.` : "Nothing is billed for it.";
  return { ...calm, text, more: OPEN, can };
}

const OPEN = "If nobody objects, it stays so. Confirm it, or contest it and say why.";

/** The word by which it stands as it does, where that is no longer the time itself. */
const correctionOf = ({ bill }: Settlement, notes: readonly Note[]): Note | undefined =>
  bill.owed === "correction" ? notes.findLast(({ about }) => about === "corrected") : undefined;

/** `€45.60, not confirmed`, `confirmed by you`: beside a session in a list; nothing where nothing is
 * billed or settled. */
export function shortStanding({ settlement }: SessionView, pair: Pair): string {
  const words = settlement ? billedWords(settlement.bill) : "";
  if (!settlement || !words) return "";
  const { state, confirmed_by } = settlement;
  const amount = words.split(": ").at(-1) ?? words;
  if (givenIn(settlement)) return `${amount}, ${waitsWords(settlement, pair)}`;
  if (state === "contested") return `${amount}, ${HELD}`;
  if (state === "confirmed") return `${amount}, confirmed by both`;
  const [by] = confirmed_by;
  if (by === undefined) return `${amount}, not confirmed`;
  return `${amount}, confirmed by ${nameAmid(pair, by)}`;
}

/** Whether one gave in to what the other contests, and the other has not confirmed it yet: it was settled
 * with the last word on it. What whoever runs the server corrects nobody contests any more. */
export function givenIn({ bill, contested_by, at_us, said_us }: Settlement): boolean {
  return contested_by.length === 1 && bill.owed === "correction" && at_us >= (said_us ?? 0);
}

/** `waits for you to confirm it`, where one gave in. */
export const waitsWords = ({ contested_by: [by = ""] }: Settlement, pair: Pair): string =>
  `waits for ${nameAmid(pair, by)} to confirm it`;

/** What one confirms or contests: `45 min: €45.00`, `that nothing is billed`. */
const said = (bill: Bill): string => billedWords(bill) || "that nothing is billed";

function contested(of: Settlement, notes: readonly Note[], pair: Pair): Standing {
  const { bill, contested_by } = of;
  const byMe = contested_by.includes(pair.me.id);
  const by = contested_by.includes(pair.other.id) ? pair.other.id : pair.me.id;
  const amount = said(bill);
  const now = `now it comes to ${billedWords(bill) || "nothing"}`;
  const at = notes.findLastIndex(({ about, person }) => about === "contested" && person === by);
  const reason = notes[at]?.text ?? null;
  const corrected = at < 0 ? undefined : notes.slice(at).findLast(({ about }) => about === "corrected");
  const who = named(pair.other.name);
  const giveIn = pair.me.id !== pair.mentor || bill.billed_us > 0;
  const common = { reason, by: by === pair.me.id ? "You said:" : `${who} says:` };
  if (contested_by.length === 2) {
    return {
      ...common,
      text: `You both contest ${amount}.`,
      more: `${HELD_WORDS} Each of you can confirm it or give in, and whoever runs this server can correct it.`,
      can: { ...NOTHING, confirm: true, giveIn },
    };
  }
  if (corrected && byMe) {
    return {
      reason: corrected.text,
      by: `${who} says:`,
      text: `${who} gave in: ${now}.`,
      more: "Confirm it if that is right. Until then it stays held.",
      can: { ...NOTHING, confirm: true },
    };
  }
  if (byMe) {
    return {
      ...common,
      text: `You contest ${amount}.`,
      more: `${HELD_WORDS} ${who} can give in, whoever runs this server can correct it, and you can still confirm.`,
      can: { ...NOTHING, confirm: true },
    };
  }
  if (corrected) {
    return {
      ...common,
      text: `You gave in: ${now}.`,
      more: `${who} has not confirmed that yet, so it is still held. If that was a mistake, contest it.`,
      can: { ...NOTHING, contest: true, giveIn },
    };
  }
  return {
    ...common,
    text: `${who} contests ${amount}.`,
    more: `${HELD_WORDS} You can give in, write to each other about it, or contest it too.`,
    can: { confirm: false, contest: true, giveIn },
  };
}

/** What follows from confirming, before one does. */
export const finalWords = ({ can }: Standing): string =>
  can.confirm ? "Once you both have confirmed it, only whoever runs this server can correct it." : "";

/** What follows from contesting, before one does. */
export function followsWords(pair: Pair): readonly string[] {
  const who = named(pair.other.name);
  const more = pair.me.id === pair.mentor ? "more" : "less";
  return [
    HELD_WORDS,
    `${who} reads your reason, and can give in to ${more}. So can whoever runs this server.`,
    "You can still confirm the amount later.",
  ];
}

/** How long a text is, and what keeps it from being taken. */
export function reasonTrouble(text: string): string {
  const over = [...text].length - REASON_MOST;
  if (!isVisible(text)) return "Say why, in a few words.";
  return over > 0 ? `${over} ${over === 1 ? "character" : "characters"} too long.` : "";
}

export const leftWords = (text: string): string => `${[...text].length} of ${REASON_MOST} characters`;

/** The minutes that were typed in microseconds, or what is wrong with them: one can only give in. */
export function concession(
  typed: string,
  billedUs: number,
  mostUs: number,
  pair: Pair,
): number | string {
  if (!/^\d+$/.test(typed.trim())) return "Write whole minutes, such as 40.";
  const minutes = Number(typed);
  const us = minutes * MINUTE_US;
  const mentor = pair.me.id === pair.mentor;
  const than = mentor ? "less" : "more";
  if (mentor ? us >= billedUs : us <= billedUs) {
    return `Write ${than} than ${brief(billedUs)}: as the ${mentor ? "mentor" : "mentee"} you can only give in.`;
  }
  if (!mentor && us > mostUs) {
    return `Write at most ${brief(mostUs)}.`;
  }
  return us;
}

/** `3fa9 1c2d 77e0 b1c4`: enough to tell two records apart at a glance. */
export const fingerprint = (head: string): string => head.slice(0, 16).match(/.{4}/g)?.join(" ") ?? "";
