import { describe, expect, it } from "vitest";

import { layout, roomLeft, roomWords } from "../../src/ui/conversation/layout.js";
import type { Mark } from "../../src/ui/words/marks.js";
import { ANA, ME, MIN, NOW, message } from "./fake-app.js";

const ZONE = "Europe/Vienna";
const draw = (
  messages: Parameters<typeof layout>[0],
  newAfter: number | null = null,
  marks: Parameters<typeof layout>[5] = [],
): string[] =>
  layout(messages, ME.id, ZONE, NOW, newAfter, marks).map((item) =>
    item.is === "day"
      ? item.words
      : item.is === "new"
        ? "new"
        : item.is === "mark"
          ? item.mark.words
          : `${item.person === ME.id ? "me" : "ana"} ${item.messages.map((m) => m.seq).join(" ")}`,
  );

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
    expect(draw(messages, null, marks)).toEqual(["Today", "ana 4", "amid", "ana 5", "late"]);
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
    expect(draw(messages, 5)).toEqual(["Today", "ana 1 2", "me 3", "ana 4 5"]);
    expect(draw(messages)).toEqual(["Today", "ana 1 2", "me 3", "ana 4 5"]);
  });

  it("gives every item a key of its own", () => {
    const back = [
      message(1, ANA.id, "a", NOW),
      message(2, ANA.id, "b", NOW - 48 * 60 * MIN),
      message(3, ANA.id, "c", NOW),
    ];
    const keys = layout(back, ME.id, ZONE, NOW, 0).map((item) => item.key);
    expect(new Set(keys).size).toBe(keys.length);
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
