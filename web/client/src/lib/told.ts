/** The newest view of each message that was told, in blocks of seqs: to take one in copies one block, however
 * many were told. Pure.
 *
 * The log cannot stand in for it: it also holds what was looked at and never counted. */
import type { Message } from "../protocol/types.js";

export type Told = ReadonlyMap<number, Block>;
type Block = readonly (Message | undefined)[];

export const NONE_TOLD: Told = new Map();
const BLOCK = 128;

const blockOf = (seq: number): number => Math.floor(seq / BLOCK);

export const toldAt = (told: Told, seq: number): Message | undefined => told.get(blockOf(seq))?.[seq % BLOCK];

export function withTold(told: Told, messages: Iterable<Message>): Told {
  const fresh = new Map<number, (Message | undefined)[]>();
  for (const message of messages) {
    const at = blockOf(message.seq);
    let block = fresh.get(at);
    if (!block) fresh.set(at, (block = told.get(at)?.slice() ?? []));
    block[message.seq % BLOCK] = message;
  }
  return fresh.size > 0 ? new Map([...told, ...fresh]) : told;
}
