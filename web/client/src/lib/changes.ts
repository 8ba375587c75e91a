/** What a person does to messages that are there, before the server has it. Pure. */
import type { Emoji, Message, Reaction } from "../protocol/types.js";

export type Change =
  | { readonly is: "edit"; readonly seq: number; readonly body: string }
  | { readonly is: "delete"; readonly seq: number }
  | { readonly is: "react"; readonly seq: number; readonly emoji: Emoji; readonly on: boolean }
  | { readonly is: "pin"; readonly seq: number; readonly on: boolean };

/** A message as it will be once these are on disk. */
export function withChanges(
  message: Message,
  changes: readonly Change[],
  me: string,
  nowUs: number,
): Message {
  return changes.reduce((so, change) => withChange(so, change, me, nowUs), message);
}

function withChange(message: Message, change: Change, me: string, nowUs: number): Message {
  if (change.seq !== message.seq || message.deleted_us != null) return message;
  switch (change.is) {
    case "edit":
      return { ...message, body: change.body, edited_us: nowUs };
    case "delete":
      return { ...message, body: "", deleted_us: nowUs, reactions: [], pinned_us: null, pinned_by: null };
    case "react":
      return { ...message, reactions: reacted(message.reactions ?? [], change.emoji, change.on, me) };
    case "pin":
      return change.on
        ? { ...message, pinned_us: message.pinned_us ?? nowUs, pinned_by: message.pinned_by ?? me }
        : { ...message, pinned_us: null, pinned_by: null };
  }
}

function reacted(
  reactions: readonly Reaction[],
  emoji: Emoji,
  on: boolean,
  me: string,
): Reaction[] {
  const of = (each: Reaction): Reaction => {
    if (each.emoji !== emoji || each.persons.includes(me) === on) return each;
    const persons = on ? [...each.persons, me] : each.persons.filter((person) => person !== me);
    return { ...each, persons };
  };
  const known = reactions.some((each) => each.emoji === emoji);
  const all = known || !on ? reactions.map(of) : [...reactions, { emoji, persons: [me] }];
  return all.filter(({ persons }) => persons.length > 0);
}

/** What undoes nothing: the other has set it so already, or nothing is changed. */
export function changesNothing(message: Message, change: Change, me: string): boolean {
  switch (change.is) {
    case "edit":
      return message.body === change.body;
    case "delete":
      return message.deleted_us != null;
    case "pin":
      return (message.pinned_us != null) === change.on;
    case "react": {
      const persons = message.reactions?.find(({ emoji }) => emoji === change.emoji)?.persons ?? [];
      return persons.includes(me) === change.on;
    }
  }
}
