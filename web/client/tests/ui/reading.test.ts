import { beforeEach, expect, test, vi } from "vitest";

import type { App, Conversation } from "../../src/lib/model.js";
import { Reading } from "../../src/ui/conversation/reading.js";
import type { Virtual } from "../../src/ui/conversation/virtual.js";
import { ANA, BASE, ME, MENTORSHIP, message } from "./fake-app.js";

beforeEach(() => void vi.stubGlobal("document", { visibilityState: "visible" }));

const HELD = BASE.conversations[MENTORSHIP.conversation]!;

/** One who has read ten messages and looks at the fifth. */
function above() {
  const seen = { following: false, last: 5, line: "below" as "above" | "below" | "in sight" };
  const said = { read: 10, unread: 0, head: 10 };
  const reads: number[] = [];
  const chat = { read: (_: string, seq: number) => reads.push(seq) };
  const messages = (): Conversation["messages"] =>
    Array.from({ length: said.head }, (_, i) => message(i + 1, i % 2 ? ME.id : ANA.id, "Hello", i));
  const virtual = {
    get following() {
      return seen.following;
    },
    get lastInSight() {
      return messages()[seen.last - 1];
    },
    isAbove: () => seen.line === "above",
    isInSight: () => seen.line === "in sight",
    reaches: () => seen.line !== "above",
  };
  const reading = new Reading(
    { addController: () => undefined, requestUpdate: () => undefined } as never,
    () => ({
      app: { chat } as unknown as App,
      view: { ...MENTORSHIP, ...said },
      conversation: { ...HELD, aside: null, messages: messages() },
      log: { clientHeight: 500 } as HTMLElement,
    }),
    virtual as unknown as Virtual,
  );
  const draw = (): void => {
    reading.notice();
    reading.look();
  };
  draw();
  return { reading, seen, said, reads, draw };
}

test("who reads above is led to the first of what comes, and it is read as far as it was in sight", () => {
  const { reading, seen, said, reads, draw } = above();
  expect([reading.isBelow, reading.newAfter]).toEqual([false, null]);
  Object.assign(said, { head: 35, unread: 13 });
  draw();
  expect([reading.isBelow, reading.newAfter, reads]).toEqual([true, 10, []]);
  Object.assign(seen, { line: "in sight", last: 14 });
  draw();
  expect([reading.isBelow, reads]).toEqual([false, [14]]);
  Object.assign(said, { read: 14, unread: 11 });
  Object.assign(seen, { line: "above", last: 14 });
  Object.assign(said, { head: 37, unread: 12 }); // and more comes, below what is not read yet
  draw();
  expect([reading.isBelow, reading.newAfter, reads]).toEqual([false, 10, [14]]);
  Object.assign(seen, { following: true, last: 37 });
  draw();
  expect(reads).toEqual([14, 37]);
});

test("who has read it all above is led to what comes after that", () => {
  const { reading, said, draw } = above();
  Object.assign(said, { head: 12, unread: 1 });
  draw();
  Object.assign(said, { read: 12, unread: 0 });
  draw();
  Object.assign(said, { head: 14, unread: 1 });
  draw();
  expect([reading.isBelow, reading.newAfter]).toEqual([true, 12]);
});

test("what comes where one looks, or while one has the page in the back, waits for no line", () => {
  const { reading, seen, said, reads, draw } = above();
  seen.following = true;
  Object.assign(said, { head: 12, unread: 1 });
  vi.stubGlobal("document", { visibilityState: "hidden" });
  draw();
  expect([reading.newAfter, reads]).toEqual([null, []]);
  vi.stubGlobal("document", { visibilityState: "visible" });
  draw();
  expect([reading.newAfter, reads]).toEqual([null, [12]]);
});
