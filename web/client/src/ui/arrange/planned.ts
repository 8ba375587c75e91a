import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { AppState } from "../../lib/model.js";
import type { MentorshipView } from "../../protocol/types.js";
import { Ahead } from "../ahead.js";
import { base } from "../base.js";
import { AppElement } from "../element.js";
import { meetingWords, missedWords, priceWords, termsList, twoOf } from "../words/terms.js";
import { exact } from "../words/time.js";

/** The next meeting in both clocks, what it costs and what starts the clock: said before one joins. */
@customElement("ith-planned")
export class Planned extends AppElement {
  static override styles = [
    base,
    css`
      :host,
      div {
        display: grid;
        gap: 8px;
      }
      summary {
        cursor: pointer;
      }
      ul {
        display: grid;
        gap: 4px;
        padding-block: 8px;
      }
    `,
  ];
  @property({ attribute: false }) view!: MentorshipView;
  private readonly ahead = new Ahead(this, () => this.app);

  protected override watch(state: AppState): readonly unknown[] {
    return [state.me, state.arranged];
  }

  override render(): unknown {
    const { me } = this.state;
    if (!me) return nothing;
    const { agreement } = this.view;
    const meeting = this.ahead.of(this.view);
    if (!agreement && !meeting) return nothing;
    const two = twoOf(this.view, me);
    const price = priceWords(agreement, meeting, two);
    const missed = missedWords(agreement, meeting, two);
    return html`
      ${
        meeting
          ? html`<p class="number" title=${exact(me.zone, meeting.start_us)}>
            ${meetingWords(meeting, this.app.nowUs(), two)}.
          </p>`
          : nothing
      }
      ${price ? html`<p class="small number">${price} ${missed}</p>` : nothing}
      ${
        agreement?.terms.rate_minor
          ? html`<details class="small">
            <summary class="soft">All that you agreed on</summary>
            <ul>
              ${termsList(agreement.terms, two).map((line) => html`<li>${line}</li>`)}
            </ul>
          </details>`
          : nothing
      }
    `;
  }
}

