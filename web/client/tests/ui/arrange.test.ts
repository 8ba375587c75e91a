import { describe, expect, it } from "vitest";

import { MINOR_DIGITS, type Terms } from "../../src/protocol/types.js";
import {
  meetingEntries,
  meetingOf,
  termsEntries,
  termsOf,
  type TermsEntries,
} from "../../src/ui/words/arrange-form.js";
import { bookedWords, unprovenWords } from "../../src/ui/words/booked.js";
import { amount, atMost, minorOf, money } from "../../src/ui/words/money.js";
import * as terms from "../../src/ui/words/terms.js";
import * as time from "../../src/ui/words/time.js";
import { ACCOUNT, AGREED, ANA, LEYLA, ME, MEETING, MENTORSHIP, MIN, NOW, PROPOSED, SESSION } from "./fake-app.js";

const H = 60 * MIN;
const PAYS = { me: ME, other: ANA, pays: true };
const EARNS = { me: ME, other: ANA, pays: false };
const agreed = (more: Terms) => ({ ...AGREED, terms: { ...AGREED.terms, ...more } });

describe("money", () => {
  it.each([
    [6000, "EUR", "€60.00", "60.00"],
    [6000, "JPY", "JP¥6,000", "6000"],
    [6000, "TND", "TND 6.000", "6.000"],
    [6000, "IQD", "IQD 6.000", "6.000"], // a browser's own list has no digits here
    [6000, "ISK", "ISK 6,000", "6000"],
    [5, "GBP", "£0.05", "0.05"],
    [123_456_789, "USD", "US$1,234,567.89", "1234567.89"],
  ])("%i %s", (minor, currency, words, typed) => {
    expect(money(minor, currency)).toBe(words);
    expect(amount(minor, currency)).toBe(typed);
    expect(minorOf(typed, currency)).toBe(minor);
  });

  it("takes what people type, and no more digits than there are", () => {
    expect(minorOf(" 59,5 ", "EUR")).toBe(5950);
    expect(minorOf("60.", "EUR")).toBe(6000);
    expect(minorOf("0.07", "EUR")).toBe(7);
    expect(minorOf("1.15", "EUR")).toBe(115); // no binary fraction
    expect(minorOf("60.001", "EUR")).toBe("EUR has 2 decimal places.");
    expect(minorOf("60.5", "JPY")).toBe("JPY has no decimal places.");
    for (const none of ["", "x", "-1", "1e3", "1,000.00", "€60"]) {
      expect(minorOf(none, "EUR")).toBe("A price is a number, such as 60 or 59.50.");
    }
    expect(minorOf("9999999999", "EUR")).toBe("That is more than can be agreed on here.");
  });

  it("never says less than it can cost", () => {
    expect(atMost(6000, 20 * MIN, H)).toBe(2000);
    expect(atMost(1, 1, H)).toBe(1);
    expect(atMost(10_000_000_000, 24 * H, H)).toBe(240_000_000_000);
  });

  it("knows every currency that the browser can write", () => {
    for (const code of Object.keys(MINOR_DIGITS)) expect(money(1, code)).toMatch(/1$/);
  });
});

describe("the price on the pre-join page", () => {
  it("is said before one joins, after terms that wait for an answer", () => {
    const proposal = { ...AGREED, proposed_by: PAYS.other.id };
    expect(terms.beforeWords({ agreement: AGREED, proposal }, PAYS)).toEqual({
      text: "Ana Quispe proposes terms: read them first.",
      asks: true,
    });
    const mine = { ...AGREED, proposed_by: PAYS.me.id };
    const price = terms.beforeWords({ agreement: AGREED, proposal: mine }, PAYS);
    expect(price?.asks).toBe(false);
    expect(price?.text).toMatch(/^Ana Quispe charges €.* an hour.*\.$/);
    const free = { ...AGREED, terms: { ...AGREED.terms, rate_minor: 0 } };
    expect(terms.beforeWords({ agreement: free, proposal: null }, PAYS)).toBeNull();
    expect(terms.beforeWords({ agreement: null, proposal: null }, PAYS)).toBeNull();
  });

  it("says who charges, what starts the clock and when it stops", () => {
    expect(terms.priceWords(AGREED, MEETING, PAYS)).toBe(
      "Ana Quispe charges €60.00 an hour. The clock starts when you both are in the call, at 15:00 " +
        "at the earliest, and stops at 16:00 unless you say to go on.",
    );
    expect(terms.priceWords(AGREED, MEETING, EARNS)).toBe(
      "You charge €60.00 an hour. The clock starts when you both are in the call, at 15:00 " +
        "at the earliest, and stops at 16:00 unless Ana Quispe says to go on.",
    );
  });

  it("without going on, with an early start, with tax, without a meeting", () => {
    const early = agreed({ overrun_us: 0, early_us: 10 * MIN, tax_share: 200_000 });
    expect(terms.priceWords(early, MEETING, PAYS)).toBe(
      "Ana Quispe charges €60.00 an hour plus 20 % tax. The clock starts when you both are in the " +
        "call, at 14:50 at the earliest, and stops at 16:00.",
    );
    expect(terms.priceWords(AGREED, null, EARNS)).toBe(
      "You charge €60.00 an hour. The clock starts when you both are in the call, and stops when " +
        "one of you leaves.",
    );
  });

  it("says nothing where nothing is agreed, and that free is free", () => {
    expect(terms.priceWords(null, MEETING, PAYS)).toBe("");
    expect(terms.priceWords(agreed({ rate_minor: 0 }), MEETING, PAYS)).toBe(
      "You agreed that this costs nothing.",
    );
  });

  it("speaks of a meeting until it is over, or its session", () => {
    const over = MEETING.start_us + MEETING.length_us;
    const view = { ...MENTORSHIP, meeting: MEETING, session: null };
    expect(terms.ahead(view, over)).toBe(MEETING);
    expect(terms.ahead(view, over + 1)).toBeNull();
    expect(terms.ahead({ ...view, session: SESSION }, over + 1)).toBe(MEETING);
    expect(terms.ahead({ ...view, meeting: null }, over)).toBeNull();
  });

  it("speaks of the next one as soon as a meeting is over", () => {
    const over = MEETING.start_us + MEETING.length_us + 1;
    const view = { ...MENTORSHIP, meeting: MEETING, session: null };
    const at = (days: number): typeof MEETING => {
      return { ...MEETING, id: `met-${days}`, start_us: MEETING.start_us + days * 86_400_000_000 };
    };
    const cancelled = { ...at(1), state: "cancelled" as const };
    const arranged = { agreements: [], meetings: [MEETING, cancelled, at(3), at(2)] };
    expect(terms.ahead(view, over, arranged)).toEqual(at(2));
    expect(terms.ahead(view, over - 1, arranged)).toBe(MEETING);
    expect(terms.ahead({ ...view, session: SESSION }, over, arranged)).toBe(MEETING);
    expect(terms.ahead(view, over, { agreements: [], meetings: [MEETING] })).toBeNull();
  });

  it("says what a missed meeting costs", () => {
    const half = agreed({ no_show_share: 500_000, tax_share: 200_000 });
    expect(terms.missedWords(half, MEETING, PAYS)).toBe(
      "If you do not come within 10 min of the start, €36.00 is owed.",
    );
    const capped = agreed({ no_show_share: 500_000, cap_us: 900_000_000 });
    expect(terms.missedWords(capped, MEETING, PAYS)).toMatch(/, €15\.00 is owed\.$/);
    expect(terms.missedWords(half, MEETING, EARNS)).toBe(
      "If Ana Quispe does not come within 10 min of the start, €36.00 is owed.",
    );
    const odd = agreed({ rate_minor: 6050, no_show_share: 500_000, tax_share: 190_000 });
    expect(terms.missedWords(odd, { ...MEETING, length_us: 10 * MIN }, PAYS)).toMatch(/, €6\.00 is owed/);
    expect(terms.missedWords(half, null, EARNS)).toBe("");
    const exact = agreed({ rate_minor: 360_000, no_show_share: 290_000, no_show_after_us: 0 });
    expect(terms.missedWords(exact, { ...MEETING, length_us: 100_000_000 }, PAYS)).toMatch(/€29\.00/);
    const late = { ...MEETING, told_us: MEETING.start_us - H };
    expect(terms.missedWords(half, late, PAYS)).toMatch(/owed\.$/); // I set it myself
    expect(terms.missedWords(half, late, EARNS)).toBe("");
    expect(terms.missedWords(half, { ...MEETING, length_us: 5 * MIN }, PAYS)).toBe("");
    expect(terms.missedWords(AGREED, MEETING, PAYS)).toBe("");
    expect(terms.missedWords(agreed({ rate_minor: 0, no_show_share: 1 }), MEETING, PAYS)).toBe("");
  });

  it("knows who pays", () => {
    expect(terms.twoOf(MENTORSHIP, ME)).toEqual(EARNS);
    expect(terms.twoOf(MENTORSHIP, ANA)).toEqual({ me: ANA, other: ME, pays: true });
  });

  it("says the meeting in both clocks", () => {
    expect(terms.meetingWords(MEETING, NOW, PAYS)).toBe(
      "Today, 15:00 to 16:00 for you in Vienna, 09:00 to 10:00 for Ana Quispe in Lima",
    );
    const late = { ...MEETING, start_us: MEETING.start_us + 12 * H };
    expect(terms.meetingWords(late, NOW, PAYS)).toBe(
      "Tomorrow, 03:00 to 04:00 for you in Vienna, 21:00 on Tuesday to 22:00 for Ana Quispe in Lima",
    );
  });
});

describe("terms as a list", () => {
  it("says all that is not the default", () => {
    expect(terms.termsList(PROPOSED.terms, PAYS)).toEqual([
      "You pay Ana Quispe €99.50 an hour plus 20 % tax.",
      "Counted is the time you both are in the call and your two pages reach each other; both prove it.",
      "Short gaps count too: up to 1 min 30 s.",
      "Billed in steps of 5 min, rounded down, once a session.",
      "At least 30 min a session.",
      "At most 2 h a session.",
      "Several sessions of one meeting count as one.",
      "Past the end of a meeting nothing more is counted, unless you say to go on: then up to 20 min more.",
      "If you have not come 10 min after the start of a meeting, you owe half the booked time. " +
        "That holds if you chose its time, or if it was set at least 24 h ahead.",
    ]);
    const owes = (no_show_share: number): string | undefined =>
      terms.termsList({ ...AGREED.terms, no_show_share, unit_us: MIN }, EARNS).at(-1);
    expect(owes(1_000_000)).toBe(
      "If Ana Quispe has not come 10 min after the start of a meeting, Ana Quispe owes the booked time. " +
        "That holds if Ana Quispe chose its time, or if it was set at least 24 h ahead.",
    );
    expect(owes(300_000)).toContain("owes 30 % of the booked time.");
    expect(terms.termsList({ ...AGREED.terms, grace_us: 0, unit_us: MIN }, EARNS)).toEqual(
      expect.arrayContaining(["Gaps do not count.", "Billed in steps of 1 min, rounded down, once a session."]),
    );
    const other: Terms = { ...AGREED.terms, counts: "room", rounding: "nearest", early_us: 5 * MIN };
    expect(terms.termsList({ ...other, overrun_us: 0, late_counts: true }, EARNS)).toEqual([
      "Ana Quispe pays you €60.00 an hour.",
      "Counted is the time you both are in the call.",
      "Short gaps count too: up to 1 min 30 s.",
      "Billed in steps of 5 min, rounded to the nearest, once a session.",
      "Several sessions of one meeting count as one.",
      "With a meeting, counted from 5 min before its start.",
      "Past the end of a meeting nothing more is counted.",
      "If Ana Quispe comes late, the wait counts as time together.",
    ]);
    expect(terms.termsList({}, PAYS)).toEqual(["Free of charge."]);
    expect(terms.termsList(AGREED.terms, EARNS)[5]).toContain("unless Ana Quispe says to go on");
  });

  it("says from when on, where that is not at once", () => {
    expect(terms.fromWords(PROPOSED, NOW, ME.zone)).toBe("Valid from tomorrow, 14:13.");
    expect(terms.fromWords({ ...PROPOSED, valid_from_us: NOW + 9 * 24 * H }, NOW, ME.zone)).toBe(
      "Valid from Thursday 3 December, 14:13.",
    );
    expect(terms.fromWords({ ...PROPOSED, valid_from_us: NOW }, NOW, ME.zone)).toBe("");
    expect(terms.fromWords({ ...PROPOSED, valid_from_us: null }, NOW, ME.zone)).toBe("");
  });
});

describe("the end of the booked time", () => {
  const end = ACCOUNT.booked!.start_us + ACCOUNT.booked!.length_us;
  const said = (nowUs: number, pays: boolean, more: Partial<typeof ACCOUNT> = {}, kept = false) =>
    bookedWords({ ...ACCOUNT, ...more }, nowUs, pays, ME, ANA, kept);

  it("asks who pays, from two minutes before", () => {
    expect(said(end - 2 * MIN - 1, true)).toBeNull();
    expect(said(end - 2 * MIN, true)).toEqual({
      text: "The booked time ends at 14:15. Going on costs up to €20.00 for 20 min; " +
        "else talking on is free.",
      asks: true,
      can: true,
    });
    expect(said(end, true)).toEqual({
      text: "The booked time ended at 14:15. Going on costs up to €20.00 for 20 min; " +
        "else talking on is free.",
      asks: true,
      can: true,
    });
    expect(said(end + 20 * MIN, true)).toBeNull();
  });

  it("tells the other what is so whatever was pressed, as long as it can change", () => {
    const unless = "Talking on costs nothing unless Ana Quispe says to go on.";
    expect(said(end - MIN, false)).toEqual({
      text: `The booked time ends at 14:15. ${unless}`,
      asks: false,
      can: false,
    });
    expect(said(end, false)?.text).toBe(`The booked time ended at 14:15. ${unless}`);
    const went = { extended_us: end - MIN };
    expect(said(end, false, went)?.text).toBe(
      "Ana Quispe said to go on: the time counts until 14:35 at the latest.",
    );
    expect(said(end, true, went)).toEqual({
      text: "You said to go on: the time counts until 14:35 at the latest.",
      asks: false,
      can: false,
    });
    for (const pays of [true, false]) {
      expect(said(end + 20 * MIN, pays, went)).toEqual({
        text: "The time counted until 14:35. Talking on costs nothing.",
        asks: false,
        can: false,
      });
    }
  });

  it("keeps to the time, and one may still go on while that is possible", () => {
    const unless = "Talking on costs nothing unless you go on after all, for up to €20.00.";
    expect(said(end - MIN, true, {}, true)).toEqual({
      text: `The booked time ends at 14:15. ${unless}`,
      asks: false,
      can: true,
    });
    expect(said(end + 19 * MIN, true, {}, true)?.text).toBe(
      `The booked time ended at 14:15. ${unless}`,
    );
    expect(said(end + 20 * MIN, true, {}, true)).toBeNull();
  });

  it("says that nothing is proven, where only proven time is billed and time counts", () => {
    const words = (nowUs: number, more: Partial<typeof ACCOUNT> = {}, terms = AGREED.terms) =>
      unprovenWords(terms, { ...ACCOUNT, ...more }, nowUs);
    const said = /^This time is not proven at the moment and may not be billed/;
    expect(words(end - MIN)).toMatch(said);
    expect(words(end)).toBeNull(); // nothing is billed from here on
    expect(words(end, { extended_us: end - MIN })).toMatch(said);
    expect(words(end + 20 * MIN, { extended_us: end - MIN })).toBeNull();
    expect(words(ACCOUNT.booked!.start_us - 1)).toBeNull();
    const early = { ...AGREED.terms, early_us: 5 * MIN };
    expect(words(ACCOUNT.booked!.start_us - 1, {}, early)).toMatch(said);
    expect(words(end + 9 * MIN, { booked: null })).toMatch(said);
    expect(unprovenWords(AGREED.terms, null, end)).toMatch(said);
    expect(words(end - MIN, {}, { ...AGREED.terms, counts: "room" })).toBeNull();
    expect(words(end - MIN, {}, { ...AGREED.terms, rate_minor: 0 })).toBeNull();
    expect(unprovenWords(undefined, null, end)).toBeNull();
  });

  it("says nothing where nothing can cost more", () => {
    expect(said(end, true, { booked: null })).toBeNull();
    expect(said(end - MIN, true, { terms: { ...AGREED.terms, overrun_us: 0 } })).toBeNull();
    expect(said(end, true, { terms: { ...AGREED.terms, rate_minor: 0 } })).toBeNull();
  });

  it("says what it costs at most: in whole steps, within the cap, with the tax", () => {
    const costs = (more: Terms) => terms.goingOnMinor(terms.full({ ...AGREED.terms, ...more }));
    expect(costs({})).toBe(2000);
    expect(costs({ unit_us: 15 * MIN })).toBe(3000);
    expect(costs({ unit_us: MIN, cap_us: 10 * MIN })).toBe(1000);
    expect(costs({ tax_share: 190_000 })).toBe(2380);
  });
});

describe("the form of terms", () => {
  const entries = (more: Partial<TermsEntries> = {}): TermsEntries => ({
    ...termsEntries(terms.full(PROPOSED.terms), "CHF"),
    ...more,
  });

  it("shows what there is, and keeps what it does not show", () => {
    expect(entries()).toEqual({
      "terms.rate_minor": "99.50",
      "terms.currency": "EUR",
      "terms.unit_us": "5",
      "terms.grace_us": "1.5",
      "terms.overrun_us": "20",
      "terms.no_show_share": "50",
      "terms.no_show_after_us": "10",
      "terms.early_us": "0",
      "terms.minimum_us": "30",
      "terms.cap_us": "120",
      "terms.tax_share": "20",
    });
    const base = terms.full(PROPOSED.terms);
    expect(termsOf(entries(), base)).toEqual({ terms: base, wrong: {} });
    const empty = termsEntries(terms.FREE, "CHF");
    expect([empty["terms.rate_minor"], empty["terms.currency"]]).toEqual(["", "CHF"]);
    expect(termsOf(empty, terms.FREE).wrong).toEqual({
      "terms.rate_minor": "Write a price, or 0 if it is to be free of charge.",
    });
    const free = { ...terms.FREE, currency: "CHF" };
    expect(termsOf({ ...empty, "terms.rate_minor": "0" }, terms.FREE)).toEqual({ terms: free, wrong: {} });
    expect(termsEntries(free, "EUR")["terms.rate_minor"]).toBe("0.00");
  });

  it("reads what was typed", () => {
    const typed = entries({
      "terms.rate_minor": "70",
      "terms.currency": "JPY",
      "terms.grace_us": "2,5",
      "terms.no_show_share": "0",
    });
    expect(termsOf(typed, terms.FREE).terms).toMatchObject({
      rate_minor: 70,
      currency: "JPY",
      grace_us: 150_000_000,
      no_show_share: 0,
    });
  });

  it("reads what most leave as it is", () => {
    const typed = entries({
      "terms.early_us": "5",
      "terms.minimum_us": "15",
      "terms.cap_us": "90",
      "terms.tax_share": "7,5",
    });
    const read = { early_us: 5 * MIN, minimum_us: 15 * MIN, cap_us: 90 * MIN, tax_share: 75_000 };
    expect(termsOf(typed, terms.FREE).terms).toMatchObject(read);
    const again = termsEntries(terms.full(read), "EUR");
    expect(again).toMatchObject({ "terms.cap_us": "90", "terms.tax_share": "7.5" });
    expect(termsOf({ ...again, "terms.cap_us": " " }, terms.FREE).terms.cap_us).toBeNull();
    const { wrong } = termsOf(
      entries({ "terms.early_us": "", "terms.cap_us": "x", "terms.tax_share": "101" }),
      terms.FREE,
    );
    expect(wrong).toEqual({
      "terms.early_us": "Minutes, from 0 to 120.",
      "terms.cap_us": "Minutes, from 0 to 1440.",
      "terms.tax_share": "Percent, from 0 to 100.",
    });
  });

  it("says what is wrong where it is", () => {
    const { wrong } = termsOf(
      entries({ "terms.rate_minor": "sixty", "terms.grace_us": "61", "terms.no_show_after_us": "" }),
      terms.FREE,
    );
    expect(wrong).toEqual({
      "terms.rate_minor": "A price is a number, such as 60 or 59.50.",
      "terms.grace_us": "Minutes, from 0 to 60.",
      "terms.no_show_after_us": "Minutes, from 0 to 120.",
    });
  });
});

describe("the form of a meeting", () => {
  it("begins at this hour tomorrow, or at what is to be moved", () => {
    expect(meetingEntries(null, NOW, ME.zone)).toEqual({
      day: "2026-11-25",
      start_us: "14:00",
      length_us: "60",
    });
    expect(meetingEntries(MEETING, NOW, ME.zone)).toEqual({
      day: "2026-11-24",
      start_us: "15:00",
      length_us: "60",
    });
  });

  it("reads a time by one's own clock", () => {
    const typed = { day: "2026-11-24", start_us: "15:00", length_us: "60" };
    expect(meetingOf(typed, NOW, ME.zone)).toEqual({
      meeting: { start_us: MEETING.start_us, length_us: 60 * MIN, zone: ME.zone },
      wrong: {},
    });
    expect(meetingOf({ ...typed, start_us: "14:13" }, NOW, ME.zone).wrong).toEqual({
      start_us: "That is over already.",
    });
    expect(meetingOf({ day: "", start_us: "", length_us: "4" }, NOW, ME.zone).wrong).toEqual({
      day: "Choose a day.",
      start_us: "Choose a time.",
      length_us: "Whole minutes, from 5 to 720.",
    });
    for (const length_us of ["", "x", "7.5", "721"]) {
      expect(meetingOf({ ...typed, length_us }, NOW, ME.zone).wrong).toHaveProperty("length_us");
    }
  });
});

describe("instants of a clock", () => {
  it.each([
    ["Europe/Vienna", "2026-11-24", "15:00", Date.UTC(2026, 10, 24, 14)],
    ["America/Lima", "2026-11-24", "23:30", Date.UTC(2026, 10, 25, 4, 30)],
    ["Asia/Kathmandu", "2026-11-24", "05:45", Date.UTC(2026, 10, 24)],
    ["Pacific/Kiritimati", "2026-11-24", "00:00", Date.UTC(2026, 10, 23, 10)],
    ["Europe/Vienna", "2026-03-29", "01:59", Date.UTC(2026, 2, 29, 0, 59)],
    ["Europe/Vienna", "2026-03-29", "02:30", Date.UTC(2026, 2, 29, 1, 30)], // leapt over
    ["Europe/Vienna", "2026-03-29", "03:00", Date.UTC(2026, 2, 29, 1)],
    ["Europe/Vienna", "2026-10-25", "02:30", Date.UTC(2026, 9, 25, 0, 30)], // comes twice
    ["Europe/Vienna", "2026-10-25", "03:00", Date.UTC(2026, 9, 25, 2)],
    ["America/New_York", "2026-11-01", "01:30", Date.UTC(2026, 10, 1, 5, 30)],
  ])("%s %s %s", (zone, day, clock, ms) => {
    expect(time.instantOf(zone, day, clock)).toBe(ms * 1000);
  });

  it("names tomorrow", () => {
    expect(time.dayName(ME.zone, NOW + 24 * H, NOW)).toBe("Tomorrow");
    expect(time.dayName(ME.zone, NOW + 48 * H, NOW)).toBe("Thursday 26 November");
  });
});

it("a name from right to left stays apart", () => {
  const words = terms.priceWords(AGREED, MEETING, { me: ME, other: LEYLA, pays: true });
  expect(words.startsWith("\u2068")).toBe(true);
});
