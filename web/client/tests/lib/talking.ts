/** One conversation as the server keeps it: every stored change takes the next revision. */
import type {
  ChatTouched,
  ClientFrame,
  Emoji,
  Mark,
  MentorshipView,
  Message,
  Reaction,
} from "../../src/protocol/types.js";
import { mentorship } from "./things.js";

type Change = Extract<ClientFrame, { t: "chat.edit" | "chat.delete" | "chat.react" | "chat.pin" }>;

export class Talking {
  readonly log: Message[] = [];
  revision = 0;
  private readonly marks = new Map<string, Mark>();
  private readonly done = new Set<string>();

  get head(): number {
    return this.log.length;
  }

  store(person: string, id: string, body: string, at_us: number, reply_to?: number | null): Message {
    const held = this.log.find((each) => each.person === person && each.id === id);
    if (held) return held;
    this.revision += 1;
    const message: Message = {
      ...{ seq: this.head + 1, id, person, body, at_us, revision: this.revision },
      ...(reply_to != null && { reply_to }),
    };
    this.log.push(message);
    return message;
  }

  /** The message as it is then, or the code of a refusal. */
  change(person: string, change: Change, at_us: number): Message | string {
    const message = this.log[change.seq - 1];
    if (!message) return "not_found";
    if ((change.t === "chat.edit" || change.t === "chat.delete") && message.person !== person) return "not_yours";
    if (this.done.has(change.id)) return message;
    if (message.deleted_us != null) return change.t === "chat.delete" ? message : "message_gone";
    const next = this.changed(message, person, change, at_us);
    this.done.add(change.id);
    if (next === message) return message;
    this.revision += 1;
    return (this.log[change.seq - 1] = { ...next, revision: this.revision });
  }

  private changed(message: Message, person: string, change: Change, at_us: number): Message {
    switch (change.t) {
      case "chat.edit":
        return change.body === message.body ? message : { ...message, body: change.body, edited_us: at_us };
      case "chat.delete": {
        const { reactions, pinned_us, pinned_by, ...rest } = message;
        return { ...rest, body: "", deleted_us: at_us };
      }
      case "chat.react": {
        const reactions = reacted(message.reactions ?? [], change.emoji, change.on, person);
        return reactions ? { ...message, reactions } : message;
      }
      case "chat.pin": {
        if ((message.pinned_us != null) === change.on) return message;
        const { pinned_us, pinned_by, ...rest } = message;
        return change.on ? { ...rest, pinned_us: at_us, pinned_by: person } : rest;
      }
    }
  }

  mark(person: string, seq: number, read: boolean): Mark {
    const before = this.marks.get(person) ?? { person, delivered: 0, read: 0 };
    const to = Math.min(seq, this.head);
    const mark = {
      person,
      delivered: Math.max(before.delivered, to),
      read: read ? Math.max(before.read, to) : before.read,
    };
    this.marks.set(person, mark);
    return mark;
  }

  /** What was touched after a revision, among the first messages. */
  touched(after: number, upTo: number): ChatTouched | null {
    const messages = this.log
      .filter(({ revision, seq }) => revision > after && seq <= upTo)
      .sort((a, b) => a.revision - b.revision);
    const { revision } = this;
    return messages.length ? { t: "chat.touched", conversation: "cnv_1", revision, messages } : null;
  }

  page(messages: readonly Message[]) {
    return { conversation: "cnv_1", head: this.head, revision: this.revision, messages: [...messages] };
  }

  view(person: string): MentorshipView {
    const read = this.marks.get(person)?.read ?? 0;
    const live = this.log.filter(({ deleted_us }) => deleted_us == null);
    const pinned = this.log.filter(({ pinned_us }) => pinned_us != null);
    return mentorship({
      head: this.head,
      revision: this.revision,
      read,
      unread: live.filter((each) => each.person !== person && each.seq > read).length,
      last: live.at(-1) ?? null,
      marks: [...this.marks.values()],
      pinned: pinned.sort((a, b) => b.pinned_us! - a.pinned_us! || b.seq - a.seq).map(({ seq }) => seq),
    });
  }
}

/** null: as it was. */
function reacted(reactions: readonly Reaction[], emoji: Emoji, on: boolean, person: string): Reaction[] | null {
  const held = reactions.find((each) => each.emoji === emoji);
  if ((held?.persons.includes(person) ?? false) === on) return null;
  const others = reactions.filter((each) => each !== held);
  const persons = on ? [...(held?.persons ?? []), person] : held!.persons.filter((each) => each !== person);
  if (!held) return [...reactions, { emoji, persons }];
  return persons.length ? reactions.map((each) => (each === held ? { emoji, persons } : each)) : others;
}
