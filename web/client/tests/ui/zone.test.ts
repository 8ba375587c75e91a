import { afterEach, describe, expect, it, vi } from "vitest";

import type { AppState } from "../../src/lib/model.js";
import { movedTo, type State } from "../../src/lib/state.js";
import { Announcer } from "../../src/ui/conversation/announcer.js";
import { Drawing } from "../../src/ui/conversation/drawing.js";
import { pairOf } from "../../src/ui/words/people.js";
import { bothClocks, dayKey } from "../../src/ui/words/time.js";
import { ACCOUNTS, line, statement } from "./accounts.js";
import { readBy } from "../../src/ui/words/zone.js";
import { ANA, BASE, FakeApp, ME, MENTORSHIP, message, MIN, NOW } from "./fake-app.js";
import { viewOf } from "../../src/lib/session.js";

const VIEW = { ...MENTORSHIP, head: 2, read: 2, unread: 0 };
const SAID = [message(1, ANA.id, "Hello", NOW - 15 * 60 * MIN), message(2, ME.id, "Hi", NOW)];
const BEFORE: AppState = {
  ...BASE,
  mentorships: [VIEW],
  sessions: { [VIEW.id]: [viewOf({ ...ACCOUNTS["account-paid"]!, mentorship: VIEW.id })] },
  conversations: {
    [VIEW.conversation]: { ...BASE.conversations[VIEW.conversation]!, head: 2, messages: SAID },
  },
};
const AFTER: AppState = movedTo(BEFORE as State, "Asia/Tokyo");

afterEach(() => vi.useRealTimers());

it("a form that was open meanwhile says by which clock it is read", () => {
  expect(readBy("Europe/Vienna", "Europe/Vienna")).toBe("");
  expect(readBy("Europe/Vienna", "Asia/Tokyo")).toBe(
    "Day and time here are for Vienna, as when you opened this; everywhere else times are for Tokyo now.",
  );
});

describe("who chooses another time zone reads at once by it", () => {
  it("what time it is for both", () => {
    const [before, after] = [BEFORE, AFTER].map((state) => {
      const { me, other } = pairOf(state.mentorships[0]!, state.me!);
      return bothClocks(NOW, me, other);
    });
    expect(before).toBe("14:13 for you in Vienna, 08:13 for Ana Quispe in Lima");
    expect(after).toBe("22:13 for you in Tokyo, 08:13 for Ana Quispe in Lima");
  });

  it("in the conversation: the days, and the sessions", () => {
    let state = BEFORE;
    const drawing = new Drawing(() => ({ state, nowUs: () => NOW }) as never);
    const drawn = (): string[] =>
      drawing
        .rows(state.mentorships[0], state.conversations[VIEW.conversation], null)
        .flatMap((row) => (row.is === "day" ? row.words : row.is === "mark" ? row.mark.words : row.is));
    const session = (from: string, to: string) => `Session ${from} to ${to}: 43 min 26 s together, €45.60`;
    expect(drawn()).toEqual(["Yesterday", "message", "Today", session("13:25", "14:13"), "message"]);
    state = AFTER;
    expect(drawn()).toEqual(["Today", "message", session("21:25", "22:13"), "message"]);
  });

  it("on every page that says a time", async () => {
    vi.stubGlobal("ResizeObserver", class {});
    vi.stubGlobal("matchMedia", () => ({ matches: false }));
    vi.stubGlobal("location", { pathname: "/", search: "" });
    vi.stubGlobal("history", { state: null });
    const made = [
      new (await import("../../src/ui/home.js")).Home(),
      new (await import("../../src/ui/prejoin.js")).Prejoin(),
      new (await import("../../src/ui/summary.js")).Summary(),
      new (await import("../../src/ui/statements.js")).Statements(),
      new (await import("../../src/ui/call/call.js")).Call(),
      new (await import("../../src/ui/parts/side.js")).Side(),
      new (await import("../../src/ui/parts/standing.js")).Standing(),
      new (await import("../../src/ui/next.js")).Next(),
      new (await import("../../src/ui/arrange/arrange.js")).Arrange(),
      new (await import("../../src/ui/arrange/planned.js")).Planned(),
      new (await import("../../src/ui/conversation/conversation.js")).Conversation(),
      new (await import("../../src/ui/conversation/reminder.js")).Reminder(),
      new (await import("../../src/ui/conversation/kept.js")).Versions(),
      new (await import("../../src/ui/conversation/kept.js")).Pinned(),
    ];
    for (const each of made) {
      const watch = Reflect.get(each, "watch") as (state: AppState) => readonly unknown[];
      const [before, after] = [watch.call(each, BEFORE), watch.call(each, AFTER)];
      expect(after.some((value, i) => value !== before[i]), each.constructor.name).toBe(true);
    }
  });

  it("in a statement, whose lines are drawn once", async () => {
    const { Statements } = await import("../../src/ui/statements.js");
    const made = new Statements();
    const lines = [line(1)];
    const of = statement(lines);
    const drawnBy = (state: AppState): readonly unknown[] => {
      Object.assign(made, { app: new FakeApp(state) });
      const table = (Reflect.get(made, "lines") as (...of: unknown[]) => { values: unknown[] }).call(
        ...([made, "Sessions", lines, of, state.me] as const),
      );
      const once = table.values.find((each) => Array.isArray((each as { values?: unknown[] }).values?.[0]));
      return (once as { values: [readonly unknown[]] }).values[0];
    };
    expect(drawnBy(BEFORE)).toEqual(drawnBy(BEFORE));
    expect(drawnBy(AFTER)).not.toEqual(drawnBy(BEFORE));
  });
});

describe("nothing that was there before is read out", () => {
  const host = { addController: () => undefined, requestUpdate: () => undefined };

  /** What is said after the page was drawn so, and then so. */
  function heard(...drawn: readonly (readonly [AppState, number])[]): string {
    vi.useFakeTimers();
    const announcer = new Announcer(host as never);
    for (const [state, nowUs] of drawn) {
      const drawing = new Drawing(() => ({ state, nowUs: () => nowUs }) as never);
      const { zone } = state.me!;
      const marks = drawing.marks(state.mentorships[0]);
      announcer.notice(SAID, marks, ME.id, ANA.name, `${zone} ${dayKey(zone, nowUs)}`);
    }
    vi.runAllTimers();
    return announcer.words;
  }
  const none: AppState = { ...BEFORE, sessions: {} };

  it("because one chose another time zone", () => expect(heard([BEFORE, NOW], [AFTER, NOW])).toBe(""));

  it("but what comes then", () => {
    expect(heard([none, NOW], [BEFORE, NOW])).toContain("Session 13:25 to 14:13");
    const then = { ...AFTER, sessions: {} };
    expect(heard([none, NOW], [then, NOW], [AFTER, NOW])).toContain("Session 21:25 to 22:13");
  });
});
