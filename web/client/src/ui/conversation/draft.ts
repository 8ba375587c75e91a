/** What one is writing. Pure. */
import type { Draft, PendingChange, PendingMessage } from "../../lib/model.js";
import { isVisible } from "../../lib/text.js";
import type { Message } from "../../protocol/types.js";

export const EMPTY: Draft = { text: "", replyTo: null, editing: null };

type At = (seq: number) => Message | undefined;

/** Whether other words for a message are begun: to change another now would be to lose them. */
export const isChanging = ({ editing }: Draft, at: At): boolean =>
  editing !== null && isVisible(editing.text) && editing.text !== at(editing.seq)?.body;

/** With what was refused: other words for a message, or null while those for another are begun; or below
 * what is already written the words of a new one, as the answer that it was, whatever is being changed. */
export function takenBack(draft: Draft, refused: PendingMessage | PendingChange, at: At): Draft | null {
  if ("change" in refused) {
    const { change } = refused;
    if (change.is !== "edit") return draft;
    return isChanging(draft, at) ? null : { ...draft, editing: { seq: change.seq, text: change.body } };
  }
  const { body, replyTo } = refused;
  const begun = draft.text.trim() !== "";
  return {
    text: begun ? `${draft.text}\n${body}` : body,
    replyTo: replyTo ?? (begun ? draft.replyTo : null),
    editing: isChanging(draft, at) ? draft.editing : null,
  };
}
