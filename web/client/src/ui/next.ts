import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { AppState } from "../lib/model.js";
import { base, controls } from "./base.js";
import { AppElement } from "./element.js";
import { paths } from "./route.js";
import { otherOf } from "./words/people.js";
import { onDay } from "./words/reflection.js";

/** What the two wanted to do next when they last talked, to begin with. */
@customElement("ith-next")
export class Next extends AppElement {
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: contents; /* what is not there takes no room */
      }
      dl {
        display: grid;
        gap: 8px;
        margin-top: 8px;
      }
      dd {
        display: -webkit-box;
        overflow: hidden;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 4; /* all of it is on the page of that session */
        white-space: pre-line;
      }
    `,
  ];
  @property() mentorship = "";

  protected override watch(state: AppState): readonly unknown[] {
    return [state.next[this.mentorship], state.mentorships, state.me];
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("mentorship") && this.mentorship) {
      this.app.reflect.loadNext(this.mentorship).catch(() => undefined); // then it is not shown
    }
  }

  override render(): unknown {
    const last = this.state.next[this.mentorship]?.last;
    const view = this.state.mentorships.find(({ id }) => id === this.mentorship);
    const { me } = this.state;
    if (!last || !view || !me) return nothing;
    const other = otherOf(view, me).person;
    const rows = [
      ["You", last.mine],
      [other.name, last.theirs],
    ].filter(([, words]) => words);
    return html`
      <aside class="card" aria-label="Last time">
        <p class="small soft">
          What comes next, from
          <a href=${paths.summary(last.session)}
            >your talk ${onDay(me.zone, last.at_us, this.app.nowUs())}</a
          >
        </p>
        <dl>
          ${rows.map(
            ([who, words]) => html`<div>
              <dt class="small soft"><bdi>${who}</bdi></dt>
              <dd dir="auto">${words}</dd>
            </div>`,
          )}
        </dl>
      </aside>
    `;
  }
}
