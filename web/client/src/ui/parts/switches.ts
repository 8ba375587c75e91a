import { Mic, MicOff, Video, VideoOff } from "lucide";
import { html, type TemplateResult } from "lit";

import type { App } from "../../lib/model.js";
import "./icon.js";

/** The two switches, on the pre-join page and in the call: each says what pressing it does. */
export function switches(app: App, on: { microphone: boolean; camera: boolean }): TemplateResult {
  return html`
    <button class=${on.microphone ? "" : "off"} @click=${() => app.setMicrophone(!on.microphone)}>
      <ith-icon .of=${on.microphone ? Mic : MicOff}></ith-icon>
      <span class="word">${on.microphone ? "Mute" : "Unmute"}</span>
    </button>
    <button class=${on.camera ? "" : "off"} @click=${() => app.setCamera(!on.camera)}>
      <ith-icon .of=${on.camera ? Video : VideoOff}></ith-icon>
      <span class="word">${on.camera ? "Turn camera off" : "Turn camera on"}</span>
    </button>
  `;
}
