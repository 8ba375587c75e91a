import { expect, test } from "vitest";
import type { Key, Signing } from "../../src/lib/call/signing.js";
import { Witness } from "../../src/lib/call/witness.js";
import { settled } from "./server.js";

const S = 1_000_000;
const OTHER = "O".repeat(87);

/** A page that signs and checks when it is told to. */
class Slow {
  us = 10 * S;
  open = true;
  readonly said: string[] = [];
  readonly proven: string[] = [];
  readonly works: (() => void)[] = [];
  private readonly key: Key = {
    name: "M".repeat(87),
    sign: () => this.work("s".repeat(86)),
  };
  private readonly signing: Signing = {
    make: () => Promise.resolve(this.key),
    verify: () => this.work(true),
  };
  readonly witness = new Witness({
    signing: this.signing,
    clock: () => ({ serverUs: this.us, localUs: this.us }),
    canSay: () => this.open,
    say: (text) => this.said.push(text),
    signed: (session) => this.proven.push(session),
  });

  constructor() {
    this.witness.between("ses_1", this.key, OTHER);
  }

  hears(atUs: number): void {
    this.us = atUs;
    this.witness.heard(JSON.stringify({ beat: 1, at_us: atUs }));
  }

  private work<T>(value: T): Promise<T> {
    return new Promise((resolve) => this.works.push(() => resolve(value)));
  }
}

test("what is signed when the way is gone is said to nobody", async () => {
  const page = new Slow();
  page.hears(10 * S);
  page.hears(12 * S);
  await settled();
  page.open = false;
  for (const work of page.works) work();
  await settled();
  expect([page.works.length, page.said]).toEqual([1, []]);
});

test("whoever sends signatures by the hundred has the first few checked", async () => {
  const page = new Slow();
  for (let n = 0; n < 3; n += 1, page.us += 2 * S) page.witness.beat();
  const said = { sign: 1, from_us: 10 * S, to_us: 12 * S, beats: 2, signature: "s".repeat(86) };
  for (let n = 0; n < 100; n += 1) page.witness.heard(JSON.stringify(said));
  for (let done = 0; done < 100; done += 1) {
    await settled();
    page.works.shift()?.();
  }
  expect(page.proven).toHaveLength(8);
  page.witness.heard(JSON.stringify(said)); // in its time again
  await settled();
  expect(page.works).toHaveLength(1);
});
