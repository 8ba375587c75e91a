/** Who is who, and whether they are here. */
import type { Member, MentorshipView, PersonView } from "../../protocol/types.js";
import { named } from "./time.js";

/** The other member, as seen by `me`; a mentorship has two. */
export function otherOf(mentorship: MentorshipView, me: PersonView): Member {
  const other = mentorship.members.find((member) => member.person.id !== me.id);
  if (!other) throw new Error(`mentorship ${mentorship.id} has no second member`);
  return other;
}

/** Who is who in a session, as one of the two reads about it. */
export interface Pair {
  readonly me: PersonView;
  readonly other: PersonView;
  readonly mentor: string;
  readonly mentee: string;
}

export function pairOf(mentorship: MentorshipView, me: PersonView): Pair {
  const other = otherOf(mentorship, me);
  const [mentor, mentee] = other.role === "mentee" ? [me, other.person] : [other.person, me];
  return { me, other: other.person, mentor: mentor.id, mentee: mentee.id };
}

/** `You` at the beginning of a sentence, or the other's name. */
export const nameIn = (pair: Pair, person: string): string =>
  person === pair.me.id ? "You" : named(pair.other.name);

/** `you`, or the other's name. */
export const nameAmid = (pair: Pair, person: string): string =>
  person === pair.me.id ? "you" : named(pair.other.name);

/** `mayWrite`: as far as this page knows. */
export function presenceWords(member: Member, mayWrite = true): string {
  const name = named(member.person.name);
  switch (member.presence) {
    case "in_room":
      return `${name} is in the room`;
    case "here":
      return `${name} has Ithaca open`;
    case "away":
      return mayWrite ? `${name} is not here; you can write` : `${name} is not here`;
  }
}

/** `Your mentor, in the room now`; without the rest where it is not `known`: the server is away, and that
 * was heard before, or one does not reach them any more. */
export function roleWords({ role, presence }: Member, known: boolean): string {
  const where = { in_room: "in the room now", here: "has Ithaca open", away: "not here" }[presence];
  return known ? `Your ${role}, ${where}` : `Your ${role}`;
}

const clusters = new Intl.Segmenter("en", { granularity: "grapheme" });

/** One or two first characters, as a person would count them. */
export function initials(name: string): string {
  const words = name
    .split(/\s+/u)
    .map((word) => word.replace(/^[^\p{L}\p{N}]+/u, ""))
    .filter(Boolean);
  const picked = words.length > 1 ? [words[0], words.at(-1)] : words;
  const first = (word = ""): string => [...clusters.segment(word)][0]?.segment ?? "";
  return picked.map(first).join("").toLocaleUpperCase("en") || "?";
}
