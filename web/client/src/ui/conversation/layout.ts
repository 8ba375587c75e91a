/** The log as it is drawn: day lines, the unread line, marks of sessions, and messages grouped by author.
 * Pure. */
import type { Message } from "../../protocol/types.js";
import type { Mark } from "../words/marks.js";
import { dayKey, dayName } from "../words/time.js";

const TOGETHER_US = 5 * 60 * 1_000_000; // one author's messages closer than this share a heading

export type Item =
  | { readonly is: "day"; readonly key: string; readonly words: string }
  | { readonly is: "new"; readonly key: string }
  | { readonly is: "mark"; readonly key: string; readonly mark: Mark }
  | {
      readonly is: "group";
      readonly key: string;
      readonly person: string;
      readonly messages: readonly Message[];
    };

/** `newAfter`: the last seq that had been read when the reader came, or null: no unread line.
 * One's own messages are never new. `marks`, by time: those from before the oldest message stand there
 * only if there is nothing older to come. */
export function layout(
  messages: readonly Message[],
  me: string,
  zone: string,
  nowUs: number,
  newAfter: number | null,
  marks: readonly Mark[] = [],
): Item[] {
  const items: Item[] = [];
  let day = "";
  let group: { is: "group"; key: string; person: string; messages: Message[] } | null = null;
  let before: Message | null = null;
  let marked = newAfter === null;
  const onDay = (at_us: number, of: number | string): void => {
    const today = dayKey(zone, at_us);
    if (today === day) return;
    day = today;
    items.push({ is: "day", key: `day ${today} ${of}`, words: dayName(zone, at_us, nowUs) });
    group = null;
  };
  const first = messages[0];
  const due = marks.filter((mark) => !first || first.seq <= 1 || mark.at_us >= first.at_us);
  const markUntil = (at_us: number): void => {
    while (due[0] && due[0].at_us <= at_us) {
      const mark = due.shift()!;
      onDay(mark.at_us, mark.key);
      items.push({ is: "mark", key: mark.key, mark });
      group = null;
    }
  };
  for (const message of messages) {
    markUntil(message.at_us);
    onDay(message.at_us, message.seq);
    if (!marked && newAfter !== null && message.seq > newAfter && message.person !== me) {
      marked = true;
      items.push({ is: "new", key: "new" });
      group = null;
    }
    const close = before !== null && message.at_us - before.at_us < TOGETHER_US;
    if (group && close && group.person === message.person) {
      group.messages.push(message);
    } else {
      group = {
        is: "group",
        key: `group ${message.seq}`,
        person: message.person,
        messages: [message],
      };
      items.push(group);
    }
    before = message;
  }
  markUntil(Infinity);
  return items;
}

/** What is left of a message's room once the end comes near; null while there is plenty. */
export function roomLeft(text: string, limit: number): number | null {
  const near = limit - 1024;
  if (text.length * 3 < near) return null; // a UTF-16 unit takes at most three bytes
  const bytes = new TextEncoder().encode(text).length;
  return bytes < near ? null : limit - bytes;
}

/** The same in characters, as far as one can say: they take from one byte to four. */
export function roomWords(
  text: string,
  limit: number,
): { readonly words: string; readonly over: boolean } {
  const left = roomLeft(text, limit);
  if (left === null) return { words: "", over: false };
  const letters = [...text].length;
  const count = (Math.abs(left) * letters) / (limit - left);
  if (left < 0) return { words: `${about(count, Math.ceil)} too long for one message.`, over: true };
  return { words: `Room for ${about(count, Math.floor, "more ").toLowerCase()}.`, over: false };
}

const PLAIN = 20; // up to here each one counts

function about(count: number, round: (n: number) => number, more = ""): string {
  const whole = round(count);
  if (whole <= PLAIN) return `${whole} ${more}${whole === 1 ? "character" : "characters"}`;
  const step = 10 ** (Math.floor(Math.log10(whole)) - 1);
  return `About ${(round(count / step) * step).toLocaleString("en")} ${more}characters`;
}
