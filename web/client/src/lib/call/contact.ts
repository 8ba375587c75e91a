/** What two pages say to each other to prove that they are in contact, over their data channel. Pure.
 *
 * Every two seconds a page sends a beat with the server's time as it knows it. Who hears beats
 * without a gap signs from when to when, and sends the signature to whose beats they were: that one
 * checks it and hands it in. A beat that is not of this moment is not heard; what was not sent cannot
 * have been heard.
 */
import type { Contact } from "../../protocol/types.js";

/** How far the clocks of two pages may be apart, the way included. */
export const APART_US = 3_000_000;
/** With no beat for longer than this, contact was lost. */
export const GAP_US = 6_000_000;
/** By how much the other's clock may run ahead or behind from one beat to the next. Less than a beat
 * interval: beats that waited in a broken way and come at once tell nothing of the time before. */
export const JUMP_US = 1_000_000;
/** Beats that a page which was held up catches up on are news of one moment. */
export const CLOSE_US = 500_000;
export const MESSAGE_MOST = 1024;

export interface Clock {
  /** The server's clock, microseconds, as well as it is known; null: not at all. */
  readonly serverUs: number | null;
  /** One that nobody sets. */
  readonly localUs: number;
}

/** Whose keys, and in which session. */
export interface Between {
  readonly session: string;
  readonly own: string;
  readonly other: string;
}

interface Heard {
  readonly fromUs: number;
  readonly toUs: number;
  readonly beats: number;
  /** When the last of them was heard, by the local clock. */
  readonly localUs: number;
}

export interface Exchange {
  readonly between: Between | null;
  readonly beats: number;
  /** When own beats were sent, stretch by stretch without a gap: what the other can have heard. */
  readonly sent: readonly (readonly number[])[];
  readonly heard: Heard | null;
}

export type Event =
  | { readonly is: "between"; readonly between: Between | null }
  | { readonly is: "beat" } // it is time for one
  | { readonly is: "said"; readonly text: string }; // by the other

export type Unsigned = Omit<Contact, "signature">;

export type Effect =
  | { readonly do: "say"; readonly text: string }
  | { readonly do: "sign"; readonly n: number; readonly session: string; readonly contact: Unsigned }
  | { readonly do: "check"; readonly session: string; readonly contact: Contact };

export type Step = readonly [exchange: Exchange, effects: readonly Effect[]];

export const SILENT: Exchange = { between: null, beats: 0, sent: [], heard: null };

/** The bytes that are signed; ledger/sansio/contact.py has the same. */
export function statement(session: string, contact: Unsigned): string {
  return [
    "ithaca.contact.v1",
    session,
    contact.signer_key,
    contact.about_key,
    contact.beats,
    contact.from_us,
    contact.to_us,
  ].join("\n");
}

export function signature(n: number, { from_us, to_us, beats, signature }: Contact): string {
  return JSON.stringify({ sign: n, from_us, to_us, beats, signature });
}

export function step(exchange: Exchange, event: Event, clock: Clock): Step {
  if (event.is === "between") return [meet(exchange, event.between), []];
  const { between } = exchange;
  if (!between) return [exchange, []];
  if (event.is === "beat") return beat(exchange, clock);
  const said = parse(event.text);
  if (said === null) return [exchange, []];
  return "beat" in said
    ? hear(exchange, between, said, clock)
    : [exchange, check(exchange, between, said)];
}

/** In another session, or towards another page, a new stretch begins. What was sent stays sent: the
 * other may have learnt of the session first. */
function meet(exchange: Exchange, between: Between | null): Exchange {
  const before = exchange.between;
  const same =
    before?.session === between?.session &&
    before?.own === between?.own &&
    before?.other === between?.other;
  return same ? exchange : { ...exchange, between, heard: null };
}

function beat(exchange: Exchange, { serverUs }: Clock): Step {
  if (serverUs === null) return [exchange, []];
  const latest = exchange.sent.at(-1) ?? [];
  const since = serverUs - (latest.at(-1) ?? -Infinity);
  if (Math.abs(since) < CLOSE_US) return [exchange, []];
  const sent =
    since > GAP_US
      ? [...exchange.sent, [serverUs]]
      : [...exchange.sent.slice(0, -1), [...latest, serverUs]];
  const beats = exchange.beats + 1;
  const text = JSON.stringify({ beat: beats, at_us: serverUs });
  return [{ ...exchange, beats, sent }, [{ do: "say", text }]];
}

function hear(exchange: Exchange, between: Between, said: Beat, { serverUs, localUs }: Clock): Step {
  const { at_us } = said;
  if (serverUs === null || Math.abs(at_us - serverUs) > APART_US) return [exchange, []];
  const before = exchange.heard;
  const heard: Heard =
    before && goesOn(before, at_us, localUs)
      ? { ...before, toUs: at_us, beats: before.beats + 1, localUs }
      : { fromUs: at_us, toUs: at_us, beats: 1, localUs };
  const next = { ...exchange, heard };
  if (heard.beats === 1) return [next, []]; // a moment is no stretch
  const contact = {
    about_key: between.other,
    signer_key: between.own,
    from_us: heard.fromUs,
    to_us: heard.toUs,
    beats: heard.beats,
  };
  return [next, [{ do: "sign", n: said.beat, session: between.session, contact }]];
}

function goesOn(heard: Heard, atUs: number, localUs: number): boolean {
  const by = atUs - heard.toUs;
  const local = localUs - heard.localUs;
  return by > 0 && by <= GAP_US && local <= GAP_US && Math.abs(by - local) <= JUMP_US;
}

/** Only about own beats that were sent one after the other, and no more of them than there were. */
function check({ sent }: Exchange, between: Between, said: Signature): readonly Effect[] {
  const { from_us, to_us, beats, signature } = said;
  const most = sent.map((run) => run.indexOf(to_us) - atOrAfter(run, from_us) + 1);
  if (from_us >= to_us || beats < 2 || !most.some((sentBeats) => beats <= sentBeats)) return [];
  const contact = {
    about_key: between.own,
    signer_key: between.other,
    from_us,
    to_us,
    beats,
    signature,
  };
  return [{ do: "check", session: between.session, contact }];
}

function atOrAfter(run: readonly number[], us: number): number {
  const index = run.indexOf(us);
  return index < 0 ? Infinity : index;
}

// ---- what is said ------------------------------------------------------------------------------

interface Beat {
  readonly beat: number;
  readonly at_us: number;
}

interface Signature {
  readonly sign: number;
  readonly from_us: number;
  readonly to_us: number;
  readonly beats: number;
  readonly signature: string;
}

/** Null: nothing that a page of ours says. */
function parse(text: string): Beat | Signature | null {
  if (text.length > MESSAGE_MOST) return null;
  let said: Partial<Beat & Signature> | null;
  try {
    said = JSON.parse(text) as typeof said;
  } catch {
    return null;
  }
  if (typeof said !== "object" || said === null) return null;
  const { beat, at_us, sign, from_us, to_us, beats, signature } = said;
  if (isCount(beat) && isCount(at_us)) return { beat, at_us };
  if (isCount(sign) && isCount(from_us) && isCount(to_us) && isCount(beats) && isSignature(signature)) {
    return { sign, from_us, to_us, beats, signature };
  }
  return null;
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function isSignature(value: unknown): value is string {
  return typeof value === "string" && /^[\w-]{86}$/.test(value);
}

export function isKey(value: unknown): value is string {
  return typeof value === "string" && /^[\w-]{87}$/.test(value);
}
