/** From how loud the own microphone is to the half-seconds in which one spoke. Pure.
 *
 * Speech stands out from what is always there (a fan, a street), comes and goes within seconds, and
 * lasts longer than a click. So a level counts against the quietest of the last three seconds, the
 * way in is higher than the way out, and a short pause belongs to what was said around it.
 */
import { SLOT_US, VOICE_SLOTS_MAX } from "../../protocol/types.js";

/** A level comes for each tenth of a second. */
export const LEVEL_US = 100_000;
const FLOOR_OF = 30; // levels
const FLOOR_LEAST_DB = -70;
const ON_DB = 10; // above the floor
const OFF_DB = 5;
const LEAST_DB = -50; // of full scale: whatever is fainter is not said to anybody
const PAUSE = 2; // levels

/** What was heard so far; `pause`: levels since speech was last heard. */
export interface Ear {
  readonly recent: readonly number[];
  readonly speaking: boolean;
  readonly pause: number;
}

export const EAR: Ear = { recent: [], speaking: false, pause: 0 };

/** The next level, in decibels of full scale (-Infinity: silence). */
export function hear(ear: Ear, db: number): Ear {
  const recent = [...ear.recent, Math.max(db, FLOOR_LEAST_DB)].slice(-FLOOR_OF);
  const floor = Math.min(...recent);
  if (db > Math.max(floor + ON_DB, LEAST_DB)) return { recent, speaking: true, pause: 0 };
  if (!ear.speaking) return { recent, speaking: false, pause: 0 };
  if (db > Math.max(floor + OFF_DB, LEAST_DB)) return { recent, speaking: true, pause: 0 };
  const pause = ear.pause + 1;
  return { recent, speaking: pause <= PAUSE, pause };
}

// ---- slots -------------------------------------------------------------------------------------

const KNOWN = 3; // of the five levels of a slot: with fewer it stays unknown
const SPOKE = 2;
/** As many make a report. */
export const REPORT = 20;

/** `open`: the slot that goes on, with how many levels came and in how many one spoke. `done`: what
 * is known and not reported, in order; `last`: the last slot that is over. */
export interface Slots {
  readonly open: { readonly slot: number; readonly levels: number; readonly spoken: number } | null;
  readonly done: readonly { readonly slot: number; readonly spoke: boolean }[];
  readonly last: number;
}

export const SLOTS: Slots = { open: null, done: [], last: -1 };

/** A tenth of a second that ended at this instant of the server's clock. */
export function mark(slots: Slots, endUs: number, spoke: boolean): Slots {
  const slot = Math.floor((endUs - LEVEL_US / 2) / SLOT_US);
  const moved = slots.open && slot > slots.open.slot ? close(slots) : slots;
  if (slot <= moved.last || (moved.open && slot < moved.open.slot)) return moved;
  const open = moved.open ?? { slot, levels: 0, spoken: 0 };
  return {
    ...moved,
    open: { slot, levels: open.levels + 1, spoken: open.spoken + (spoke ? 1 : 0) },
  };
}

/** Nothing can be heard between these instants: muted, or no microphone. */
export function silent(slots: Slots, fromUs: number, toUs: number): Slots {
  const to = Math.floor(toUs / SLOT_US); // the slot that goes on
  let next = slots.open && slots.open.slot < to ? close(slots) : slots;
  for (let slot = Math.max(Math.ceil(fromUs / SLOT_US), next.last + 1); slot < to; slot += 1) {
    next = { ...next, done: [...next.done, { slot, spoke: false }], last: slot };
  }
  return next;
}

function close(slots: Slots): Slots {
  if (!slots.open) return slots;
  const { slot, levels, spoken } = slots.open;
  const known = levels >= KNOWN ? [{ slot, spoke: spoken >= SPOKE }] : [];
  return { open: null, done: [...slots.done, ...known], last: slot };
}

export interface Report {
  readonly from_us: number;
  readonly slots: string;
}

/** What is to be reported now, each without a gap: when there is enough of it, or `all`. */
export function report(slots: Slots, all = false): readonly [slots: Slots, reports: readonly Report[]] {
  if (slots.done.length < (all ? 1 : REPORT)) return [slots, []];
  const runs: { first: number; said: string }[] = [];
  for (const { slot, spoke } of slots.done) {
    const run = runs.at(-1);
    const said = spoke ? "1" : "0";
    if (run && slot === run.first + run.said.length && run.said.length < VOICE_SLOTS_MAX) {
      run.said += said;
    } else {
      runs.push({ first: slot, said });
    }
  }
  const reports = runs.map(({ first, said }) => ({ from_us: first * SLOT_US, slots: said }));
  return [{ ...slots, done: [] }, reports];
}
