/** Sends what a person writes: the shell around outbox.ts, with the drawer that outlives the page. */
import type { ClientFrame, ErrorFrame } from "../protocol/types.js";
import { Drawer, NO_DRAFT } from "./drawer.js";
import type { Draft, PendingChange, PendingMessage } from "./model.js";
import * as outbox from "./outbox.js";
import { EMPTY, type Box, type Item } from "./outbox.js";
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

  pending(conversation: string): { messages: PendingMessage[]; changes: PendingChange[] } {
    const messages: PendingMessage[] = [];
    const changes: PendingChange[] = [];
    for (const item of this.box.items) {
      if (item.conversation !== conversation) continue;
      const { id, body, writtenUs, replyTo = null, change } = item;
      const refused = item.refused ? troubleOf(item.refused) : null;
      if (change) changes.push({ id, change, writtenUs, refused });
      else messages.push({ id, body, writtenUs, replyTo, refused });
    }
    return { messages, changes };
  }

  write(written: Omit<Item, "order" | "refused">): void {
    const item = { ...written, order: outbox.nextOrder(this.box), refused: null };
    this.drawer?.keep(item);
    this.box = outbox.add(this.box, [item]);
    this.flush();
  }

  again(id: string): void {
    this.box = outbox.again(this.box, id);
    const item = this.box.items.find((each) => each.id === id);
    if (item) this.drawer?.keep(item);
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

  draft(conversation: string): Draft {
    return this.drawer?.draft(conversation) ?? NO_DRAFT;
  }

  saveDraft(conversation: string, draft: Draft): void {
    this.drawer?.saveDraft(conversation, draft);
  }

  private flush(): void {
    this.env.changed();
    if (!this.env.isOnline()) return;
    const now = this.env.now();
    const [box, send] = outbox.due(this.box, now);
    this.box = box;
    for (const item of send) this.env.send(frameOf(item));
    this.cancelRetry?.();
    const wait = box.notBefore - now;
    this.cancelRetry = wait > 0 ? this.env.after(wait + 1, () => this.flush()) : null;
  }
}

function frameOf({ conversation, id, body, replyTo, change }: Item): ClientFrame {
  if (!change) return { t: "chat.send", conversation, id, body, ...(replyTo && { reply_to: replyTo }) };
  const { is, ...what } = change;
  return { t: `chat.${is}`, conversation, id, ...what } as ClientFrame;
}
