/** A session in words and sums. */
import { inRoom, isNewer } from "../../lib/session.js";
import type { Interruption, PersonTime, SessionView } from "../../protocol/types.js";
import { between, named, span, spanOf } from "./time.js";

export function togetherUs(session: SessionView, nowUs: number): number {
  const since = session.together_since_us;
  return session.together_us + (since == null ? 0 : Math.max(0, nowUs - since));
}

export function presentUs(time: PersonTime, nowUs: number): number {
  return time.present_us + (time.since_us == null ? 0 : Math.max(0, nowUs - time.since_us));
}

/** The result in one sentence: the amount, where there is one, and the words after it. */
export function headline(
  session: SessionView,
  nowUs: number,
): { readonly amount: string; readonly words: string } {
  const ended = session.state === "ended";
  const us = togetherUs(session, nowUs);
  if (session.started_us == null || us <= 0) {
    const words = ended
      ? "You were not in the room at the same time"
      : "You have not been in the room together yet";
    return { amount: "", words };
  }
  const goesOn = !ended && inRoom(session).length > 0;
  return { amount: span(us), words: goesOn ? "together so far" : "together" };
}

/** Somebody contests what it came to. */
export const isHeld = ({ settlement }: Pick<SessionView, "settlement">): boolean =>
  settlement?.state === "contested";
export const HELD = "held until you two agree";

const BY_ITSELF = {
  empty: "It ended by itself: nobody had been in the room for 10 minutes.",
  window: "It ended by itself: nobody had been in the room for 10 minutes, and the booked time was over.",
  nobody: "Neither of you came to the meeting.",
  unwatched: "Nobody was seen at the meeting, but the server did not run all the time to see it.",
} as const;

const ENDS =
  "It ends when one of you ends it for both, or by itself once nobody has been in the room for 10 " +
  "minutes and any booked time is over.";

/** How the session ended, or what is still to come of it. */
export function endWords(session: SessionView, me: string, other: string): string {
  if (session.state === "ended") {
    const by = session.ended_by;
    const who = by === me ? "You" : by == null ? "One of you" : named(other);
    if (session.end_reason === "ended") return `${who} ended it for both.`;
    return session.end_reason ? BY_ITSELF[session.end_reason] : "";
  }
  const here = inRoom(session);
  if (here.length === 0) return `${ENDS} Until then either of you may come back.`;
  return here.includes(me) ? ENDS : `${named(other)} is still in the room. ${ENDS}`;
}

const NOTICED_US = 1_000_000; // shorter than this, as after a reload, an interruption is no news

export function interruptionsOf(session: SessionView): readonly Interruption[] {
  return session.interruptions.filter(({ from_us, to_us }) => to_us - from_us >= NOTICED_US);
}

/** Whether it was the server that was away, for most of that time. */
export function serverWasAway(
  { unwatched }: Pick<SessionView, "unwatched">,
  { from_us, to_us }: { readonly from_us: number; readonly to_us: number },
): boolean {
  const away = (unwatched ?? []).reduce(
    (us, [from, to]) => us + Math.max(0, Math.min(to, to_us) - Math.max(from, from_us)),
    0,
  );
  return away > 0 && 2 * away >= to_us - from_us;
}

/** `Ana was away for 12 s`, `You were both away for 40 s`, `The server was away for 5 s`. */
export function interruptionWords(
  interruption: Interruption,
  session: Pick<SessionView, "unwatched">,
  me: string,
  nameOf: (person: string) => string,
): string {
  const length = spanOf(between(interruption.from_us, interruption.to_us));
  if (serverWasAway(session, interruption)) return `The server was away for ${length}`;
  const { absent } = interruption;
  if (absent.length > 1) return `You were both away for ${length}`;
  const who = absent[0];
  if (who === undefined) return `You were apart for ${length}`;
  return who === me
    ? `You were away for ${length}`
    : `${named(nameOf(who))} was away for ${length}`;
}

/** The newest of several views of one session. */
export function newest(views: readonly (SessionView | null | undefined)[]): SessionView | null {
  return views.reduce<SessionView | null>(
    (best, view) => (view && (!best || isNewer(view, best)) ? view : best),
    null,
  );
}
