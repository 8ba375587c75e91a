/** Who writes just now. One's own is said again while it goes on; another's lapses when it is not. */
import { TYPING_EVERY_US, TYPING_LAPSES_US, type ClientFrame } from "../protocol/types.js";

export interface TypingEnv {
  send(frame: ClientFrame): boolean;
  /** performance.now() ms */
  now(): number;
  after(ms: number, run: () => void): () => void;
  /** Somebody writes in a conversation, or nobody (null). */
  changed(conversation: string, person: string | null): void;
}

export class Typing {
  private readonly said = new Map<string, number>(); // when, by conversation
  private readonly lapse = new Map<string, () => void>();

  constructor(private readonly env: TypingEnv) {}

  /** This person has just typed, or has nothing left to send. */
  own(conversation: string, typing: boolean): void {
    const saidAt = this.said.get(conversation);
    if (!typing) {
      if (saidAt === undefined) return;
      this.said.delete(conversation);
      this.env.send({ t: "chat.typing", conversation, typing });
    } else if (saidAt === undefined || this.env.now() - saidAt >= TYPING_EVERY_US / 1000) {
      if (this.env.send({ t: "chat.typing", conversation, typing })) {
        this.said.set(conversation, this.env.now());
      }
    }
  }

  heard(conversation: string, person: string, typing: boolean): void {
    this.lapse.get(conversation)?.();
    this.lapse.delete(conversation);
    this.env.changed(conversation, typing ? person : null);
    if (!typing) return;
    const end = (): void => this.heard(conversation, person, false);
    this.lapse.set(conversation, this.env.after(TYPING_LAPSES_US / 1000, end));
  }

  offline(): void {
    this.said.clear();
    for (const cancel of this.lapse.values()) cancel();
    this.lapse.clear();
  }
}
