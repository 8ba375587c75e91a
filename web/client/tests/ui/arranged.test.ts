import { describe, expect, it } from "vitest";

import type { AgreementView, MeetingView } from "../../src/protocol/types.js";
import { arrangedMarks, noticeWords } from "../../src/ui/words/arranged.js";
import type { Pair } from "../../src/ui/words/people.js";
import type { Two } from "../../src/ui/words/terms.js";
import { AGREED, ANA, ME, MEETING, MIN, NOW } from "./fake-app.js";

const H = 60 * MIN;
const PAIR: Pair = { me: ME, other: ANA, mentor: ANA.id, mentee: ME.id };
const version = (of: number, more: Partial<AgreementView>): AgreementView => ({
  ...AGREED,
  version: of,
  proposed_by: ANA.id,
  proposed_us: NOW + of * MIN,
  answered_by: null,
  answered_us: null,
  ...more,
});
const words = (agreements: AgreementView[], meetings: MeetingView[] = []): string[] =>
  [...arrangedMarks({ agreements, meetings }, PAIR, NOW)]
    .sort((a, b) => a.at_us - b.at_us)
    .map((mark) => mark.words);

describe("what a conversation tells of terms", () => {
  it("says who proposed them, and what became of them", () => {
    const answer = (state: AgreementView["state"], by: string): AgreementView =>
      version(1, { state, answered_by: by, answered_us: NOW + H });
    const proposed = "Ana Quispe proposed terms: €60.00 an hour";
    expect(words([version(1, { state: "open" })])).toEqual([proposed]);
    expect(words([answer("accepted", ME.id)])).toEqual([proposed, "You accepted the terms: €60.00 an hour"]);
    expect(words([answer("declined", ME.id)])).toEqual([proposed, "You declined the terms: €60.00 an hour"]);
    expect(words([answer("withdrawn", ANA.id)])).toEqual([
      proposed,
      "Ana Quispe withdrew the proposed terms: €60.00 an hour",
    ]);
  });

  it("says that other terms take the place of what was proposed", () => {
    const at = NOW + 2 * MIN;
    const first = version(1, { state: "superseded", answered_by: ME.id, answered_us: at });
    const second = version(2, { state: "open", proposed_by: ME.id, proposed_us: at, terms: {} });
    expect(words([second, first])).toEqual([
      "Ana Quispe proposed terms: €60.00 an hour",
      "You proposed other terms instead: free of charge",
    ]);
    const accepted = version(1, { state: "accepted", answered_by: ME.id, answered_us: NOW + 90e6 });
    expect(words([second, accepted]).at(-1)).toBe("You proposed terms: free of charge");
  });
});

describe("what a conversation tells of meetings", () => {
  it("says who set one, or cancelled it", () => {
    const meeting: MeetingView = { ...MEETING, start_us: NOW + H, length_us: H, told_by: ANA.id };
    expect(words([], [meeting])).toEqual(["Ana Quispe set a meeting for today, 15:13 to 16:13"]);
    const gone = { ...meeting, state: "cancelled", told_by: ME.id } as const;
    expect(words([], [gone])).toEqual(["You cancelled the meeting of today, 15:13 to 16:13"]);
    const far = { ...meeting, start_us: NOW + 9 * 24 * H };
    expect(words([], [far])[0]).toBe("Ana Quispe set a meeting for Thursday 3 December, 14:13 to 15:13");
    expect(arrangedMarks(undefined, PAIR, NOW)).toEqual([]);
  });
});

describe("what missing a meeting costs at another time", () => {
  const two: Two = { me: ME, other: ANA, pays: true };
  const agreement = { ...AGREED, terms: { ...AGREED.terms, no_show_share: 500_000 } };
  const at = (hours: number): MeetingView =>
    ({ ...MEETING, start_us: NOW + hours * H, length_us: H, told_us: NOW, told_by: ANA.id });

  it("is said, also that it costs nothing any more", () => {
    const costs = "If you do not come within 10 min of the start, €30.00 is owed.";
    expect(noticeWords(agreement, at(48), null, two)).toBe(costs);
    expect(noticeWords(agreement, at(2), at(48), two)).toBe(
      "It is so soon that you owe nothing for not coming.",
    );
    expect(noticeWords(agreement, at(2), null, two)).toBe(
      "It is so soon that you owe nothing for not coming.",
    );
    expect(noticeWords(agreement, { ...at(2), told_by: ME.id }, null, { ...two, me: ANA, other: ME, pays: false })).toBe(
      costs.replace("you do", `${ME.name} does`),
    );
    const told = { ...at(2), told_by: ANA.id };
    expect(noticeWords(agreement, told, null, { me: ANA, other: ME, pays: false })).toBe(
      `It is so soon that ${ME.name} owes nothing for not coming.`,
    );
    expect(noticeWords(AGREED, at(2), null, two)).toBe("");
    expect(noticeWords(AGREED, at(2), at(48), two)).toBe("");
  });

  it("is not said of the time that it has already: nothing would be set anew", () => {
    const binding = { ...at(2), told_us: NOW - 48 * H };
    expect(noticeWords(agreement, at(2), binding, two)).toBe("");
    expect(noticeWords(agreement, { ...at(2), length_us: 2 * H }, binding, two)).toBe(
      "It is so soon that you owe nothing for not coming.",
    );
  });

  it("is nothing where the meeting is over before anybody is missing, however far ahead", () => {
    const short = { ...at(48), length_us: 9 * MIN };
    expect(noticeWords(agreement, short, at(48), two)).toBe(
      "It is so short that you owe nothing for not coming.",
    );
    expect(noticeWords(agreement, { ...short, length_us: 10 * MIN }, at(48), two)).toBe(
      "If you do not come within 10 min of the start, €5.00 is owed.",
    );
  });
});
