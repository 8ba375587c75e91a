import { css, html } from "lit";
import { customElement } from "lit/decorators.js";

import type { AppState } from "../../lib/model.js";
import { base } from "../base.js";
import { AppElement } from "../element.js";

const HEARD = 0.08; // of full scale: speech at a desk, well above a quiet room

/** How loud the microphone hears, and the assurance that it does. */
@customElement("ith-meter")
export class Meter extends AppElement {
  static override styles = [
    base,
    css`
      :host {
        display: grid;
        gap: 4px;
      }
      .track {
        height: 6px;
        overflow: hidden;
        border-radius: 3px;
        background: var(--line);
      }
      .level {
        width: 100%;
        height: 100%;
        border-radius: 3px;
        background: var(--olive);
        transform-origin: left;
        transform: scaleX(var(--level, 0));
      }
    `,
  ];
  private heard = false;

  protected override watch(state: AppState): readonly unknown[] {
    return [state.media.level];
  }

  override render(): unknown {
    const level = Math.min(1, Math.max(0, this.state.media.level));
    this.heard ||= level > HEARD;
    this.style.setProperty("--level", String(level));
    return html`
      <div
        class="track"
        role="meter"
        aria-label="Microphone level"
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${Math.round(level * 100)}
      >
        <div class="level"></div>
      </div>
      <p class="small soft">
        ${this.heard ? "Your microphone works." : "Say something: the bar moves when you are heard."}
      </p>
    `;
  }
}
