import { X } from "lucide";
import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import { messageAt } from "../../lib/conversation.js";
import type { AppState, Draft, PendingChange, PendingMessage, Trouble } from "../../lib/model.js";
import { isVisible } from "../../lib/text.js";
import { BODY_MAX_BYTES, type Message } from "../../protocol/types.js";
import { base, controls } from "../base.js";
import { AppElement } from "../element.js";
import "../parts/copy.js";
import "../parts/icon.js";
import { CHANGE_FIRST, quoteWords, SENT_NEXT } from "../words/chat.js";
import { EMPTY, isChanging, takenBack } from "./draft.js";
import { roomWords } from "./layout.js";

const LINES = 6;

/** Where a message is written, or changed. What is typed is kept as a draft with each stroke. Asks for the
 * last of one's own messages to be changed (`last`, event) with the arrow up in an empty field. */
@customElement("ith-composer")
export class Composer extends AppElement {
  static override styles = [
    base,
    controls,
    css`
      form {
        display: flex;
        align-items: flex-end;
        gap: 8px;
      }
      textarea {
        flex: 1;
        min-width: 0;
        line-height: 1.5;
        resize: none;
      }
      .counter {
        margin-top: 4px;
        color: var(--ink-soft);
        font-size: var(--small);
      }
      .over {
        color: var(--clay);
      }
      .about {
        display: flex;
        gap: 8px;
        align-items: center;
        margin-bottom: 8px;
        padding-inline-start: 10px;
        border-inline-start: 3px solid var(--sea);
      }
      .about p {
        display: flex;
        flex: 1;
        gap: 0.3em;
        min-width: 0;
      }
      .about .words {
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
    `,
  ];
  @property() conversation = "";
  @property({ type: Boolean }) closed = false; // nothing can be sent: what was begun is there to be read
  /** The message at a place, as far as it is known. */
  @property({ attribute: false }) at: (seq: number) => Message | undefined = () => undefined;
  @state() private draft: Draft = EMPTY;
  @state() private refused: Trouble | null = null;
  @state() private told = ""; // why what one asked for is not in the field
  @query("textarea") private area!: HTMLTextAreaElement;
  private focusIsDue = false;
  private wasClosed = false;
  private readonly byTouch = matchMedia("(pointer: coarse)"); // no Shift there: Enter begins a line

  /** What is answered or changed may come after this, and be changed meanwhile. */
  protected override watch(state: AppState): readonly unknown[] {
    const log = state.conversations[this.conversation];
    return this.seq === null || !log ? [] : [messageAt(log, this.seq), log.changes];
  }

  /** Takes back for changing what was refused. */
  again(refused: PendingMessage | PendingChange): void {
    const taken = takenBack(this.draft, refused, this.at);
    if (taken) {
      this.app.chat.discard(refused.id);
      this.keep(taken);
    }
    if (!taken) this.told = CHANGE_FIRST;
    else if (taken.editing && !("change" in refused)) this.told = SENT_NEXT;
    this.area.focus();
  }

  answer(message: Message): void {
    if (isChanging(this.draft, this.at)) this.told = CHANGE_FIRST;
    else this.keep({ ...this.draft, replyTo: message.seq, editing: null });
    this.area.focus();
  }

  /** Other words for a message; what was begun before is there again afterwards. */
  change(seq: number, text: string): void {
    if (isChanging(this.draft, this.at)) this.told = this.draft.editing?.seq === seq ? "" : CHANGE_FIRST;
    else this.keep({ ...this.draft, editing: { seq, text } });
    this.area.focus();
  }

  /** As soon as one can write: it may be about to open again, and one is somewhere else then. */
  override focus(): void {
    [this.focusIsDue, this.wasClosed] = [true, this.closed];
    this.requestUpdate();
  }

  /** Of what is answered, or changed. */
  private get seq(): number | null {
    return this.draft.editing?.seq ?? this.draft.replyTo;
  }

  private get text(): string {
    return this.draft.editing?.text ?? this.draft.text;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("conversation")) return;
    this.draft = this.app.chat.draft(this.conversation);
    [this.refused, this.told] = [null, ""];
  }

  protected override updated(): void {
    if (this.closed) return;
    this.grow();
    if (!this.focusIsDue) return;
    this.focusIsDue = false;
    if (!this.wasClosed || document.activeElement === document.body) this.area.focus();
  }

  override render(): unknown {
    const { editing } = this.draft;
    if (this.closed) return this.begun();
    return html`
      ${this.about()}
      <form @submit=${this.submit}>
        <label class="hidden" for="message">Message</label>
        <textarea
          id="message"
          rows="1"
          dir="auto"
          enterkeyhint=${this.byTouch.matches ? "enter" : "send"}
          placeholder="Write a message"
          aria-describedby="about counter"
          .value=${this.text}
          @input=${() => this.write(this.area.value)}
          @keydown=${this.keydown}
        ></textarea>
        <button class="filled">${editing ? "Save" : "Send"}</button>
      </form>
      ${this.line()}
    `;
  }

  /** What was not sent in time is its writer's still. */
  private begun(): unknown {
    const { editing, text } = this.draft;
    return [editing?.text ?? "", text].filter(isVisible).map(
      (words) => html`<ith-copy lines label="What you had begun to write" .text=${words}></ith-copy>`,
    );
  }

  /** What is answered, or changed. */
  private about(): unknown {
    const { seq } = this;
    const { editing } = this.draft;
    if (seq === null) return nothing;
    return html`
      <div class="about small">
        <p id="about">
          <span class="soft">${editing ? "Changing" : "Answering"}</span>
          <span class="words" dir="auto">${quoteWords(this.at(seq))}</span>
        </p>
        <button
          class="plain"
          aria-label=${editing ? "Leave it as it was" : "Answer nothing"}
          @click=${this.leave}
        >
          <ith-icon .of=${X}></ith-icon>
        </button>
      </div>
    `;
  }

  /** The one line below: what room is left, once it was refused why, and what became of what one asked for. */
  private line(): unknown {
    const { words, over } = roomWords(this.text, BODY_MAX_BYTES);
    const { refused, told } = this;
    if (told) return html`<p id="counter" class="counter" role="alert">${told}</p>`;
    if (refused) {
      return html`<p id="counter" class="counter number over" role="alert">
        ${over ? words : refused.what} ${refused.advice}
      </p>`;
    }
    return html`<p id="counter" class="counter number ${over ? "over" : ""}">
      ${words}
    </p>`;
  }

  private write(text: string): void {
    const { editing } = this.draft;
    this.keep(editing ? { ...this.draft, editing: { ...editing, text } } : { ...this.draft, text });
    this.app.chat.typing(this.conversation, isVisible(text));
  }

  private keep(draft: Draft): void {
    this.draft = draft;
    [this.refused, this.told] = [null, ""];
    this.app.chat.saveDraft(this.conversation, draft);
  }

  private leave(): void {
    this.keep(this.draft.editing ? { ...this.draft, editing: null } : { ...this.draft, replyTo: null });
    this.app.chat.typing(this.conversation, isVisible(this.text));
    this.area.focus();
  }

  private keydown(event: KeyboardEvent): void {
    if (event.isComposing) return; // while an input method composes, Enter picks a candidate
    const { editing, replyTo } = this.draft;
    if (event.key === "Escape" && (editing || replyTo !== null)) {
      event.preventDefault(); // it would close the sheet that this stands in
      event.stopPropagation();
      this.leave();
    } else if (event.key === "ArrowUp" && !this.text && !editing) {
      event.preventDefault();
      this.dispatchEvent(new Event("last"));
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey || !(event.shiftKey || this.byTouch.matches))) {
      this.submit(event);
    }
  }

  private submit(event: Event): void {
    event.preventDefault();
    const { editing, text, replyTo } = this.draft;
    if (!isVisible(this.text)) return;
    const { chat } = this.app;
    this.refused = editing
      ? chat.edit(this.conversation, editing.seq, editing.text)
      : chat.send(this.conversation, text, replyTo);
    if (this.refused) return;
    this.keep(editing ? { ...this.draft, editing: null } : EMPTY);
    if (!editing) this.dispatchEvent(new Event("sent"));
  }

  private grow(): void {
    const { area } = this;
    const style = getComputedStyle(area);
    const frame = area.offsetHeight - area.clientHeight;
    const padding = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
    area.style.height = "auto";
    const most = parseFloat(style.lineHeight) * LINES + padding;
    area.style.height = `${Math.min(area.scrollHeight, most) + frame}px`;
    area.style.overflowY = area.scrollHeight > most ? "auto" : "hidden";
  }
}
