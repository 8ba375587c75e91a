import { css, html, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import type { AppState, Trouble } from "../../lib/model.js";
import { BODY_MAX_BYTES } from "../../protocol/types.js";
import { base, controls } from "../base.js";
import { AppElement } from "../element.js";
import { roomWords } from "./layout.js";

const LINES = 6;

/** Where a message is written. What is typed is kept as a draft with each stroke. */
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
    `,
  ];
  @property() conversation = "";
  @state() private text = "";
  @state() private refused: Trouble | null = null;
  @query("textarea") private area!: HTMLTextAreaElement;

  protected override watch(_: AppState): readonly unknown[] {
    return [];
  }

  /** Takes a text back for changing, below what is already written. */
  edit(text: string): void {
    this.write(this.text.trim() ? `${this.text}\n${text}` : text);
    this.area.focus();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("conversation")) return;
    this.text = this.app.draft(this.conversation);
    this.refused = null;
  }

  protected override updated(): void {
    this.grow();
  }

  override render(): unknown {
    return html`
      <form @submit=${this.submit}>
        <label class="hidden" for="message">Message</label>
        <textarea
          id="message"
          rows="1"
          dir="auto"
          enterkeyhint="send"
          placeholder="Write a message"
          aria-describedby="counter"
          .value=${this.text}
          @input=${() => this.write(this.area.value)}
          @keydown=${this.keydown}
        ></textarea>
        <button class="filled">Send</button>
      </form>
      ${this.line()}
    `;
  }

  /** The one line below: what room is left, and once it was refused, why. */
  private line(): unknown {
    const { words, over } = roomWords(this.text, BODY_MAX_BYTES);
    const { refused } = this;
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
    this.text = text;
    this.refused = null;
    this.app.saveDraft(this.conversation, text);
  }

  private keydown(event: KeyboardEvent): void {
    // While an input method composes, Enter picks a candidate.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    this.submit(event);
  }

  private submit(event: Event): void {
    event.preventDefault();
    if (!this.text.trim()) return;
    this.refused = this.app.send(this.conversation, this.text);
    if (this.refused) return;
    this.write("");
    this.dispatchEvent(new Event("sent"));
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
