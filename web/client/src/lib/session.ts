/** Which of two views of one session is the newer. Pure. */
import type { SessionView } from "../protocol/types.js";

/** By what is on record, not by the clock: an ended session is as of its last departure, which is
 * before the time of a view that was read while it ran. */
export function isNewer(view: SessionView, than: SessionView): boolean {
  if (view.version !== than.version) return view.version > than.version;
  return view.as_of_us > than.as_of_us;
}
