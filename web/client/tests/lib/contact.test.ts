import { describe, expect, test } from "vitest";
import {
  APART_US,
  MESSAGE_MOST,
  SILENT,
  statement,
  step,
  type Between,
  type Effect,
  type Event,
  type Exchange,
} from "../../src/lib/call/contact.js";

const S = 1_000_000;
const BEAT = 2 * S;
const ME = "M".repeat(87);
const OTHER = "O".repeat(87);
const SIGNATURE = "s".repeat(86);
const BETWEEN: Between = { session: "ses_1", own: ME, other: OTHER };

/** One page of an exchange, on its own clock. */
class Side {
  exchange: Exchange;
  effects: readonly Effect[] = [];

  constructor(between: Between | null = BETWEEN) {
    [this.exchange] = step(SILENT, { is: "between", between }, { serverUs: null, localUs: 0 });
  }

  do(event: Event, us: number, serverUs: number | null = us): this {
    [this.exchange, this.effects] = step(this.exchange, event, { serverUs, localUs: us });
    return this;
  }

  /** Hears a beat that says `atUs`, at `us`. */
  hears(atUs: number, us = atUs): this {
    return this.do({ is: "said", text: JSON.stringify({ beat: 1, at_us: atUs }) }, us);
  }

  beats(...us: number[]): this {
    for (const each of us) this.do({ is: "beat" }, each);
    return this;
  }

  /** Is sent a signature. */
  signed(fromUs: number, toUs: number, beats: number, more: object = {}): this {
    const said = { sign: 1, from_us: fromUs, to_us: toUs, beats, signature: SIGNATURE, ...more };
    return this.do({ is: "said", text: JSON.stringify(said) }, toUs);
  }

  /** What it signs after the last event: from, to, beats. */
  get signs(): readonly [number, number, number] | null {
    const [effect] = this.effects;
    if (effect?.do !== "sign") return null;
    const { from_us, to_us, beats } = effect.contact;
    return [from_us, to_us, beats];
  }
}

describe("beats", () => {
  test("say the server's time, numbered", () => {
    const side = new Side().beats(10 * S);
    expect(side.effects).toEqual([{ do: "say", text: '{"beat":1,"at_us":10000000}' }]);
    expect(side.beats(12 * S).effects).toEqual([{ do: "say", text: '{"beat":2,"at_us":12000000}' }]);
  });

  test("none while the server's clock is not known, or the other's key is not", () => {
    expect(new Side().do({ is: "beat" }, S, null).effects).toEqual([]);
    expect(new Side(null).beats(S).effects).toEqual([]);
  });

  test("that were held up and come at once are one", () => {
    const side = new Side().beats(10 * S, 10 * S + 10, 10 * S + 20);
    expect(side.effects).toEqual([]);
    expect(side.exchange.sent).toEqual([[10 * S]]);
  });
});

describe("who hears beats", () => {
  test("signs from the first to the latest, with its own key, about the other's", () => {
    const side = new Side().hears(10 * S);
    expect(side.effects).toEqual([]); // a moment is no stretch
    expect(side.hears(12 * S).signs).toEqual([10 * S, 12 * S, 2]);
    expect(side.hears(14 * S).effects).toEqual([
      {
        do: "sign",
        n: 1,
        session: "ses_1",
        contact: { about_key: OTHER, signer_key: ME, from_us: 10 * S, to_us: 14 * S, beats: 3 },
      },
    ]);
  });

  test("two lost in between are no gap", () => {
    expect(new Side().hears(10 * S).hears(16 * S).signs).toEqual([10 * S, 16 * S, 2]);
  });

  const soFar = (): Side => new Side().hears(10 * S).hears(12 * S);
  const goesOnFrom = (side: Side): number | undefined => side.exchange.heard?.fromUs;

  test.each([
    ["a gap", 18 * S + 1, 18 * S + 1],
    ["a gap on the own clock, hidden by the other's", 17_500_000, 18 * S + 1],
    ["a gap on the other's clock, hidden by the own", 18_500_000, 17_500_000],
    ["the same beat once more", 12 * S, 12 * S + 100],
    ["an older one", 11 * S, 13 * S],
    ["the other's clock jumps ahead", 14 * S + 1_100_000, 14 * S],
    ["the other's clock jumps back", 14 * S - 1_100_000, 14 * S],
    ["one that waited in a broken way with the one before", 14 * S, 12 * S + 100],
  ])("%s begins a new stretch", (_, atUs, us) => {
    const side = soFar().hears(atUs, us);
    expect(side.signs).toBeNull();
    expect(goesOnFrom(side)).toBe(atUs);
  });

  test.each([
    ["back-dated", 14 * S - APART_US - 1],
    ["of the future", 14 * S + APART_US + 1],
  ])("one that is %s is not heard", (_, atUs) => {
    const side = soFar();
    const before = side.exchange;
    expect(side.hears(atUs, 14 * S).effects).toEqual([]);
    expect(side.exchange).toBe(before);
    expect(side.hears(14 * S).signs).toEqual([10 * S, 14 * S, 3]);
  });

  test("none that counts for long enough is a gap", () => {
    const side = soFar();
    for (const us of [14, 16, 18]) side.hears(us * S - APART_US - 1, us * S);
    expect(side.hears(20 * S).signs).toBeNull();
    expect(goesOnFrom(side)).toBe(20 * S);
  });

  test("nothing is signed while the own idea of the server's clock is none", () => {
    const side = soFar().do({ is: "said", text: '{"beat":3,"at_us":14000000}' }, 14 * S, null);
    expect(side.effects).toEqual([]);
  });

  test.each<[string, Between]>([
    ["another session", { ...BETWEEN, session: "ses_2" }],
    ["another page", { ...BETWEEN, other: "N".repeat(87) }],
    ["an own new key", { ...BETWEEN, own: "N".repeat(87) }],
  ])("%s begins a new stretch", (_, between) => {
    const side = soFar().do({ is: "between", between }, 13 * S).hears(14 * S);
    expect(side.signs).toBeNull();
    expect(side.hears(16 * S).signs).toEqual([14 * S, 16 * S, 2]);
  });

  test("to be told the same again changes nothing", () => {
    const side = soFar().do({ is: "between", between: { ...BETWEEN } }, 13 * S).hears(14 * S);
    expect(side.signs).toEqual([10 * S, 14 * S, 3]);
  });
});

describe("who is sent a signature", () => {
  const sent = (): Side => new Side().beats(10 * S, 12 * S, 14 * S, 16 * S);

  test("has it checked, with the other's key, about the own", () => {
    expect(sent().signed(10 * S, 14 * S, 3).effects).toEqual([
      {
        do: "check",
        session: "ses_1",
        contact: {
          about_key: ME,
          signer_key: OTHER,
          from_us: 10 * S,
          to_us: 14 * S,
          beats: 3,
          signature: SIGNATURE,
        },
      },
    ]);
  });

  test("with beats lost on the way too", () => {
    expect(sent().signed(10 * S, 14 * S, 2).effects).toHaveLength(1);
  });

  test.each([
    ["from before the first beat", 8 * S, 14 * S, 3],
    ["to what was not sent yet", 10 * S, 18 * S, 4],
    ["from between two beats", 10 * S + 1, 14 * S, 3],
    ["to between two beats", 10 * S, 14 * S - 1, 3],
    ["more beats than were sent", 10 * S, 14 * S, 4],
    ["no beats", 10 * S, 14 * S, 0],
    ["back to front", 14 * S, 10 * S, 1],
    ["a moment", 10 * S, 10 * S, 1],
  ])("does not take a stretch %s", (_, from, to, beats) => {
    expect(sent().signed(from, to, beats).effects).toEqual([]);
  });

  test("does not take a stretch across a gap between own beats", () => {
    const side = sent().beats(30 * S, 32 * S);
    expect(side.signed(16 * S, 30 * S, 2).effects).toEqual([]);
    expect(side.signed(10 * S, 32 * S, 6).effects).toEqual([]);
    expect(side.signed(30 * S, 32 * S, 2).effects).toHaveLength(1);
    expect(side.signed(10 * S, 16 * S, 4).effects).toHaveLength(1); // late, but true
  });

  test("does not take one that ends before it begins, though the clock was set back", () => {
    expect(new Side().beats(16 * S, 10 * S).signed(16 * S, 10 * S, 2).effects).toEqual([]);
  });

  test("takes one that reaches back to before it heard of the session itself", () => {
    const between = { ...BETWEEN, session: "ses_2" };
    const side = sent().do({ is: "between", between }, 17 * S).signed(14 * S, 16 * S, 2);
    expect(side.effects).toMatchObject([{ do: "check", session: "ses_2" }]);
  });

  test("cannot say whose it is before the other's key is known", () => {
    const side = sent().do({ is: "between", between: null }, 17 * S);
    expect(side.signed(10 * S, 14 * S, 3).effects).toEqual([]);
  });
});

test.each([
  "",
  "{",
  "null",
  "7",
  "[]",
  "{}",
  '"beat"',
  '{"beat":1}',
  '{"at_us":12000000}',
  '{"beat":1,"at_us":"12000000"}',
  '{"beat":1,"at_us":12000000.5}',
  '{"beat":-1,"at_us":12000000}',
  '{"beat":1,"at_us":1e300}',
  `{"beat":1,"at_us":12000000,"more":"${"x".repeat(MESSAGE_MOST)}"}`,
  '{"sign":1,"from_us":10000000,"to_us":12000000,"beats":2}',
  `{"sign":1,"from_us":10000000,"to_us":12000000,"beats":2,"signature":"${"s".repeat(85)}"}`,
  `{"sign":1,"from_us":10000000,"to_us":12000000,"beats":2,"signature":"${"s".repeat(85)}="}`,
  `{"sign":1,"from_us":null,"to_us":12000000,"beats":2,"signature":"${SIGNATURE}"}`,
])("what no page of ours says changes nothing: %s", (text) => {
  const side = new Side().beats(10 * S, 12 * S).hears(10 * S).hears(11 * S);
  const before = side.exchange;
  expect(side.do({ is: "said", text }, 12 * S).effects).toEqual([]);
  expect(side.exchange).toBe(before);
});

test("two pages, one of them late to learn of a new session: contact in the new one is proven", () => {
  const a = new Side({ session: "ses_1", own: ME, other: OTHER });
  const b = new Side({ session: "ses_1", own: OTHER, other: ME });
  const proven: (readonly [string, number])[] = [];
  for (let n = 0; n < 10; n += 1) {
    const us = (10 + 2 * n) * S;
    if (n === 3) b.do({ is: "between", between: { session: "ses_2", own: OTHER, other: ME } }, us);
    if (n === 5) a.do({ is: "between", between: { session: "ses_2", own: ME, other: OTHER } }, us);
    a.beats(us);
    const [beat] = a.effects;
    if (beat?.do === "say") b.do({ is: "said", text: beat.text }, us);
    const [sign] = b.effects;
    if (sign?.do !== "sign") continue;
    const said = { sign: 1, ...sign.contact, signature: SIGNATURE };
    a.do({ is: "said", text: JSON.stringify(said) }, us);
    const [check] = a.effects;
    if (check?.do !== "check") continue;
    const agree = statement(check.session, check.contact) === statement(sign.session, sign.contact);
    if (agree) proven.push([check.session, check.contact.to_us - check.contact.from_us]);
  }
  expect(proven).toEqual([
    ["ses_1", BEAT],
    ["ses_1", 2 * BEAT],
    ...[2, 3, 4, 5, 6].map((beats) => ["ses_2", beats * BEAT]),
  ]);
});
