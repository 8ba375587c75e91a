/** Sends what a person writes: the shell around outbox.ts, with the drawer that outlives the page. */
import type { ClientFrame, ErrorFrame } from "../protocol/types.js";
import { Drawer } from "./drawer.js";
import type { PendingMessage } from "./model.js";
import * as outbox from "./outbox.js";
import { EMPTY, type Box } from "./outbox.js";
import { troubleOf } from "./trouble.js";

export interface SenderEnv {
  readonly storage: Storage;
  isOnline(): boolean;
  send(frame: ClientFrame): boolean;
  /** performance.now() ms */
  now(): number;
  random(): number;
  after(ms: number, run: () => void): () => void;
  /** What waits to be sent may have changed. */
  changed(): void;
}

export class Sender {
  private box: Box = EMPTY;
  private drawer: Drawer | null = null;
  private cancelRetry: (() => void) | null = null;

  constructor(private readonly env: SenderEnv) {}

  /** Whose messages and drafts these are; null: nobody's. */
  belongTo(person: string | null): void {
    this.drawer = person === null ? null : new Drawer(this.env.storage, person);
    this.box = outbox.add(EMPTY, this.drawer?.items() ?? []);
  }

  pending(conversation: string): PendingMessage[] {
    return this.box.items
      .filter((item) => item.conversation === conversation)
      .map(({ id, body, writtenUs, refused: code }) => ({
        id,
        body,
        writtenUs,
        refused: code ? troubleOf(code) : null,
      }));
  }

  write(conversation: string, id: string, body: string, writtenUs: number): void {
    const order = outbox.nextOrder(this.box);
    const item = { id, conversation, body, writtenUs, order, refused: null };
    this.drawer?.keep(item);
    this.box = outbox.add(this.box, [item]);
    this.flush();
  }

  discard(id: string): void {
    this.said([id]);
    this.env.changed();
  }

  /** Signed in: all goes that waits, and what another tab of this person left behind. */
  online(): void {
    this.box = outbox.add(this.box, this.drawer?.items() ?? []);
    this.flush();
  }

  offline(): void {
    this.box = outbox.disconnected(this.box);
  }

  /** The log has these of this person's messages. */
  said(ids: readonly string[]): void {
    for (const id of ids) this.drawer?.drop(id);
    const box = outbox.removed(this.box, ids);
    if (box === this.box) return;
    this.box = box;
    this.flush();
  }

  /** The server has it on disk; the log here may not have it yet. */
  stored(id: string): void {
    this.drawer?.drop(id);
    this.box = outbox.stored(this.box, id);
    this.flush();
  }

  refused({ code, retry_after_us }: ErrorFrame, id: string): void {
    const retryMs = (retry_after_us ?? 0) / 1000;
    this.box = outbox.refuse(this.box, id, code, retryMs, this.env.now(), this.env.random());
    const item = this.box.items.find((each) => each.id === id);
    if (item?.refused) this.drawer?.keep(item);
    this.flush();
  }

  draft(conversation: string): string {
    return this.drawer?.draft(conversation) ?? "";
  }

  saveDraft(conversation: string, text: string): void {
    this.drawer?.saveDraft(conversation, text);
  }

  private flush(): void {
    this.env.changed();
    if (!this.env.isOnline()) return;
    const now = this.env.now();
    const [box, send] = outbox.due(this.box, now);
    this.box = box;
    for (const { conversation, id, body } of send) {
      this.env.send({ t: "chat.send", conversation, id, body });
    }
    this.cancelRetry?.();
    const wait = box.notBefore - now;
    this.cancelRetry = wait > 0 ? this.env.after(wait + 1, () => this.flush()) : null;
  }
}
