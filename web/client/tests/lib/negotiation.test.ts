import { describe, expect, test } from "vitest";
import {
  negotiation,
  step,
  type Effect,
  type Event,
  type Negotiation,
} from "../../src/lib/call/negotiation.js";
import { below, pick, randomOf } from "./random.js";

type Signal =
  | { readonly is: "offer" | "answer"; readonly sdp: string }
  | { readonly is: "candidate"; readonly candidate: { readonly candidate: string } };

/** What the W3C draft says of a browser's side, as far as negotiation goes: descriptions, implicit
 * rollback, and a negotiationneeded that comes again while it is unmet. Whatever is not allowed in
 * a signalling state throws. */
class Browser {
  state: Negotiation;
  signaling: "stable" | "have-local-offer" = "stable";
  local = "";
  remote = "";
  /** What both have agreed on: `<offer>/<answer>`. */
  agreed = "";
  wanted = 0;
  met = 0;
  needed = false;
  sent: Signal[] = [];
  private offers = 0;
  private offered = 0;

  constructor(
    readonly name: string,
    polite: boolean,
  ) {
    this.state = negotiation(polite);
  }

  /** restartIce(), or a transceiver was added. */
  want(): void {
    this.wanted += 1;
    this.update();
  }

  handle(event: Event): void {
    const [next, effects] = step(this.state, event);
    this.state = next;
    for (const effect of effects) this.perform(effect);
    expect(this.state.signaling).toBe(this.signaling);
  }

  private perform(effect: Effect): void {
    switch (effect.do) {
      case "offer":
        this.must("stable");
        this.offers += 1;
        this.offered = this.wanted;
        this.local = `${this.name}${this.offers}`;
        this.signaling = "have-local-offer";
        this.send({ is: "offer", sdp: this.local });
        break;
      case "send_again":
        this.must("have-local-offer");
        this.send({ is: "offer", sdp: this.local });
        break;
      case "answer":
        // An own offer that is out is rolled back.
        this.signaling = "stable";
        this.remote = effect.sdp;
        this.local = `${this.name}<${effect.sdp}`;
        this.agreed = `${this.remote}/${this.local}`;
        this.send({ is: "answer", sdp: this.local });
        this.update();
        break;
      case "accept":
        this.must("have-local-offer");
        if (!effect.sdp.endsWith(`<${this.local}`)) throw new Error("answers another offer");
        this.signaling = "stable";
        this.remote = effect.sdp;
        this.agreed = `${this.local}/${this.remote}`;
        this.met = this.offered;
        this.update();
        break;
      case "add":
        if (!this.remote) throw new Error("no remote description");
        break;
    }
  }

  private send(signal: Signal): void {
    this.sent.push(signal, { is: "candidate", candidate: { candidate: `of ${this.local}` } });
  }

  private must(signaling: string): void {
    if (this.signaling !== signaling) throw new Error(`${this.name} is ${this.signaling}`);
  }

  private update(): void {
    this.needed = this.signaling === "stable" && this.met < this.wanted;
  }
}

function converge(seed: number): { a: Browser; b: Browser } {
  const random = randomOf(seed);
  const a = new Browser("a", false);
  const b = new Browser("b", true);
  const toA: Signal[] = [];
  const toB: Signal[] = [];
  const wishes = [a, b, b, a, pick(random, [a, b])].slice(0, 1 + below(random, 5));
  const moves: (() => boolean)[] = [
    () => deliver(toB, b),
    () => deliver(toA, a),
    () => needed(a),
    () => needed(b),
    () => {
      const one = wishes.shift();
      one?.want();
      return one !== undefined;
    },
  ];
  const carry = (): void => {
    toB.push(...a.sent.splice(0));
    toA.push(...b.sent.splice(0));
  };
  for (let idle = 0; idle < 50; ) {
    idle = pick(random, moves)() ? 0 : idle + 1;
    carry();
  }
  for (let moved = true; moved; carry()) moved = moves.map((move) => move()).some(Boolean);
  return { a, b };
}

function deliver(wire: Signal[], to: Browser): boolean {
  const signal = wire.shift();
  if (signal) to.handle(signal);
  return signal !== undefined;
}

function needed(browser: Browser): boolean {
  if (!browser.needed) return false;
  browser.needed = false;
  browser.handle({ is: "needed" });
  return true;
}

test("two sides agree, whoever offers when", () => {
  for (let seed = 1; seed <= 2_000; seed += 1) {
    const { a, b } = converge(seed);
    const say = `seed ${seed}`;
    expect([a.signaling, b.signaling], say).toEqual(["stable", "stable"]);
    expect(a.agreed, say).toBe(b.agreed);
    expect(a.agreed, say).not.toBe("");
    expect([a.needed, b.needed], say).toEqual([false, false]);
    expect([a.state.early, b.state.early], say).toEqual([[], []]);
  }
});

describe("glare", () => {
  const out = (polite: boolean): Negotiation => step(negotiation(polite), { is: "needed" })[0];

  test("the polite side takes the other's offer and gives up its own", () => {
    const [state, effects] = step(out(true), { is: "offer", sdp: "x" });
    expect(effects).toEqual([{ do: "answer", sdp: "x" }]);
    expect(state.signaling).toBe("stable");
  });

  test("the impolite side ignores the other's offer, and the candidates of it", () => {
    const [state, effects] = step(out(false), { is: "offer", sdp: "x" });
    expect(effects).toEqual([]);
    expect(step(state, { is: "candidate", candidate: {} })).toEqual([state, []]);
    const [, accept] = step(state, { is: "answer", sdp: "y" });
    expect(accept).toEqual([{ do: "accept", sdp: "y" }]);
  });

  test("an answer to an offer that was taken back is not set", () => {
    const [state] = step(out(true), { is: "offer", sdp: "x" });
    expect(step(state, { is: "answer", sdp: "late" })).toEqual([state, []]);
  });
});

test("candidates wait for the description they belong to", () => {
  const [early] = step(negotiation(true), { is: "candidate", candidate: { candidate: "1" } });
  const [both] = step(early, { is: "candidate", candidate: { candidate: "2" } });
  expect(step(both, { is: "offer", sdp: "x" })[1]).toEqual([
    { do: "answer", sdp: "x" },
    { do: "add", candidate: { candidate: "1" } },
    { do: "add", candidate: { candidate: "2" } },
  ]);
});

test("one offer at a time; on return it is sent again", () => {
  const [out] = step(negotiation(false), { is: "needed" });
  expect(step(out, { is: "needed" })).toEqual([out, []]);
  expect(step(out, { is: "returned" })).toEqual([out, [{ do: "send_again" }]]);
  const idle = negotiation(false);
  expect(step(idle, { is: "returned" })).toEqual([idle, []]);
});

test("after a failure the browser's own state counts", () => {
  const [out] = step(negotiation(true), { is: "needed" });
  const [state] = step(out, { is: "failed", signaling: "stable", described: true });
  expect(state).toMatchObject({ signaling: "stable", described: true });
});
