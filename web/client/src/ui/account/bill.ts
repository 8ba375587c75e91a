import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { SessionAccount } from "../../protocol/types.js";
import { base } from "../base.js";
import { comings, frame, steps } from "../words/bill.js";
import type { Pair } from "../words/people.js";

/** How the amount came about, step by step, and by what. */
@customElement("ith-bill")
export class BillPart extends LitElement {
  static override styles = [
    base,
    css`
      :host {
        display: grid;
        gap: 12px;
      }
      dl > div {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 0 16px;
        padding-block: 8px;
        border-block-end: 1px solid var(--line);
        break-inside: avoid;
      }
      dd {
        text-align: end;
      }
      dd + dd {
        grid-column: 1 / -1;
        text-align: start;
      }
      .strong > :not(.soft) {
        font-weight: 600;
      }
      .said {
        display: grid;
        gap: 4px;
      }
    `,
  ];
  @property({ attribute: false }) account!: SessionAccount;
  @property({ attribute: false }) pair!: Pair;
  @property({ attribute: false }) nowUs = 0;

  override render(): unknown {
    const { account, pair, nowUs } = this;
    const said = comings(account, pair);
    return html`
      <h2>How it came about</h2>
      ${said.length ? html`<ul class="said">${said.map((words) => html`<li>${words}</li>`)}</ul>` : nothing}
      <dl>
        ${steps(account, pair).map(
          ({ label, value, note, strong }) => html`
            <div class=${strong ? "strong" : ""}>
              <dt>${label}</dt>
              <dd class="number">${value}</dd>
              ${note ? html`<dd class="small soft">${note}</dd>` : nothing}
            </div>
          `,
        )}
      </dl>
      <ul class="said small soft">
        ${frame(account, pair, nowUs).map((words) => html`<li>${words}</li>`)}
      </ul>
    `;
  }
}
