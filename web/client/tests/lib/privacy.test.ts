import { expect, test } from "vitest";

import { MemoryStorage } from "../../src/lib/page.js";
import { PrivacyOf } from "../../src/lib/privacy.js";
import { onFrame, type State } from "../../src/lib/state.js";
import { ZonesOf } from "../../src/lib/zones.js";
import type { Me, Member } from "../../src/protocol/types.js";
import { ANA, ME, SIGNED_IN, mentorship, opened } from "./things.js";

const seenAt = (seen_us: number | null, presence: Member["presence"] = "away") =>
  mentorship({
    members: mentorship().members.map((each) =>
      each.person.id === ANA ? { ...each, presence, ...(seen_us !== null && { seen_us }) } : each,
    ),
  });
const me = (seen_hidden: boolean, seen_us: number | null): Me => ({
  person: { id: ME, name: "Me", zone: "UTC" },
  now_us: 9,
  mentorships: [seenAt(seen_us)],
  seen_hidden,
});

function privacy(first: State, answers: (object | Error)[]) {
  let state = first;
  const calls: string[] = [];
  const access = {
    call: <T>(method: string, path: string, body?: object): Promise<T> => {
      calls.push([method, path, JSON.stringify(body ?? null)].join(" "));
      const answer = answers.shift();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as T);
    },
  };
  const of = new PrivacyOf(access, (to) => void (state = to(state)));
  return { of, calls, seen: () => state.mentorships[0]?.members[1]?.seen_us };
}

const [KNOWN] = onFrame(SIGNED_IN, opened(seenAt(5)));
const [NOT_KNOWN] = onFrame(SIGNED_IN, opened(seenAt(null)));

test("who hides when they were here is not told of the other any more, from then on", async () => {
  const { of, calls, seen } = privacy(KNOWN, [me(false, 5), { hidden: true }]);
  expect([await of.hidesSeen(), seen()]).toEqual([false, 5]);
  expect([await of.hideSeen(true), seen()]).toEqual([true, undefined]);
  expect(calls).toEqual(["GET /v1/me null", 'POST /v1/me/seen {"hidden":true}']);
});

test("who shows it again sees it of the other at once", async () => {
  const { of, seen } = privacy(NOT_KNOWN, [{ hidden: false }, me(false, 7)]);
  expect([await of.hideSeen(false), seen()]).toEqual([false, 7]);
});

test("what was asked for and cannot be had changes nothing, and is not kept silent", async () => {
  const { of, seen } = privacy(KNOWN, [new Error("cut"), new Error("cut"), { hidden: false }, new Error("cut")]);
  await expect(of.hidesSeen()).rejects.toThrow("cut");
  await expect(of.hideSeen(true)).rejects.toThrow("cut");
  expect(await of.hideSeen(false)).toBe(false); // it holds, though the rest is not known yet
  expect(seen()).toBe(5);
});

test("by which zone one goes is what the server says, in all that is drawn", async () => {
  const [first] = onFrame(SIGNED_IN, opened(seenAt(5)));
  let state: State = first;
  const calls: unknown[] = [];
  const access = {
    call: <T>(...asked: unknown[]): Promise<T> => {
      calls.push(asked);
      return Promise.resolve({ zone: "Asia/Kathmandu" } as T);
    },
  };
  const page = { browser: new MemoryStorage(), zone: () => "Asia/Katmandu" };
  const zones = new ZonesOf(access, page, (to) => void (state = to(state)));
  const all = () => [state.me?.zone, ...state.mentorships[0]!.members.map(({ person }) => person.zone)];
  await zones.use("Asia/Katmandu");
  expect(calls).toEqual([["POST", "/v1/me/zone", { zone: "Asia/Katmandu" }]]);
  expect(all()).toEqual(["Asia/Kathmandu", "Asia/Kathmandu", all()[2]]);
  expect([zones.isAsked, zones.keep(), zones.isAsked]).toEqual([true, undefined, false]);
  // Another device of mine, and the other, each as it is told, and by a fresh snapshot.
  const view = seenAt(null, "here");
  const moved = { ...view, members: view.members.map((each) => ({ ...each, person: { ...each.person, zone: "Europe/Lisbon" } })) };
  const lisbon = ["Europe/Lisbon", "Europe/Lisbon", "Europe/Lisbon"];
  const before = state;
  [state] = onFrame(before, { t: "mentorship.changed", mentorship: moved });
  expect(all()).toEqual(lisbon);
  expect(state.mentorships[0]!.members[1]!.seen_us).toBe(5); // what travels in frames of its own
  [state] = onFrame(before, opened(moved));
  expect(all()).toEqual(lisbon);
});

test("another tab hid it: this one learns that; what a frame told meanwhile is not set back", async () => {
  const hidden = privacy(KNOWN, [me(true, null)]);
  expect([await hidden.of.hidesSeen(), hidden.seen()]).toEqual([true, undefined]);
  const late = privacy(KNOWN, [me(false, 3)]);
  expect([await late.of.hidesSeen(), late.seen()]).toEqual([false, 5]);
  const here = privacy(onFrame(SIGNED_IN, opened(seenAt(null, "here")))[0], [me(false, 3)]);
  expect([await here.of.hidesSeen(), here.seen()]).toEqual([false, undefined]);
});
