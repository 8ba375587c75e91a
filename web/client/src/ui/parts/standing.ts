import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { AppState, Trouble } from "../../lib/model.js";
import { inWords } from "../../lib/trouble.js";
import type { MentorshipView } from "../../protocol/types.js";
import { base, controls } from "../base.js";
import { AppElement } from "../element.js";
import { pairOf } from "../words/people.js";
import { closedWords } from "../words/safety.js";
import { named } from "../words/time.js";

/** Instead of what would reach the other: why it cannot, and what one can do about it. */
@customElement("ith-standing")
export class Standing extends AppElement {
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: grid;
        gap: 8px;
        justify-items: start;
      }
    `,
  ];
  @property({ attribute: false }) view!: MentorshipView;
  @state() private busy = false;
  @state() private trouble: Trouble | null = null;

  protected override watch(state: AppState): readonly unknown[] {
    return [state.me, state.mentorships];
  }

  override render(): unknown {
    const { me } = this.state;
    if (!me) return nothing;
    const { view, trouble } = this;
    const pair = pairOf(view, me);
    return html`
      <p>${closedWords(view, pair, this.app.nowUs())}</p>
      ${
        view.blocked_by_me && view.closed_us == null
          ? html`<button ?disabled=${this.busy} @click=${this.lift}>
            ${this.busy ? "Lifting the block…" : `Let ${named(pair.other.name)} reach you again`}
          </button>`
          : nothing
      }
      ${trouble ? html`<p class="error" role="alert">${trouble.what} ${trouble.advice}</p>` : nothing}
    `;
  }

  /** The button goes with the block; who pressed it goes on where it stood (`lifted`, event). */
  private async lift(): Promise<void> {
    this.busy = true;
    this.trouble = null;
    try {
      await this.app.safety.block(this.view.id, false);
      this.dispatchEvent(new Event("lifted"));
    } catch (error) {
      this.trouble = inWords(error);
    } finally {
      this.busy = false;
    }
  }
}
