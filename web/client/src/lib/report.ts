/** What goes along with a report. Pure. */
import type { MentorshipView, Message, NewReport } from "../protocol/types.js";

export const COPIES = 20; // of what was said last

/** Chosen as the form opens: what comes to pass meanwhile, also by the report itself, makes no other report
 * of one that is sent again. */
export interface Begun {
  readonly seqs: readonly number[];
  readonly mayBlock: boolean;
  readonly mayLeave: boolean;
}

export const begin = (view: MentorshipView, said: readonly Message[]): Begun => ({
  seqs: said.slice(-COPIES).map(({ seq }) => seq),
  mayBlock: !view.blocked_by_me,
  mayLeave: view.closed_us == null,
});

export const reportOf = ({ seqs }: Begun, fields: FormData): NewReport => ({
  reason: fields.get("reason") as NewReport["reason"],
  words: String(fields.get("words") ?? "").trim(),
  seqs: fields.has("copies") ? [...seqs] : [],
  also: (["block", "leave"] as const).filter((each) => fields.has(each)) as NonNullable<NewReport["also"]>,
});
