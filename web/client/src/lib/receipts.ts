/** Tells the server how far this person's pages have got and been read, several steps in one frame. */
import type { ClientFrame } from "../protocol/types.js";

export interface ReceiptsEnv {
  send(frame: ClientFrame): boolean;
  after(ms: number, run: () => void): () => void;
}

interface Mark {
  readonly delivered: number;
  readonly read: number;
}

const TOGETHER_MS = 300;
const NOTHING: Mark = { delivered: 0, read: 0 };

export class Receipts {
  private readonly due = new Map<string, Mark>();
  private readonly sent = new Map<string, Mark>();
  private cancel: (() => void) | null = null;

  constructor(private readonly env: ReceiptsEnv) {}

  delivered(conversation: string, seq: number): void {
    this.note(conversation, { delivered: seq, read: 0 });
  }

  read(conversation: string, seq: number): void {
    this.note(conversation, { delivered: seq, read: seq });
  }

  /** The next connection's snapshot says what the server has heard. */
  offline(): void {
    this.cancel?.();
    this.cancel = null;
    this.due.clear();
    this.sent.clear();
  }

  private note(conversation: string, mark: Mark): void {
    const due = further(this.due.get(conversation) ?? NOTHING, mark);
    if (!isFurther(due, this.sent.get(conversation) ?? NOTHING)) return;
    this.due.set(conversation, due);
    this.cancel ??= this.env.after(TOGETHER_MS, () => this.flush());
  }

  private flush(): void {
    this.cancel = null;
    for (const [conversation, due] of this.due) {
      const sent = this.sent.get(conversation) ?? NOTHING;
      const { delivered, read } = due;
      if (read > sent.read) this.env.send({ t: "chat.read", conversation, seq: read });
      if (delivered > Math.max(read, sent.delivered)) {
        this.env.send({ t: "chat.delivered", conversation, seq: delivered });
      }
      this.sent.set(conversation, further(sent, due));
    }
    this.due.clear();
  }
}

const further = (a: Mark, b: Mark): Mark => ({
  delivered: Math.max(a.delivered, b.delivered),
  read: Math.max(a.read, b.read),
});

const isFurther = (a: Mark, than: Mark): boolean => a.delivered > than.delivered || a.read > than.read;
