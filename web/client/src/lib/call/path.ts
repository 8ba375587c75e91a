/** What to tell the server about the way of sound and picture: up, or down for longer than a short
 * interruption. Only changes. Pure. */
import type { Media } from "./peer.js";

export const CONNECTING_MS = 10_000;
export const BROKEN_MS = 2_000;

export interface Path {
  /** What is told the server over this socket, if anything. */
  readonly told: boolean | null;
  /** Since when nothing travels, although somebody is there; performance.now() ms. */
  readonly brokenSince: number | null;
}

export type Step = readonly [path: Path, tell: boolean | null];

export const UNTOLD: Path = { told: null, brokenSince: null };

/** `media`: how it is with the other page; null: there is none. */
export function look(path: Path, media: Media | null, now: number): Step {
  if (media === null) return [{ ...path, brokenSince: null }, null];
  if (media === "connected") return tell({ ...path, brokenSince: null }, true);
  const brokenSince = path.brokenSince ?? now;
  const grace = media === "connecting" ? CONNECTING_MS : BROKEN_MS;
  const next = { ...path, brokenSince };
  return now - brokenSince > grace ? tell(next, false) : [next, null];
}

function tell(path: Path, up: boolean): Step {
  return path.told === up ? [path, null] : [{ ...path, told: up }, up];
}
