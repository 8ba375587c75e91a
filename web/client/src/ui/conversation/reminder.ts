import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { AppState } from "../../lib/model.js";
import { base, controls } from "../base.js";
import { AppElement } from "../element.js";
import { navigate, paths } from "../route.js";
import { onDay } from "../words/reflection.js";

/** Asks once how the last talk was, where one writes to each other; never during a call. */
@customElement("ith-reminder")
export class Reminder extends AppElement {
  static override styles = [
    base,
    controls,
    css`
      div {
        display: flex;
        flex-wrap: wrap;
        gap: 0 8px;
        align-items: center;
        padding: 4px 16px;
        border-block-start: 1px solid var(--line);
      }
      p {
        flex: 1 1 10rem;
      }
      .plain {
        padding-inline: 8px;
      }
      span {
        margin-inline-start: -9px; /* its words stand in line with the question where it wraps */
      }
    `,
  ];
  @property() mentorship = "";
  @state() private failed = false;

  protected override watch(state: AppState): readonly unknown[] {
    return [state.next[this.mentorship], state.call?.phase, state.me];
  }

  private get inCall(): boolean {
    const { call } = this.state;
    return call !== null && call.phase !== "left";
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("mentorship") && this.mentorship && !this.inCall) {
      this.failed = false;
      this.app.reflect.loadNext(this.mentorship).catch(() => undefined); // asked another time
    }
  }

  override render(): unknown {
    const reminder = this.state.next[this.mentorship]?.reminder;
    const { me } = this.state;
    if (!reminder || !me || this.inCall) return nothing;
    const day = onDay(me.zone, reminder.at_us, this.app.nowUs());
    return html`
      <div role="group" aria-label="How was your talk?">
        <p class="small">
          ${this.failed ? "That did not reach the server. Try again." : `How was your talk ${day}? Two minutes.`}
        </p>
        <span>
          <button class="plain" @click=${() => navigate(paths.reflect(reminder.session))}>Reflect</button>
          <button class="plain" @click=${() => this.dismiss(reminder.session)}>Not now</button>
        </span>
      </div>
    `;
  }

  private dismiss(session: string): void {
    this.failed = false;
    this.app.reflect.dismiss(session).catch(() => (this.failed = true));
  }
}
