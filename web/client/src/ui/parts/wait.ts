import { LitElement, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { base, controls } from "../base.js";

const LONG_MS = 10_000;

/** Says what is being waited for once the wait is felt, and offers a way out once it is long. */
@customElement("ith-wait")
export class Wait extends LitElement {
  static override styles = [base, controls];
  @property() words = "";
  @state() private long = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = setTimeout(() => (this.long = true), LONG_MS);
  }

  override disconnectedCallback(): void {
    clearTimeout(this.timer);
    super.disconnectedCallback();
  }

  override render(): unknown {
    return html`
      <p class="soft late" role="status">${this.words}</p>
      ${
        this.long
          ? html`<p>This takes longer than usual. Check the network, or try again.</p>
            <p><button @click=${() => location.reload()}>Try again</button></p>`
          : nothing
      }
    `;
  }
}
