/** Gets what no page of this person's has got yet, from the oldest on: only then it is delivered. Nothing
 * of it is kept but what touches the log, however long one was away. */
import { PAGE_MAX, type MessagePage } from "../protocol/types.js";
import { AskAgain } from "./ask-again.js";
import type { Got, Missing } from "./conversations.js";
import { Refused } from "./model.js";

export interface FillsEnv {
  random(): number;
  after(ms: number, run: () => void): () => void;
  missing(): readonly Missing[];
  page(conversation: string, query: string): Promise<MessagePage>;
  /** `touches`: with that page nothing is missing before the log any more. */
  came(page: MessagePage, touches: boolean): void;
}

export class Fills {
  /** By conversation, up to which seq this connection has got what was missing. */
  private readonly upTo = new Map<string, number>();
  /** What is on its way, or waits to be asked for again, or could not be had by this connection. */
  private readonly begun = new Set<string>();
  private readonly failed = new Set<string>();
  private readonly again: AskAgain;
  /** Answers to what was asked for earlier are not taken. */
  private run = 0;

  constructor(private readonly env: FillsEnv) {
    this.again = new AskAgain({
      random: () => env.random(),
      after: (ms, run) => env.after(ms, run),
      ask: () => {
        for (const conversation of this.failed) this.begun.delete(conversation);
        this.failed.clear();
        this.look();
      },
    });
  }

  get got(): Got {
    return this.upTo;
  }

  look(): void {
    for (const { conversation } of this.env.missing()) {
      if (this.begun.has(conversation)) continue;
      this.begun.add(conversation);
      void this.fill(conversation);
    }
  }

  /** What is missing is another matter now. */
  renew(): void {
    this.run += 1;
    this.again.answered();
    for (const held of [this.upTo, this.begun, this.failed]) held.clear();
  }

  private async fill(conversation: string): Promise<void> {
    const { run } = this;
    for (;;) {
      const gap = this.env.missing().find((each) => each.conversation === conversation);
      if (!gap) break;
      const limit = Math.min(PAGE_MAX, gap.before - 1 - gap.after);
      let page: MessagePage;
      try {
        page = await this.env.page(conversation, `after=${gap.after}&limit=${limit}`);
      } catch (error) {
        if (run === this.run) this.refused(conversation, error);
        return;
      }
      const last = page.messages.at(-1)?.seq ?? 0;
      if (run !== this.run || last <= gap.after) return;
      this.upTo.set(conversation, last);
      this.env.came(page, last + 1 >= gap.before);
    }
    this.begun.delete(conversation);
    if (this.failed.size === 0) this.again.answered();
  }

  private refused(conversation: string, error: unknown): void {
    this.failed.add(conversation);
    this.again.refused({ code: error instanceof Refused ? error.trouble.code : "internal" });
  }
}
