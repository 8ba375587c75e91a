import { describe, expect, it } from "vitest";

import type { Member, Message } from "../../src/protocol/types.js";
import { EMOJIS } from "../../src/protocol/types.js";
import * as words from "../../src/ui/words/chat.js";
import { pairOf } from "../../src/ui/words/people.js";
import { REASONS, blockWords, closedWords, leaveWords, reaches, reportWords, seenSetting } from "../../src/ui/words/safety.js";
import { ANA, LEYLA, ME, MENTORSHIP, MIN, NOW, message } from "./fake-app.js";

const pair = pairOf(MENTORSHIP, ME);
const HOUR = 60 * MIN;

describe("how far one's own messages got", () => {
  const said = [1, 2, 3, 4, 5].map((seq) => message(seq, seq === 4 ? ANA.id : ME.id, "x", NOW));
  const reach = (delivered: number, read: number, of: readonly Message[] = said): unknown[] =>
    [...words.reaches(of, ME.id, { person: ANA.id, delivered, read })].sort();
  it("stands at the last, and at the last that was read", () => {
    expect(reach(0, 0)).toEqual([[5, "Sent"]]);
    expect(reach(5, 0)).toEqual([[5, "Delivered"]]);
    expect(reach(5, 2)).toEqual([[2, "Read"], [5, "Delivered"]]);
    expect(reach(5, 4)).toEqual([[3, "Read"], [5, "Delivered"]]);
    expect(reach(5, 5)).toEqual([[5, "Read"]]);
  });
  it("passes over what is deleted and what is another's", () => {
    const gone = said.map((each) => (each.seq === 5 ? { ...each, deleted_us: NOW } : each));
    expect(reach(5, 5, gone)).toEqual([[3, "Read"]]);
    expect(reach(5, 5, [said[3]!])).toEqual([]);
  });
});

it("has a word for each emoji", () => {
  expect(Object.keys(words.EMOJI_NAMES)).toEqual([...EMOJIS]);
  expect(words.reactionWords({ emoji: "👍", persons: [ME.id] }, pair)).toBe("thumbs up: you");
  expect(words.reactionWords({ emoji: "🎉", persons: [ANA.id, ME.id] }, pair)).toBe("party 2: Ana Quispe and you");
});

it("says in one line what is referred to", () => {
  expect(words.snippet("**Two** lines:\n\n- a\n- b")).toBe("Two lines: a, b");
  expect(words.snippet("x".repeat(200))).toHaveLength(90);
  expect(words.snippet("👋".repeat(90))).toBe("👋".repeat(90));
  expect(words.quoteWords(undefined)).toBe("An earlier message");
  expect(words.quoteWords({ ...message(1, ME.id, "", NOW), deleted_us: NOW })).toBe("A deleted message");
  expect(words.goneWords(ANA.id, pair)).toBe("Ana Quispe deleted this message");
  expect(words.typingWords(LEYLA.name)).toBe(`\u2068${LEYLA.name}\u2069 is writing`);
});

it("reads several new messages out in one breath", () => {
  const one = message(1, ANA.id, "*Hello*", NOW);
  expect(words.announced([], "Ana")).toBe("");
  expect(words.announced([one], "Ana")).toBe("Ana: Hello");
  expect(words.announced([one, one], "Ana")).toBe("2 new messages from Ana. The last: Hello");
});

it.each([
  [1, "Ana Quispe was here just now"],
  [20, "Ana Quispe was here 20 min ago"],
  [3 * 60, "Ana Quispe was last here at 11:13"],
  [20 * 60, "Ana Quispe was last here yesterday"],
  [26 * 24 * 60, "Ana Quispe was last here on 29 Oct"],
])("says when somebody was last here: %i min ago", (minutes, said) => {
  const member = { person: ANA, role: "mentee", presence: "away", seen_us: NOW - minutes * MIN } as Member;
  expect(words.seenWords(member, "Europe/Vienna", NOW)).toBe(said);
  expect(words.seenWords({ ...member, presence: "here" }, "Europe/Vienna", NOW)).toBe("");
  expect(words.seenWords(MENTORSHIP.members[1]!, "Europe/Vienna", NOW + HOUR)).toBe("");
});

it("says what was refused, and how many hits there are", () => {
  const refused = { code: "x", what: "It was deleted.", advice: "Nothing is left." };
  const change = { id: "c", writtenUs: NOW, refused };
  expect(words.refusedWords({ ...change, change: { is: "edit", seq: 1, body: "b" } }, ANA, true)).toBe(
    "Not changed. It was deleted. Nothing is left.",
  );
  expect(words.refusedWords({ ...change, change: { is: "pin", seq: 1, on: false } }, ANA, true)).toMatch(/^Still pinned\./);
  expect(words.hits(1, 0, false)).toBe("Nothing found");
  expect(words.hits(2, 3, false)).toBe("2 of 3");
  expect(words.hits(2, 20, true)).toBe("2 of 20 or more");
});

describe("what leaving and blocking mean", () => {
  const day = 24 * HOUR;
  it("is said before, and where one cannot write any more", () => {
    expect(closedWords(MENTORSHIP, pair, NOW)).toBeNull();
    const left = (part: object) => closedWords({ ...MENTORSHIP, ...part }, pair, NOW);
    expect(left({ closed_us: NOW - HOUR, closed_by: ME.id })).toBe(
      "You left this mentorship today at 13:13. What was said stays for both of you to read.",
    );
    expect(left({ closed_us: NOW - day, closed_by: ANA.id })).toMatch(/^Ana Quispe left this mentorship yesterday\./);
    expect(left({ closed_us: NOW - 4 * day })).toMatch(/^One of you left this mentorship on 20 Nov\./);
    expect(left({ blocked_by_me: true })).toBe(
      "You have blocked Ana Quispe: neither of you reaches the other until you lift that.",
    );
    expect([{}, { closed_us: 1 }, { blocked_by_me: true }].map((part) => reaches({ ...MENTORSHIP, ...part }))).toEqual([
      true,
      false,
      false,
    ]);
    for (const words of [leaveWords(ANA), blockWords(ANA), reportWords(ANA)]) expect(words).toContain("Ana Quispe");
    expect(Object.keys(REASONS)).toHaveLength(7);
  });
});

it("says of last seen how it stands, what that means for both, and the other way", () => {
  const [shown, hidden] = [seenSetting(false), seenSetting(true)];
  expect([shown.stands, shown.turn]).toEqual(["It is shown.", "Hide it"]);
  expect([hidden.stands, hidden.turn]).toEqual(["It is hidden.", "Show it again"]);
  for (const { means } of [shown, hidden]) expect(means).toMatch(/you (do not see|are not told) when others were/);
});

it.each([
  [{ is: "edit", seq: 1, body: "x" }, "Waiting to be changed"],
  [{ is: "delete", seq: 1 }, "Waiting to be deleted"],
  [{ is: "react", seq: 1, emoji: "👍", on: true }, "Your reaction is waiting to be sent"],
  [{ is: "react", seq: 1, emoji: "👍", on: false }, "Your reaction is waiting to be taken back"],
  [{ is: "pin", seq: 1, on: true }, "Waiting to be pinned"],
  [{ is: "pin", seq: 1, on: false }, "The pin is waiting to be taken off"],
] as const)("says of what waits what it is: %o", (change, said) => {
  expect(words.waitingWords({ id: "c1", change, writtenUs: 1, refused: null })).toBe(said);
});
