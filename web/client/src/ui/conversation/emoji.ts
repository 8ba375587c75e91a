/** Emoji as this machine can show them. */
import type { Emoji } from "../../protocol/types.js";
import { EMOJI_NAMES } from "../words/chat.js";

const SIDE = 24; // pixels

let drawn: boolean | null = null;

/** Whether there is a font that has them: in one that has, they are coloured. */
function areDrawn(): boolean {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (!pen) return true;
  pen.font = `${SIDE - 8}px sans-serif`;
  pen.fillText("👍", 0, SIDE - 6);
  const { data } = pen.getImageData(0, 0, SIDE, SIDE);
  return data.some((value, i) => i % 4 === 0 && value !== data[i + 2]); // red is not blue
}

/** Whether words stand for them, as they would be empty boxes. */
export const inWords = (): boolean => !(drawn ??= areDrawn());

export const emojiOrWord = (emoji: Emoji): string => (inWords() ? EMOJI_NAMES[emoji] : emoji);
