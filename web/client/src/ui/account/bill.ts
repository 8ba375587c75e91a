import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { SessionAccount } from "../../protocol/types.js";
import { base } from "../base.js";
import { comings, frame, steps } from "../words/bill.js";
import type { Pair } from "../words/people.js";

const WIDE = "(min-width: 600px)";

/** How the amount came about, step by step, and by what: folded on a phone, never on paper. */
@customElement("ith-bill")
export class BillPart extends LitElement {
  static override styles = [
    base,
    css`
      details[open] {
        display: grid;
        gap: 12px;
      }
      summary {
        display: flex;
        align-items: center;
        min-height: 44px;
        cursor: pointer;
      }
      summary::before {
        content: "";
        flex: none;
        width: 8px;
        height: 8px;
        margin-inline: 2px 12px;
        border: solid var(--ink-soft);
        border-width: 0 2px 2px 0;
        rotate: -45deg;
      }
      [open] > summary::before {
        rotate: 45deg;
      }
      .steps {
        display: grid;
        gap: 12px;
      }
      @media print {
        summary::before {
          display: none;
        }
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
  @state() private open = matchMedia(WIDE).matches;
  private readonly toPaper = (): void => {
    this.open = true;
    this.performUpdate();
  };

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("beforeprint", this.toPaper);
  }

  override disconnectedCallback(): void {
    removeEventListener("beforeprint", this.toPaper);
    super.disconnectedCallback();
  }

  override render(): unknown {
    const { account, pair, nowUs } = this;
    const said = comings(account, pair);
    return html`
      <details
        ?open=${this.open}
        @toggle=${({ target }: Event) => (this.open = (target as HTMLDetailsElement).open)}
      >
      <summary><h2>How it came about</h2></summary>
      <div class="steps">
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
      </div>
      </details>
    `;
  }
}
