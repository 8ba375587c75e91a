import { Mic, MicOff, Video, VideoOff, type IconNode } from "lucide";
import { html, nothing, type TemplateResult } from "lit";

import type { App } from "../../lib/model.js";
import "./icon.js";

/** On, off, or why it can be neither; null: it is not there, since the reason stands beside it. */
export type Switch = boolean | string | null;

/** The two switches, on the pre-join page and in the call: each says what pressing it does. One that
 * would do nothing says why, and `explain` what to do. */
export function switches(
  app: App,
  on: { microphone: Switch; camera: Switch },
  explain?: () => void,
): TemplateResult {
  const { microphone, camera } = on;
  return html`
    ${one(microphone, Mic, MicOff, ["Mute", "Unmute"], (to) => void app.setMicrophone(to), explain)}
    ${one(
      camera,
      Video,
      VideoOff,
      ["Turn camera off", "Turn camera on"],
      (to) => void app.setCamera(to),
      explain,
    )}
  `;
}

function one(
  on: Switch,
  is: IconNode,
  isNot: IconNode,
  [off, back]: readonly [string, string],
  turn: (on: boolean) => void,
  explain: (() => void) | undefined,
): unknown {
  if (on === null) return nothing;
  const lacks = typeof on === "string";
  return html`<button
    class=${on === true ? "" : lacks ? "lacks" : "off"}
    aria-haspopup=${lacks ? "dialog" : nothing}
    @click=${lacks ? explain : () => turn(!on)}
  >
    <ith-icon .of=${on === true ? is : isNot}></ith-icon>
    <span class="word">${lacks ? on : on ? off : back}</span>
  </button>`;
}
