/** What is said about messages: how far they got, who reacted, what was announced. Pure. */
import type { PendingChange } from "../../lib/model.js";
import type { Emoji, Mark, Member, Message, PersonView, Reaction } from "../../protocol/types.js";
import { plain } from "../conversation/markdown.js";
import { nameIn, presenceWords, type Pair } from "./people.js";
import { refusalWords } from "./safety.js";
import { dayKey, named, shortWhen, timeIn } from "./time.js";

const MIN_US = 60_000_000;
const SNIPPET = 90; // characters

export const EMOJI_NAMES: Readonly<Record<Emoji, string>> = {
  "👍": "thumbs up",
  "❤️": "heart",
  "😂": "laughing",
  "🎉": "party",
  "🙏": "thank you",
  "💡": "idea",
  "👏": "applause",
  "🔥": "fire",
  "😮": "surprised",
  "😢": "sad",
  "🤔": "thinking",
  "✅": "done",
};

export type Reach = "Sent" | "Delivered" | "Read";

/** How far a message of one's own has got with the other. */
export function reachOf(seq: number, mark: Mark): Reach {
  if (mark.read >= seq) return "Read";
  return mark.delivered >= seq ? "Delivered" : "Sent";
}

/** Which of one's own messages say how far they got: the last one, and the last that was read. */
export function reaches(
  messages: readonly Message[],
  me: string,
  mark: Mark,
): ReadonlyMap<number, Reach> {
  const found = new Map<number, Reach>();
  for (let i = messages.length - 1; i >= 0; i -= 1) {
    const { seq, person, deleted_us } = messages[i]!;
    if (person !== me || deleted_us != null) continue;
    const reach = reachOf(seq, mark);
    if (found.size === 0 || reach === "Read") found.set(seq, reach);
    if (reach === "Read") break;
  }
  return found;
}

/** `thumbs up: you`, `party 2: Ana and you` */
export function reactionWords({ emoji, persons }: Reaction, pair: Pair): string {
  const names = persons.map((person) => nameIn(pair, person).replace(/^You$/, "you")).join(" and ");
  const count = persons.length > 1 ? ` ${persons.length}` : "";
  return `${EMOJI_NAMES[emoji]}${count}: ${names}`;
}

export const typingWords = (name: string): string => `${named(name)} is writing`;

/** One line of a message, for where it is only referred to. */
export function snippet(body: string): string {
  const words = [...plain(body)];
  return words.length > SNIPPET ? `${words.slice(0, SNIPPET - 1).join("").trimEnd()}…` : words.join("");
}

export const goneWords = (person: string, pair: Pair): string =>
  `${nameIn(pair, person)} deleted this message`;

/** What a message that is referred to says. */
export const quoteWords = (message: Message | undefined): string =>
  !message ? "An earlier message" : message.deleted_us != null ? "A deleted message" : snippet(message.body);

/** When somebody who is away was last here, as far as it is told. */
export function seenWords(member: Member, zone: string, nowUs: number): string {
  const seen = member.seen_us;
  if (member.presence !== "away" || seen == null) return "";
  const name = named(member.person.name);
  const minutes = Math.floor((nowUs - seen) / MIN_US);
  if (minutes < 2) return `${name} was here just now`;
  if (minutes < 60) return `${name} was here ${minutes} min ago`;
  if (dayKey(zone, seen) === dayKey(zone, nowUs)) return `${name} was last here at ${timeIn(zone, seen)}`;
  const when = shortWhen(zone, seen, nowUs);
  return `${name} was last here ${when === "Yesterday" ? "yesterday" : `on ${when}`}`;
}

/** Whether the other is here, or when they were. */
export const hereWords = (member: Member, zone: string, nowUs: number, mayWrite = true): string =>
  seenWords(member, zone, nowUs) || presenceWords(member, mayWrite);

/** New messages in one breath, for who cannot see them. */
export function announced(messages: readonly Message[], name: string): string {
  const last = messages.at(-1);
  if (!last) return "";
  const said = snippet(last.body);
  if (messages.length === 1) return `${named(name)}: ${said}`;
  return `${messages.length} new messages from ${named(name)}. The last: ${said}`;
}

/** What of a message has not got to the server yet. */
export function waitingWords({ change }: PendingChange): string {
  switch (change.is) {
    case "edit":
      return "Waiting to be changed";
    case "delete":
      return "Waiting to be deleted";
    case "react":
      return change.on ? "Your reaction is waiting to be sent" : "Your reaction is waiting to be taken back";
    case "pin":
      return change.on ? "Waiting to be pinned" : "The pin is waiting to be taken off";
  }
}

const WHAT: Readonly<Record<PendingChange["change"]["is"], string>> = {
  edit: "Not changed.",
  delete: "Not deleted.",
  react: "Your reaction was not taken.",
  pin: "Not pinned.",
};

/** `open`: it may be tried again. */
export function refusedWords({ change, refused }: PendingChange, other: PersonView, open: boolean): string {
  const what = change.is === "pin" && !change.on ? "Still pinned." : WHAT[change.is];
  return refused ? `${what} ${refusalWords(refused, other, open)}` : what;
}

/** To who would lose the words of the change that is open. */
export const CHANGE_FIRST = "Save this change first, or leave it: its words would be lost.";

/** Of a message that was not sent, and is taken back while another is being changed. */
export const SENT_NEXT = "The message that was not sent comes here once you have saved or left this change.";

/** Where messages that stood here may be gone: what happened, what it means, and what to do. */
export const RESTORED = {
  what: "The server was put back to an earlier copy of its data: what was said here since that copy is gone.",
  advice:
    "If something that you remember is missing, write it again. What had not been sent yet still goes out.",
};

export const hits = (at: number, of: number, more: boolean): string =>
  of === 0 ? "Nothing found" : `${at} of ${of}${more ? " or more" : ""}`;
