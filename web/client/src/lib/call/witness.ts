/** Proves contact with one other page: the shell around contact.ts. */
import type { Contact } from "../../protocol/types.js";
import {
  SILENT,
  signature,
  statement,
  step,
  type Clock,
  type Effect,
  type Event,
  type Exchange,
} from "./contact.js";
import type { Key, Signing } from "./signing.js";

export interface WitnessEnv {
  readonly signing: Signing;
  clock(): Clock;
  /** Whether there is a way to the other page now. */
  canSay(): boolean;
  say(text: string): void;
  /** The other's page signed this about the own one. */
  signed(session: string, contact: Contact): void;
}

/** Signatures in work at once; whoever sends more than that is not in a hurry for them. */
const WORK_MOST = 8;

export class Witness {
  private exchange: Exchange = SILENT;
  private key: Key | null = null;
  private queue: Promise<void> = Promise.resolve();
  private work = 0;

  constructor(private readonly env: WitnessEnv) {}

  /** Whatever is not known yet keeps it silent. */
  between(session: string | null, own: Key | null, other: string | null): void {
    this.key = own;
    const known = session !== null && own !== null && other !== null;
    this.handle({ is: "between", between: known ? { session, own: own.name, other } : null });
  }

  /** Every two seconds. */
  beat(): void {
    if (this.env.canSay()) this.handle({ is: "beat" });
  }

  heard(text: string): void {
    this.handle({ is: "said", text });
  }

  private handle(event: Event): void {
    const [next, effects] = step(this.exchange, event, this.env.clock());
    this.exchange = next;
    for (const effect of effects) this.perform(effect);
  }

  private perform(effect: Effect): void {
    if (effect.do === "say") {
      this.env.say(effect.text);
    } else if (this.work < WORK_MOST) {
      this.work += 1;
      this.queue = this.queue
        .then(() => this.prove(effect))
        .catch((error: unknown) => console.warn("contact", error))
        .finally(() => (this.work -= 1));
    }
  }

  private async prove(effect: Exclude<Effect, { do: "say" }>): Promise<void> {
    const { session, contact } = effect;
    const text = statement(session, contact);
    if (effect.do === "check") {
      const { signer_key, signature } = effect.contact;
      const good = await this.env.signing.verify(signer_key, text, signature);
      if (good) this.env.signed(session, effect.contact);
    } else if (this.key?.name === contact.signer_key) {
      const signed = { ...contact, signature: await this.key.sign(text) };
      if (this.env.canSay()) this.env.say(signature(effect.n, signed));
    }
  }
}
