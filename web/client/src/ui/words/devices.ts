/** What to say about microphone and camera. */
import type { DeviceProblem, DeviceState, MediaState } from "../../lib/model.js";

export interface DeviceWords {
  readonly what: string;
  readonly advice: string;
  readonly retry: boolean; // whether trying again can help
}

type Kind = "microphone" | "camera" | "both";

const NAMES: Record<Kind, string> = {
  microphone: "microphone",
  camera: "camera",
  both: "camera and microphone",
};

function problemWords(kind: Kind, problem: DeviceProblem): DeviceWords {
  const name = NAMES[kind];
  const it = kind === "both" ? "them" : "it";
  switch (problem) {
    case "denied":
      return {
        what: `Your browser does not let Ithaca use the ${name}.`,
        advice: `Press the sign beside the address, allow the ${name}, then try again.`,
        retry: true,
      };
    case "missing":
      return {
        what: `No ${kind === "both" ? "camera and no microphone" : name} was found.`,
        advice: `Connect ${kind === "both" ? "one" : "one"}, then try again.`,
        retry: true,
      };
    case "busy":
      return {
        what: `The ${name} would not start: another program may be using ${it}.`,
        advice: "Close that program or the other tab, then try again.",
        retry: true,
      };
    case "insecure":
      return {
        what: "This page did not come over https, so the browser offers no camera or microphone.",
        advice: "Ask for a link that begins with https; until then you can watch and write.",
        retry: false,
      };
    case "unplugged":
      return {
        what: `The ${name} was unplugged.`,
        advice: "Connect it again, or choose another one under Devices.",
        retry: true,
      };
    case "failed":
      return {
        what: `The ${name} did not start.`,
        advice: "Try again; if it stays so, start the browser anew.",
        retry: true,
      };
  }
}

/** The same in two or three words, where a picture would be. */
export function lackWords(kind: "microphone" | "camera", problem: DeviceProblem): string {
  const name = NAMES[kind];
  switch (problem) {
    case "denied":
      return `${name[0]?.toUpperCase()}${name.slice(1)} not allowed`;
    case "busy":
    case "failed":
      return `${name[0]?.toUpperCase()}${name.slice(1)} did not start`;
    case "missing":
    case "insecure":
    case "unplugged":
      return `No ${name}`;
  }
}

/** The problems worth a sentence: one for both devices where they share the cause. */
export function deviceTroubles(media: MediaState): {
  readonly camera: DeviceWords | null;
  readonly microphone: DeviceWords | null;
} {
  const camera = problemOf(media.camera);
  const microphone = problemOf(media.microphone);
  if (camera && camera === microphone) {
    return { camera: problemWords("both", camera), microphone: null };
  }
  return {
    camera: camera && problemWords("camera", camera),
    microphone: microphone && problemWords("microphone", microphone),
  };
}

/** What keeps a device that is wanted from running. */
export const problemOf = (device: DeviceState): DeviceProblem | null =>
  device.wanted && !device.live ? device.problem : null;

/** With what one joins, where it is less than sound and picture; said in any case of a call that is
 * moved here from `elsewhere`. */
export function joinWords(media: MediaState, elsewhere = false): string {
  const words = withWhat(media);
  if (!elsewhere) return words;
  const all = words || "You join with sound and picture.";
  return `You are in this call elsewhere; joining moves it here. ${all}`;
}

function withWhat({ microphone, camera }: MediaState): string {
  if (microphone.asking || camera.asking) {
    return "Your browser may be asking whether you allow the camera and the microphone.";
  }
  const sound = microphone.wanted && microphone.live;
  const picture = camera.wanted && camera.live;
  if (sound) return picture ? "" : "You join with sound only.";
  if (!microphone.wanted) {
    if (picture) return "You join with your microphone off.";
    return camera.wanted
      ? "You join to watch and write, with your microphone off."
      : "You join with both turned off.";
  }
  if (picture) return "You join with picture only; you are seen and not heard.";
  return "You join to watch and write.";
}
