/** In which order those whom one meets stand. Pure. */
import type { MentorshipView, PersonView } from "../protocol/types.js";
import { otherOf } from "./words/people.js";
import { reaches } from "./words/safety.js";

/** Who is in the room now stands first, whom one does not reach any more last; the others as they came.
 * `held`: who stands where, while somebody points at one of them; who is new stands below. */
export function metFirst(
  mentorships: readonly MentorshipView[],
  me: PersonView,
  held: readonly string[] = [],
): MentorshipView[] {
  const place = (each: MentorshipView): number =>
    !reaches(each) ? 2 : otherOf(each, me).presence === "in_room" ? 0 : 1;
  const before = ({ id }: MentorshipView): number => (held.includes(id) ? held.indexOf(id) : held.length);
  return [...mentorships].sort((a, b) => before(a) - before(b) || place(a) - place(b));
}
