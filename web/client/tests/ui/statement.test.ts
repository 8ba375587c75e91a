import { describe, expect, it } from "vitest";

import { troubleOf } from "../../src/lib/trouble.js";
import { MINOR_DIGITS } from "../../src/protocol/types.js";
import { parseRoute, paths } from "../../src/ui/route.js";
import { money, percent, share } from "../../src/ui/words/money.js";
import {
  amountWords,
  dayWords,
  monthOf,
  months,
  oldWords,
  roleOf,
  stateWords,
  sumRows,
  usualRole,
  withWhom,
} from "../../src/ui/words/statement.js";
import { bill, line, statement } from "./accounts.js";
import { ANA, ME, MENTORSHIP, MIN, NOW } from "./fake-app.js";

it("says of an old statement why it is, and that a newer one is asked for", () => {
  expect(oldWords(troubleOf("unavailable"))).toEqual({
    what: "What is shown may be out of date. The server cannot reach its database.",
    advice: "It is tried again by itself.",
  });
});

describe("money", () => {
  it.each([
    [0, "EUR", "€0.00"],
    [5, "EUR", "€0.05"],
    [4500, "EUR", "€45.00"],
    [123456789, "EUR", "€1,234,567.89"],
    [9180, "JPY", "JP¥9,180"],
    [0, "JPY", "JP¥0"],
    [60000, "TND", "TND 60.000"],
    [1, "IQD", "IQD 0.001"], // browsers say that it has no minor unit in use
    [150, "ISK", "ISK 150"],
    [9007199254740991, "EUR", "€90,071,992,547,409.91"], // 2^53 - 1: no digit is lost
    [100, "XAU", "XAU 1.00"],
  ])("%i of %s", (minor, currency, words) => {
    expect(money(minor, currency)).toBe(words);
  });

  it("shows the last digit of every currency's minor unit", () => {
    for (const currency of Object.keys(MINOR_DIGITS)) expect(money(1, currency)).toMatch(/1$/);
  });

  it("computes shares in integers, half up", () => {
    expect(share(6000, 45 * MIN, 60 * MIN)).toBe(4500);
    expect(share(1, 1, 2)).toBe(1);
    expect(share(1, 49, 100)).toBe(0);
    expect(share(10 ** 10, 24 * 60 * MIN, 60 * MIN)).toBe(240_000_000_000);
    expect(percent(200_000)).toBe("20 %");
    expect(percent(75_000)).toBe("7.5 %");
  });
});

describe("months", () => {
  it("go from the first mentorship to now, by one's own calendar", () => {
    expect(months([MENTORSHIP], ME.zone, NOW)).toEqual(["2026-11", "2026-10", "2026-09", "2026-08"]);
    expect(months([], ME.zone, NOW)).toEqual(["2026-11"]);
    const january = Date.UTC(2027, 0, 5) * 1000;
    expect(months([{ ...MENTORSHIP, created_us: NOW }], ME.zone, january)).toEqual([
      "2027-01",
      "2026-12",
      "2026-11",
    ]);
    const newYear = Date.UTC(2026, 11, 31, 23, 30) * 1000;
    expect(monthOf("Europe/Vienna", newYear)).toBe("2027-01");
    expect(monthOf("America/Lima", newYear)).toBe("2026-12");
  });

  it("of a role that one has most often", () => {
    expect(usualRole([MENTORSHIP], ME)).toBe("mentor");
    expect(usualRole([MENTORSHIP], ANA)).toBe("mentee");
    expect(roleOf("mentee")).toBe("mentee");
    expect(roleOf("x")).toBeNull();
  });
});

describe("a line", () => {
  it("says with whom, how much, and how it stands", () => {
    const of = line(0);
    expect(withWhom(of, "mentor")).toBe(ANA);
    expect(withWhom(of, "mentee")).toBe(ME);
    expect(amountWords(of)).toBe("€36.00");
    expect(amountWords({ ...of, bill: bill() })).toBe("free");
    expect(stateWords(of)).toBe("settled");
    expect(stateWords(line(1))).toBe("confirmed by both");
    expect(stateWords(line(8))).toBe("no-show, settled");
    expect(stateWords({ ...of, state: "contested", bill: bill({ owed: "correction" }) })).toBe(
      "corrected, contested",
    );
    expect(dayWords(ME.zone, NOW)).toBe("Tue 24, 14:13");
    expect(dayWords("America/Lima", NOW - 12 * 60 * MIN)).toBe("Mon 23, 20:13");
  });
});

describe("sums", () => {
  const rows = (role: "mentor" | "mentee", ...lines: Parameters<typeof statement>[0]): string[] =>
    statement(lines).sums.flatMap((sum) => sumRows(sum, role).map(({ label, value }) => `${label}: ${value}`));

  it("say what is owed, and what of it is tax and fee", () => {
    expect(rows("mentor", line(0), line(1))).toEqual([
      "2 sessions: 1 h 7 min",
      "Price: €67.00",
      "Tax: €13.40",
      "Owed to you: €80.40",
      "of which the site's fee: €6.70",
    ]);
    expect(rows("mentee", line(0))[3]).toBe("You owe: €36.00");
  });

  it("leave out what is not there", () => {
    expect(rows("mentor", { ...line(0), bill: bill({ billed_us: MIN, make_up_us: 2 * MIN }) })).toEqual([
      "1 session: 1 min",
      "To be made up for: 2 min",
    ]);
    const plain = bill({ billed_us: MIN, currency: "JPY", net_minor: 150 });
    expect(rows("mentor", { ...line(0), bill: plain })).toEqual(["1 session: 1 min", "Owed to you: JP¥150"]);
  });
});

it("has a page of its own", () => {
  expect(parseRoute(paths.statements)).toEqual({ page: "statements" });
  expect(parseRoute("/statements/x")).toEqual({ page: "unknown" });
});
