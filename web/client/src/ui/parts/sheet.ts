import { X } from "lucide";
import { LitElement, css, html } from "lit";
import { customElement, property, query } from "lit/decorators.js";

import { base, controls } from "../base.js";
import "./icon.js";

/** A modal sheet over the page: the browser's own dialog keeps the focus in, Escape closes.
 * It opens with the focus on what in it has `autofocus`, else on its heading: never on *Close*.
 * What is in the slot `below` stands under the heading. `open` is the owner's; `close` (event) asks for it to become false. */
@customElement("ith-sheet")
export class Sheet extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      dialog {
        flex-direction: column;
        width: min(100vw, 32rem);
        max-width: none;
        max-height: min(90dvh, 48rem);
        margin: auto auto 0;
        padding: 0;
        border: 0;
        border-radius: 16px 16px 0 0;
        background: var(--surface);
        color: var(--ink);
        box-shadow: var(--shadow);
      }
      dialog[open] {
        display: flex;
      }
      :host([tall]) dialog {
        height: min(90dvh, 48rem);
      }
      dialog::backdrop {
        background: oklch(0% 0 0 / 0.45);
      }
      @media (min-width: 600px) {
        dialog {
          margin: auto;
          border-radius: 16px;
        }
      }
      .head {
        display: flex;
        align-items: start;
        justify-content: space-between;
        gap: 8px;
        padding: 8px 8px 8px 16px;
      }
      h2 {
        padding-block: 10px; /* one line in line with the button; several away from the edge */
      }
      .body {
        display: flex;
        flex: 1;
        flex-direction: column;
        gap: 16px;
        min-height: 0;
        padding: 0 16px 24px;
        overflow: auto;
      }
      :host([tall]) .body {
        padding: 0;
      }
      /* What one reads in it needs the room: the page that it lies over says the name in full. */
      :host([tall]) .head {
        align-items: center;
        padding-block: 0;
      }
      :host([tall]) h2 {
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        font-size: var(--large);
        white-space: nowrap;
      }
      @media (max-width: 599px) and (max-height: 700px) {
        :host([tall]) dialog {
          height: 100dvh;
          max-height: 100dvh;
          border-radius: 0;
        }
      }
    `,
  ];
  @property() heading = "";
  @property({ type: Boolean }) open = false;
  @query("dialog") private dialog!: HTMLDialogElement;
  @query("h2") private head!: HTMLElement;

  override updated(): void {
    if (this.open && !this.dialog.open) {
      this.dialog.showModal();
      (this.querySelector<HTMLElement>("[autofocus]") ?? this.head).focus();
    }
    if (!this.open && this.dialog.open) this.dialog.close();
  }

  override render(): unknown {
    return html`
      <dialog aria-labelledby="heading" @close=${this.dismissed} @click=${this.clicked}>
        <div class="head">
          <h2 id="heading" tabindex="-1"><bdi>${this.heading}</bdi></h2>
          <button class="plain" @click=${this.closed} aria-label="Close">
            <ith-icon .of=${X}></ith-icon>
          </button>
        </div>
        <slot name="below"></slot>
        <div class="body"><slot></slot></div>
      </dialog>
    `;
  }

  /** The browser tells it late: by then it may be open again. */
  private dismissed(): void {
    if (!this.dialog.open) this.closed();
  }

  private clicked(event: MouseEvent): void {
    if (event.target === this.dialog) this.closed(); // the backdrop: what lies on it stops here
  }

  private closed(): void {
    if (this.open) this.dispatchEvent(new Event("close"));
  }
}
