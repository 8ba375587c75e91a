/** Opening a link: its invitation is exchanged, again and again by itself while the server is away. */
import type { Grant } from "../protocol/types.js";
import { retryDelay } from "./connection.js";
import type { Trouble } from "./model.js";
import { actOf, inWords, triedAgain } from "./trouble.js";

export interface ArrivalEnv {
  exchange(invitation: string): Promise<Grant>;
  /** performance.now() ms */
  now(): number;
  random(): number;
  after(ms: number, run: () => void): () => void;
  /** The link leads nowhere: trying again would not help. */
  refused(trouble: Trouble): void;
  /** Tried again at `retryAt`. */
  waiting(retryAt: number, trouble: Trouble): void;
}

export class Arrival {
  private again: (() => void) | null = null;

  constructor(private readonly env: ArrivalEnv) {}

  async open(
    invitation: string,
    arrived: (grant: Grant) => void,
    failures = 0,
  ): Promise<void> {
    let grant: Grant;
    try {
      grant = await this.env.exchange(invitation);
    } catch (error) {
      this.failed(inWords(error), failures + 1, () => {
        void this.open(invitation, arrived, failures + 1);
      });
      return;
    }
    arrived(grant);
  }

  /** The network or the person is back: no need to wait any longer. */
  nudge(): void {
    this.again?.();
  }

  private failed(trouble: Trouble, failures: number, again: () => void): void {
    const act = actOf(trouble.code);
    if (act === "stop" || act === "fix") {
      this.env.refused(trouble);
      return;
    }
    const ms = retryDelay(failures, this.env.random());
    this.env.waiting(this.env.now() + ms, triedAgain(trouble));
    const cancel = this.env.after(ms, () => this.nudge());
    this.again = () => {
      cancel();
      this.again = null;
      again();
    };
  }
}
