/** What a text may hold, wherever it is kept. Pure. */
import { UNSEEN } from "../protocol/types.js";

const SEEN = new RegExp(`[^${UNSEEN}]`, "u");

/** Whether there is anything to see in it: by the same characters as the server. */
export const isVisible = (text: string): boolean => SEEN.test(text);
