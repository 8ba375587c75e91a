/** The log as it is drawn, row by row: day lines, the unread line, marks of sessions, messages with their
 * author above the first of several, and below them what waits to be sent. Pure. */
import type { PendingMessage } from "../../lib/model.js";
import type { Message } from "../../protocol/types.js";
import type { Mark } from "../words/marks.js";
import { dayKey, dayName, instantOf } from "../words/time.js";

const TOGETHER_US = 5 * 60 * 1_000_000; // one author's messages closer than this share a heading
const DAY_US = 86_400_000_000;

export type Row =
  | { readonly is: "older"; readonly key: string }
  | { readonly is: "day"; readonly key: string; readonly words: string }
  | { readonly is: "new"; readonly key: string }
  | { readonly is: "mark"; readonly key: string; readonly mark: Mark }
  | {
      readonly is: "message";
      readonly key: string;
      readonly message: Message;
      readonly first: boolean; // says who and when
    }
  | {
      readonly is: "pending";
      readonly key: string;
      readonly pending: PendingMessage;
      readonly first: boolean;
    };

export interface Drawn {
  readonly messages: readonly Message[];
  readonly pending: readonly PendingMessage[];
  readonly marks: readonly Mark[]; // by time
  readonly me: string;
  readonly zone: string;
  readonly nowUs: number;
  /** The last seq that had been read when the reader came, or null: no unread line. One's own messages
   * are never new. */
  readonly newAfter: number | null;
  /** The newest message is among these. */
  readonly toEnd: boolean;
}

/** A message keeps its key from when it waits, so it stays where it stands. */
export const keyOf = (person: string, id: string): string => `${person} ${id}`;

type MessageRow = Extract<Row, { is: "message" }>;
/** A message is drawn again and again: of many thousands each row is made once. */
const made = new WeakMap<Message, MessageRow>();

function messageRow(message: Message, first: boolean): MessageRow {
  const before = made.get(message);
  if (before?.first === first) return before;
  const key = before?.key ?? keyOf(message.person, message.id);
  const row: MessageRow = { is: "message", key, message, first };
  made.set(message, row);
  return row;
}

export function rowsOf({ messages, pending, marks, me, zone, nowUs, newAfter, toEnd }: Drawn): Row[] {
  const rows: Row[] = [];
  const first = messages[0];
  const last = messages.at(-1);
  if (first && first.seq > 1) rows.push({ is: "older", key: "older" });
  const days = dayLines(zone);
  let [by, lastUs] = ["", 0]; // who wrote the message above, and when
  // Whether all before the page was read is known only where the page reaches back to it.
  let marked = newAfter === null || !first || first.seq > newAfter + 1;
  const onDay = (at_us: number, of: number | string): void => {
    if (days.same(at_us)) return;
    rows.push({ is: "day", key: `day ${of}`, words: dayName(zone, at_us, nowUs) });
    by = "";
  };
  const isFirst = (person: string, at_us: number): boolean => {
    const close = by === person && at_us - lastUs < TOGETHER_US;
    [by, lastUs] = [person, at_us];
    return !close;
  };
  // What stands before the oldest or after the newest message comes with the messages around it.
  const due = marks.filter(
    ({ at_us }) =>
      (!first || first.seq <= 1 || at_us >= first.at_us) && (!last || toEnd || at_us <= last.at_us),
  );
  let next = 0;
  const markUntil = (at_us: number): void => {
    for (; next < due.length && due[next]!.at_us <= at_us; next += 1) {
      const mark = due[next]!;
      onDay(mark.at_us, mark.key);
      rows.push({ is: "mark", key: mark.key, mark });
      by = "";
    }
  };
  for (const message of messages) {
    const { seq, person, at_us } = message;
    markUntil(at_us);
    onDay(at_us, seq);
    if (!marked && seq > newAfter! && person !== me && message.deleted_us == null) {
      marked = true;
      rows.push({ is: "new", key: "new" });
      by = "";
    }
    rows.push(messageRow(message, isFirst(person, at_us)));
  }
  markUntil(Infinity);
  if (!toEnd) return rows;
  for (const each of pending) {
    const key = keyOf(me, each.id);
    rows.push({ is: "pending", key, pending: each, first: isFirst(me, each.writtenUs) });
  }
  return rows;
}

/** Formatting is slow: one does it once a day, not once a message. */
function dayLines(zone: string): { same(at_us: number): boolean } {
  let [from, to] = [Infinity, -Infinity];
  return {
    same(at_us) {
      if (at_us >= from && at_us < to) return true;
      const day = dayKey(zone, at_us);
      from = instantOf(zone, day, "00:00");
      to = instantOf(zone, dayKey(zone, from + 1.5 * DAY_US), "00:00");
      if (!(at_us >= from && at_us < to)) [from, to] = [at_us, at_us + 1];
      return false;
    },
  };
}

/** About how high a row is before it was drawn. */
export function guess(row: Row, width: number): number {
  switch (row.is) {
    case "older":
      return 24;
    case "day":
    case "new":
      return 44;
    case "mark":
      return 52;
    case "message":
    case "pending": {
      const { body } = row.is === "message" ? row.message : row.pending;
      const perLine = Math.max(10, Math.min(width * 0.85, 540) / 7.5);
      let lines = 0;
      for (let at = 0; at <= body.length; ) {
        const end = body.indexOf("\n", at);
        const length = (end < 0 ? body.length : end) - at;
        lines += Math.max(1, Math.ceil(length / perLine));
        at += length + 1;
      }
      return 22 + 22.5 * lines + (row.first ? 32 : 0);
    }
  }
}
