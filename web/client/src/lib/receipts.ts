/** Tells the server how far this person's pages have got and been read, several steps in one frame, and
 * again until it says that it knows. */
import type { ClientFrame, ErrorFrame } from "../protocol/types.js";
import { AskAgain, isFinal } from "./ask-again.js";

export interface ReceiptsEnv {
  send(frame: ClientFrame): boolean;
  random(): number;
  after(ms: number, run: () => void): () => void;
}

interface Mark {
  readonly delivered: number;
  readonly read: number;
}

const TOGETHER_MS = 300;
/** What could not be stored is not always refused. A hint that was lost is told by then. */
const UNHEARD_MS = 12_000;
const NOTHING: Mark = { delivered: 0, read: 0 };

export class Receipts {
  /** How far pages have got, as long as the server has not said that it knows. */
  private readonly due = new Map<string, Mark>();
  private readonly sent = new Map<string, Mark>();
  private readonly again: AskAgain;
  private cancel: (() => void) | null = null;
  private cancelUnheard: (() => void) | null = null;

  constructor(private readonly env: ReceiptsEnv) {
    this.again = new AskAgain({
      random: () => env.random(),
      after: (ms, run) => env.after(ms, run),
      ask: () => this.sayAgain(),
    });
  }

  delivered(conversation: string, seq: number): void {
    this.note(conversation, { delivered: seq, read: 0 });
  }

  read(conversation: string, seq: number): void {
    this.note(conversation, { delivered: seq, read: seq });
  }

  /** The server has this on disk. */
  heard(conversation: string, mark: Mark): void {
    this.sent.set(conversation, further(this.sent.get(conversation) ?? NOTHING, mark));
    const due = this.due.get(conversation);
    if (!due || isFurther(due, mark)) return;
    this.due.delete(conversation);
    if (this.due.size === 0) this.done();
  }

  /** What will never be taken is let be, until there is more to say. */
  refused(refusal: ErrorFrame): void {
    if (isFinal(refusal.code)) this.done();
    else this.again.refused(refusal);
  }

  /** What was there is not there any more. */
  forget(conversation: string): void {
    this.due.delete(conversation);
    this.sent.delete(conversation);
  }

  /** The next connection's snapshot says what the server has heard. */
  offline(): void {
    this.cancel?.();
    this.cancel = null;
    this.done();
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
    this.cancel?.();
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
    if (this.due.size > 0) this.cancelUnheard ??= this.env.after(UNHEARD_MS, () => this.sayAgain());
  }

  /** A refusal does not say of which conversation it is; what the server knows already does no harm. */
  private sayAgain(): void {
    this.cancelUnheard?.();
    this.cancelUnheard = null;
    for (const conversation of this.due.keys()) this.sent.delete(conversation);
    this.flush();
  }

  private done(): void {
    this.again.answered();
    this.cancelUnheard?.();
    this.cancelUnheard = null;
  }
}

const further = (a: Mark, b: Mark): Mark => ({
  delivered: Math.max(a.delivered, b.delivered),
  read: Math.max(a.read, b.read),
});

const isFurther = (a: Mark, than: Mark): boolean => a.delivered > than.delivered || a.read > than.read;
