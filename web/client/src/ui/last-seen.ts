import { LitElement, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { App, Trouble } from "../lib/model.js";
import { inWords } from "../lib/trouble.js";
import { base, controls } from "./base.js";
import { notice } from "./parts/notice.js";
import "./parts/sheet.js";
import "./parts/wait.js";
import { seenSetting } from "./words/safety.js";

/** Whether others see when one was last here: how it stands, what that means, and the other way. */
@customElement("ith-last-seen")
export class LastSeen extends LitElement {
  static override styles = [base, controls];
  @property({ attribute: false }) app!: App;
  @property({ type: Boolean }) open = false;
  @state() private isHidden: boolean | null = null; // not known yet
  @state() private busy = false;
  @state() private trouble: Trouble | null = null;

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("open") && this.open) void this.load();
  }

  override render(): unknown {
    return html`
      <ith-sheet heading="When you were last here" .open=${this.open} @close=${this.close}>
        ${this.open ? this.content() : nothing}
      </ith-sheet>
    `;
  }

  private content(): unknown {
    const hidden = this.isHidden;
    if (hidden === null) {
      return this.trouble
        ? notice(this.trouble, html`<button @click=${this.load}>Try again</button>`)
        : html`<ith-wait words="Looking how it stands…"></ith-wait>`;
    }
    const { stands, means, turn, turning } = seenSetting(hidden);
    return html`
      <p role="status"><strong>${stands}</strong> ${means}</p>
      ${this.trouble ? notice(this.trouble) : nothing}
      <div class="row">
        <button aria-disabled=${this.busy} @click=${() => this.turn(!hidden)}>
          ${this.busy ? turning : turn}
        </button>
        <button @click=${this.close}>Close</button>
      </div>
    `;
  }

  /** Each time it is opened: another tab may have changed it. */
  private async load(): Promise<void> {
    this.trouble = null;
    this.isHidden = null;
    try {
      this.isHidden = await this.app.privacy.hidesSeen();
    } catch (error) {
      this.trouble = inWords(error);
    }
  }

  /** The button stays where it is, and keeps the focus. */
  private async turn(hidden: boolean): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.trouble = null;
    try {
      this.isHidden = await this.app.privacy.hideSeen(hidden);
    } catch (error) {
      this.trouble = inWords(error);
    } finally {
      this.busy = false;
    }
  }

  private close(): void {
    this.dispatchEvent(new Event("close"));
  }
}
