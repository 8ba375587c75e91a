/** Questions that the server refused to answer just now are asked again, after a growing while. */
import type { ErrorFrame } from "../protocol/types.js";
import { retryDelay } from "./connection.js";
import { actOf } from "./trouble.js";

export interface AskAgainEnv {
  random(): number;
  after(ms: number, run: () => void): () => void;
  /** Asks whatever is not answered. */
  ask(): void;
}

type Refusal = Pick<ErrorFrame, "retry_after_us"> & { readonly code: string };

export class AskAgain {
  private refusals = 0; // in a row
  private cancel: (() => void) | null = null;

  constructor(private readonly env: AskAgainEnv) {}

  /** For good, or asked again as soon as the server said, and not sooner than the last time. */
  refused({ code, retry_after_us }: Refusal): void {
    if (isFinal(code)) return;
    this.refusals += 1;
    const backoff = retryDelay(this.refusals, this.env.random());
    this.cancel?.();
    this.cancel = this.env.after(Math.max((retry_after_us ?? 0) / 1000, backoff), () => {
      this.env.ask();
    });
  }

  /** All has come, or the next connection asks for it. */
  answered(): void {
    this.refusals = 0;
    this.cancel?.();
    this.cancel = null;
  }
}

/** Asked again, the answer would be the same. */
export const isFinal = (code: string): boolean => ["fix", "stop"].includes(actOf(code));
