import { Check, Copy as CopyIcon } from "lucide";
import { LitElement, css, html } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import { base, controls } from "../base.js";
import "./icon.js";

/** A text to take along: selectable, with *Copy*. */
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
      input {
        flex: 1;
        min-width: 0;
        font-size: var(--small);
      }
    `,
  ];
  @property() text = "";
  @property() label = "Link";
  @state() private copied = false;
  @query("input") private field!: HTMLInputElement;

  override render(): unknown {
    return html`
      <div>
        <input readonly aria-label=${this.label} .value=${this.text} @focus=${this.select} />
        <button @click=${this.copy}>
          <ith-icon .of=${this.copied ? Check : CopyIcon}></ith-icon>
          ${this.copied ? "Copied" : "Copy"}
        </button>
      </div>
      <span class="hidden" role="status">${this.copied ? `${this.label} copied` : ""}</span>
    `;
  }

  private select(): void {
    this.field.select();
  }

  private async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.text);
      this.copied = true;
    } catch {
      this.field.focus(); // no clipboard here (http, or refused): the text stands selected
      this.field.select();
    }
  }
}
