/** How far one has read: the line above what was new when one came, the way to it while it lies above, and
 * what counts as seen. */
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
    this.host.requestUpdate();
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

  look(): void {
    if (this.offered && this.at().log?.clientHeight && this.virtual.reaches("new")) this.wrote();
    this.markRead();
  }

  private markRead(): void {
    const { app, view, conversation, log } = this.at();
    const last = conversation?.messages.at(-1)?.seq;
    if (!log?.clientHeight || !conversation || !view || last === undefined || conversation.aside) return;
    if (!this.virtual.following || document.visibilityState !== "visible" || last <= view.read) return;
    app.chat.read(conversation.id, last);
  }
}
