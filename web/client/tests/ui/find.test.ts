import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Refused, type Found } from "../../src/lib/model.js";
import { refusedBy, troubleOf } from "../../src/lib/trouble.js";
import { ANA, MENTORSHIP, message } from "./fake-app.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const FOUND: Found = { matches: [message(7, ANA.id, "the pages", 1)], more: false, complete: true };

/** The field, what was asked for, and what was to be shown. */
async function field(answers: (() => Promise<Found>)[] = []) {
  const { Find } = await import("../../src/ui/conversation/find.js");
  const made = new Find();
  const [asked, shown, input]: [string[], string[], { value: string }] = [[], [], { value: "" }];
  const find = (_: string, words: string, before: number | null) => {
    asked.push(before === null ? words : `${words} before ${before}`);
    return (answers.shift() ?? (async () => FOUND))();
  };
  Object.assign(made, { app: { chat: { find } }, mentorship: MENTORSHIP.id });
  Object.defineProperty(made, "field", { value: input });
  for (const each of ["jump", "none"]) made.addEventListener(each, () => shown.push(each));
  const run = (name: string): unknown => (Reflect.get(made, name) as (event: unknown) => unknown).call(made, new Event(name));
  const type = (words: string): void => {
    input.value = words;
    run("typed");
  };
  return { made, asked, shown, type, enter: () => run("submit"), said: () => Reflect.get(made, "trouble") };
}

test("one finds as one types, once no key has come for a moment and there are two letters", async () => {
  const { asked, shown, type } = await field();
  type("t");
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toEqual([]);
  type("th");
  await vi.advanceTimersByTimeAsync(299);
  type("the");
  await vi.advanceTimersByTimeAsync(299);
  expect(asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect([asked, shown.at(-1)]).toEqual([["the"], "jump"]);
  type(" ");
  await vi.advanceTimersByTimeAsync(1000);
  expect([asked, shown.at(-1)]).toEqual([["the"], "none"]);
});

test("Enter asks at once, and only once", async () => {
  const { made, asked, type, enter } = await field();
  type("the");
  await enter();
  await vi.advanceTimersByTimeAsync(1000);
  expect([asked, made.seq]).toEqual([["the"], 7]);
});

test("what came for other words is not shown", async () => {
  let came = (_: Found): void => undefined;
  const { made, asked, type, enter } = await field([() => new Promise((done) => (came = done))]);
  type("then");
  const before = enter();
  type("the");
  came({ ...FOUND, matches: [message(3, ANA.id, "then", 1)] });
  await before;
  expect(made.seq).toBe(0);
  await vi.advanceTimersByTimeAsync(300);
  expect([asked, made.seq]).toEqual([["then", "the"], 7]);
});

test("what was too much at once is asked again when the server says, and nothing is said of it", async () => {
  const problem = { type: "", title: "", status: 429, code: "rate_limited", detail: "", retry_after_us: 2_000_000 };
  const { made, asked, said, type } = await field([() => Promise.reject(refusedBy(problem))]);
  type("the");
  await vi.advanceTimersByTimeAsync(2299);
  expect([asked, said()]).toEqual([["the"], null]);
  await vi.advanceTimersByTimeAsync(1);
  expect([asked, said(), made.seq]).toEqual([["the", "the"], null, 7]);
});

test("and not for words that one does not look for any more; other refusals are said", async () => {
  const problem = { type: "", title: "", status: 429, code: "rate_limited", detail: "" };
  const gone = new Refused(troubleOf("unavailable"));
  const { asked, said, type } = await field([() => Promise.reject(refusedBy(problem)), () => Promise.reject(gone)]);
  type("the");
  await vi.advanceTimersByTimeAsync(400);
  type("they");
  await vi.advanceTimersByTimeAsync(5000);
  expect([asked, said()]).toEqual([["the", "they"], gone.trouble]);
});
