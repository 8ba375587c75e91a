import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { Refused, type AppState, type Trouble } from "../../lib/model.js";
import type { Settlement } from "../../protocol/types.js";
import { Back } from "../back.js";
import { base, controls } from "../base.js";
import { AppElement } from "../element.js";
import { notice } from "../parts/notice.js";
import { save } from "../save.js";
import { fingerprint } from "../words/settlement.js";

const NOT_HERE: Trouble = {
  code: "no_evidence",
  what: "This server does not hand out evidence files yet.",
  advice: "The fingerprint below holds all the same.",
};

/** The record to keep: a file, and the short form of what it must hash to. */
@customElement("ith-evidence")
export class Evidence extends AppElement {
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: grid;
        gap: 8px;
        justify-items: start;
      }
      code {
        font: 600 var(--large) / 1.5 ui-monospace, monospace;
        letter-spacing: 0.02em;
      }
      .command {
        font-family: ui-monospace, monospace;
      }
      .plain {
        margin-inline-start: -17px;
      }
      @media print {
        button {
          display: none;
        }
      }
    `,
  ];
  @property() session = "";
  @property({ attribute: false }) settlement!: Settlement;
  @state() private busy = false;
  @state() private trouble: Trouble | null = null;

  constructor() {
    super();
    new Back(
      this,
      () => this.state.link.is === "online",
      () => (this.trouble = null),
    );
  }

  protected override watch(state: AppState): readonly unknown[] {
    return [state.link.is];
  }

  override render(): unknown {
    const short = fingerprint(this.settlement.head);
    return html`
      <h2>Evidence</h2>
      <button class="plain" ?disabled=${this.busy} @click=${this.download}>Download the evidence</button>
      ${this.trouble ? notice(this.trouble) : nothing}
      <p><code>${short}</code></p>
      <p class="small soft">
        The fingerprint of this record: note it, or compare it with the other's, and nobody can change
        the record later without your seeing it. What is said of the session later adds to the record,
        under a new fingerprint; the evidence shows that what this one stands for is still there.
      </p>
      <p class="small soft">
        To check the file, or to have it checked by whoever runs this server:
        <span class="command">ithaca verify FILE --fingerprint "${short}"</span>
      </p>
    `;
  }

  private async download(): Promise<void> {
    this.busy = true;
    this.trouble = null;
    try {
      save(await this.app.ledger.evidence(this.session));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { code } = error.trouble;
      this.trouble = code === "not_found" || code === "method_not_allowed" ? NOT_HERE : error.trouble;
    } finally {
      this.busy = false;
    }
  }
}
