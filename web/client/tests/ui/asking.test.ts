import { expect, test } from "vitest";

import { Refused } from "../../src/lib/model.js";
import { troubleOf } from "../../src/lib/trouble.js";
import { Asking } from "../../src/ui/asking.js";

const REFUSED = new Refused(troubleOf("unavailable"), "start");

/** With what its host drew, each time. */
function asking(): { asking: Asking; drawn: (string | null)[] } {
  const drawn: (string | null)[] = [];
  const made: Asking = new Asking({
    requestUpdate: () => drawn.push(made.busy ? "busy" : (made.trouble?.code ?? null)),
  });
  return { asking: made, drawn };
}

test("one request at a time, and its host is drawn as it stands", async () => {
  const { asking: one, drawn } = asking();
  let end = (): void => undefined;
  let asked = 0;
  const ask = (): Promise<void> => {
    asked += 1;
    return new Promise((resolve) => (end = resolve));
  };
  const first = one.run(ask);
  expect(await one.run(ask)).toBe(false);
  expect([one.busy, asked]).toEqual([true, 1]);
  end();
  expect(await first).toBe(true);
  expect([one.busy, one.trouble]).toEqual([false, null]);
  expect(drawn).toEqual(["busy", null]);
});

test("what was refused is said until one begins anew", async () => {
  const { asking: one, drawn } = asking();
  expect(await one.run(() => Promise.reject(REFUSED))).toBe(false);
  expect(one.trouble).toEqual(REFUSED.trouble);
  one.clear();
  await one.run(() => Promise.reject(REFUSED));
  expect(await one.run(() => Promise.resolve())).toBe(true);
  expect(drawn).toEqual(["busy", "unavailable", null, "busy", "unavailable", "busy", null]);
});

test("what is said at an entry is not said twice", async () => {
  const { asking: one } = asking();
  const at: (string | null)[] = [];
  const refusals = [true, false].map((here) => async () => {
    await one.run(() => Promise.reject(REFUSED), ({ field }) => (at.push(field), here));
    return one.trouble?.code ?? null;
  });
  expect([await refusals[0]!(), await refusals[1]!()]).toEqual([null, "unavailable"]);
  expect(at).toEqual(["start", "start"]);
});

test("a fault of our own is said to whoever pressed, and thrown", async () => {
  const { asking: one } = asking();
  await expect(one.run(() => Promise.reject(new TypeError("x is undefined")))).rejects.toThrow("x is undefined");
  expect([one.busy, one.trouble?.code]).toEqual([false, "internal"]);
});
