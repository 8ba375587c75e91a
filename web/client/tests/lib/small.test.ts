import { describe, expect, test } from "vitest";
import { ServerClock } from "../../src/lib/clock.js";
import { problemOf } from "../../src/lib/media/devices.js";
import { levelOf } from "../../src/lib/media/meter.js";
import { refusal } from "../../src/lib/outbox.js";
import { isVisible } from "../../src/lib/text.js";
import { actOf, codeOfClose, refusedBy, troubleOf } from "../../src/lib/trouble.js";
import { ERRORS, type ErrorCode } from "../../src/protocol/types.js";
import texts from "../protocol/texts.json";

const CODES = Object.keys(ERRORS) as ErrorCode[];

test("what shows nothing is what Unicode says, and a few more", () => {
  const nothing =
    /[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u{40000}-\u{effff}\u2800\ufff9-\ufffc\u{13430}-\u{1343f}\u{13441}\u{13442}\u{16fe4}\u{1d159}]/u;
  const all = Array.from({ length: 0x110000 }, (_, code) => String.fromCodePoint(code));
  expect(all.filter((char) => isVisible(char) === nothing.test(char))).toEqual([]);
});

test.each(texts.seen)("there is something to see in %j", (text) => {
  expect(isVisible(text)).toBe(true);
  expect(refusal(text)).toBeNull();
});

test.each(texts.unseen)("there is nothing to see in %j", (text) => {
  expect(isVisible(text)).toBe(false);
  expect(refusal(text)).toBe("message_empty");
});

describe("troubles in words", () => {
  test.each(CODES)("%s says what happened and what to do, calmly", (code) => {
    const { what, advice } = troubleOf(code);
    for (const words of [what, advice]) {
      expect(words).toMatch(/^[A-Z].*\.$/);
      expect(words).not.toContain("!");
    }
  });

  test("a meaning's second sentence is the advice", () => {
    expect(troubleOf("renewal_invalid")).toEqual({
      code: "renewal_invalid",
      what: "This page's access has ended.",
      advice: "Open the link again.",
    });
  });

  test.each(CODES.filter((code) => /^(revoked|invitation_)/.test(code)))(
    "%s says whom to ask, and calls a link a link",
    (code) => {
      const { what, advice } = troubleOf(code);
      expect(what).toMatch(/^This link /);
      expect(what + advice).not.toMatch(/invitation/i);
      expect(advice).toMatch(/ask who(m|ever) /i);
    },
  );

  test("a code of a newer server is said in the server's words, and tried again", () => {
    expect(troubleOf("moon_phase", "The moon is wrong.").what).toBe("The moon is wrong.");
    expect(actOf("moon_phase")).toBe("retry");
  });

  test("a form's field is named with the server's own sentence", () => {
    const problem = { type: "x", title: "x", status: 422, code: "invalid_field" };
    const error = refusedBy({ ...problem, detail: "No such zone.", field: "mentor.zone" });
    expect([error.trouble.what, error.field]).toEqual(["No such zone.", "mentor.zone"]);
  });

  test("every close code is told apart", () => {
    for (const code of CODES) {
      const { close } = ERRORS[code];
      if (close !== null) expect(codeOfClose(close)).toBe(code);
    }
    expect(codeOfClose(1006)).toBeNull();
  });
});

describe("the server's clock", () => {
  test("is unknown before the first exchange", () => {
    expect(new ServerClock().offsetUs()).toBeNull();
  });

  test("is off by at most half of the quickest round trip", () => {
    const clock = new ServerClock();
    const ahead = 7_000_000;
    clock.exchange(0, ahead + 90_000, 100_000); // slow on the way there
    expect(clock.offsetUs()).toBe(ahead + 40_000);
    clock.exchange(1_000_000, 1_000_000 + ahead + 1_000, 1_002_000);
    clock.exchange(2_000_000, 2_000_000 + ahead + 5_000, 2_050_000); // slow on the way back
    expect(clock.offsetUs()).toBe(ahead);
  });

  test("old exchanges are forgotten", () => {
    const clock = new ServerClock();
    clock.exchange(0, 500, 0);
    for (let i = 0; i < 16; i += 1) clock.exchange(0, 900, 1_000);
    expect(clock.offsetUs()).toBe(400);
  });

  test("when a clock has taken a step, what was known before is forgotten at once", () => {
    const clock = new ServerClock();
    for (let i = 0; i < 3; i += 1) clock.exchange(0, 5_000, 10_000);
    clock.exchange(0, 4_005_000, 20_000); // four seconds asleep, and slower than before
    expect(clock.offsetUs()).toBe(3_995_000);
  });

  test("with a new socket it is as good as it was, until the next exchange", () => {
    const clock = new ServerClock();
    clock.exchange(0, 500, 0);
    clock.renew();
    expect(clock.offsetUs()).toBe(500);
    clock.exchange(0, 900, 10);
    expect(clock.offsetUs()).toBe(895);
    clock.exchange(0, 1_000, 100); // slower: the one before is better
    expect(clock.offsetUs()).toBe(895);
  });
});

test.each([
  ["NotAllowedError", "denied"],
  ["SecurityError", "denied"],
  ["NotFoundError", "missing"],
  ["OverconstrainedError", "missing"],
  ["NotReadableError", "busy"],
  ["AbortError", "busy"],
  ["TypeError", "failed"],
] as const)("%s is shown as %s", (name, problem) => {
  expect(problemOf(name)).toBe(problem);
});

test("the meter: silence 0, full scale 1, and evenly in decibels between", () => {
  const tone = (size: number): number[] => Array.from({ length: 64 }, (_, i) => (i % 2 ? size : -size));
  expect(levelOf(tone(0))).toBe(0);
  expect(levelOf(tone(1))).toBe(1);
  expect(levelOf(tone(0.001))).toBeCloseTo(0);
  expect(levelOf(tone(10 ** -1.5))).toBeCloseTo(0.5);
  expect(levelOf(tone(1e-5))).toBe(0);
});
