import { expect, test } from "vitest";

import { begin, reportOf } from "../../src/lib/report.js";
import { SafetyOf } from "../../src/lib/safety.js";
import { onFrame, withArrangements } from "../../src/lib/state.js";
import type { MentorshipView } from "../../src/protocol/types.js";
import { ANA, SIGNED_IN, mentorship, message, messages, opened } from "./things.js";

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

test("a report that is sent again is the same one, whatever was written or done meanwhile", async () => {
  const { safety: asked, calls } = safety([new Error("cut"), { report: "r1" }]);
  const fields = new FormData();
  for (const [name, value] of Object.entries({ reason: "money", words: " x ", copies: "on", block: "on" })) {
    fields.set(name, value);
  }
  const said = messages(1, 30);
  const begun = begin(mentorship(), said);
  await expect(asked.report("men_1", reportOf(begun, fields))).rejects.toThrow("cut");
  said.push(message(31));
  await asked.report("men_1", reportOf(begun, fields));
  expect(calls.map(({ key }) => key)).toEqual(["key-1", "key-1"]);
  const seqs = messages(11, 30).map(({ seq }) => seq);
  expect(calls[1]?.body).toEqual({ reason: "money", words: "x", seqs, also: ["block"] });
});

test("a report offers to block or leave where that is not so yet, and copies only where one wants it", () => {
  const offered = (part: Partial<MentorshipView>) => begin(mentorship(part), []);
  expect(offered({})).toMatchObject({ mayBlock: true, mayLeave: true });
  expect(offered({ blocked_by_me: true })).toMatchObject({ mayBlock: false, mayLeave: true });
  expect(offered({ closed_us: 5, closed_by: ANA })).toMatchObject({ mayBlock: true, mayLeave: false });
  const fields = new FormData();
  fields.set("reason", "other");
  const report = reportOf(begin(mentorship(), messages(1, 3)), fields);
  expect(report).toEqual({ reason: "other", words: "", seqs: [], also: [] });
});

test("who left, and whether one blocks the other, is news; lifted it is none", () => {
  const [state] = onFrame(SIGNED_IN, opened(mentorship()));
  const view = (part: Partial<MentorshipView>) => mentorship(part);
  const blocked = withArrangements(state, view({ blocked_by_me: true }));
  expect(blocked.mentorships[0]).toMatchObject({ blocked_by_me: true, closed_us: null });
  expect(withArrangements(blocked, view({})).mentorships[0]).toMatchObject({ blocked_by_me: false });
  expect(withArrangements(state, view({ closed_us: 9, closed_by: ANA })).mentorships[0]).toMatchObject({ closed_by: ANA });
});
