/** Messages and changes of messages on their way, in the order they were written, until the server has
 * them. Pure.
 *
 * One at a time per conversation: the next goes out when the one before is on disk, so a refusal
 * that passes never reorders what was written. Sending twice is safe: the server knows each by its
 * id. A message that the server will never take stays, with the reason, until it is discarded.
 */
import { BODY_MAX_BYTES } from "../protocol/types.js";
import type { Change } from "./changes.js";
import { retryDelay } from "./connection.js";
import { isVisible } from "./text.js";
import { actOf } from "./trouble.js";

/** `order` grows with each one written; `refused` is the code of a final refusal. A `change` is of a message
 * that is there; without one it is a new message, perhaps an answer (`replyTo`). */
export interface Item {
  readonly id: string;
  readonly conversation: string;
  readonly body: string;
  readonly writtenUs: number;
  readonly order: number;
  readonly refused: string | null;
  readonly replyTo?: number;
  readonly change?: Change;
}

export interface Box {
  readonly items: readonly Item[];
  /** By conversation, the message that was sent and not answered. */
  readonly flying: Readonly<Record<string, string>>;
  /** On disk at the server, but not in the log here yet: still shown, not sent again. */
  readonly stored: readonly string[];
  readonly failures: number;
  /** Nothing is sent before this (performance.now() ms). */
  readonly notBefore: number;
}

export const EMPTY: Box = { items: [], flying: {}, stored: [], failures: 0, notBefore: 0 };

/** Why a body cannot be sent, or null. */
export function refusal(body: string): "message_empty" | "message_too_long" | null {
  if (new TextEncoder().encode(body).length > BODY_MAX_BYTES) return "message_too_long";
  return isVisible(body) ? null : "message_empty";
}

/** With these items too, each once, in the order they were written. */
export function add(box: Box, items: readonly Item[]): Box {
  const held = new Set(box.items.map(({ id }) => id));
  const fresh = items.filter(({ id }) => !held.has(id));
  const all = [...box.items, ...fresh].sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
  return { ...box, items: all };
}

export function nextOrder(box: Box): number {
  return 1 + Math.max(0, ...box.items.map(({ order }) => order));
}

/** What to send now: in each conversation the oldest that may go. */
export function due(box: Box, now: number): readonly [box: Box, send: readonly Item[]] {
  if (now < box.notBefore) return [box, []];
  const send: Item[] = [];
  const flying = { ...box.flying };
  for (const item of box.items) {
    if (item.refused || flying[item.conversation] || box.stored.includes(item.id)) continue;
    flying[item.conversation] = item.id;
    send.push(item);
  }
  return send.length > 0 ? [{ ...box, flying }, send] : [box, send];
}

/** The server has it on disk. */
export function stored(box: Box, id: string): Box {
  const known = box.items.some((item) => item.id === id);
  const landed = { ...land(box, id), failures: 0 };
  return known ? { ...landed, stored: [...box.stored, id] } : landed;
}

/** The log has it, or the person gave it up. */
export function removed(box: Box, ids: readonly string[]): Box {
  if (!box.items.some(({ id }) => ids.includes(id))) return box;
  const items = box.items.filter(({ id }) => !ids.includes(id));
  const waiting = box.stored.filter((id) => !ids.includes(id));
  return { ...ids.reduce(land, box), items, stored: waiting };
}

/** The server refused it: for good, or it goes again after a while (`random` in [0, 1)). */
export function refuse(
  box: Box,
  id: string,
  code: string,
  retryAfterMs: number,
  now: number,
  random: number,
): Box {
  const landed = land(box, id);
  const act = actOf(code);
  if (act === "fix" || act === "stop") {
    const items = box.items.map((item) => (item.id === id ? { ...item, refused: code } : item));
    return { ...landed, items };
  }
  const failures = box.failures + 1;
  const notBefore = now + Math.max(retryAfterMs, retryDelay(failures, random));
  return { ...landed, failures, notBefore };
}

/** What was refused goes once more, where it stands among the others. */
export function again(box: Box, id: string): Box {
  const items = box.items.map((item) => (item.id === id ? { ...item, refused: null } : item));
  return { ...box, items };
}

/** The socket is gone: what flew may never have arrived. */
export function disconnected(box: Box): Box {
  return { ...box, flying: {}, notBefore: 0 };
}

function land(box: Box, id: string): Box {
  const flying = Object.fromEntries(Object.entries(box.flying).filter(([, other]) => other !== id));
  return { ...box, flying };
}
