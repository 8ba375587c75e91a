import { Mic, MicOff, Video, VideoOff } from "lucide";
import { html, nothing, type TemplateResult } from "lit";

import type { App } from "../../lib/model.js";
import "./icon.js";

/** The two switches, on the pre-join page and in the call: each says what pressing it does. One that
 * would do nothing (null) is not there. */
export function switches(
  app: App,
  on: { microphone: boolean | null; camera: boolean | null },
): TemplateResult {
  const { microphone, camera } = on;
  return html`
    ${
      microphone === null
        ? nothing
        : html`<button
          class=${microphone ? "" : "off"}
          @click=${() => app.setMicrophone(!microphone)}
        >
          <ith-icon .of=${microphone ? Mic : MicOff}></ith-icon>
          <span class="word">${microphone ? "Mute" : "Unmute"}</span>
        </button>`
    }
    ${
      camera === null
        ? nothing
        : html`<button class=${camera ? "" : "off"} @click=${() => app.setCamera(!camera)}>
          <ith-icon .of=${camera ? Video : VideoOff}></ith-icon>
          <span class="word">${camera ? "Turn camera off" : "Turn camera on"}</span>
        </button>`
    }
  `;
}
