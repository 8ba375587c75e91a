/** What of a conversation is drawn: computed again only when something that it is made of has changed. */
import { withChanges } from "../../lib/changes.js";
import { markOf } from "../../lib/conversations.js";
import type { App, AppState, Conversation, PendingChange } from "../../lib/model.js";
import type { MentorshipView, Message } from "../../protocol/types.js";
import { arrangedMarks } from "../words/arranged.js";
import { reaches, type Reach } from "../words/chat.js";
import { marksOf, type Mark } from "../words/marks.js";
import { pairOf, type Pair } from "../words/people.js";
import { dayKey } from "../words/time.js";
import { rowsOf, type Row } from "./rows.js";

const NOTHING: readonly never[] = [];

export const viewIn = (state: AppState, mentorship: string): MentorshipView | undefined =>
  state.mentorships.find((each) => each.id === mentorship);

/** The stretch that is looked at. */
export const lookedAt = (log: Conversation | undefined): readonly Message[] =>
  log?.aside ?? log?.messages ?? NOTHING;

/** What of a message waits for the server, or was refused. */
export function changesOf(log: Conversation | undefined, message: Message): readonly PendingChange[] {
  const changes = log?.changes ?? NOTHING;
  return changes.length ? changes.filter(({ change }) => change.seq === message.seq) : NOTHING;
}

export const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

export class Drawing {
  private marked: { by: readonly unknown[]; marks: readonly Mark[] } = { by: [], marks: NOTHING };
  private laid: { by: readonly unknown[]; rows: readonly Row[] } = { by: [], rows: NOTHING };
  private reached: { by: readonly unknown[]; reach: ReadonlyMap<number, Reach> } = { by: [], reach: new Map() };

  constructor(private readonly app: () => App) {}

  /** What is told of sessions and arrangements, by time. */
  marks(view: MentorshipView | undefined): readonly Mark[] {
    const { me, sessions, arranged } = this.app().state;
    if (!view || !me) return NOTHING;
    const nowUs = this.app().nowUs();
    const by = [view.members, view.id, me, sessions[view.id], arranged[view.id], dayKey(me.zone, nowUs)];
    if (!same(by, this.marked.by)) {
      const pair = pairOf(view, me);
      const marks = [
        ...marksOf(sessions[view.id] ?? [], pair, nowUs),
        ...arrangedMarks(arranged[view.id], pair, nowUs),
      ].sort((a, b) => a.at_us - b.at_us);
      this.marked = { by, marks };
    }
    return this.marked.marks;
  }

  rows(
    view: MentorshipView | undefined,
    log: Conversation | undefined,
    newAfter: number | null,
  ): readonly Row[] {
    const { me } = this.app().state;
    if (!me || !view) return NOTHING;
    const nowUs = this.app().nowUs();
    const drawn = {
      ...{ messages: lookedAt(log), pending: log?.pending ?? NOTHING, marks: this.marks(view) },
      ...{ me: me.id, zone: me.zone, newAfter, toEnd: log?.aside == null },
    };
    const by = [...Object.values(drawn), dayKey(me.zone, nowUs)];
    if (!same(by, this.laid.by)) this.laid = { by, rows: rowsOf({ ...drawn, nowUs }) };
    return this.laid.rows;
  }

  /** A message as it will be once what waits is done. */
  soon(log: Conversation | undefined, message: Message): Message {
    const { me } = this.app().state;
    const changes = changesOf(log, message).filter(({ refused }) => !refused);
    if (!changes.length || !me) return message;
    return withChanges(message, changes.map(({ change }) => change), me.id, this.app().nowUs());
  }

  /** Who has a newer one on its way sees of that alone how far it is. */
  reaches(view: MentorshipView, log: Conversation | undefined, pair: Pair): ReadonlyMap<number, Reach> {
    const waits = (log?.pending.length ?? 0) > 0;
    const by = [lookedAt(log), view.marks, pair.me.id, waits];
    if (!same(by, this.reached.by)) {
      const all = reaches(lookedAt(log), pair.me.id, markOf(view, pair.other.id));
      const reach = waits ? new Map([...all].filter(([, each]) => each === "Read")) : all;
      this.reached = { by, reach };
    }
    return this.reached.reach;
  }
}
