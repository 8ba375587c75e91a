/** Views of one session. Pure. */
import type { SessionAccount, SessionView } from "../protocol/types.js";

/** Which is the newer: by what is on record, not by the clock: an ended session is as of its last
 * departure, which is before the time of a view that was read while it ran. */
export function isNewer(view: SessionView, than: SessionView): boolean {
  if (view.version !== than.version) return view.version > than.version;
  return view.as_of_us > than.as_of_us;
}

/** Who is in the room, as far as the server has said. */
export function inRoom(session: SessionView): readonly string[] {
  return session.people.filter((time) => time.since_us != null).map((time) => time.person);
}

/** The part of an account that is a view of its session. */
export function viewOf(account: SessionAccount): SessionView {
  const {
    together_most_us,
    contact_us,
    unknown_us,
    impaired_us,
    stretches,
    counted,
    bridged,
    lanes,
    proofs,
    terms_version,
    terms,
    booked,
    extended_us,
    bill,
    concession_most_us,
    notes,
    ...view
  } = account;
  return view;
}
