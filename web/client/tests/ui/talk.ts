/** What two people have said in the canned states. */
import type { Message } from "../../src/protocol/types.js";
import { ANA, ME, MIN, NOW } from "./people.js";

export function message(seq: number, person: string, body: string, at_us: number): Message {
  return { seq, id: `msg-${String(seq).padStart(6, "0")}`, person, body, at_us, revision: seq };
}

const TALK = [
  "Did you have time for the first chapter?",
  "Yes, twice. The part about letting others finish their sentences was aimed at me, I think.",
  "It was aimed at all of us.",
  "I tried it on Monday in the stand-up. Two people said more than they ever do.",
  "That is worth writing down: what you did, what changed, how it felt.",
  "مرحبا، هذا نص من اليمين إلى اليسار مع كلمة English في الوسط",
  "https://example.org/a/very/long/address/that/has/no/place/to/break/in/it/whatsoever/0123456789012345678901234567890123456789",
  "One more thing:\n\n- the agenda\n- the two questions from last time\n- who else to ask",
];

/** So many, up to `to`, of a conversation that goes on to `head`. */
export function talk(count: number, to = count, head = to): Message[] {
  const first = to - count + 1;
  return Array.from({ length: count }, (_, i) => {
    const seq = first + i;
    const at = NOW - (head - seq) * 3 * MIN - (seq <= head - 5 ? 26 * 60 * MIN : 0);
    return message(seq, seq % 3 ? ANA.id : ME.id, TALK[seq % TALK.length] ?? "", at);
  });
}
