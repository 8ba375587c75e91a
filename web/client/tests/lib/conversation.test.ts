import { describe, expect, test } from "vitest";
import type { Message } from "../../src/protocol/types.js";
import { accepted, emptyLog, lastSeq, merge as mergeArrival, type Log, type Merged } from "../../src/lib/conversation.js";
import { below, pick, randomOf } from "./random.js";
import { ANA, ME, message, messages } from "./things.js";

const held = (from: number, to: number, part: Partial<Log> = {}): Log => ({
  ...emptyLog("cnv_1", to),
  messages: messages(from, to),
  ...part,
});
const merge = (log: Log, me: string, head: number, came: readonly Message[]): Merged =>
  mergeArrival(log, me, { head, revision: Math.max(head, log.revision), messages: came });
const seqs = (log: Log): number[] => log.messages.map(({ seq }) => seq);
const range = (from: number, to: number): number[] => messages(from, to).map(({ seq }) => seq);

describe("what arrives is merged into one stretch", () => {
  type Case = [string, [number, number], [number, number], [number, number], number | null];
  test.each<Case>([
    ["the first page", [1, 0], [5, 9], [5, 9], null],
    ["the next ones", [1, 3], [4, 6], [1, 6], null],
    ["the same again", [1, 3], [1, 3], [1, 3], null],
    ["an overlap above", [1, 5], [4, 8], [1, 8], null],
    ["an overlap below", [5, 9], [3, 6], [3, 9], null],
    ["older ones", [5, 9], [1, 4], [1, 9], null],
    ["all around", [5, 6], [1, 9], [1, 9], null],
    ["a gap above is asked for", [1, 3], [6, 7], [1, 3], 3],
    ["a gap below is left alone", [7, 9], [1, 3], [7, 9], null],
    ["nothing", [1, 3], [1, 0], [1, 3], null],
  ])("%s", (_name, [from, to], came, expected, ask) => {
    const [log, asked] = merge(held(from, to), ME, 9, messages(...came));
    expect(seqs(log)).toEqual(range(...expected));
    expect(asked).toBe(ask);
    expect(log.head).toBe(9);
  });
});

test("a message in the middle that does not follow is not taken", () => {
  const broken = [message(4), message(5), message(7)];
  expect(seqs(merge(held(1, 3), ME, 7, broken)[0])).toEqual(range(1, 5));
});

test("the same gap is asked for once, and until all has come", () => {
  const [gap, ask] = merge(held(1, 3), ME, 500, messages(500, 500));
  expect(ask).toBe(3);
  const [again, askAgain] = merge(gap, ME, 501, messages(501, 501));
  expect(askAgain).toBeNull();
  const [more, askMore] = merge(again, ME, 501, messages(4, 203));
  expect(askMore).toBe(203);
  const [done, askDone] = merge(more, ME, 501, messages(204, 501));
  expect(askDone).toBeNull();
  expect(done.asked).toBeNull();
  expect(seqs(done)).toEqual(range(1, 501));
});

test("one's own message is shown once: below the log until the log has it", () => {
  const waiting = { id: "client-id-4", body: "text 4", writtenUs: 1, replyTo: null, refused: null };
  const other = { id: "client-id-9", body: "text 9", writtenUs: 2, replyTo: null, refused: null };
  const log = held(1, 3, { pending: [waiting, other] });
  const [live] = merge(log, ME, 4, messages(4, 4));
  expect(live.pending).toEqual([other]);
  const [acked] = accepted(log, message(4));
  expect(acked.pending).toEqual([other]);
  expect(seqs(acked)).toEqual(range(1, 4));
  expect(accepted(live, message(4))[0].messages).toEqual(acked.messages);
});

test("another's message with the same client id does not hide one's own", () => {
  const waiting = { id: "client-id-4", body: "mine", writtenUs: 1, replyTo: null, refused: null };
  const [log] = merge(held(1, 3, { pending: [waiting] }), ME, 4, [message(4, ANA)]);
  expect(log.pending).toEqual([waiting]);
});

test("accepted beyond a gap: still shown as pending, and the gap is asked for", () => {
  const waiting = { id: "client-id-6", body: "text 6", writtenUs: 1, replyTo: null, refused: null };
  const [log, ask] = accepted(held(1, 3, { pending: [waiting] }), message(6));
  expect([ask, log.pending, seqs(log)]).toEqual([3, [waiting], range(1, 3)]);
});

/** A server with `total` messages and a line that repeats, delays, reorders and loses frames. */
function converse(seed: number): Log {
  const random = randomOf(seed);
  const total = 30 + below(random, 60);
  let log = held(1, 1 + below(random, 5));
  let wire: Message[][] = [];
  const ask = (after: number): void => {
    wire.push(messages(after + 1, Math.min(total, after + 1 + below(random, 20))));
  };
  for (let seq = 2; seq <= total; seq += 1) {
    if (random() < 0.8) wire.push(messages(seq, seq)); // the rest is lost
    if (random() < 0.2) wire.push(messages(below(random, seq) + 1, seq));
  }
  const events = 40 + below(random, 200);
  for (let i = 0; i < events && wire.length > 0; i += 1) {
    const frame = pick(random, wire);
    if (random() < 0.7) wire = wire.filter((each) => each !== frame); // else it comes again
    const [next, after] = merge(log, ME, random() < 0.5 ? total : 0, frame);
    expect(seqs(next)).toEqual(range(seqs(next)[0] ?? 1, lastSeq(next)));
    expect(lastSeq(next)).toBeGreaterThanOrEqual(lastSeq(log));
    log = next;
    if (after !== null) ask(after);
  }
  // A new socket: delivery goes on from the cursor.
  log = { ...log, asked: null };
  while (lastSeq(log) < total) [log] = merge(log, ME, total, messages(lastSeq(log) + 1, total));
  return log;
}

test("whatever the line does, the log stays one stretch and ends complete", () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    const log = converse(seed);
    expect(seqs(log), `seed ${seed}`).toEqual(range(1, log.head));
  }
});
