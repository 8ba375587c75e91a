/** What other pages signed about this one and the server may not have yet. Pure.
 *
 * Of each stretch the newest signature. What was handed in is kept until the server is sure to have
 * it on disk; a stretch that went on since is kept and handed in anew.
 */
import type { Contact, RoomContact } from "../../protocol/types.js";
import { isCount, isKey, isSignature } from "./contact.js";

export const ENTRIES_MOST = 64;
/** As many as one frame may hold. */
export const FRAME_MOST = 32;
/** The answer to a beat that was sent this many after it was handed in: by then it is on disk. */
export const SAFE_BEATS = 3;

export interface Entry {
  readonly room: string;
  readonly session: string;
  readonly contact: Contact;
  /** Up to where it was handed in over this socket, and the last beat that was sent before. */
  readonly handed: { readonly toUs: number; readonly beat: number } | null;
}

export type Journal = readonly Entry[];

/** Oldest first; with too many the oldest go. */
export function keep(journal: Journal, room: string, session: string, contact: Contact): Journal {
  const before = journal.find((entry) => isSame(entry, session, contact));
  if (before && before.contact.to_us >= contact.to_us) return journal;
  const entry = { room, session, contact, handed: before?.handed ?? null };
  return [...journal.filter((each) => each !== before), entry].slice(-ENTRIES_MOST);
}

/** What is new for the server in the room that one is in (`room` null: in any), `beat` being the
 * last beat sent. */
export function handIn(
  journal: Journal,
  room: string | null,
  beat: number,
): readonly [journal: Journal, frames: readonly RoomContact[]] {
  const isDue = (entry: Entry): boolean =>
    (room === null || entry.room === room) && (entry.handed?.toUs ?? -1) < entry.contact.to_us;
  const due = journal.filter(isDue);
  const frames: RoomContact[] = [];
  for (const { room, session, contact } of due) {
    const last = frames.findLast((frame) => frame.session === session);
    if (last && last.contacts.length < FRAME_MOST) last.contacts.push(contact);
    else frames.push({ t: "room.contact", room, session, contacts: [contact] });
  }
  const handed = journal.map((entry) =>
    isDue(entry) ? { ...entry, handed: { toUs: entry.contact.to_us, beat } } : entry,
  );
  return [due.length > 0 ? handed : journal, frames];
}

/** The server has answered a beat. */
export function acknowledged(journal: Journal, beat: number): Journal {
  const left = journal.filter(
    ({ handed, contact }) =>
      !handed || handed.toUs < contact.to_us || beat < handed.beat + SAFE_BEATS,
  );
  return left.length < journal.length ? left : journal;
}

/** It was refused, or the socket is gone: all goes again. */
export function notTaken(journal: Journal): Journal {
  return journal.map((entry) => ({ ...entry, handed: null }));
}

function isSame({ session, contact }: Entry, another: string, other: Contact): boolean {
  return (
    session === another &&
    contact.signer_key === other.signer_key &&
    contact.about_key === other.about_key &&
    contact.from_us === other.from_us
  );
}

// ---- in the tab's storage ----------------------------------------------------------------------

/** By session. */
export function written(journal: Journal): string {
  const sessions: Record<string, { room: string; contacts: Contact[] }> = {};
  for (const { room, session, contact } of journal) {
    (sessions[session] ??= { room, contacts: [] }).contacts.push(contact);
  }
  return JSON.stringify(sessions);
}

/** Whatever is not whole is left out: the server would refuse all that came with it. */
export function read(text: string | null): Journal {
  let sessions: unknown;
  try {
    sessions = JSON.parse(text ?? "{}");
  } catch {
    return [];
  }
  if (typeof sessions !== "object" || sessions === null) return [];
  return Object.entries(sessions as Record<string, unknown>)
    .flatMap(([session, value]) => {
      const { room, contacts } = (value ?? {}) as { room?: unknown; contacts?: unknown };
      if (typeof room !== "string" || !Array.isArray(contacts)) return [];
      const whole = (contacts as unknown[]).map(contactOf).filter((each) => each !== null);
      return whole.map((contact) => ({ room, session, contact, handed: null }));
    })
    .slice(-ENTRIES_MOST);
}

function contactOf(value: unknown): Contact | null {
  const contact = (value ?? {}) as Partial<Contact>;
  const { about_key, signer_key, from_us, to_us, beats, signature } = contact;
  if (!isKey(about_key) || !isKey(signer_key) || !isSignature(signature)) return null;
  if (!isCount(from_us) || !isCount(to_us) || !isCount(beats)) return null;
  return { about_key, signer_key, from_us, to_us, beats, signature };
}
