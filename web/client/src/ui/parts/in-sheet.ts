import { LitElement, html, nothing, type PropertyValues } from "lit";
import { property } from "lit/decorators.js";

import type { App } from "../../lib/model.js";
import { Asking } from "../asking.js";
import { base, controls } from "../base.js";
import "./sheet.js";

/** What stands in a sheet of its own: it begins anew each time it is opened. `open` is the owner's; `close`
 * (event) asks for it to become false. */
export abstract class InSheet extends LitElement {
  static override styles = [base, controls];
  @property({ attribute: false }) app!: App;
  @property({ type: Boolean }) open = false;
  protected readonly asking = new Asking(this);
  protected abstract readonly heading: string;

  protected abstract opened(): void;
  protected abstract content(): unknown;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("open") || !this.open) return;
    this.asking.clear();
    this.opened();
  }

  override render(): unknown {
    return html`
      <ith-sheet .heading=${this.heading} .open=${this.open} @close=${this.close}>
        ${this.open ? this.content() : nothing}
      </ith-sheet>
    `;
  }

  protected close(): void {
    this.dispatchEvent(new Event("close"));
  }
}
