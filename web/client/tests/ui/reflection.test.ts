import { describe, expect, it } from "vitest";

import {
  afterWords,
  beforeWords,
  onDay,
  percent,
  ratingWords,
  sharesOf,
  talkWords,
  textTrouble,
  trendWords,
} from "../../src/ui/words/reflection.js";
import { ANA, ME, MIN, MINE, NOT_SAID, NOW, TALK_VIEW, THEIRS } from "./fake-app.js";

const DAY = 24 * 60 * MIN;

describe("days in a sentence", () => {
  it.each([
    [NOW, "today"],
    [NOW - DAY, "yesterday"],
    [NOW + DAY, "tomorrow"],
    [NOW - 2 * DAY, "on Sunday"],
    [NOW - 6 * DAY, "on Wednesday"],
    [NOW - 7 * DAY, "on Tuesday 17 November"],
    [NOW - 400 * DAY, "on Monday 20 October 2025"],
  ])("%i is %s", (us, words) => expect(onDay("Europe/Vienna", us, NOW)).toBe(words));
});

describe("what one says", () => {
  it("has words for each rating", () => {
    expect([1, 2, 3, 4, 5].map(ratingWords)).toEqual(["Hard going", "So-so", "All right", "Good", "Very good"]);
    expect([null, undefined, 0, 6].map(ratingWords)).toEqual(["", "", "", ""]);
  });

  it("says how much too long a text is, as a reader counts", () => {
    expect(textTrouble("x".repeat(2000))).toBe("");
    expect(textTrouble("👋".repeat(2000) + " \n")).toBe("");
    expect(textTrouble("x".repeat(2001))).toBe("1 character too long.");
    expect(textTrouble("👋".repeat(2012))).toBe("12 characters too long.");
  });

  it("says what becomes of it", () => {
    expect(beforeWords(NOT_SAID, ANA)).toContain("once you have both answered, or a day after");
    expect(beforeWords({ ...NOT_SAID, they_answered: true }, ANA)).toContain("Ana Quispe has answered");
    expect(beforeWords({ ...NOT_SAID, theirs: THEIRS, they_answered: true }, ANA)).toContain("as soon as you save");
    expect(beforeWords({ ...NOT_SAID, mine: { ...MINE, shared_us: NOW } }, ANA)).toBe("");
  });

  it("says what has become of it", () => {
    const after = (part: Partial<typeof MINE>): string =>
      afterWords({ ...NOT_SAID, mine: { ...MINE, ...part } }, ME, ANA, NOW);
    expect(afterWords(NOT_SAID, ME, ANA, NOW)).toBe("");
    expect(after({})).toBe(
      "Ana Quispe can read your answers once Ana Quispe has answered too, at the latest tomorrow, " +
        "14:08 for you in Vienna, 08:08 for Ana Quispe in Lima. Until then you can change them. " +
        "Your note stays with you.",
    );
    expect(after({ private: "" })).not.toContain("note");
    expect(after({ due_us: NOW + MIN })).toContain("at the latest today, 14:14 for you");
    expect(after({ answered_us: null, due_us: null })).toBe("Only you can read this.");
    expect(after({ shared_us: NOW })).toBe("Ana Quispe can read your answers. Your note stays with you.");
    expect(after({ shared_us: NOW, private: "" })).toBe("Ana Quispe can read your answers.");
  });
});

describe("who spoke", () => {
  it("is a share of the time that both measured", () => {
    expect([percent(1, 3), percent(2, 3), percent(0, 9), percent(5, 0)]).toEqual([33, 67, 0, 0]);
    expect(talkWords(TALK_VIEW, "Ana")).toBe(
      "You spoke 40 % of the time you both were there: 35 % alone and 5 % at once with Ana. " +
        "Ana alone spoke 40 %, and 20 % was silence.",
    );
    expect(talkWords({ ...TALK_VIEW, overlap_us: 0 }, "Ana")).toBe(
      "You spoke 40 % of the time you both were there. Ana alone spoke 40 %, and 20 % was silence.",
    );
    expect(talkWords({ ...TALK_VIEW, both_us: 0 }, "Ana")).toBe("");
  });

  it.each([
    [[100, 97, 97, 3], [0, 97, 0, 3]],
    [[100, 100, 100, 0], [0, 100, 0, 0]],
    [[3, 1, 0, 1], [33, 0, 34, 33]],
    [[1000, 5, 5, 995], [0, 1, 0, 99]],
    [[0, 0, 0, 0], [0, 0, 100, 0]],
  ])("has four shares that make up all of it: %j", ([both_us, speaking_us, overlap_us, silence_us], shares) => {
    const view = { ...TALK_VIEW, both_us: both_us!, speaking_us: speaking_us!, overlap_us: overlap_us!, silence_us: silence_us! };
    const { mine, both, theirs, silence } = sharesOf(view);
    expect([mine, both, theirs, silence]).toEqual(shares);
  });

  it("has a trend where there is more than one talk", () => {
    expect(trendWords(TALK_VIEW)).toBe("Over your last 6 talks your share went from 62 % to 40 %.");
    const [first] = TALK_VIEW.trend;
    expect(trendWords({ ...TALK_VIEW, trend: [first!] })).toBe("");
    expect(trendWords({ ...TALK_VIEW, trend: [] })).toBe("");
    const near = { ...first!, speaking_us: first!.speaking_us + MIN };
    expect(trendWords({ ...TALK_VIEW, trend: [first!, near] })).toBe(
      "Over your last 2 talks your share stayed at about 65 %.",
    );
  });
});
