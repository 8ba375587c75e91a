/** How far one has read: the line above what was new when one came, or what came while one read elsewhere; the
 * way to it until it was in sight; and what counts as seen. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

import type { App, Conversation } from "../../lib/model.js";
import type { MentorshipView } from "../../protocol/types.js";
import { lookedAt } from "./drawing.js";
import type { Virtual } from "./virtual.js";

/** What is looked at, and where. */
export interface Looked {
  readonly app: App;
  readonly view: MentorshipView | undefined;
  readonly conversation: Conversation | undefined;
  readonly log: HTMLElement | null;
}

export class Reading implements ReactiveController {
  /** The seq after which all was new. */
  newAfter: number | null = null;
  private offered = false; // the way there: until it was in sight, or one wrote
  private unread = 0; // when last looked at
  private readonly returned = (): void => {
    if (document.visibilityState === "visible") this.arrive();
    this.markRead();
  };

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly at: () => Looked,
    private readonly virtual: Virtual,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    document.addEventListener("visibilitychange", this.returned);
  }

  hostDisconnected(): void {
    document.removeEventListener("visibilitychange", this.returned);
  }

  hostUpdated(): void {
    this.look();
  }

  arrive(): void {
    const { view } = this.at();
    if (view) this.newAfter = view.unread > 0 ? view.read : null;
    this.offered = this.newAfter !== null;
    this.unread = view?.unread ?? 0;
    this.host.requestUpdate();
  }

  /** Before drawing: what comes where one does not look begins with the line, too. */
  notice(): void {
    const unread = this.at().view?.unread ?? 0;
    if (unread && !this.unread && !this.virtual.following) this.arrive();
    this.unread = unread;
  }

  /** Who writes has looked. */
  wrote(): void {
    this.offered = false;
    this.host.requestUpdate();
  }

  /** Whether what is new begins above what is in sight. */
  get isAbove(): boolean {
    const { newAfter, virtual } = this;
    const first = lookedAt(this.at().conversation)[0]?.seq;
    if (newAfter === null || !this.offered || first === undefined || !virtual.following) return false;
    return first > newAfter + 1 || virtual.isAbove("new");
  }

  /** Whether what is new begins below what is in sight, or elsewhere, and nobody has been led there. */
  get isBelow(): boolean {
    return this.offered && this.hasUnread && !this.virtual.following && !this.virtual.isAbove("new");
  }

  get hasUnread(): boolean {
    return (this.at().view?.unread ?? 0) > 0;
  }

  look(): void {
    const { log } = this.at();
    if (this.offered && log?.clientHeight) {
      const { virtual } = this;
      if (virtual.isInSight("new") || (virtual.reaches("new") && !this.hasUnread)) this.wrote();
    }
    this.markRead();
  }

  /** Up to the last message that was in sight. */
  private markRead(): void {
    const { app, view, conversation, log } = this.at();
    if (!log?.clientHeight || !conversation || !view || document.visibilityState !== "visible") return;
    const last = this.virtual.following ? conversation.messages.at(-1) : this.virtual.lastInSight;
    if (last && last.seq > view.read) app.chat.read(conversation.id, last.seq);
  }
}
