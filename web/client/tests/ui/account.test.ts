import { describe, expect, it } from "vitest";

import { viewOf } from "../../src/lib/session.js";
import { troubleOf } from "../../src/lib/trouble.js";
import type { Bill, SessionAccount } from "../../src/protocol/types.js";
import { piecesOf } from "../../src/ui/account/counting.js";
import { boundsWords, isOld, pieceWords, resultOf, resultShort, theirClocks } from "../../src/ui/words/account.js";
import { awayWords, comings, costOf, frame, steps } from "../../src/ui/words/bill.js";
import type { Pair } from "../../src/ui/words/people.js";
import { pairOf } from "../../src/ui/words/people.js";
import { endWords } from "../../src/ui/words/session.js";
import { aheadUs, brief, clock, monthName, spanOf } from "../../src/ui/words/time.js";
import { account, ACCOUNTS, bill, FREE, PAID, S, settlement, type Plan } from "./accounts.js";
import { ANA, ME, MENTORSHIP, MIN, NOW } from "./fake-app.js";

const MENTOR = pairOf(MENTORSHIP, ME);
const MENTEE: Pair = pairOf(MENTORSHIP, ANA);
const FROM = NOW - 48 * MIN; // 13:25:20 in Vienna
const MEETING = {
  meeting: "m",
  start_us: FROM,
  length_us: 60 * MIN,
  came: [],
  again: false,
  binding: true,
  waited_us: [0, 0] as [number, number],
  before_us: 0,
  billed_us: 0,
};
const RICH = ACCOUNTS["account-paid"]!;

const said = (of: SessionAccount, pair = MENTOR): string => {
  const { amount, words, billed } = resultOf(viewOf(of), of, pair, NOW);
  return [amount, words, billed].filter(Boolean).join(" ");
};

it("says of a page cut off that what it shows may be old, unless that is over", () => {
  const refused = troubleOf("unavailable");
  const away = { is: "offline", retryAt: 0, trouble: null } as const;
  expect(isOld({ is: "online" }, null, false)).toBeNull();
  expect(isOld({ is: "online" }, refused, true)).toBe(refused);
  expect(isOld(away, null, false)).toEqual(troubleOf("unreachable"));
  expect(isOld(away, refused, false)).toBe(refused);
  expect(isOld(away, null, true)).toBeNull();
});

it("knows who is who, from both sides", () => {
  expect(MENTOR).toEqual({ me: ME, other: ANA, mentor: ME.id, mentee: ANA.id });
  expect(MENTEE).toEqual({ me: ANA, other: ME, mentor: ME.id, mentee: ANA.id });
});

describe("the result in one sentence", () => {
  it("says in a list too why one owes who was not there", () => {
    const missed = viewOf(ACCOUNTS["account-no-show"]!);
    const words = (pair: Pair): string => resultShort(missed, pair, NOW).words;
    expect(words(MENTOR)).toBe("Ana Quispe did not come");
    expect(words(MENTEE)).toBe("You did not come");
    expect(resultShort(viewOf(RICH), MENTOR, NOW)).toEqual({ amount: "43 min 26 s", words: "together" });
    expect(resultShort(viewOf(ACCOUNTS["account-nobody"]!), MENTOR, NOW).amount).toBe("");
  });

  const free = account([["contact", 45 * 60 + 29]]);

  it("says the time, what is billed of it and what that costs", () => {
    expect(said(free)).toBe("45 min 29 s together, free of charge");
    expect(said(RICH)).toBe("43 min 26 s together, billed 38 min: €45.60");
  });

  it("says so far before the close, once, with the price where there is one", () => {
    expect(said(ACCOUNTS["account-running"]!)).toBe("21 min 0 s together, €25.20 so far");
    const { bill: of, ...open } = free;
    const both = open.people.map((time) => ({ ...time, since_us: NOW - MIN }));
    expect(said({ ...open, bill: of, state: "open", settlement: null, people: both })).toBe(
      "45 min 29 s together so far",
    );
  });

  it("bills nothing where it is free of charge", () => {
    const at = (more: Partial<SessionAccount>): string =>
      steps({ ...free, ...more }, MENTOR).map(({ label, value, note }) => `${label}: ${value} ${note}`).join();
    const held = settlement(free.bill, { state: "contested", contested_by: [ANA.id] });
    for (const each of [at({}), at({ state: "open", settlement: null }), at({ settlement: held })]) {
      expect(each).not.toMatch(/billed/i);
    }
    expect(at({})).toContain("Comes to: 45 min");
    expect(at({ settlement: held })).toContain("Would come to: 45 min");
  });

  it.each([
    ["account-contested-by-other", "43 min 26 s together, held until you two agree"],
    ["account-gave-in", "43 min 26 s together, held until you two agree"],
  ])("bills nothing to anybody while it is contested: %s", (name, words) => {
    expect(said(ACCOUNTS[name]!)).toBe(words);
    const labels = steps(ACCOUNTS[name]!, MENTOR).map(({ label }) => label);
    expect(labels).toContain("Would be billed");
    expect(labels).toContain("Ana Quispe would pay");
    expect(labels).not.toContain("Billed");
  });

  it("says nothing of billing where little time was free, and that nothing is billed where not", () => {
    const short = account([["contact", 12]]);
    expect(said(short)).toBe("12 s together");
    const paid = bill({ currency: "EUR" });
    expect(said({ ...short, bill: paid, settlement: settlement(paid) })).toBe(
      "12 s together, nothing billed",
    );
  });

  it.each([
    ["account-no-show", MENTOR, "Ana Quispe did not come, billed 30 min: €36.00"],
    ["account-no-show", MENTEE, "You did not come, billed 30 min: €36.00"],
    ["account-nobody", MENTOR, "It is not known whether you came, nothing billed"],
  ])("of %s tells who did not come", (name, pair, words) => {
    expect(said(ACCOUNTS[name]!, pair)).toBe(words);
  });

  it("tells neither, one, or the unknown", () => {
    const of = ACCOUNTS["account-no-show"]!;
    const when = (mentor: "yes" | "no" | "unknown", mentee: "yes" | "no" | "unknown"): string => {
      const change = { billed_us: 0, currency: null };
      const sides = { mentor: { ...of.bill.mentor, no_show: mentor }, mentee: { ...of.bill.mentee, no_show: mentee } };
      const changed = { ...of.bill, ...change, ...sides };
      return said({ ...of, bill: changed, settlement: settlement(changed) });
    };
    expect(when("yes", "yes")).toBe("Neither of you came");
    expect(when("yes", "no")).toBe("You did not come");
    expect(when("no", "unknown")).toBe("It is not known whether Ana Quispe came");
    expect(when("no", "no")).toBe("You were not in the room at the same time");
  });

  it("goes by the view while there is no account", () => {
    const { settlement: _, ...view } = viewOf(free);
    expect(resultOf(view, null, MENTOR, NOW)).toEqual({ amount: "45 min 29 s", words: "together", billed: "" });
  });
});

describe("bounds", () => {
  const bounds = (of: Partial<SessionAccount> = {}, pair = MENTOR): string =>
    boundsWords({ ...RICH, ...of }, pair, NOW);
  const heard = "Your page was not heard to leave: its time goes up to when it was last heard.";

  it("stand where an end was inferred, with whose it is", () => {
    expect(bounds()).toBe(`${heard} You were together between 43:26 and 43:32.`);
    expect(bounds({}, MENTEE)).toBe(
      "Bruno Wagner's page was not heard to leave: its time goes up to when it was last heard. " +
        "You were together between 43:26 and 43:32.",
    );
    expect(bounds({ together_most_us: RICH.together_us })).toBe(heard);
    expect(bounds({ together_since_us: NOW })).toBe(heard); // it is counted yet
    expect(bounds({ estimated: false })).toBe("");
  });

  it("stand for both, where neither page was heard to leave", () => {
    const [mine, theirs] = RICH.lanes;
    const end = theirs!.spans.at(-1)![1];
    const lanes = [mine!, { ...theirs!, inferred: [[end, end + 6 * S]] as [number, number][] }];
    expect(bounds({ lanes, together_most_us: RICH.together_us })).toBe(
      "Your pages were not heard to leave: their time goes up to when they were last heard.",
    );
  });

  it("name nobody where it ended nothing, and say nothing where it changes nothing", () => {
    const lanes = RICH.lanes.map((lane) => ({ ...lane, inferred: [[0, S]] as [number, number][] }));
    expect(bounds({ lanes })).toBe(
      "A page was not heard to leave: its time goes up to when it was last heard. " +
        "You were together between 43:26 and 43:32.",
    );
    expect(bounds({ lanes, together_most_us: RICH.together_us })).toBe("");
  });
});

describe("a stretch in words", () => {
  const words = (of: SessionAccount, pair = MENTOR): string[] =>
    piecesOf(of).map((piece) => pieceWords(piece, of, pair));
  const plan: Plan = [
    ["alone", 100],
    ["contact", 2729],
    ["alone", 28],
    ["contact", 60],
    ["nobody", 95],
    ["contact", 60],
    ["unknown", 100],
    ["impaired", 61],
    ["contact", 60],
    ["alone", 5, 1],
  ];

  it("says when, who, how long, how it is known and whether it counts", () => {
    expect(words(account(plan, { terms_version: 3 }))).toEqual([
      "13:25:20–13:27:00 you alone, 1 min 40 s.",
      "13:27:00–14:12:29 both present, 45 min 29 s, proven by both pages.",
      "gap 14:12:29–14:12:57, Ana Quispe was away, 28 s, counts: your terms allow gaps of 1 min 30 s.",
      "14:12:57–14:13:57 both present, 1 min 0 s, proven by both pages.",
      "gap 14:13:57–14:15:32, you were both away, 1 min 35 s, does not count: your terms allow gaps of 1 min 30 s.",
      "14:15:32–14:16:32 both present, 1 min 0 s, proven by both pages.",
      "14:16:32–14:18:12 both present, 1 min 40 s, but not proven to be in contact, does not count.",
      "14:18:12–14:19:13 both present, 1 min 1 s, but no sound or picture travelled, does not count, owed as make-up time.",
      "14:19:13–14:20:13 both present, 1 min 0 s, proven by both pages.",
      "14:20:13–14:20:18 Ana Quispe alone, 5 s.",
    ]);
  });

  it("says where it was the server that was away, whether they met or not", () => {
    const whole = account(plan);
    const unwatched = whole.stretches
      .filter(({ state }) => state === "nobody")
      .map(({ from_us, to_us }): [number, number] => [from_us - S, to_us]);
    expect(words({ ...whole, unwatched })[4]).toMatch(/^gap .*, the server was away, 1 min 35 s, does not count/);
    const waits: Plan = [["alone", 100], ["nobody", 95], ["alone", 100]];
    const alone = account(waits);
    const [, { from_us, to_us }] = alone.stretches as [unknown, { from_us: number; to_us: number }];
    expect(words({ ...alone, unwatched: [[from_us, to_us]] })[1]).toMatch(/the server was away, 1 min 35 s/);
    expect(words(alone)[1]).toMatch(/nobody in the room/);
  });

  it("says that what is impaired outside the booked time is owed by nobody", () => {
    const whole = account(plan);
    const to = whole.stretches.find(({ state }) => state === "impaired")!.from_us;
    const bill = { ...whole.bill, window_from_us: 0, window_to_us: to };
    expect(words({ ...whole, bill, booked: RICH.booked! })[7]).toMatch(/outside the booked time.*, so it does not count/);
  });

  it("is told to each from their own side, by their own clock", () => {
    const [first, , gap] = words(account(plan), MENTEE);
    expect(first).toBe("07:25:20–07:27:00 Bruno Wagner alone, 1 min 40 s.");
    expect(gap).toBe(
      "gap 08:12:29–08:12:57, you were away, 28 s, counts: the terms without an agreement allow gaps of 1 min 30 s.",
    );
  });

  it("says whose page signed, where only one did", () => {
    const of = account([["contact", 60]]);
    const only = (signer: string): SessionAccount => ({
      ...of,
      proofs: of.proofs.filter((each) => each.signer === signer),
    });
    expect(words(only(ANA.id))[0]).toMatch(/signed by Ana Quispe's page, handed in by yours\.$/);
    expect(words(only(ME.id))[0]).toMatch(/signed by your page, handed in by Ana Quispe's\.$/);
    expect(words({ ...of, proofs: [] })[0]).toMatch(/, proven\.$/);
  });

  it("is as long as its two clocks are apart", () => {
    const [from, to] = [FROM + 0.9 * S, FROM + 100.1 * S];
    const of = account([["contact", 99.2]], {}, from);
    expect(of.stretches[0]?.to_us).toBe(to);
    const clocks = `${clock(ME.zone, FROM)}–${clock(ME.zone, FROM + 100 * S)}`;
    expect(words(of)[0]).toMatch(new RegExp(`^${clocks} both present, 1 min 40 s,`));
    expect(words(account([["contact", 0.3]], {}, FROM))[0]).toContain("less than 1 s");
  });

  it("says what lies outside the booked time", () => {
    const counted: [number, number][] = [[FROM, FROM + 60 * S]];
    const plan: Plan = [["contact", 100], ["unknown", 10], ["contact", 100]];
    const [cut, unknown, out] = words(account(plan, { counted, bridged: [] }));
    expect(cut).toMatch(/1 min 0 s of it count, the rest is outside the booked time\.$/);
    expect(unknown).toMatch(/not proven to be in contact, does not count\.$/);
    expect(out).toMatch(/outside the booked time, so it does not count\.$/);
    const room = account(plan, { counted, bridged: [], terms: { ...FREE, counts: "room" } });
    expect(words(room)[1]).toMatch(/outside the booked time, so it does not count\.$/);
  });

  it("says why a gap does not count: by where it lies before by how long it is", () => {
    const gap = (plan: Plan, of: Partial<SessionAccount> = {}, within: Partial<Bill> = {}): string => {
      const whole = account(plan, of);
      const all = { ...whole, bill: { ...whole.bill, ...within } };
      const found = piecesOf(all).find(({ kind, bridged }) => kind === "gap" && !bridged);
      return pieceWords(found!, all, MENTOR).replace(/^.* away, /, "");
    };
    const plan: Plan = [["contact", 60], ["alone", 18], ["contact", 60]];
    const early: Partial<SessionAccount> = { counted: [[FROM, FROM + 60 * S]], bridged: [] };
    const until = { window_from_us: FROM, window_to_us: FROM + 60 * S };
    expect(gap(plan, early, until)).toBe("18 s, outside the booked time, so it does not count.");
    const before = { window_from_us: FROM + 78 * S, window_to_us: FROM + 999 * S };
    expect(gap(plan, early, before)).toBe("18 s, outside the booked time, so it does not count.");
    const part = { window_from_us: FROM, window_to_us: FROM + 70 * S };
    expect(gap(plan, early, part)).toBe("18 s, does not count: there is no time after it that does.");
    const none: Partial<SessionAccount> = { counted: [], bridged: [] };
    expect(gap(plan, none)).toBe("18 s, does not count: there is no time before or after it that does.");
    const late: Partial<SessionAccount> = { counted: [[FROM + 78 * S, FROM + 138 * S]], bridged: [] };
    expect(gap(plan, late)).toBe("18 s, does not count: there is no time before it that does.");
    const beside: Plan = [["contact", 60], ["unknown", 100], ["alone", 18], ["contact", 60]];
    expect(gap(beside)).toBe(
      "18 s, does not count: the terms without an agreement allow gaps of 1 min 30 s, " +
        "and with what lies beside it this one is longer.",
    );
    const apart: Partial<SessionAccount> = { bridged: [] }; // the window has a gap of its own there
    expect(gap(plan, apart)).toBe("18 s, outside the booked time, so it does not count.");
  });

  it("says that a wait for a late mentee counts", () => {
    const counted: [number, number][] = [[FROM, FROM + 360 * S]];
    expect(words(account([["alone", 300], ["contact", 60]], { counted }))[0]).toMatch(
      /5 min 0 s, counts: the other was late\.$/,
    );
  });

  it("says when a page was last heard and when that was noticed", () => {
    const of = account([["contact", 60], ["alone", 30, 1]]);
    const end = FROM + 60 * S;
    const lanes = [{ ...of.lanes[0]!, inferred: [[end, end + 6 * S]] as [number, number][] }, of.lanes[1]!];
    expect(words({ ...of, lanes })[0]).toMatch(
      /Your page was last heard at 13:26:20, which was noticed at 13:26:26\.$/,
    );
    expect(words({ ...of, lanes }, MENTEE)[0]).toMatch(/Bruno Wagner's page was last heard at 07:26:20/);
  });

  it("gives the other's clock beside one's own", () => {
    expect(theirClocks(FROM, FROM + 60 * S, MENTOR)).toBe("07:25:20–07:26:20 for Ana Quispe");
    const early = NOW - 12 * 60 * MIN;
    expect(theirClocks(early, early + 60 * S, MENTOR)).toBe("20:13:20–20:14:20 on Monday for Ana Quispe");
    expect(theirClocks(FROM, FROM, { ...MENTOR, other: { ...ANA, zone: ME.zone } })).toBe("");
    expect(theirClocks(FROM, FROM, MENTOR)).toBe("07:25:20 for Ana Quispe");
  });
});

describe("how the amount came about", () => {
  const rows = (of: SessionAccount, pair = MENTOR): string[] =>
    steps(of, pair).map(({ label, value }) => `${label}: ${value}`);

  it("goes step by step to the price", () => {
    expect(rows(RICH)).toEqual([
      "Both in the room: 43 min 26 s",
      "Proven contact: 38 min 10 s",
      "Not proven: 2 min 51 s",
      "Impaired: 2 min 25 s",
      "Counted: 38 min 10 s",
      "Short gaps: + 42 s",
      "Rounded: 38 min",
      "Billed: 38 min",
      "Price: €38.00",
      "Tax: + €7.60",
      "Ana Quispe pays: €45.60",
      "Fee: €3.80",
    ]);
    expect(rows(RICH, MENTEE)).toContain("You pay: €45.60");
  });

  it("says what unknown means, why it is not billed, and what one can do", () => {
    const note = (of: SessionAccount, pair = MENTOR): string =>
      steps(of, pair).find(({ label }) => label === "Not proven")?.note ?? "";
    expect(note(RICH)).toMatch(/^You both were in the room, but .*That is not billed\. .*Ana Quispe can give in to more\.$/);
    expect(note(RICH, MENTEE)).toMatch(/or give in to more once it is contested\.$/);
    expect(note({ ...RICH, bill: { ...RICH.bill, unknown_us: 0 } })).toMatch(/What is short is bridged as a gap\./);
    expect(note({ ...RICH, terms: { ...PAID, counts: "room" } })).toMatch(/By your terms it counts all the same\.$/);
  });

  it("makes nothing of the moment that it takes until pages reach each other", () => {
    const of = account([["unknown", 2], ["contact", 600]]);
    expect(rows(of).slice(0, 2)).toEqual(["Both in the room: 10 min 2 s", "Proven contact: 10 min 0 s"]);
    expect(steps(of, MENTOR)[1]?.note).toBe("Until your pages reach each other takes a moment.");
    expect(rows(of).join()).not.toContain("Not proven");
    expect(rows(account([["unknown", 5], ["contact", 600]]))).toContain("Not proven: 5 s");
    const back: Plan = [["unknown", 2], ["contact", 600], ["alone", 20], ["unknown", 2], ["contact", 60]];
    expect(rows(account(back)).join()).not.toContain("Not proven");
    expect(steps(account(back), MENTOR)[1]?.note).toBe("Until your pages reach each other takes a moment.");
  });

  it("hides no moment in which pages that had reached each other proved nothing", () => {
    const of = account([["unknown", 1], ["contact", 600], ["unknown", 3], ["contact", 60]]);
    const [, proven, unknown] = steps(of, MENTOR);
    expect(proven).toEqual({ label: "Proven contact", value: "11 min 0 s" });
    expect(unknown).toMatchObject({ label: "Not proven", value: "4 s" });
    const dust = account([["contact", 600], ["unknown", 0.4], ["contact", 60]]);
    expect(rows(dust).join()).not.toContain("Not proven");
    expect(steps(dust, MENTOR)[1]?.note).toBeUndefined();
  });

  it("says of unknown time that is bridged that it counts", () => {
    const of = account([["contact", 600], ["unknown", 3], ["contact", 60]]);
    expect(steps(of, MENTOR)[2]?.note).toBe(
      "You both were in the room, but your pages did not prove that they reached each other. " +
        "It counts all the same, as a short gap.",
    );
  });

  it("says of impaired time what is owed of it: not what is bridged as a gap", () => {
    const note = (impaired_us: number, make_up = true): string =>
      steps({ ...RICH, terms: { ...PAID, make_up }, bill: { ...RICH.bill, impaired_us } }, MENTOR).find(
        ({ label }) => label === "Impaired",
      )?.note ?? "";
    const what = "Both pages said that neither sound nor picture travelled.";
    expect(note(145 * S)).toBe(`${what} It does not count. It is owed to Ana Quispe as time.`);
    expect(note(145 * S, false)).toBe(`${what} It does not count.`);
    expect(note(60 * S)).toBe(`${what} 1 min 0 s of it does not count. It is owed to Ana Quispe as time.`);
    expect(note(0)).toBe(what);
  });

  it("says which time counts", () => {
    const note = (terms: Partial<typeof PAID>): string | undefined =>
      steps({ ...RICH, terms: { ...PAID, ...terms } }, MENTOR).find(({ label }) => label === "Counted")?.note;
    expect(note({})).toBe("Contact that both pages proved.");
    expect(note({ counts: "room", late_counts: true })).toBe(
      "All time with both of you in the room, unless nothing travelled. " +
        "The wait for Ana Quispe, if late, counts too.",
    );
  });

  it("shows minimum, rounding and limit only where they change something", () => {
    const of = (seconds: number, terms: Partial<typeof FREE>, billed: number): string[] => {
      const paid = bill({ counted_us: seconds * S, billed_us: billed * S });
      const all = { ...FREE, ...terms };
      return rows({ ...account([["contact", seconds]]), terms: all, bill: paid, settlement: settlement(paid) });
    };
    expect(of(600, {}, 600)).toEqual(["Both in the room: 10 min 0 s", "Counted: 10 min 0 s", "Comes to: 10 min"]);
    expect(of(600, { minimum_us: 900 * S }, 900)).toContain("At least: 15 min");
    expect(of(630, { rounding: "up" }, 660)).toContain("Rounded: 11 min");
    expect(of(630, { rounding: "nearest" }, 660)).toContain("Rounded: 11 min");
    expect(of(629, { rounding: "nearest" }, 600)).toContain("Rounded: 10 min");
    expect(of(7000, { cap_us: 3600 * S }, 3600)).toContain("At most: 1 h");
    expect(of(0, { minimum_us: 900 * S }, 0)).not.toContain("At least: 15 min");
  });

  it("says what of a meeting its other sessions are billed for", () => {
    const of = (more: Partial<typeof MEETING>, billed: Partial<Bill>, terms: Partial<typeof FREE>): string => {
      const made = account([["contact", 600]], { booked: { ...MEETING, ...more } });
      return rows({ ...made, terms: { ...FREE, ...terms }, bill: bill({ currency: "EUR", counted_us: 600 * S, ...billed }) }).join();
    };
    const least = { minimum_us: 1800 * S };
    expect(of({ before_us: 300 * S, billed_us: 1800 * S }, { billed_us: 0 }, least)).toContain(
      "The meeting’s other sessions: + 5 min 0 s,At least: 30 min,Billed for the other sessions: − 30 min,Billed: 0 s",
    );
    const missed = { counted_us: 0, owed: "no_show", billed_us: 1200 * S } as const;
    expect(of({ billed_us: 600 * S }, missed, {})).toContain(
      "No-show: 30 min,Billed for the other sessions: − 10 min,Billed: 20 min",
    );
    expect(of({}, { billed_us: 600 * S }, {})).not.toContain("other sessions");
    expect(of({ billed_us: 600 * S }, { counted_us: 0 }, {})).not.toContain("other sessions");
    const given = { owed: "correction", billed_us: 60 * S } as const;
    expect(of({ billed_us: 600 * S }, given, {})).not.toContain("other sessions");
  });

  it("takes off what lies outside the booked time", () => {
    const booked = { ...MEETING, length_us: 60 * S };
    const counted: [number, number][] = [[FROM, FROM + 60 * S]];
    const of = account([["contact", 100], ["unknown", 10]], { booked, counted });
    expect(rows(of)).toContain("Outside the booked time: − 40 s");
    const longer = { ...of, extended_us: FROM, terms: { ...FREE, overrun_us: 20 * MIN } };
    expect(rows(longer)).toContain("Outside the booked time and the 20 min after it: − 40 s");
    const later = { ...longer, extended_us: FROM + 90 * S }; // what lay between counts for nothing
    expect(rows(later)).toContain("Outside the booked time and what was added to it: − 40 s");
    expect(rows({ ...of, terms: { ...FREE, counts: "room" } })).toContain("Outside the booked time: − 50 s");
    expect(rows(account([["contact", 100]], { booked })).join()).not.toContain("Outside");
  });

  it("says what stands in place of the time: a no-show, a correction", () => {
    const [, , noShow] = steps(ACCOUNTS["account-no-show"]!, MENTOR);
    expect(noShow).toMatchObject({
      label: "No-show",
      value: "30 min",
      note: "Ana Quispe had not come 10 min after the start: 50 % of the booked 1 h is owed.",
    });
    const capped = { ...ACCOUNTS["account-no-show"]!, terms: { ...PAID, cap_us: 1800 * S } };
    expect(steps(capped, MENTOR)[2]?.note).toMatch(/50 % of the booked 1 h is owed, at most 30 min\.$/);
    const corrected = steps(ACCOUNTS["account-gave-in"]!, MENTOR).find(({ label }) => label === "Corrected");
    expect(corrected).toMatchObject({ value: "43 min", note: "Ana Quispe corrected it: “You are right.”" });
    const gave = ACCOUNTS["account-gave-in"]!;
    const erased = gave.notes.map((note) => ({ ...note, text: null, person: null }));
    const byOperator = steps({ ...gave, notes: erased }, MENTOR).find(({ label }) => label === "Corrected");
    expect(byOperator?.note).toBe("Whoever runs this server corrected it.");
  });

  it("leaves the price out where nothing is billed", () => {
    expect(rows(ACCOUNTS["account-nobody"]!).slice(-2)).toEqual(["Billed: 0 s", "Ana Quispe pays: €0.00"]);
  });

  it("tells what a correction would cost, as the server rounds it", () => {
    expect(costOf(RICH, 43 * MIN)).toBe("€51.60");
    expect(costOf({ ...RICH, terms: { ...PAID, rate_minor: 10 ** 10 } }, 24 * 60 * MIN)).toBe("€2,880,000,000.00");
    expect(costOf(account([["contact", 9]]), 43 * MIN)).toBe("");
  });
});

describe("who came, waited, is owed", () => {
  it("is said of both, and what is to be made up for", () => {
    expect(comings(RICH, MENTOR)).toEqual([
      "You were alone in the room for 2 min 38 s.",
      "Ana Quispe came 10 s after the booked start.",
      "Ana Quispe was alone in the room for 1 min 35 s.",
      "2 min 25 s are owed to Ana Quispe as time, to be made up for.",
    ]);
    expect(comings(RICH, MENTEE)[3]).toBe("2 min 25 s are owed to you as time, to be made up for.");
    const late = { ...RICH, terms: { ...PAID, late_counts: true } };
    expect(comings(late, MENTOR)[1]).toMatch(/start\.$/); // with too little notice it does not count
    const [first, ...others] = late.counted;
    const counted = { ...late, counted: [[first![0] - 10 * S, first![1]] as [number, number], ...others] };
    expect(comings(counted, MENTOR)[1]).toMatch(/The wait counts as time together\.$/);
    const both = { ...counted.bill, mentor: { ...counted.bill.mentor, late_us: 5 * S } };
    expect(comings({ ...counted, bill: both }, MENTOR)[0]).toBe("You came 5 s after the booked start.");
  });

  it("is said without the time that the server was away, and when that was", () => {
    const { start_us } = RICH.booked!;
    const at = (from: number, to: number): [number, number] => [start_us + from * S, start_us + to * S];
    const away = (...unwatched: [number, number][]): string => awayWords({ ...RICH, unwatched }, MENTOR);
    expect(away(at(-60, 0))).toBe("");
    expect(away(at(-60, 30))).toMatch(
      /^The server was away [\d:]+–[\d:]+\. Nobody is late for that time, and it proves of nobody that they did not come\.$/,
    );
    expect(comings({ ...RICH, unwatched: [at(-60, 30)] }, MENTOR)[1]).toBe(
      "Ana Quispe came 10 s after the booked start, without the time that the server was away.",
    );
    const from = RICH.stretches[0]!.from_us;
    const unbooked = { ...RICH, booked: null, unwatched: [[from - S, from + 9 * S]] as [number, number][] };
    expect(awayWords(unbooked, MENTOR)).toMatch(/^The server was away .* counts all the same\.$/);
    const often = [0, 1, 2, 3, 4].map((n) => at(n * 60, n * 60 + 30));
    expect(away(...often)).toContain(", and 2 more times. Nobody");
  });

  it("is said of who did not come, or where that is not known", () => {
    expect(comings(ACCOUNTS["account-no-show"]!, MENTOR)[1]).toBe("Ana Quispe did not come to the meeting.");
    const swapped = ACCOUNTS["account-no-show"]!;
    const without = { ...swapped, bill: { ...swapped.bill, owed: "nothing" as const } };
    const unowed = { ...without, booked: { ...swapped.booked!, binding: false } };
    expect(comings(unowed, MENTOR)[1]).toBe(
      "Ana Quispe did not come to the meeting. " +
        "Nothing is owed for that: the time was set less than 24 h before.",
    );
    const missed = "Ana Quispe did not come to the meeting.";
    expect(comings(without, MENTOR)[1]).toBe(missed); // there was notice enough: it has another reason
    expect(comings({ ...unowed, terms: { ...PAID, no_show_share: 0 } }, MENTOR)[1]).toBe(missed);
    const neither = { ...unowed.bill, mentor: { ...unowed.bill.mentor, no_show: "yes" as const } };
    expect(comings({ ...unowed, bill: neither }, MENTOR)[2]).toBe(missed);
    const again = { ...swapped, booked: { ...swapped.booked!, waited_us: [510 * S, 0] as [number, number] } };
    expect(comings(again, MENTOR)).toContain("You had waited 8 min 30 s in earlier sessions of the meeting.");
    const { mentor, mentee } = swapped.bill;
    const sides = { mentor: { ...mentor, no_show: "yes" as const }, mentee: { ...mentee, no_show: "no" as const } };
    expect(comings({ ...swapped, bill: { ...swapped.bill, ...sides } }, MENTOR)[0]).toBe(
      "You did not come to the meeting. Nothing is owed for that.",
    );
    expect(comings(ACCOUNTS["account-nobody"]!, MENTOR)[1]).toMatch(/^Whether Ana Quispe came is not known/);
  });
});

it("says by which terms and for which meeting", () => {
  expect(frame(RICH, MENTOR, NOW)).toEqual([
    "By the terms that you two had agreed on when the session began.",
    "Booked: Today, 13:27 to 14:12 for you in Vienna, 07:27 to 08:12 for Ana Quispe in Lima.",
  ]);
  const terms = { ...PAID, overrun_us: 20 * MIN };
  expect(frame({ ...RICH, extended_us: NOW, terms }, MENTOR, NOW).slice(2)).toEqual([
    "Ana Quispe said to go on for up to 20 min past the booked time: 14:13 for you in Vienna, 08:13 for Ana Quispe in Lima.",
  ]);
  expect(frame(account([]), MENTOR, NOW)).toEqual([
    "You two had agreed on nothing when the session began, so it is free of charge.",
    "It was no booked meeting: all of it can count.",
  ]);
});

it("says who had come for the meeting before: those may never have met", () => {
  const before = (pair: Pair, ...came: string[]): string | undefined => {
    const booked = { ...RICH.booked!, came, again: came.length === 2 };
    return frame({ ...RICH, booked }, pair, NOW)[2];
  };
  expect(before(MENTOR)).toBeUndefined();
  expect(before(MENTOR, ME.id, ANA.id)).toBe(
    "You both had come for this meeting before, so nobody was late for it now.",
  );
  expect(before(MENTOR, ANA.id)).toBe(
    "Ana Quispe had come for this meeting before, and so was neither late for it now nor missing.",
  );
  expect(before(MENTEE, ANA.id)).toBe(
    "You had come for this meeting before, and so were neither late for it now nor missing.",
  );
});

describe("times and lengths", () => {
  it.each([
    [0, "0 s", "0 s"],
    [1, "0 s", "less than 1 s"],
    [90 * S, "1 min 30 s", "1 min 30 s"],
    [45 * MIN, "45 min", "45 min 0 s"],
    [60 * MIN, "1 h", "1 h 0 min 0 s"],
    [60 * MIN + S, "1 h 0 min 1 s", "1 h 0 min 1 s"],
    [65 * MIN, "1 h 5 min", "1 h 5 min 0 s"],
    [10 * MIN, "10 min", "10 min 0 s"],
  ])("%i us", (us, short, whole) => {
    expect(brief(us)).toBe(short);
    expect(spanOf(us)).toBe(whole);
  });

  it("reads clocks to the second, months by name, zones by how far ahead they are", () => {
    expect(clock("Europe/Vienna", NOW)).toBe("14:13:20");
    expect(monthName("2026-11")).toBe("November 2026");
    expect(aheadUs("Asia/Kathmandu", NOW) / MIN).toBe(345);
    expect(aheadUs("America/Lima", NOW) / MIN).toBe(-300);
    expect(aheadUs("Europe/Vienna", Date.UTC(2026, 6, 1) * 1000 + 7) / MIN).toBe(120);
  });
});

it.each(["empty", "window", "nobody", "unwatched"] as const)("a session that ended by itself (%s)", (end_reason) => {
  expect(endWords({ ...viewOf(RICH), end_reason }, ME.id, ANA.name)).toMatch(/^(It ended by itself|N)/);
});
