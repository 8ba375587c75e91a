import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { AppState } from "../../lib/model.js";
import type { MentorshipView } from "../../protocol/types.js";
import { Asking } from "../asking.js";
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
  private readonly asking = new Asking(this);

  protected override watch(state: AppState): readonly unknown[] {
    return [state.me, state.mentorships];
  }

  override render(): unknown {
    const { me } = this.state;
    if (!me) return nothing;
    const { view } = this;
    const { busy, trouble } = this.asking;
    const pair = pairOf(view, me);
    return html`
      <p>${closedWords(view, pair, this.app.nowUs())}</p>
      ${
        view.blocked_by_me && view.closed_us == null
          ? html`<button ?disabled=${busy} @click=${this.lift}>
            ${busy ? "Lifting the block…" : `Let ${named(pair.other.name)} reach you again`}
          </button>`
          : nothing
      }
      ${trouble ? html`<p class="error" role="alert">${trouble.what} ${trouble.advice}</p>` : nothing}
    `;
  }

  /** The button goes with the block; who pressed it goes on where it stood (`lifted`, event). */
  private async lift(): Promise<void> {
    const done = await this.asking.run(() => this.app.safety.block(this.view.id, false));
    if (done) this.dispatchEvent(new Event("lifted"));
  }
}
