/** What one is writing. Pure. */
import type { Draft, PendingChange, PendingMessage } from "../../lib/model.js";

export const EMPTY: Draft = { text: "", replyTo: null, editing: null };

/** With what was refused: other words for a message; or below what is already written the words of a new
 * one, whatever else is being changed, as the answer that it was. */
export function takenBack(draft: Draft, refused: PendingMessage | PendingChange): Draft {
  if ("change" in refused) {
    const { change } = refused;
    return change.is === "edit" ? { ...draft, editing: { seq: change.seq, text: change.body } } : draft;
  }
  const { body, replyTo } = refused;
  const begun = draft.text.trim() !== "";
  return {
    text: begun ? `${draft.text}\n${body}` : body,
    replyTo: replyTo ?? (begun ? draft.replyTo : null),
    editing: null,
  };
}
