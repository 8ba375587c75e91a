import { expect, test } from "vitest";

import { SafetyOf } from "../../src/lib/safety.js";
import { withArrangements } from "../../src/lib/state.js";
import { onFrame } from "../../src/lib/state.js";
import type { MentorshipView } from "../../src/protocol/types.js";
import { ANA, SIGNED_IN, mentorship, opened } from "./things.js";

interface Call {
  readonly path: string;
  readonly body: unknown;
  readonly key: string | undefined;
}

function safety(answers: (object | Error)[]): { safety: SafetyOf; calls: Call[]; took: MentorshipView[] } {
  const calls: Call[] = [];
  const took: MentorshipView[] = [];
  let keys = 0;
  const access = {
    call: <T>(_: "GET" | "POST", path: string, body?: object, key?: string): Promise<T> => {
      calls.push({ path, body, key });
      const answer = answers.shift();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as T);
    },
  };
  return { safety: new SafetyOf(access, () => `key-${(keys += 1)}`, (view) => took.push(view)), calls, took };
}

test("leaving and blocking take effect at once, on this page too", async () => {
  const [left, blocked] = [mentorship({ closed_us: 5, closed_by: ANA }), mentorship({ blocked_by_me: true })];
  const { safety: asked, calls, took } = safety([left, blocked]);
  await asked.leave("men_1");
  await asked.block("men_1", true);
  expect(calls.map(({ path, body }) => [path, body])).toEqual([
    ["/v1/mentorships/men_1/leave", undefined],
    ["/v1/mentorships/men_1/block", { on: true }],
  ]);
  expect(took).toEqual([left, blocked]);
});

test("the same report is sent again under the same key, another under another", async () => {
  const { safety: asked, calls } = safety([new Error("cut"), { report: "r1" }, { report: "r2" }]);
  const report = { reason: "money", words: "x" } as const;
  await expect(asked.report("men_1", report)).rejects.toThrow("cut");
  await asked.report("men_1", report);
  await asked.report("men_1", report);
  expect(calls.map(({ key }) => key)).toEqual(["key-1", "key-1", "key-2"]);
});

test("who left, and whether one blocks the other, is news; lifted it is none", () => {
  const [state] = onFrame(SIGNED_IN, opened(mentorship()));
  const view = (part: Partial<MentorshipView>) => mentorship(part);
  const blocked = withArrangements(state, view({ blocked_by_me: true }));
  expect(blocked.mentorships[0]).toMatchObject({ blocked_by_me: true, closed_us: null });
  expect(withArrangements(blocked, view({})).mentorships[0]).toMatchObject({ blocked_by_me: false });
  expect(withArrangements(state, view({ closed_us: 9, closed_by: ANA })).mentorships[0]).toMatchObject({ closed_by: ANA });
});
