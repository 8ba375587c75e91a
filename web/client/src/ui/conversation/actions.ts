import { Copy, History, Pencil, Pin, PinOff, Reply, Trash2 } from "lucide";
import type { IconNode } from "lucide";
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import { EMOJIS, type Emoji, type Message } from "../../protocol/types.js";
import { base, controls } from "../base.js";
import "../parts/icon.js";
import { EMOJI_NAMES } from "../words/chat.js";
import { exact } from "../words/time.js";
import { emojiOrWord, inWords } from "./emoji.js";

export type Action = "reply" | "copy" | "edit" | "pin" | "unpin" | "versions" | "delete";

/** What was chosen: one of the actions, or a reaction. */
export class Chosen extends Event {
  constructor(
    readonly message: Message,
    readonly action: Action | { readonly emoji: Emoji; readonly on: boolean },
  ) {
    super("chosen");
  }
}

/** What one can do with a message: beside it where there is room, at the lower edge on a phone. The
 * browser's own dialog keeps the focus in and gives it back; arrows go from one to the next. */
@customElement("ith-actions")
export class Actions extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      dialog {
        width: 100vw;
        max-width: none;
        max-height: 90dvh;
        margin: auto auto 0;
        padding: 8px;
        border: 1px solid var(--line);
        border-radius: 16px 16px 0 0;
        background: var(--surface);
        color: var(--ink);
        box-shadow: var(--shadow);
        overflow: auto;
      }
      dialog::backdrop {
        background: oklch(0% 0 0 / 0.3);
      }
      @media (min-width: 600px) {
        dialog {
          width: 20rem;
          margin: 0;
          border-radius: var(--radius);
        }
        dialog::backdrop {
          background: none;
        }
      }
      .emojis {
        display: grid;
        grid-template-columns: repeat(6, 1fr);
        padding-bottom: 8px;
        border-bottom: 1px solid var(--line);
        margin-bottom: 4px;
      }
      .emojis button {
        min-width: 0;
        padding: 0;
        border-color: transparent;
        background: none;
        font-size: var(--title);
        font-variant-emoji: emoji;
      }
      .emojis.words {
        grid-template-columns: repeat(3, 1fr);
      }
      .emojis.words button {
        font-size: var(--small);
      }
      .emojis [aria-pressed="true"] {
        border-color: var(--sea);
        background: var(--sea-soft);
      }
      .list button {
        justify-content: flex-start;
        width: 100%;
        border-color: transparent;
        background: none;
        font-weight: inherit;
      }
      .emojis button:hover,
      .list button:hover {
        background: color-mix(in oklab, var(--ink) 6%, var(--surface));
      }
      .list .clay {
        color: var(--clay);
      }
      .when {
        padding: 4px 16px 8px;
      }
      .copied {
        padding: 4px 16px;
      }
    `,
  ];
  @property() me = "";
  @property() zone = "UTC";
  @property({ type: Boolean }) reaches = true; // else what is said stays as it is
  @state() private message: Message | null = null;
  @state() private copyFailed = false;
  @query("dialog") private dialog!: HTMLDialogElement;
  private held = false; // the finger that opened it is still down, as far as one knows

  /** Opens for a message; `beside` is where it stands. Who holds it still lets go of it over the sheet:
   * that chooses nothing. */
  async open(message: Message, beside: DOMRect, held = false): Promise<void> {
    this.message = message;
    this.held = held;
    this.copyFailed = false;
    await this.updateComplete;
    const { dialog } = this;
    dialog.style.inset = "";
    dialog.showModal();
    if (innerWidth >= 600) {
      const { offsetWidth: w, offsetHeight: h } = dialog;
      const x = Math.max(8, Math.min(beside.right - w, innerWidth - w - 8));
      const y = beside.bottom + h + 8 > innerHeight ? beside.top - h - 4 : beside.bottom + 4;
      dialog.style.inset = `${Math.max(8, Math.min(y, innerHeight - h - 8))}px auto auto ${x}px`;
    }
    dialog.querySelector<HTMLElement>(".list button")?.focus();
  }

  override render(): unknown {
    const { message } = this;
    return html`
      <dialog
        aria-label="What to do with this message"
        @pointerdown=${() => (this.held = false)}
        @click=${this.released}
        @keydown=${this.keydown}
        @close=${this.closed}
      >
        ${message ? this.choices(message) : nothing}
      </dialog>
    `;
  }

  private choices(message: Message): unknown {
    const own = message.person === this.me;
    const one = (action: Action, of: IconNode, words: string, clay = false): unknown => html`
      <button class=${clay ? "clay" : ""} @click=${() => this.choose(action)}>
        <ith-icon .of=${of}></ith-icon>${words}
      </button>
    `;
    return html`
      <p class="when small soft number">${exact(this.zone, message.at_us)}</p>
      ${this.reaches ? this.reactions(message) : nothing}
      <div class="list">
        ${this.reaches ? one("reply", Reply, "Answer") : nothing} ${one("copy", Copy, "Copy text")}
        ${own && this.reaches ? one("edit", Pencil, "Edit") : nothing}
        ${
          !this.reaches
            ? nothing
            : message.pinned_us == null
              ? one("pin", Pin, "Pin for both")
              : one("unpin", PinOff, "Take the pin off")
        }
        ${message.edited_us == null ? nothing : one("versions", History, "Earlier versions")}
        ${own && this.reaches ? one("delete", Trash2, "Delete for both", true) : nothing}
      </div>
      ${
        this.copyFailed
          ? html`<p class="copied small" role="alert">
            Your browser does not let Ithaca copy. Select the words and copy them by hand.
          </p>`
          : nothing
      }
    `;
  }

  private reactions(message: Message): unknown {
    return html`
      <div class="emojis ${inWords() ? "words" : ""}" role="group" aria-label="React">
        ${EMOJIS.map((emoji) => {
          const mine = message.reactions?.some((each) => each.emoji === emoji && each.persons.includes(this.me)) ?? false;
          return html`<button
            aria-pressed=${mine}
            aria-label=${EMOJI_NAMES[emoji]}
            title=${EMOJI_NAMES[emoji]}
            @click=${() => this.choose({ emoji, on: !mine })}
          >
            ${emojiOrWord(emoji)}
          </button>`;
        })}
      </div>
    `;
  }

  private async choose(action: Chosen["action"]): Promise<void> {
    const { message } = this;
    if (!message) return;
    if (action === "copy") {
      try {
        await navigator.clipboard.writeText(message.body);
      } catch {
        this.copyFailed = true;
        return;
      }
    }
    this.dialog.close();
    this.dispatchEvent(new Chosen(message, action));
  }

  private readonly released = {
    capture: true,
    handleEvent: (event: MouseEvent): void => {
      if (this.held && event.detail > 0) event.stopPropagation();
      else this.clicked(event);
      this.held = false;
    },
  };

  private clicked(event: MouseEvent): void {
    if (event.target === this.dialog) this.dialog.close(); // beside it
  }

  private closed(): void {
    this.message = null;
  }

  private keydown(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const all = [...this.dialog.querySelectorAll("button")];
    const at = all.indexOf(this.shadowRoot?.activeElement as HTMLButtonElement);
    all[(at + step + all.length) % all.length]?.focus();
  }
}
