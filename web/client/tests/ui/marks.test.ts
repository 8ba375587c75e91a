import { describe, expect, it } from "vitest";

import type { SessionAccount, SessionView, Settlement } from "../../src/protocol/types.js";
import { viewOf } from "../../src/lib/session.js";
import { asksMe, marksOf } from "../../src/ui/words/marks.js";
import type { Pair } from "../../src/ui/words/people.js";
import { ACCOUNTS, S } from "./accounts.js";
import { ANA, ME, MIN, NOW } from "./people.js";

const MENTOR: Pair = { me: ME, other: ANA, mentor: ME.id, mentee: ANA.id };
const of = (name: string, more: Partial<SessionAccount> = {}): SessionView =>
  viewOf({ ...ACCOUNTS[name]!, ...more });
const words = (...views: SessionView[]): string[] =>
  marksOf(views, MENTOR, NOW).map((mark) => mark.words);

describe("what a conversation tells of a session", () => {
  it("says how long one was together and what that costs once it has ended, and nothing before", () => {
    expect(words(of("account-paid"))).toEqual([
      "Session 13:25 to 14:13: 43 min 26 s together, €45.60",
    ]);
    expect(words(of("account-contested-by-other"))[0]).toBe("Session 13:25 to 14:13: 43 min 26 s together");
    const [mark] = marksOf([of("account-paid")], MENTOR, NOW);
    expect(mark?.exact).toBe("Today, 13:25 to 14:13 for you in Vienna, 07:25 to 08:13 for Ana Quispe in Lima");
    expect(mark?.session).toBe(of("account-paid").id);
    const view0 = of("account-paid");
    const moment = { ...view0, ended_us: view0.started_us! + S };
    expect(words(moment)).toEqual(["Session at 13:25: 43 min 26 s together, €45.60"]);
    const day = { ...moment, ended_us: view0.started_us! + 24 * 60 * MIN };
    expect(words(day)).toEqual(["Session 13:25 to 13:25: 43 min 26 s together, €45.60"]);
    const view = of("account-no-show");
    const within = (window_from_us: number | null): SessionView => {
      const bill = { ...view.settlement!.bill, window_from_us };
      return { ...view, settlement: { ...view.settlement!, bill } };
    };
    const missed = "Meeting at 13:25: Ana Quispe did not come, €36.00";
    expect(words(within(view.created_us))).toEqual([missed]);
    expect(words(within(null))).toEqual([]);
    const theirs: Pair = { ...MENTOR, me: ANA, other: ME };
    expect(marksOf([within(view.created_us)], theirs, NOW)[0]?.words).toBe("Meeting at 07:25: you did not come, €36.00");
    expect(words(of("account-running"))).toEqual([]);
  });

  it("says who contests it, that it is held, and at what", () => {
    const held = "the session today at 13:25 (38 min: €45.60): held until you two agree";
    expect(words(of("account-contested-by-other"))[1]).toBe(`Ana Quispe contests ${held}`);
    expect(words(of("account-contested-by-me"))[1]).toBe(`You contest ${held}`);
    expect(words(of("account-contested-by-both"))[1]).toBe(`You both contest ${held}`);
  });

  it("says who contested it and who gave in, and for whom it waits", () => {
    const view = of("account-gave-in");
    expect(words(view)[1]).toBe(
      "You contested the session today at 13:25. Ana Quispe gave in to 43 min: €51.60: it waits for " +
        "you to confirm it",
    );
    const settlement = { ...view.settlement!, contested_by: [ANA.id] };
    expect(words({ ...view, settlement })[1]).toBe(
      "Ana Quispe contested the session today at 13:25. You gave in to 43 min: €51.60: it waits for " +
        "Ana Quispe to confirm it",
    );
  });

  it("says what it was corrected to, and that nobody contests it any more", () => {
    const view = of("account-gave-in");
    const settlement: Settlement = { ...view.settlement!, state: "settled", contested_by: [] };
    expect(words({ ...view, settlement })[1]).toBe("The session today at 13:25 was corrected: 43 min: €51.60");
    const agreed = { ...of("account-paid").settlement!, said_us: NOW };
    expect(words({ ...of("account-paid"), settlement: agreed })[1]).toBe(
      "Nobody contests the session today at 13:25 any more (38 min: €45.60)",
    );
  });

  it("stands where it was said", () => {
    const view = of("account-contested-by-other");
    const later = of("account-confirmed", { id: "later", ended_us: NOW + MIN });
    const marks = marksOf([later, view], MENTOR, NOW);
    expect(marks.map(({ at_us }) => at_us).sort()).toEqual([view.ended_us, NOW - S, NOW + MIN]);
    expect(new Set(marks.map(({ key }) => key)).size).toBe(3);
  });

  it.each([
    ["account-contested-by-other", "Ana Quispe contests the session today at 13:25: it waits for your answer"],
    ["account-contested-by-both", "You both contest the session today at 13:25: it waits for your answer"],
    ["account-contested-by-me", ""],
    [
      "account-gave-in",
      "Ana Quispe gave in to 43 min: €51.60 for the session today at 13:25: it waits for you to confirm it",
    ],
    ["account-paid", ""],
    ["account-running", ""],
  ])("asks for an answer where one is due: %s", (name, asks) => {
    expect(asksMe(of(name), MENTOR, NOW)).toBe(asks);
  });

  it("tells what was corrected lately, until one has confirmed it", () => {
    const view = of("account-gave-in");
    const settled: Settlement = { ...view.settlement!, state: "settled", contested_by: [] };
    const said = (more: Partial<Settlement>, pair = MENTOR, nowUs = NOW): string =>
      asksMe({ ...view, settlement: { ...settled, ...more } }, pair, nowUs);
    expect(said({})).toBe("The session today at 13:25 was corrected: 43 min: €51.60");
    expect(said({ confirmed_by: [ANA.id] })).toMatch(/was corrected/);
    expect(said({ confirmed_by: [ME.id] })).toBe("");
    expect(said({}, MENTOR, NOW + 8 * 24 * 60 * MIN)).toBe("");
    expect(said({ bill: { ...settled.bill, owed: "time" } })).toBe("");
  });

  it("asks neither who gave in, nor who contests what it was corrected to", () => {
    const view = of("account-gave-in");
    const settlement = view.settlement!;
    const byOther = { ...settlement, contested_by: [ANA.id] };
    expect(asksMe({ ...view, settlement: byOther }, MENTOR, NOW)).toBe("");
    const since = { said_us: settlement.at_us + S };
    expect(asksMe({ ...view, settlement: { ...settlement, ...since } }, MENTOR, NOW)).toBe("");
    expect(asksMe({ ...view, settlement: { ...byOther, ...since } }, MENTOR, NOW)).toBe(
      "Ana Quispe contests the session today at 13:25: it waits for your answer",
    );
  });
});
