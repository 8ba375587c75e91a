/** What a view of a session says beside its sums. Pure. */
import type { SessionView } from "../protocol/types.js";

/** Which of two views of one session is the newer: by what is on record, not by the clock: an ended
 * session is as of its last departure, which is before the time of a view that was read while it
 * ran. */
export function isNewer(view: SessionView, than: SessionView): boolean {
  if (view.version !== than.version) return view.version > than.version;
  return view.as_of_us > than.as_of_us;
}

/** Who is in the room, as far as the server has said. */
export function inRoom(session: SessionView): readonly string[] {
  return session.people.filter((time) => time.since_us != null).map((time) => time.person);
}
