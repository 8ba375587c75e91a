/** What of a conversation is fetched as one looks at it: more where the reader nears an end of what is held,
 * and what is quoted in sight. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

import { messageAt } from "../../lib/conversation.js";
import { Back } from "../back.js";
import { lookedAt } from "./drawing.js";
import type { Way } from "./notices.js";
import type { Looked } from "./reading.js";
import type { Row } from "./rows.js";
import type { Virtual } from "./virtual.js";

export class Loading implements ReactiveController {
  failed: Way | null = null;
  private readonly quoted = new Set<number>(); // asked for
  private run = 0;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly at: () => Looked,
    private readonly drawn: () => readonly Row[],
    private readonly virtual: Virtual,
  ) {
    host.addController(this);
    new Back(
      host,
      () => this.isOnline,
      () => this.quoted.clear(),
    );
  }

  private get isOnline(): boolean {
    return this.at().app.state.link.is === "online";
  }

  hostConnected(): void {}

  hostUpdated(): void {
    this.fill();
    this.askQuoted();
  }

  /** Another conversation begins. */
  forget(): void {
    this.run += 1;
    this.failed = null;
    this.quoted.clear();
  }

  fill(): void {
    const { conversation, log } = this.at();
    const messages = lookedAt(conversation);
    if (!log?.clientHeight || !conversation || !messages.length || this.failed) return;
    if (this.virtual.atStart && messages[0]!.seq > 1) this.load("older");
    if (conversation.aside && this.virtual.atEnd) this.load("newer");
  }

  load(which: Way): void {
    const { app, conversation } = this.at();
    if (!conversation) return;
    const { run } = this;
    this.show(null);
    const loaded =
      which === "older" ? app.chat.loadOlder(conversation.id) : app.chat.loadNewer(conversation.id);
    loaded.catch(() => run === this.run && this.show(which));
  }

  private show(failed: Way | null): void {
    if (this.failed === failed) return;
    this.failed = failed;
    this.host.requestUpdate();
  }

  private askQuoted(): void {
    const { app, conversation } = this.at();
    if (!conversation || !this.isOnline) return;
    const quoted = this.drawn().flatMap((row) => (row.is === "message" ? (row.message.reply_to ?? []) : []));
    for (const seq of quoted) {
      if (this.quoted.has(seq) || messageAt(conversation, seq)) continue;
      this.quoted.add(seq);
      app.chat.quoted(conversation.id, seq).catch(() => undefined); // asked again with the next connection
    }
  }
}
