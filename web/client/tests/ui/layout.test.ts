import { describe, expect, it } from "vitest";

import { roomLeft, roomWords } from "../../src/ui/conversation/layout.js";
import { guess, rowsOf } from "../../src/ui/conversation/rows.js";
import type { Mark } from "../../src/ui/words/marks.js";
import { dayName } from "../../src/ui/words/time.js";
import { ANA, ME, MIN, NOW, message } from "./fake-app.js";

const ZONE = "Europe/Vienna";
const draw = (
  messages: Parameters<typeof rowsOf>[0]["messages"],
  newAfter: number | null = null,
  marks: readonly Mark[] = [],
  more: Partial<Parameters<typeof rowsOf>[0]> = {},
): string[] => {
  const drawn = { messages, newAfter, marks, me: ME.id, zone: ZONE, nowUs: NOW, pending: [], toEnd: true, ...more };
  const groups: string[] = [];
  for (const row of rowsOf(drawn)) {
    if (row.is === "day") groups.push(row.words);
    else if (row.is === "mark") groups.push(row.mark.words);
    else if (row.is === "new" || row.is === "older") groups.push(row.is);
    else {
      const [who, what] =
        row.is === "pending" ? ["me", row.pending.id] : [row.message.person === ME.id ? "me" : "ana", row.message.seq];
      if (row.first) groups.push(`${who} ${what}`);
      else groups[groups.length - 1] += ` ${what}`;
    }
  }
  return groups;
};

describe("the log's layout", () => {
  it("groups one author's messages within five minutes", () => {
    const at = NOW - 60 * MIN;
    expect(
      draw([
        message(1, ANA.id, "a", at),
        message(2, ANA.id, "b", at + 4 * MIN),
        message(3, ANA.id, "c", at + 8 * MIN), // four minutes after the one before
        message(4, ANA.id, "d", at + 13 * MIN), // five
        message(5, ME.id, "e", at + 13 * MIN),
        message(6, ANA.id, "f", at + 13 * MIN),
      ]),
    ).toEqual(["Today", "ana 1 2 3", "ana 4", "me 5", "ana 6"]);
  });

  it("puts marks where their time is, and groups nothing across one", () => {
    const at = NOW - 60 * MIN;
    const mark = (words: string, at_us: number): Mark => ({ key: words, at_us, words, session: "s" });
    const messages = [message(4, ANA.id, "a", at), message(5, ANA.id, "b", at + 2 * MIN)];
    const marks = [mark("early", at - MIN), mark("amid", at + MIN), mark("late", at + 9 * MIN)];
    expect(draw(messages, null, marks)).toEqual(["older", "Today", "ana 4", "amid", "ana 5", "late"]);
    const whole = [message(1, ANA.id, "a", at), message(2, ANA.id, "b", at + 2 * MIN)];
    expect(draw(whole, null, [mark("before", at - 24 * 60 * MIN), ...marks])).toEqual([
      ...["Yesterday", "before", "Today", "early", "ana 1", "amid", "ana 2", "late"],
    ]);
    expect(draw([], null, marks)).toEqual(["Today", "early", "amid", "late"]);
  });

  it("begins a day with a line, though minutes lie between", () => {
    const midnight = Date.UTC(2026, 10, 23, 23, 0) * 1000; // in Vienna
    expect(
      draw([message(1, ANA.id, "a", midnight - MIN), message(2, ANA.id, "b", midnight + MIN)]),
    ).toEqual(["Yesterday", "ana 1", "Today", "ana 2"]);
  });

  it("marks where the unread begins: at the other's first, once", () => {
    const messages = [1, 2, 3, 4, 5].map((seq) =>
      message(seq, seq === 3 ? ME.id : ANA.id, "x", NOW - 2 * MIN),
    );
    expect(draw(messages, 2)).toEqual(["Today", "ana 1 2", "me 3", "new", "ana 4 5"]);
    expect(draw(messages, 0)).toEqual(["Today", "new", "ana 1 2", "me 3", "ana 4 5"]);
    // A page that begins later does not know which the first one is.
    expect(draw(messages.slice(1), 0)).toEqual(["older", "Today", "ana 2", "me 3", "ana 4 5"]);
    expect(draw(messages.slice(1), 1)).toEqual(["older", "Today", "new", "ana 2", "me 3", "ana 4 5"]);
    expect(draw(messages, 5)).toEqual(["Today", "ana 1 2", "me 3", "ana 4 5"]);
    expect(draw(messages)).toEqual(["Today", "ana 1 2", "me 3", "ana 4 5"]);
  });

  it("gives every row a key of its own", () => {
    const back = [
      message(1, ANA.id, "a", NOW),
      message(2, ANA.id, "b", NOW - 48 * 60 * MIN),
      message(3, ANA.id, "c", NOW),
    ];
    const drawn = { messages: back, newAfter: 0, marks: [], me: ME.id, zone: ZONE, nowUs: NOW, pending: [], toEnd: true };
    const keys = rowsOf(drawn).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("puts what waits below all that was said, and keeps it where it is once it is there", () => {
    const said = [message(1, ME.id, "a", NOW - 2 * MIN)];
    const pending = [{ id: "p1", body: "b", writtenUs: NOW - MIN, replyTo: null, refused: null }];
    const before = rowsOf({ messages: said, pending, marks: [], me: ME.id, zone: ZONE, nowUs: NOW, newAfter: null, toEnd: true });
    const there = [...said, { ...message(2, ME.id, "b", NOW - MIN), id: "p1" }];
    const after = rowsOf({ messages: there, pending: [], marks: [], me: ME.id, zone: ZONE, nowUs: NOW, newAfter: null, toEnd: true });
    const shape = (rows: typeof before) => rows.map((row) => [row.key, "first" in row ? row.first : null, guess(row, 360)]);
    expect(shape(after)).toEqual(shape(before));
    expect(draw(said, null, [], { pending })).toEqual(["Today", "me 1 p1"]);
  });

  it("of long ago shows neither what waits nor what is told of later", () => {
    const said = [message(7, ANA.id, "a", NOW - 60 * MIN)];
    const pending = [{ id: "p1", body: "b", writtenUs: NOW, replyTo: null, refused: null }];
    const late = [{ key: "late", at_us: NOW, words: "late" }];
    expect(draw(said, null, late, { pending, toEnd: false })).toEqual(["older", "Today", "ana 7"]);
  });

  it("says the day of each message, at the days' turn in every zone", () => {
    for (const zone of ["Europe/Vienna", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo"]) {
      const from = Date.UTC(2011, 11, 27) * 1000; // Samoa leapt over the 30th
      const messages = Array.from({ length: 400 }, (_, i) => message(i + 1, ANA.id, "x", from + i * 37 * MIN));
      const drawn = { messages, newAfter: null, marks: [], me: ME.id, zone, nowUs: NOW, pending: [], toEnd: true };
      let day = "";
      for (const row of rowsOf(drawn)) {
        if (row.is === "day") day = row.words;
        if (row.is === "message") expect(day, zone).toBe(dayName(zone, row.message.at_us, NOW));
      }
    }
  });
});

describe("what is left of a message's room", () => {
  it.each([
    ["", null],
    ["x".repeat(15 * 1024 - 1), null],
    ["x".repeat(15 * 1024), 1024],
    ["x".repeat(16 * 1024), 0],
    ["x".repeat(16 * 1024 + 1), -1],
    ["é".repeat(8 * 1024 + 1), -2],
    ["😀".repeat(4 * 1024), 0],
  ])("case %#", (text, left) => {
    expect(roomLeft(text, 16 * 1024)).toBe(left);
  });
});

describe("what is left of it, in words", () => {
  const limit = 16 * 1024;

  it.each([
    ["short", ""],
    ["x".repeat(limit), "Room for 0 more characters."],
    ["x".repeat(limit - 7), "Room for 7 more characters."],
    ["é".repeat(8000), "Room for about 190 more characters."],
    ["x".repeat(limit + 1), "1 character too long for one message."],
    ["é".repeat(8200), "8 characters too long for one message."],
    ["é".repeat(10_000), "About 1,900 characters too long for one message."],
    ["x".repeat(20_000), "About 3,700 characters too long for one message."],
  ])("case %#", (text, words) => {
    expect(roomWords(text, limit).words).toBe(words);
    expect(roomWords(text, limit).over).toBe(words.includes("too long"));
  });
});
