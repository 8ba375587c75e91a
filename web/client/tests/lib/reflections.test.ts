import { describe, expect, test } from "vitest";

import { Reflections } from "../../src/lib/reflections.js";
import type { AppState } from "../../src/lib/model.js";
import { opened } from "./things.js";
import type { NextSteps, ReflectionView } from "../../src/protocol/types.js";

const view = (session: string, part: Partial<ReflectionView> = {}): ReflectionView => ({
  session,
  mine: null,
  theirs: null,
  they_answered: false,
  ...part,
});
const steps = (reminder: string | null): NextSteps => ({
  mentorship: "men_1",
  last: null,
  reminder: reminder === null ? null : { session: reminder, at_us: 1 },
});

class World {
  kept: Pick<AppState, "reflections" | "next"> = { reflections: {}, next: {} };
  readonly asked: string[] = [];
  answers: Record<string, unknown> = {};
  away = false;
  readonly reflections = new Reflections(
    {
      call: async <T>(method: string, path: string, body?: object): Promise<T> => {
        this.asked.push(`${method} ${path}${body ? ` ${JSON.stringify(body)}` : ""}`);
        if (this.away) throw new Error("away");
        return this.answers[path] as T;
      },
    },
    () => this.kept,
    (kept) => (this.kept = kept),
  );

  changed(session: string, mentorship: string): void {
    this.reflections.handle({ t: "reflection.changed", session, mentorship });
  }
  online(): void {
    this.reflections.handle(opened());
  }
}
const settled = (): Promise<void> => new Promise((done) => setTimeout(done));

describe("what is said after a session", () => {
  test("is loaded, and kept beside what else is known", async () => {
    const world = new World();
    world.answers = { "/v1/sessions/ses_1/reflection": view("ses_1"), "/v1/sessions/ses_2/reflection": view("ses_2") };
    await world.reflections.load("ses_1");
    await world.reflections.load("ses_2");
    expect(Object.keys(world.kept.reflections)).toEqual(["ses_1", "ses_2"]);
  });

  test("is saved as the server has it, and the reminder of that session is gone", async () => {
    const world = new World();
    const saved = view("ses_1", { they_answered: true });
    world.answers = {
      "/v1/sessions/ses_1/reflection": saved,
      "/v1/mentorships/men_1/next": steps("ses_1"),
    };
    await world.reflections.loadNext("men_1");
    expect(world.kept.next.men_1?.reminder?.session).toBe("ses_1");
    await world.reflections.save("ses_1", { useful: "x" });
    expect(world.asked.at(-1)).toBe('POST /v1/sessions/ses_1/reflection {"useful":"x"}');
    expect(world.kept.reflections.ses_1).toEqual(saved);
    expect(world.kept.next.men_1?.reminder).toBeNull();
  });

  test("a reminder that is put away is gone at once; one of another session stays", async () => {
    const world = new World();
    world.answers = {
      "/v1/sessions/ses_1/reflection/dismiss": view("ses_1"),
      "/v1/sessions/ses_2/reflection/dismiss": view("ses_2"),
      "/v1/mentorships/men_1/next": steps("ses_2"),
    };
    await world.reflections.loadNext("men_1");
    await world.reflections.dismiss("ses_1");
    expect(world.kept.next.men_1?.reminder?.session).toBe("ses_2");
    await world.reflections.dismiss("ses_2");
    expect(world.kept.next.men_1?.reminder).toBeNull();
  });

  test("one that did not reach the server stays", async () => {
    const world = new World();
    world.answers = { "/v1/mentorships/men_1/next": steps("ses_1") };
    await world.reflections.loadNext("men_1");
    world.away = true;
    await expect(world.reflections.dismiss("ses_1")).rejects.toThrow("away");
    expect(world.kept.next.men_1?.reminder?.session).toBe("ses_1");
  });

  test("what was looked at is asked for again when it changed, and after a new connection", async () => {
    const world = new World();
    world.answers = {
      "/v1/sessions/ses_1/reflection": view("ses_1"),
      "/v1/mentorships/men_1/next": steps(null),
    };
    world.changed("ses_1", "men_1");
    world.online();
    expect(world.asked).toEqual([]); // nobody has looked
    await world.reflections.load("ses_1");
    await world.reflections.loadNext("men_1");
    world.asked.length = 0;
    world.answers = {
      "/v1/sessions/ses_1/reflection": view("ses_1", { they_answered: true }),
      "/v1/mentorships/men_1/next": steps("ses_1"),
    };
    world.changed("ses_1", "men_1");
    await settled();
    expect(world.kept.reflections.ses_1?.they_answered).toBe(true);
    expect(world.kept.next.men_1?.reminder?.session).toBe("ses_1");
    world.changed("ses_2", "men_2");
    expect(world.asked).toHaveLength(2);
    world.online();
    expect(world.asked).toHaveLength(4);
    world.away = true;
    world.online();
    await settled(); // it stays as it was, and nothing is thrown
    expect(world.kept.reflections.ses_1?.they_answered).toBe(true);
  });
});
