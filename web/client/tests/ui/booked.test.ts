import { expect, test } from "vitest";

import { Refused, type App } from "../../src/lib/model.js";
import { troubleOf } from "../../src/lib/trouble.js";
import type { MeetingView, SessionAccount, SessionView } from "../../src/protocol/types.js";
import { Booked } from "../../src/ui/call/booked.js";
import { ACCOUNT, ANA, CALL, ME, MEETING, MIN } from "./fake-app.js";

const END = ACCOUNT.booked!.start_us + ACCOUNT.booked!.length_us;
const SESSION: SessionView = { ...CALL.session!, version: ACCOUNT.version };

/** A call at a moment, and how often its account was asked for. */
class World {
  nowUs = END - 30 * MIN;
  asked = 0;
  fails = false;
  account: SessionAccount = ACCOUNT;
  drawn = 0;
  planned: MeetingView[] = [];
  plans = 0;
  lost = false;
  private readonly state: { arranged: Record<string, unknown> } = { arranged: {} };
  private readonly app = {
    state: this.state,
    arrange: {
      load: async (mentorship: string) => {
        this.plans += 1;
        if (this.lost) throw new Refused(troubleOf("unreachable"));
        this.state.arranged[mentorship] = { agreements: [], meetings: this.planned };
      },
    },
    nowUs: () => this.nowUs,
    loadAccount: async () => {
      this.asked += 1;
      if (this.fails) throw new Refused(troubleOf("unreachable"));
      return this.account;
    },
    extendSession: async () => {
      this.account = { ...this.account, version: 7, extended_us: this.nowUs };
    },
  };
  readonly booked = new Booked(
    {
      addController: () => undefined,
      removeController: () => undefined,
      requestUpdate: () => (this.drawn += 1),
      updateComplete: Promise.resolve(true),
    },
    () => this.app as unknown as App,
  );

  /** As the page draws itself each second. */
  async draws(session: SessionView | null = SESSION, pays = true): Promise<string | null> {
    this.booked.words(session, pays, ME, ANA);
    await Promise.resolve();
    await Promise.resolve();
    return this.booked.words(session, pays, ME, ANA)?.text ?? null;
  }
}

test("the account is asked for once, until what others say is news", async () => {
  const world = new World();
  expect(await world.draws()).toBeNull();
  expect(world.asked).toBe(1);
  await world.draws({ ...SESSION, version: SESSION.version + 1 });
  expect(world.asked).toBe(1); // half an hour before the end nobody is asked yet
  world.nowUs = END - MIN;
  expect(await world.draws()).toContain("Going on costs");
  expect(world.asked).toBe(1);
  world.account = { ...ACCOUNT, version: SESSION.version + 1, extended_us: world.nowUs };
  expect(await world.draws({ ...SESSION, version: SESSION.version + 1 }, false)).toContain("said to go on");
  expect(world.asked).toBe(2);
});

test("a failure is tried again in a while", async () => {
  const world = new World();
  world.nowUs = END - MIN;
  world.fails = true;
  expect(await world.draws()).toBeNull();
  expect(await world.draws()).toBeNull();
  expect(world.asked).toBe(1);
  world.fails = false;
  world.nowUs += 10_000_000;
  expect(await world.draws()).toContain("Going on costs");
});

test("going on, and keeping to the time, end the question", async () => {
  const world = new World();
  world.nowUs = END - MIN;
  await world.draws();
  world.booked.keep();
  expect(await world.draws()).toContain("Talking on costs nothing");
  world.account = { ...ACCOUNT, id: "ses_other" };
  const other = { ...SESSION, id: "ses_other" };
  expect(await world.draws(other)).toContain("Going on costs"); // another session, asked anew
  world.account = ACCOUNT;
  await world.draws();
  await world.booked.goOn();
  expect(await world.draws()).toContain("You said to go on");
  expect(world.drawn).toBeGreaterThan(0);
});

test("nothing is asked of a session that nobody is in", async () => {
  const world = new World();
  for (const none of [
    null,
    { ...SESSION, started_us: null },
    { ...SESSION, state: "ended" } as SessionView,
  ]) {
    expect(await world.draws(none)).toBeNull();
  }
  expect(world.asked).toBe(0);
});

test("a meeting that follows at once is said to need a call of its own", async () => {
  const world = new World();
  const next = { ...MEETING, id: "mtg_2", start_us: END };
  world.planned = [{ ...MEETING, id: ACCOUNT.booked!.meeting }, next, { ...next, id: "mtg_3", start_us: END + 60 * MIN }];
  await world.draws();
  expect(world.plans).toBe(0);
  world.nowUs = END - 2.5 * MIN;
  world.lost = true;
  expect(await world.draws()).toBeNull();
  world.lost = false;
  expect(await world.draws()).toBeNull();
  const { plans } = world;
  world.nowUs = END - 2 * MIN;
  expect(await world.draws()).toMatch(/^Your next meeting begins at .*: once it has begun, end this one for both, and join again\.$/);
  world.nowUs = END;
  expect(await world.draws()).toMatch(/^Your next meeting began at .*: end this one for both, and join again\.$/);
  expect(world.plans).toBe(plans);
  world.nowUs = END + 59 * MIN;
  expect(await world.draws()).toContain("Your next meeting begins at");
});

test("what is planned later, or not any more, is no news in a call", async () => {
  const world = new World();
  world.nowUs = END - MIN;
  world.planned = [
    { ...MEETING, id: "mtg_2", start_us: END, state: "cancelled" },
    { ...MEETING, id: "mtg_3", start_us: END + 2 * MIN },
    { ...MEETING, id: "mtg_4", start_us: ACCOUNT.booked!.start_us - 60 * MIN },
  ];
  expect(await world.draws()).toContain("Going on costs");
});
