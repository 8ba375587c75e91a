import { describe, expect, it } from "vitest";

import { viewOf } from "../../src/lib/session.js";
import type { SessionAccount, SessionView, Settlement } from "../../src/protocol/types.js";
import { resultOf } from "../../src/ui/words/account.js";
import { pairOf, type Pair } from "../../src/ui/words/people.js";
import {
  concession,
  finalWords,
  fingerprint,
  followsWords,
  leftWords,
  reasonTrouble,
  shortStanding,
  standing,
} from "../../src/ui/words/settlement.js";
import { account, ACCOUNTS } from "./accounts.js";
import { ANA, ME, MENTORSHIP, MIN, NOW } from "./fake-app.js";

const MENTOR = pairOf(MENTORSHIP, ME);
const MENTEE = pairOf(MENTORSHIP, ANA);
const RICH = ACCOUNTS["account-paid"]!;

const said = (of: SessionAccount): string => {
  const { amount, words, billed } = resultOf(viewOf(of), of, MENTOR, NOW);
  return [amount, words, billed].filter(Boolean).join(" ");
};

describe("what both say to it", () => {
  it.each([
    ["account-contested-by-other", "Ana Quispe says:"],
    ["account-contested-by-both", "Ana Quispe says:"],
    ["account-contested-by-me", "You said:"],
  ])("names whose reason stands there: %s", (name, words) => {
    expect(stands(ACCOUNTS[name]!)?.by).toBe(words);
  });

  it("says who corrected it, and why, once nobody contests it", () => {
    const gave = ACCOUNTS["account-gave-in"]!;
    const settled: Settlement = { ...gave.settlement!, state: "settled", contested_by: [] };
    const of = (person: string | null, confirmed_by: string[] = []): SessionAccount => ({
      ...gave,
      settlement: { ...settled, confirmed_by },
      notes: [{ ...gave.notes.at(-1)!, person }],
    });
    const words = "corrected it to 43 min: €51.60.";
    expect(stands(of(null))).toMatchObject({
      text: `Whoever runs this server ${words}`,
      reason: "You are right.",
      by: "Whoever runs this server says:",
    });
    expect(stands(of(ANA.id))).toMatchObject({ text: `Ana Quispe ${words}`, by: "Ana Quispe says:" });
    expect(stands(of(ME.id))).toMatchObject({ text: `You ${words}`, by: "You said:" });
    expect(stands(of(ME.id, [ANA.id]))).toMatchObject({
      text: "Ana Quispe confirmed 43 min: €51.60.",
      more: "You gave in to that. Confirm it too, and it can be contested no more.",
    });
    expect(stands(of(null, [ANA.id]))?.more).toBe("Confirm it too, if it is right.");
    expect(said(of(null))).toBe("43 min 26 s together, corrected to 43 min: €51.60");
    const nothing = { ...of(null), settlement: { ...settled, bill: { ...settled.bill, billed_us: 0 } } };
    expect(said(nothing)).toBe("43 min 26 s together, corrected: nothing billed");
    expect(stands(nothing)?.text).toBe("Whoever runs this server corrected it to nothing.");
  });

  const stands = (of: SessionAccount, pair = MENTOR) => standing(viewOf(of), of.notes, pair);
  const by = (...confirmed_by: string[]): SessionAccount => ({
    ...RICH,
    settlement: { ...RICH.settlement!, confirmed_by },
  });

  it("is nothing before the close, and awaited before it is computed", () => {
    expect(stands(ACCOUNTS["account-running"]!)).toBeNull();
    expect(stands({ ...RICH, settlement: null })).toMatchObject({
      text: "What it comes to is being computed.",
      can: { confirm: false, contest: false, giveIn: false },
    });
  });

  it.each([
    [by(), "It is settled at 38 min: €45.60.", "confirm contest"],
    [by(ME.id), "You confirmed 38 min: €45.60.", "contest"],
    [by(ANA.id), "Ana Quispe confirmed 38 min: €45.60.", "confirm contest"],
    [by(ME.id, ANA.id), "You both confirmed 38 min: €45.60.", ""],
    [ACCOUNTS["account-contested-by-me"]!, "You contest 38 min: €45.60.", "confirm"],
    [ACCOUNTS["account-contested-by-other"]!, "Ana Quispe contests 38 min: €45.60.", "contest giveIn"],
    [ACCOUNTS["account-contested-by-both"]!, "You both contest 38 min: €45.60.", "confirm giveIn"],
    [ACCOUNTS["account-gave-in"]!, "Ana Quispe gave in: now it comes to 43 min: €51.60.", "confirm"],
    [ACCOUNTS["account-nobody"]!, "Nothing is billed for it.", "confirm contest"],
  ])("%#", (of, text, can) => {
    const found = stands(of)!;
    expect(found.text).toBe(text);
    expect(Object.entries(found.can).filter(([, may]) => may).map(([name]) => name).join(" ")).toBe(can);
  });

  it("gives the reason of who contests, and no other", () => {
    const of = ACCOUNTS["account-contested-by-other"]!;
    expect(stands(of)?.reason).toMatch(/^We talked until the hour/);
    const older = { ...of.notes[0]!, person: ME.id, text: "mine" };
    expect(stands({ ...of, notes: [...of.notes, older] })?.reason).toMatch(/^We talked/);
    expect(stands({ ...of, notes: [] })?.reason).toBeNull();
    expect(stands({ ...of, notes: [{ ...of.notes[0]!, text: null }] })?.reason).toBeNull();
  });

  it("of two who contest gives the reason of the other", () => {
    const of = ACCOUNTS["account-contested-by-both"]!;
    const [theirs, mine] = of.notes;
    const notes = [theirs!, { ...mine!, text: "mine" }];
    expect(stands({ ...of, notes })?.reason).toMatch(/^We talked/);
    expect(stands({ ...of, notes }, MENTEE)?.reason).toBe("mine");
  });

  it("gives whoever is to confirm the reason of who gave in", () => {
    const gave = ACCOUNTS["account-gave-in"]!;
    expect(stands(gave)).toMatchObject({
      reason: gave.notes.findLast(({ about }) => about === "corrected")!.text,
      by: "Ana Quispe says:",
    });
  });

  it("tells the one who gave in that the other has not confirmed yet", () => {
    expect(stands(ACCOUNTS["account-gave-in"]!, MENTEE)).toMatchObject({
      text: "You gave in: now it comes to 43 min: €51.60.",
      can: { giveIn: true, confirm: false },
    });
  });

  it("says beside the button that what both confirmed is final", () => {
    const final = (of: SessionAccount): string => finalWords(stands(of)!);
    const words = "Once you both have confirmed it, only whoever runs this server can correct it.";
    expect(final(RICH)).toBe(words);
    expect(final(ACCOUNTS["account-gave-in"]!)).toBe(words);
    expect(final(ACCOUNTS["account-contested-by-other"]!)).toBe("");
    expect(final(ACCOUNTS["account-confirmed"]!)).toBe("");
  });

  it("says before one contests what follows, for either side", () => {
    expect(followsWords(MENTOR)[1]).toMatch(/give in to more\./);
    expect(followsWords(MENTEE)[1]).toMatch(/give in to less\./);
  });
});

describe("how a session stands, in a list", () => {
  it.each([
    ["account-paid", "€45.60, not confirmed"],
    ["account-confirmed", "€45.60, confirmed by both"],
    ["account-contested-by-other", "€45.60, held until you two agree"],
    ["account-gave-in", "€51.60, waits for you to confirm it"],
    ["account-nobody", ""],
    ["account-running", ""],
  ])("%s", (name, words) => {
    expect(shortStanding(viewOf(ACCOUNTS[name]!), MENTOR)).toBe(words);
  });

  it("names who confirmed it alone, and the time where it is free", () => {
    const by = (person: string): SessionView => ({
      ...viewOf(RICH),
      settlement: { ...RICH.settlement!, confirmed_by: [person] },
    });
    expect(shortStanding(by(ME.id), MENTOR)).toBe("€45.60, confirmed by you");
    expect(shortStanding(by(ANA.id), MENTOR)).toBe("€45.60, confirmed by Ana Quispe");
    expect(shortStanding(viewOf(account([["contact", 600]])), MENTOR)).toBe("10 min, not confirmed");
  });
});

describe("a reason and a concession", () => {
  it("has 1 to 1000 characters, as a server in Python counts them", () => {
    expect(reasonTrouble(" \n")).toBe("Say why, in a few words.");
    expect(reasonTrouble("😀".repeat(1000))).toBe("");
    expect(reasonTrouble("😀".repeat(1001))).toBe("1 character too long.");
    expect(reasonTrouble("x".repeat(1002))).toBe("2 characters too long.");
    expect(leftWords("😀")).toBe("1 of 1000 characters");
  });

  it("is against one's own interest, in whole minutes", () => {
    const by = (typed: string, pair: Pair): number | string => concession(typed, 38 * MIN, 60 * MIN, pair);
    expect(by("37", MENTOR)).toBe(37 * MIN);
    expect(by("0", MENTOR)).toBe(0);
    const less = "Write less than 38 min: as the mentor you can only give in.";
    expect(by("38", MENTOR)).toBe(less);
    expect(by(" 39 ", MENTEE)).toBe(39 * MIN);
    expect(by("38", MENTEE)).toBe("Write more than 38 min: as the mentee you can only give in.");
    for (const wrong of ["", "-1", "1.5", "1e3", "x"]) {
      expect(by(wrong, MENTEE)).toBe("Write whole minutes, such as 40.");
    }
    expect(by("60", MENTEE)).toBe(60 * MIN);
    const most = "Write at most 1 h.";
    for (const long of ["61", "99999"]) expect(by(long, MENTEE)).toBe(most);
    expect(by("99999", MENTOR)).toBe(less);
  });

  it("has a fingerprint short enough to compare", () => {
    expect(fingerprint("3fa91c2d77e0b1c45d0f".padEnd(64, "0"))).toBe("3fa9 1c2d 77e0 b1c4");
  });
});
