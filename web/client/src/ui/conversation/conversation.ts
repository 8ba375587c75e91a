import { Ellipsis, Pin, Search } from "lucide";
import { html, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import { messageAt } from "../../lib/conversation.js";
import type { AppState, Conversation as Log, Trouble } from "../../lib/model.js";
import { inWords } from "../../lib/trouble.js";
import type { Emoji, MentorshipView, Message, PersonView } from "../../protocol/types.js";
import { base, controls } from "../base.js";
import { AppElement } from "../element.js";
import "../parts/clocks.js";
import "../parts/icon.js";
import "../parts/sheet.js";
import "../parts/standing.js";
import { quoteWords, typingWords } from "../words/chat.js";
import { otherOf, pairOf } from "../words/people.js";
import { reaches } from "../words/safety.js";
import { dayKey, named } from "../words/time.js";
import { Chosen, type Actions } from "./actions.js";
import "./actions.js";
import { Announcer } from "./announcer.js";
import type { Composer } from "./composer.js";
import "./composer.js";
import { changesOf, Drawing, lookedAt, same, viewIn } from "./drawing.js";
import type { Find } from "./find.js";
import "./find.js";
import "./go-to.js";
import type { GoTo } from "./go-to.js";
import type { Pinned } from "./kept.js";
import "./kept.js";
import { jumpButton } from "./jump.js";
import { markLine, messageRow, messageStyles, pendingRow, type Context } from "./message.js";
import { Loading } from "./loading.js";
import { loadLine, notices, restoredNotice, type Way } from "./notices.js";
import { proseStyles } from "./prose.js";
import "./reminder.js";
import { LongPress } from "./press.js";
import { forgetPlace, keepPlace, keptPlace, LEAVING } from "../place.js";
import { Reading, type Looked } from "./reading.js";
import { keyOf, type Row } from "./rows.js";
import "./safety.js";
import { conversationStyles } from "./styles.js";
import { Virtual } from "./virtual.js";
import { Writing } from "./writing.js";

const NOTHING: readonly never[] = [];

type Sheet = "more" | "pinned" | null;

/** The one conversation of a mentorship: the log, what waits to be sent, the composer. */
@customElement("ith-conversation")
export class Conversation extends AppElement {
  static override styles = [base, controls, proseStyles, conversationStyles, messageStyles];
  @property() mentorship = "";
  @state() private active: string | null = null; // the row that the keyboard is at
  @state() private shown: string | null = null; // the row that was jumped to
  @state() private finding = false;
  @state() private words = ""; // that what is shown was found by
  @state() private sheet: Sheet = null;
  @state() private versionsOf: Message | null = null;
  @state() private erasing: Message | null = null;
  @state() private trouble: Trouble | null = null; // with a jump
  @query(".log") private log!: HTMLElement | null;
  @query(".rows") private box!: HTMLElement | null;
  @query("ith-composer") private composer!: Composer;
  @query("ith-actions") private actions!: Actions;
  private opened = "";
  private focusOn: string | null = null; // a row, once it is drawn
  private readonly virtual = new Virtual(this, { log: () => this.log, rows: () => this.box });
  private readonly at = (): Looked => {
    const { app, view, conversation, log } = this;
    return { app, view, conversation, log };
  };
  private readonly loading = new Loading(this, this.at, () => this.drawn(), this.virtual);
  private readonly reading = new Reading(this, this.at, this.virtual);
  private readonly writing = new Writing(this);
  private readonly announcer = new Announcer(this);
  private readonly drawing = new Drawing(() => this.app);
  private readonly press = new LongPress((key) => this.act(key, true));
  private readonly leaving = (): void => keepPlace({ mentorship: this.mentorship, anchor: this.virtual.at });

  protected override watch(state: AppState): readonly unknown[] {
    const view = viewIn(state, this.mentorship);
    return [
      view,
      view && state.conversations[view.conversation],
      view && state.typing[view.conversation],
      state.sessions[this.mentorship],
      state.arranged[this.mentorship],
      state.call?.phase,
      state.link,
      state.hasNetwork,
      state.me,
    ];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener(LEAVING, this.leaving);
  }

  override disconnectedCallback(): void {
    removeEventListener(LEAVING, this.leaving);
    this.press.end();
    super.disconnectedCallback();
  }

  private get view(): MentorshipView | undefined {
    return viewIn(this.state, this.mentorship);
  }

  private get conversation(): Log | undefined {
    const { view } = this;
    return view && this.state.conversations[view.conversation];
  }

  /** The stretch that is looked at. */
  private get messages(): readonly Message[] {
    return lookedAt(this.conversation);
  }

  protected override willUpdate(_: PropertyValues<this>): void {
    const { view } = this;
    if (view && view.conversation !== this.opened) {
      this.opened = view.conversation;
      this.virtual.follow();
      const kept = keptPlace();
      if (kept?.mentorship === view.id) {
        this.virtual.goBack(kept.anchor);
        forgetPlace();
      }
      this.announcer.forget();
      this.loading.forget();
      [this.active, this.shown, this.trouble] = [null, null, null];
      [this.finding, this.words] = [false, ""];
      this.reading.arrive();
      this.app.chat.open(view.conversation);
      // Both are asked again with the next connection.
      this.app.loadSessions(view.id).catch(() => undefined);
      this.app.arrange.load(view.id).catch(() => undefined);
    }
    this.reading.notice();
    this.virtual.use(this.rows(), this.conversation?.aside == null);
    const at = this.shadowRoot?.activeElement?.closest<HTMLElement>("[data-key]")?.dataset["key"];
    if (at !== undefined && !this.drawn().some(({ key }) => key === at)) this.log?.focus({ preventScroll: true });
  }

  private drawn(): readonly Row[] {
    return this.rows().slice(this.virtual.from, this.virtual.to);
  }

  protected override updated(): void {
    const { conversation, view } = this;
    const { me } = this.state;
    const row = this.focusOn === null ? null : this.entry(this.focusOn);
    if (row) this.focusOn = null;
    row?.focus({ preventScroll: true });
    if (conversation && view && me) {
      const day = `${me.zone} ${dayKey(me.zone, this.app.nowUs())}`;
      const { name } = otherOf(view, me).person;
      this.announcer.notice(conversation.messages, this.drawing.marks(view), me.id, name, day);
    }
  }

  // ---- what there is to draw -----------------------------------------------------------------------

  private rows(): readonly Row[] {
    return this.drawing.rows(this.view, this.conversation, this.reading.newAfter);
  }

  private readonly messageAt = (seq: number): Message | undefined => {
    const { conversation } = this;
    const message = conversation && messageAt(conversation, seq);
    return message && this.drawing.soon(conversation, message);
  };

  private context(view: MentorshipView, me: PersonView): Context {
    const pair = pairOf(view, me);
    const reach = this.drawing.reaches(view, this.conversation, pair);
    const { conversation } = view;
    const { chat } = this.app;
    const open = reaches(view);
    return {
      pair,
      zone: me.zone,
      active: this.active,
      shown: this.shown,
      words: this.words,
      at: this.messageAt,
      reach: (seq) => reach.get(seq),
      waits: (message) => changesOf(this.conversation, message),
      act: (key) => this.act(key),
      jump: (seq) => void this.jump(seq),
      react: open ? ({ seq }, emoji, on) => chat.react(conversation, seq, emoji as Emoji, on) : null,
      versions: (message) => (this.versionsOf = message),
      again: open ? (refused) => this.composer.again(refused) : null,
      resend: open ? (id) => chat.again(id) : null,
      discard: (id) => chat.discard(id),
    };
  }

  // ---- drawing -------------------------------------------------------------------------------------

  override render(): unknown {
    const { view } = this;
    const { me } = this.state;
    if (!view || !me) return nothing;
    const other = otherOf(view, me).person;
    const open = reaches(view);
    const typist = open ? this.state.typing[view.conversation] : undefined;
    return html`
      ${this.head(view)}
      <div
        class="log"
        role="log"
        tabindex="0"
        aria-label="Conversation with ${other.name}"
        aria-live="off"
        @scroll=${this.scrolled}
        @keydown=${this.keydown}
        @focusin=${this.focused}
        @pointerdown=${this.press.begin}
        @pointermove=${this.press.move}
        @pointerup=${this.press.end}
        @pointercancel=${this.press.end}
        @contextmenu=${this.press.menu}
      >
        ${this.content(view, me, other)}
      </div>
      <p class="hidden announced" aria-live="polite">${this.announcer.words}</p>
      <div class="foot">
        ${this.below()} ${this.loading.failed === "newer" ? this.older("newer") : nothing}
        ${this.conversation?.restored ? restoredNotice(() => this.heed(view)) : nothing}
        ${notices(this.state, this.trouble)}
        <ith-reminder .app=${this.app} .mentorship=${view.id}></ith-reminder>
        <div class="rest">
          <div class="small" aria-live="polite">
            ${open ? nothing : html`<ith-standing .app=${this.app} .view=${view} @lifted=${this.lifted}></ith-standing>`}
          </div>
          <ith-composer
            .closed=${!open}
            .app=${this.app}
            .conversation=${view.conversation}
            .at=${this.messageAt}
            @focusin=${this.writing.begin}
            @focusout=${this.writing.end}
            @sent=${this.sent}
            @last=${this.editLast}
          ></ith-composer>
          <p class="small soft now">
            ${
              typist === undefined
                ? html`<ith-clocks only-theirs .app=${this.app} .me=${me} .other=${other}></ith-clocks>`
                : typingWords(other.name)
            }
          </p>
        </div>
      </div>
      ${this.dialogs(view, me)}
    `;
  }

  private head(view: MentorshipView): unknown {
    const [newest] = view.pinned ?? [];
    if (this.finding) {
      return html`<ith-find
        .app=${this.app}
        .mentorship=${view.id}
        @jump=${this.toFound}
        @none=${() => ([this.shown, this.words] = [null, ""])}
        @close=${this.stopFinding}
      ></ith-find>`;
    }
    return html`
      <div class="bar">
        ${
          newest === undefined
            ? nothing
            : html`<button class="plain pins" @click=${() => (this.sheet = "pinned")}>
              <ith-icon .of=${Pin}></ith-icon>
              <span class="hidden">Pinned: </span>
              <span class="one" dir="auto">${quoteWords(this.messageAt(newest))}</span>
            </button>`
        }
        <span class="room"></span>
        <button class="plain find" @click=${() => (this.finding = true)}>
          <ith-icon .of=${Search}></ith-icon>Find
        </button>
        <button class="plain" aria-haspopup="dialog" @click=${() => (this.sheet = "more")}>
          <ith-icon .of=${Ellipsis}></ith-icon>More
        </button>
      </div>
    `;
  }

  private content(view: MentorshipView, me: PersonView, other: PersonView): unknown {
    const { conversation, messages } = this;
    const pending = conversation?.pending ?? NOTHING;
    const loading = !messages.length && Math.max(view.head, conversation?.head ?? 0) > 0;
    const away = loading && this.state.link.is === "offline";
    const words = away ? "Earlier messages come when the connection is back." : "Loading what was said…";
    if (!pending.length && loading) {
      return html`<p class="middle soft ${away ? "" : "late"}">${words}</p>`;
    }
    if (!messages.length && !pending.length && !this.drawing.marks(view).length) {
      return html`<p class="middle soft">
        Nothing has been said here yet. What you write to ${named(other.name)} stays in this
        conversation, before, during and after your calls.
      </p>`;
    }
    const context = this.context(view, me);
    return html`
      ${loading ? html`<p class="small soft ${away ? "" : "late"}">${words}</p>` : nothing}
      <div class="rows">
        ${repeat(
          this.drawn(),
          (row) => row.key,
          (row) => this.row(row, context),
        )}
      </div>
    `;
  }

  private row(row: Row, context: Context): unknown {
    const { call } = this.state;
    switch (row.is) {
      case "older":
        return this.older("older");
      case "day":
        return html`<p class="line">${row.words}</p>`;
      case "new":
        return html`<p class="line new">New messages</p>`;
      case "mark":
        return markLine(row.mark, !call || call.phase === "left"); // in a call that would be to leave it
      case "message":
        return messageRow(row.key, this.drawing.soon(this.conversation, row.message), row.first, context);
      case "pending":
        return pendingRow(row.key, row.pending, row.first, context);
    }
  }

  private older(which: Way): unknown {
    return loadLine(which, this.loading.failed === which, () => this.loading.load(which));
  }

  /** What is out of sight: the first new message, or the newest. */
  private below(): unknown {
    const { reading, virtual } = this;
    const toNew = (): void => void this.toFirstNew();
    if (reading.isBelow) return jumpButton("down", "New messages", toNew);
    if (this.conversation?.aside || !(virtual.following || virtual.atEnd) || (reading.hasUnread && !virtual.following)) {
      return jumpButton("down", "To the newest", () => this.toNewest());
    }
    return reading.isAbove ? jumpButton("up", "First new message", toNew) : nothing;
  }

  private dialogs(view: MentorshipView, me: PersonView): unknown {
    return html`
      <ith-actions .me=${me.id} .zone=${me.zone} .reaches=${reaches(view)} @chosen=${this.chosen}></ith-actions>
      <ith-versions
        .app=${this.app}
        .view=${view}
        .of=${this.versionsOf}
        @close=${() => (this.versionsOf = null)}
      ></ith-versions>
      <ith-pinned
        .app=${this.app}
        .view=${view}
        .at=${this.messageAt}
        .open=${this.sheet === "pinned"}
        @jump=${(event: Event) => this.jump((event.target as Pinned).seq)}
        @close=${() => this.sheet === "pinned" && (this.sheet = null)}
      ></ith-pinned>
      <ith-go-to
        .zone=${me.zone}
        .nowUs=${this.app.nowUs()}
        .fromUs=${view.created_us}
        .open=${this.sheet === "more"}
        .pins=${view.pinned?.length ?? 0}
        @pinned=${() => (this.sheet = "pinned")}
        @go=${(event: Event) => this.jump({ atUs: (event.target as GoTo).atUs })}
        @close=${() => this.sheet === "more" && (this.sheet = null)}
        ><ith-safety .app=${this.app} .view=${view} @done=${() => (this.sheet = null)}></ith-safety
      ></ith-go-to>
      <ith-erase
        .of=${this.erasing}
        @erase=${this.erase}
        @close=${() => (this.erasing = null)}
      ></ith-erase>
    `;
  }

  /** The button goes with what it stands in; who pressed it goes on to write. */
  private async heed(view: MentorshipView): Promise<void> {
    this.app.chat.heed(view.conversation);
    await this.updateComplete;
    if (reaches(view)) this.composer.focus();
    else this.log?.focus({ preventScroll: true });
  }

  private readonly lifted = (): void => void this.updateComplete.then(() => this.composer.focus());

  private toFound(event: Event): void {
    const { seq, words } = event.target as Find;
    this.words = words;
    void this.jump(seq);
  }

  private async stopFinding(): Promise<void> {
    [this.finding, this.words] = [false, ""];
    await this.updateComplete;
    this.shadowRoot?.querySelector<HTMLElement>(".find")?.focus();
  }

  // ---- what one does with a message ------------------------------------------------------------------

  private entry(key: string): HTMLElement | null {
    return this.box?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) ?? null;
  }

  private act(key: string, held = false): void {
    const row = this.virtual.row(key);
    const entry = this.entry(key)?.querySelector(".bubble");
    if (row?.is !== "message" || row.message.deleted_us != null || !entry) return;
    this.active = key;
    void this.actions.open(this.drawing.soon(this.conversation, row.message), entry.getBoundingClientRect(), held);
  }

  private chosen({ message, action }: Chosen): void {
    const { view } = this;
    if (!view) return;
    const { chat } = this.app;
    const { seq } = message;
    if (typeof action === "object") chat.react(view.conversation, seq, action.emoji, action.on);
    else if (action === "reply") this.composer.answer(message);
    else if (action === "edit") this.composer.change(seq, message.body);
    else if (action === "pin" || action === "unpin") chat.pin(view.conversation, seq, action === "pin");
    else if (action === "copy") this.announcer.tell("Copied");
    else if (action === "versions") this.versionsOf = message;
    else if (action === "delete") this.erasing = message;
  }

  private erase(): void {
    const { view, erasing } = this;
    if (view && erasing) this.app.chat.erase(view.conversation, erasing.seq);
    this.erasing = null;
  }

  private editLast(): void {
    const me = this.state.me?.id;
    const last = this.conversation?.messages.findLast((each) => each.person === me && each.deleted_us == null);
    if (last) this.composer.change(last.seq, this.drawing.soon(this.conversation, last).body);
  }

  // ---- keys and touch --------------------------------------------------------------------------------

  private keydown(event: KeyboardEvent): void {
    const entry = event.composedPath()[0] instanceof HTMLElement && (event.composedPath()[0] as HTMLElement);
    if (!entry || (entry !== this.log && !entry.classList.contains("entry"))) return;
    const key = entry.dataset["key"] ?? null;
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const to = this.virtual.beside(key, event.key === "ArrowUp" ? -1 : 1);
      if (to === null) return;
      event.preventDefault();
      this.focusRow(to);
      this.virtual.reveal(to);
    } else if (key !== null && (event.key === "Enter" || event.key === "ContextMenu")) {
      event.preventDefault();
      this.act(key);
    }
  }

  private focusRow(key: string): void {
    this.active = key;
    this.focusOn = key;
    this.requestUpdate();
  }

  private focused(event: FocusEvent): void {
    const entry = (event.target as HTMLElement).closest<HTMLElement>("[data-key]");
    if (entry) this.active = entry.dataset["key"] ?? null;
  }

  // ---- where one looks ---------------------------------------------------------------------------------

  private async jump(where: number | { readonly atUs: number }): Promise<void> {
    const { view } = this;
    if (!view) return;
    this.trouble = null;
    let seq: number;
    try {
      seq = await this.app.chat.goTo(view.conversation, where);
    } catch (error) {
      if (this.view?.id === view.id) this.trouble = inWords(error);
      return;
    }
    await this.updateComplete;
    if (this.view?.id !== view.id) return; // meanwhile another is looked at, which has a message of that number too
    const message = this.messageAt(seq);
    if (!message) return;
    const key = keyOf(message.person, message.id);
    this.shown = key;
    this.virtual.show(key);
    if (!this.finding) this.focusRow(key);
  }

  private async toFirstNew(): Promise<void> {
    const { view } = this;
    const { newAfter } = this.reading;
    if (!view || newAfter === null) return;
    if (!this.virtual.show("new")) await this.jump(newAfter + 1);
    await this.updateComplete;
    if (this.view?.id === view.id) this.virtual.show("new");
  }

  private sent(): void {
    this.reading.wrote();
    this.toNewest();
  }

  private toNewest(): void {
    this.shown = null;
    if (this.view) this.app.chat.newest(this.view.conversation);
    this.virtual.mayFollow = true;
    this.virtual.follow();
  }

  private scrolled(): void {
    this.press.end();
    const before = [this.virtual.following, this.virtual.atEnd, this.reading.isAbove, this.reading.isBelow];
    const lacks = this.virtual.scrolled();
    const now = [this.virtual.following, this.virtual.atEnd, this.reading.isAbove, this.reading.isBelow];
    if (lacks || !same(before, this.edges) || !same(now, this.edges)) this.requestUpdate();
    this.edges = now;
    this.reading.look();
    this.loading.fill();
  }
  private edges: readonly unknown[] = [];
}
