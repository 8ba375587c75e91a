import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query } from "lit/decorators.js";

import { base, controls } from "../base.js";
import "../parts/sheet.js";
import { dayKey, instantOf } from "../words/time.js";

/** What else there is to do in a conversation: go to a day, see what is pinned. `go` (event) asks for what was
 * said from `atUs` on, `pinned` for the pins, `close` for `open` to become false. */
@customElement("ith-go-to")
export class GoTo extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      form {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        align-items: flex-end;
      }
      .field {
        flex: 1 1 10rem;
      }
    `,
  ];
  @property() zone = "UTC";
  @property({ type: Number }) nowUs = 0;
  @property({ type: Number }) fromUs = 0;
  @property({ type: Number }) pins = 0;
  @property({ type: Boolean }) open = false;
  @query("input") private field!: HTMLInputElement;
  atUs = 0;

  override render(): unknown {
    return html`
      <ith-sheet heading="This conversation" .open=${this.open} @close=${this.close}>
        <form novalidate @submit=${this.submit}>
          <div class="field">
            <label for="day">Go to a day</label>
            <input
              id="day"
              type="date"
              required
              min=${this.first}
              max=${this.last}
            />
          </div>
          <button>Go there</button>
        </form>
        ${
          this.pins
            ? html`<button @click=${() => this.dispatchEvent(new Event("pinned"))}>
              Pinned messages (${this.pins})
            </button>`
            : nothing
        }
        <slot></slot>
      </ith-sheet>
    `;
  }

  private get first(): string {
    return dayKey(this.zone, this.fromUs);
  }

  private get last(): string {
    return dayKey(this.zone, this.nowUs);
  }

  private submit(event: Event): void {
    event.preventDefault();
    const { value } = this.field;
    if (!value) return this.field.focus();
    const day = value < this.first ? this.first : value > this.last ? this.last : value; // the nearest there is
    this.atUs = instantOf(this.zone, day, "00:00");
    this.close();
    this.dispatchEvent(new Event("go"));
  }

  private close(): void {
    this.dispatchEvent(new Event("close"));
  }
}
