import { ArrowDown, Clock } from "lucide";
import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { AppState, Conversation as Log, PendingMessage } from "../../lib/model.js";
import type { MentorshipView, Message, PersonView } from "../../protocol/types.js";
import { base, controls } from "../base.js";
import { AppElement } from "../element.js";
import { arrangedMarks } from "../words/arranged.js";
import { awayWords } from "../words/link.js";
import { marksOf, type Mark } from "../words/marks.js";
import { otherOf, pairOf } from "../words/people.js";
import { exact, named, timeIn } from "../words/time.js";
import "../parts/clocks.js";
import "../parts/icon.js";
import { paths } from "../route.js";
import type { Composer } from "./composer.js";
import "./composer.js";
import { layout, type Item } from "./layout.js";
import { prose, proseStyles } from "./prose.js";
import "./reminder.js";

const NEAR_PX = 120; // this close to an end of the log counts as being there

/** The one conversation of a mentorship: the log, what waits to be sent, the composer. */
@customElement("ith-conversation")
export class Conversation extends AppElement {
  static override styles = [
    base,
    controls,
    proseStyles,
    css`
      :host {
        position: relative;
        display: flex;
        flex-direction: column;
        min-height: 0;
        height: 100%;
      }
      .log {
        position: relative; /* what is there for screen readers alone scrolls along */
        flex: 1;
        min-height: 0;
        padding: 8px 16px;
        overflow: auto;
        overflow-anchor: none; /* the position is kept by hand, alike in all browsers */
        overscroll-behavior: contain;
      }
      .log:focus-visible {
        outline-offset: -2px;
      }
      .line {
        display: flex;
        align-items: center;
        gap: 12px;
        margin-block: 16px 8px;
        color: var(--ink-soft);
        font-size: var(--small);
      }
      .line::before,
      .line::after {
        content: "";
        flex: 1;
        height: 1px;
        background: var(--line);
      }
      .line > * {
        max-width: 80%;
        text-align: center;
      }
      a.line {
        min-height: 44px;
        margin-block: 4px;
        text-decoration: none;
      }
      a.line span {
        text-decoration: underline;
        text-underline-offset: 2px;
      }
      .line.new {
        color: var(--sea);
        font-weight: 600;
      }
      .line.new::before,
      .line.new::after {
        background: var(--sea);
      }
      .group {
        display: flex;
        flex-direction: column;
        align-items: flex-start;
        gap: 4px;
        margin-bottom: 12px;
      }
      .own {
        align-items: flex-end;
      }
      .bubble {
        max-width: min(85%, 34rem);
        padding: 8px 12px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
      }
      .own .bubble {
        border-color: transparent;
        background: var(--sea-soft);
      }
      .waiting .bubble {
        border: 1px dashed var(--edge);
        background: none;
        animation: settle 0s linear 400ms both; /* a message that goes at once does not flicker */
      }
      @keyframes settle {
        from {
          border: 1px solid transparent;
          background: var(--sea-soft);
        }
      }
      .mark {
        display: inline-flex;
        align-items: center;
        gap: 4px;
      }
      .mark ith-icon {
        zoom: 0.7;
      }
      .rest {
        padding: 8px 16px 12px;
      }
      .notice {
        margin: 8px 16px 0;
      }
      .latest {
        position: absolute;
        inset-block-end: 100%;
        inset-inline: 0;
        width: max-content;
        margin: 0 auto 8px;
        border-radius: 999px;
      }
      .foot {
        position: relative;
      }
      .middle {
        display: grid;
        place-content: center;
        min-height: 100%;
        padding: 16px;
        text-align: center;
      }
    `,
  ];
  @property() mentorship = "";
  @state() private newAfter: number | null = null;
  @state() private olderFailed = false;
  @query(".log") private log!: HTMLElement | null;
  @query("ith-composer") private composer!: Composer;
  private following = true; // the newest message stays in view
  private place = 0; // where the log stood when it was last looked at
  private opened = "";
  private drawnFirst = 0; // seq of the oldest message drawn, 0: none
  private marks: readonly Mark[] = [];
  private drawnMarks = 0; // how many of them
  private kept: { readonly height: number; readonly top: number } | null = null;
  private observed: HTMLElement | null = null;
  private readonly resized = new ResizeObserver(() => this.settle());
  private readonly returned = (): void => {
    if (document.visibilityState === "visible") this.arrive();
    this.markRead();
  };

  protected override watch(state: AppState): readonly unknown[] {
    const view = viewIn(state, this.mentorship);
    return [
      view,
      view && state.conversations[view.conversation],
      state.sessions[this.mentorship],
      state.arranged[this.mentorship],
      state.call?.phase,
      state.link.is,
      state.hasNetwork,
      state.me,
    ];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("visibilitychange", this.returned);
  }

  override disconnectedCallback(): void {
    document.removeEventListener("visibilitychange", this.returned);
    this.resized.disconnect();
    this.observed = null;
    super.disconnectedCallback();
  }

  private get view(): MentorshipView | undefined {
    return viewIn(this.state, this.mentorship);
  }

  private get conversation(): Log | undefined {
    const { view } = this;
    return view && this.state.conversations[view.conversation];
  }

  protected override willUpdate(_: PropertyValues<this>): void {
    const { view, log } = this;
    if (log && log.scrollTop !== this.place) this.look(); // the event comes with the next frame
    if (view && view.conversation !== this.opened) {
      this.opened = view.conversation;
      this.following = true;
      this.drawnMarks = 0;
      this.newAfter = unreadFrom(view);
      this.app.openConversation(view.conversation);
      // Both are asked again with the next connection.
      this.app.loadSessions(view.id).catch(() => undefined);
      this.app.arrange.load(view.id).catch(() => undefined);
    }
    const first = this.conversation?.messages[0]?.seq;
    this.kept =
      log && first !== undefined ? { height: log.scrollHeight, top: log.scrollTop } : null;
  }

  protected override updated(): void {
    const { log, kept } = this;
    const first = this.conversation?.messages[0]?.seq ?? 0;
    if (log && kept && this.drawnFirst > first && !this.following) {
      log.scrollTop = kept.top + log.scrollHeight - kept.height;
    }
    this.drawnFirst = first;
    this.drawnMarks = this.marks.length;
    if (log && log !== this.observed) {
      this.resized.disconnect();
      this.resized.observe(log);
      this.observed = log;
    }
    this.settle();
  }

  override render(): unknown {
    const { view } = this;
    const { me } = this.state;
    if (!view || !me) return nothing;
    const other = otherOf(view, me).person;
    const { sessions, arranged } = this.state;
    const [pair, nowUs] = [pairOf(view, me), this.app.nowUs()];
    this.marks = [
      ...marksOf(sessions[view.id] ?? [], pair, nowUs),
      ...arrangedMarks(arranged[view.id], pair, nowUs),
    ].sort((a, b) => a.at_us - b.at_us);
    return html`
      <div
        class="log"
        role="log"
        tabindex="0"
        aria-label="Conversation with ${other.name}"
        aria-live=${this.isQuiet() ? "off" : "polite"}
        @scroll=${this.scrolled}
      >
        ${this.content(view, me, other)}
      </div>
      <div class="foot">
        ${this.newBelow(me)} ${this.linkNotice()}
        <ith-reminder .app=${this.app} .mentorship=${view.id}></ith-reminder>
        <div class="rest">
          <ith-composer
            .app=${this.app}
            .conversation=${view.conversation}
            @sent=${this.follow}
          ></ith-composer>
          <p class="small soft">
            <ith-clocks only-theirs .app=${this.app} .me=${me} .other=${other}></ith-clocks>
          </p>
        </div>
      </div>
    `;
  }

  private content(view: MentorshipView, me: PersonView, other: PersonView): unknown {
    const conversation = this.conversation;
    const messages = conversation?.messages ?? [];
    const pending = conversation?.pending ?? [];
    const loading = !messages.length && Math.max(view.head, conversation?.head ?? 0) > 0;
    if (loading && this.state.link.is === "offline") {
      const words = "Earlier messages come when the connection is back.";
      return pending.length
        ? html`<p class="small soft">${words}</p>
            ${this.unsent(pending)}`
        : html`<p class="middle soft">${words}</p>`;
    }
    const { marks } = this;
    if (!messages.length && !pending.length && (loading || !marks.length)) {
      return loading
        ? html`<p class="middle soft late">Loading what was said…</p>`
        : html`<p class="middle soft">
            Nothing has been said here yet. What you write to ${named(other.name)} stays in this
            conversation, before, during and after your calls.
          </p>`;
    }
    const items = layout(messages, me.id, me.zone, this.app.nowUs(), this.newAfter, marks);
    return html`
      ${this.older(messages)}
      ${repeat(
        items,
        (item) => item.key,
        (item) => this.item(item, me, other),
      )}
      ${this.unsent(pending)}
    `;
  }

  private unsent(pending: readonly PendingMessage[]): unknown {
    return repeat(
      pending,
      (message) => message.id,
      (message) => this.pending(message),
    );
  }

  /** What was there before is not read out as if it were new. */
  private isQuiet(): boolean {
    const { messages = [], loadingOlder = false } = this.conversation ?? {};
    const loaded = this.marks.length > this.drawnMarks + 1; // what is new comes one at a time
    return loadingOlder || loaded || (messages.length > 1 && messages[0]?.seq !== this.drawnFirst);
  }

  private older(messages: readonly Message[]): unknown {
    if ((messages[0]?.seq ?? 1) <= 1) return nothing;
    if (!this.olderFailed) return html`<p class="small soft late">Loading older messages…</p>`;
    return html`
      <p class="small soft row">
        Older messages did not load.
        <button class="plain" @click=${this.loadOlder}>Try again</button>
      </p>
    `;
  }

  private item(item: Item, me: PersonView, other: PersonView): unknown {
    switch (item.is) {
      case "day":
        return html`<p class="line">${item.words}</p>`;
      case "new":
        return html`<p class="line new">New</p>`;
      case "mark":
        return this.mark(item.mark);
      case "group": {
        const own = item.person === me.id;
        const first = item.messages[0];
        return html`
          <div class="group ${own ? "own" : ""}">
            <p class="small soft">
              <bdi>${own ? "You" : other.name}</bdi>
              <span class="number">${first ? timeIn(me.zone, first.at_us) : nothing}</span>
            </p>
            ${item.messages.map((message) => this.bubble(message, me))}
          </div>
        `;
      }
    }
  }

  /** In a call it leads nowhere: that would be to leave it. */
  private mark({ words, session }: Mark): unknown {
    const { call } = this.state;
    const inCall = call && call.phase !== "left";
    if (inCall || session === undefined) return html`<p class="line"><span>${words}</span></p>`;
    return html`<a class="line" href=${paths.summary(session)}><span>${words}</span></a>`;
  }

  private bubble(message: Message, me: PersonView): unknown {
    const when = exact(me.zone, message.at_us);
    return html`
      <span class="hidden">${when}</span>
      <div class="bubble" dir="auto" title=${when}>${prose(message.body)}</div>
    `;
  }

  private pending(message: PendingMessage): unknown {
    const { refused } = message;
    return html`
      <div class="group own waiting">
        <div class="bubble" dir="auto">${prose(message.body)}</div>
        ${
          refused
            ? html`
              <p class="small error">Not sent. ${refused.what} ${refused.advice}</p>
              <div class="row">
                <button class="plain" @click=${() => this.edit(message)}>Edit</button>
                <button class="plain" @click=${() => this.discard(message)}>Discard</button>
              </div>
            `
            : html`<p class="small soft mark late">
              <ith-icon .of=${Clock}></ith-icon>Waiting to be sent
            </p>`
        }
      </div>
    `;
  }

  private newBelow(me: PersonView): unknown {
    const read = this.conversation?.read ?? 0;
    const last = this.conversation?.messages.at(-1);
    if (this.following || !last || last.seq <= read || last.person === me.id) return nothing;
    return html`<button class="latest" @click=${this.follow}>
      <ith-icon .of=${ArrowDown}></ith-icon>New messages
    </button>`;
  }

  private linkNotice(): unknown {
    const { link, hasNetwork } = this.state;
    if (link.is !== "offline") return nothing;
    return html`
      <div class="notice late small" role="status">
        <p>${awayWords(hasNetwork)} What you write is kept and goes out by itself.</p>
      </div>
    `;
  }

  private edit(message: PendingMessage): void {
    this.discard(message);
    this.composer.edit(message.body);
  }

  private discard(message: PendingMessage): void {
    if (this.view) this.app.discard(this.view.conversation, message.id);
  }

  private scrolled(): void {
    const { log } = this;
    if (!log) return;
    const before = this.following;
    this.look();
    if (before !== this.following) this.requestUpdate();
    this.markRead();
    this.fill();
  }

  /** Whether the reader is at the newest. */
  private look(): void {
    const { log } = this;
    if (!log) return;
    this.place = log.scrollTop;
    this.following = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
  }

  private follow(): void {
    this.following = true;
    this.requestUpdate();
  }

  /** After anything changed size: stay at the newest, fetch what there is room for, note what is seen. */
  private settle(): void {
    const { log } = this;
    if (!log) return;
    if (this.following) log.scrollTop = log.scrollHeight;
    this.place = log.scrollTop;
    this.fill();
    this.markRead();
  }

  /** Older messages, when the reader nears the oldest or the log is not full. */
  private fill(): void {
    const { log, conversation } = this;
    if (!log || !log.clientHeight || !conversation || this.olderFailed) return;
    if (log.scrollTop < NEAR_PX && (conversation.messages[0]?.seq ?? 1) > 1) this.loadOlder();
  }

  private loadOlder(): void {
    const { view, conversation } = this;
    if (!view || !conversation || conversation.loadingOlder) return;
    this.olderFailed = false;
    this.app.loadOlder(view.conversation).catch(() => {
      this.olderFailed = true;
    });
  }

  private arrive(): void {
    if (this.view) this.newAfter = unreadFrom(this.view);
  }

  private markRead(): void {
    const { log, conversation } = this;
    const last = conversation?.messages.at(-1)?.seq;
    if (!log?.clientHeight || !conversation || last === undefined || !this.following) return;
    if (document.visibilityState !== "visible" || last <= conversation.read) return;
    this.app.read(conversation.id, last);
  }
}

const viewIn = (state: AppState, mentorship: string): MentorshipView | undefined =>
  state.mentorships.find((each) => each.id === mentorship);

const unreadFrom = (view: MentorshipView): number | null => (view.unread > 0 ? view.read : null);
