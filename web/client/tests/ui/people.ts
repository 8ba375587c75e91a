/** Who meets whom in the canned states, and when. */
import type { SessionView } from "../../src/protocol/types.js";

export const MIN = 60_000_000;
export const NOW = Date.UTC(2026, 10, 24, 13, 13, 20) * 1000; // 14:13 in Vienna, 08:13 in Lima

export const id = (prefix: string, n: number): string => `${prefix}_${String(n).padStart(26, "0")}`;
export const ME = { id: id("per", 1), name: "Bruno Wagner", zone: "Europe/Vienna" };
export const ANA = { id: id("per", 2), name: "Ana Quispe", zone: "America/Lima" };
export const LEYLA = { id: id("per", 3), name: "ליאורה בן־דוד", zone: "Asia/Jerusalem" };
export const LONG = {
  id: id("per", 4),
  name: "Wolfeschlegelsteinhausenbergerdorff-Papadimitrakopoulou the Younger",
  zone: "America/Argentina/ComodRivadavia",
};

export const SESSION: SessionView = {
  id: id("ses", 1),
  mentorship: id("men", 1),
  room: id("roo", 1),
  version: 6,
  state: "ended",
  created_us: NOW - 49 * MIN,
  started_us: NOW - 48 * MIN,
  ended_us: NOW - 2 * MIN,
  end_reason: "ended",
  as_of_us: NOW - 2 * MIN,
  together_us: (45 * 60 + 29) * 1_000_000,
  together_since_us: null,
  people: [
    { person: ME.id, present_us: 47 * MIN, present_most_us: 47 * MIN, since_us: null },
    { person: ANA.id, present_us: 46 * MIN, present_most_us: 46 * MIN, since_us: null },
  ],
  interruptions: [
    { from_us: NOW - 30 * MIN, to_us: NOW - 30 * MIN + 12_000_000, absent: [ANA.id] },
    { from_us: NOW - 20 * MIN, to_us: NOW - 20 * MIN + 19_000_000, absent: [ANA.id, ME.id] },
  ],
  estimated: false,
};
