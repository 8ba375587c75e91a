import { Check, Copy as CopyIcon } from "lucide";
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import { base, controls } from "../base.js";
import "./icon.js";

const HOW = "press Ctrl+C, or ⌘C on a Mac; on a phone hold it and choose Copy.";

/** A text to take along: selectable, with *Copy*. Of several `lines`, its label stands above it. */
@customElement("ith-copy")
export class Copy extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      div {
        display: flex;
        gap: 8px;
      }
      p {
        margin-block-start: 4px;
      }
      div.lines {
        display: grid;
        justify-items: start;
        margin-top: 8px;
      }
      textarea {
        box-sizing: border-box;
        width: 100%;
        resize: none;
      }
      input {
        flex: 1;
        min-width: 0;
        font-size: var(--small);
      }
    `,
  ];
  @property() text = "";
  @property() label = "Link";
  @property({ type: Boolean }) lines = false;
  @state() private copied = false;
  @state() private selected = false; // only: the browser did not let it be copied
  @query("input, textarea") private field!: HTMLInputElement | HTMLTextAreaElement;

  override render(): unknown {
    return html`
      <div class=${this.lines ? "lines" : ""}>
        ${
          this.lines
            ? html`<label class="small soft" for="text">${this.label}</label>
                <textarea id="text" readonly rows="2" dir="auto" .value=${this.text}></textarea>`
            : html`<input readonly aria-label=${this.label} .value=${this.text} @focus=${this.select} />`
        }
        <button @click=${this.copy}>
          <ith-icon .of=${this.copied ? Check : CopyIcon}></ith-icon>
          ${this.copied ? "Copied" : "Copy"}
        </button>
      </div>
      <span class="hidden" role="status">${this.copied ? `${this.label} copied` : ""}</span>
      <p class="small" role="status" ?hidden=${!this.selected}>
        ${this.selected ? "Your browser does not let Ithaca copy. It is selected: " + HOW : nothing}
      </p>
    `;
  }

  private select(): void {
    this.field.select();
  }

  private async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.text);
      this.copied = true;
      this.selected = false;
    } catch {
      this.copied = false;
      this.selected = true;
      this.field.focus(); // no clipboard here (http, or refused): the text stands selected
      this.field.select();
    }
  }
}
