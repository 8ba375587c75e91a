import { ChevronDown, Settings2 } from "lucide";
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { AppState } from "../../lib/model.js";
import { base, controls } from "../base.js";
import { AppElement } from "../element.js";
import "./icon.js";

const KINDS = ["camera", "microphone", "speakers"] as const;
const LABELS = { camera: "Camera", microphone: "Microphone", speakers: "Speakers" } as const;

/** Which camera, microphone and speakers: folded into one line, or (`unfolded`) the fields alone. */
@customElement("ith-devices")
export class Devices extends AppElement {
  static override styles = [
    base,
    controls,
    css`
      summary {
        display: flex;
        align-items: center;
        gap: 8px;
        min-height: 44px;
        color: var(--ink-soft);
        font-size: var(--small);
        cursor: pointer;
        list-style: none;
      }
      summary::-webkit-details-marker {
        display: none;
      }
      summary span {
        flex: 1;
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      details[open] .turn {
        transform: rotate(180deg);
      }
      .fields {
        display: grid;
        gap: 12px;
        padding-block: 4px 8px;
      }
    `,
  ];
  @property({ type: Boolean }) unfolded = false;

  protected override watch({ media }: AppState): readonly unknown[] {
    return [media.camera, media.microphone, media.speakers];
  }

  override render(): unknown {
    const kinds = KINDS.filter((kind) => this.state.media[kind].choices.length > 0);
    if (!kinds.length) {
      return this.unfolded
        ? html`<p>The browser shows no devices. Allow the camera and the microphone first.</p>`
        : nothing;
    }
    const fields = html`<div class="fields">${kinds.map((kind) => this.picker(kind))}</div>`;
    if (this.unfolded) return fields;
    const chosen = kinds.map((kind) => this.label(kind)).filter(Boolean);
    return html`
      <details>
        <summary>
          <ith-icon .of=${Settings2}></ith-icon>
          <span>Devices: ${chosen.join(", ")}</span>
          <ith-icon class="turn" .of=${ChevronDown}></ith-icon>
        </summary>
        ${fields}
      </details>
    `;
  }

  private label(kind: (typeof KINDS)[number]): string {
    const { chosen, choices } = this.state.media[kind];
    return (choices.find((choice) => choice.id === chosen) ?? choices[0])?.label ?? "";
  }

  private picker(kind: (typeof KINDS)[number]): unknown {
    const { chosen, choices } = this.state.media[kind];
    return html`
      <div class="field">
        <label for=${kind}>${LABELS[kind]}</label>
        <select
          id=${kind}
          @change=${(event: Event) =>
            void this.app.chooseDevice(kind, (event.target as HTMLSelectElement).value)}
        >
          ${choices.map(
            ({ id, label }) =>
              html`<option value=${id} ?selected=${id === chosen}>${label}</option>`,
          )}
        </select>
      </div>
    `;
  }
}
