import { html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";

import { InSheet } from "./parts/in-sheet.js";
import { notice } from "./parts/notice.js";
import "./parts/wait.js";
import { seenSetting } from "./words/safety.js";

/** Whether others see when one was last here: how it stands, what that means, and the other way. */
@customElement("ith-last-seen")
export class LastSeen extends InSheet {
  protected readonly heading = "When you were last here";
  @state() private isHidden: boolean | null = null; // not known yet

  /** Asked each time: another tab may have changed it. */
  protected override opened(): void {
    this.isHidden = null;
    void this.load();
  }

  protected override content(): unknown {
    const { isHidden: hidden, asking } = this;
    if (hidden === null) {
      return asking.trouble
        ? notice(asking.trouble, html`<button @click=${this.load}>Try again</button>`)
        : html`<ith-wait words="Looking how it stands…"></ith-wait>`;
    }
    const { stands, means, turn, turning } = seenSetting(hidden);
    return html`
      <p role="status"><strong>${stands}</strong> ${means}</p>
      ${asking.trouble ? notice(asking.trouble) : nothing}
      <div class="row">
        <button aria-disabled=${asking.busy} @click=${() => this.turn(!hidden)}>
          ${asking.busy ? turning : turn}
        </button>
        <button @click=${this.close}>Close</button>
      </div>
    `;
  }

  private load(): Promise<unknown> {
    return this.asking.run(async () => (this.isHidden = await this.app.privacy.hidesSeen()));
  }

  /** The button stays where it is, and keeps the focus. */
  private turn(hidden: boolean): Promise<unknown> {
    return this.asking.run(async () => (this.isHidden = await this.app.privacy.hideSeen(hidden)));
  }
}
