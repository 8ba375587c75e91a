import { describe, expect, test } from "vitest";

import { Speech } from "../../src/lib/media/speech.js";
import {
  EAR,
  LEVEL_US,
  REPORT,
  SLOTS,
  hear,
  mark,
  report,
  silent,
  type Report,
  type Slots,
} from "../../src/lib/media/voice.js";
import { SLOT_US, type RoomVoice } from "../../src/protocol/types.js";
import { below, randomOf } from "./random.js";

const of = (length: number, db: number): number[] => Array.from({ length }, () => db);
/** In which of these levels one speaks. */
function speech(levels: readonly number[]): boolean[] {
  let ear = EAR;
  return levels.map((db) => (ear = hear(ear, db)).speaking);
}
const share = (spoken: readonly boolean[]): number => spoken.filter(Boolean).length / spoken.length;

describe("the ear", () => {
  test("hears nothing in silence, whatever it is made of", () => {
    for (const db of [-Infinity, -90, -55, -40, -20]) expect(share(speech(of(100, db)))).toBe(0);
  });

  test("hears speech over a quiet room, and the end of it", () => {
    const said = speech([...of(20, -65), ...of(10, -25), ...of(20, -65)]);
    expect(said.slice(0, 20)).not.toContain(true);
    expect(said.slice(20, 30)).not.toContain(false);
    expect(said.slice(33)).not.toContain(true);
  });

  test("a short pause belongs to what was said around it, a longer one does not", () => {
    const short = [...of(5, -70), ...of(5, -25), ...of(2, -70), ...of(5, -25)];
    expect(speech(short).slice(5)).not.toContain(false);
    const long = [...of(5, -70), ...of(5, -25), ...of(6, -70), ...of(5, -25)];
    expect(speech(long).slice(12, 16)).toEqual([false, false, false, false]);
  });

  test("a noise that stays is taken for what is always there, within seconds", () => {
    const said = speech([...of(30, -70), ...of(100, -35)]);
    expect(said.slice(63)).not.toContain(true);
  });

  test("speech over a loud fan is heard by how much it stands out", () => {
    const over = [...of(40, -38), ...of(10, -22), ...of(20, -38), ...of(10, -33)];
    const said = speech(over);
    expect(share(said.slice(40, 50))).toBe(1);
    expect(said.slice(70)).not.toContain(true);
  });

  test("what is fainter than anybody would say it does not count", () => {
    expect(share(speech([...of(30, -90), ...of(30, -52)]))).toBe(0);
  });

  test("levels that waver around the way in do not flicker", () => {
    const way = of(10, -43); // above the way out, below the way in
    expect(speech([...of(10, -50), -39, ...way]).slice(10)).not.toContain(false);
    expect(speech([...of(10, -50), ...way])).not.toContain(true);
  });
});

/** Levels from this slot on, a tenth of a second each. */
function heard(first: number, spoken: readonly boolean[], slots: Slots = SLOTS): Slots {
  return spoken.reduce((all, spoke, i) => mark(all, first * SLOT_US + (i + 1) * LEVEL_US, spoke), slots);
}
const all = (slots: Slots): readonly Report[] => report(slots, true)[1];
const levels = (pattern: string): boolean[] => [...pattern].map((each) => each === "x");

describe("slots", () => {
  test("a slot counts when one spoke in two of its five tenths, and is over", () => {
    const slots = heard(100, levels("..... x.... x...x xxxxx xxx".replaceAll(" ", "")));
    expect(all(slots)).toEqual([{ from_us: 100 * SLOT_US, slots: "0011" }]);
  });

  test("with too few levels it stays unknown, and what is around it goes in two parts", () => {
    let slots = heard(7, levels("xxxxx"));
    slots = mark(slots, 8 * SLOT_US + LEVEL_US, true);
    slots = heard(9, levels("xxxxxx"), slots);
    expect(all(slots)).toEqual([
      { from_us: 7 * SLOT_US, slots: "1" },
      { from_us: 9 * SLOT_US, slots: "1" },
    ]);
  });

  test("where nothing can be heard it is silent, without a level", () => {
    let slots = silent(SLOTS, 10.2 * SLOT_US, 14.9 * SLOT_US);
    expect(all(slots)).toEqual([{ from_us: 11 * SLOT_US, slots: "000" }]);
    slots = heard(14, levels("xxxxxxxxxxx"), slots); // unmuted
    slots = silent(slots, 16.3 * SLOT_US, 18 * SLOT_US); // muted again
    expect(all(slots)[0]).toEqual({ from_us: 11 * SLOT_US, slots: "00011" });
    expect(all(slots).at(-1)).toEqual({ from_us: 17 * SLOT_US, slots: "0" });
  });

  test("a clock that is set back says nothing twice", () => {
    const slots = heard(3, levels("xxxxx...........".slice(0, 12)), heard(5, levels("xxxxxx")));
    expect(all(slots)).toEqual([{ from_us: 5 * SLOT_US, slots: "1" }]);
    expect(all(silent(slots, 0, 6 * SLOT_US))).toEqual(all(slots));
  });

  test("a report goes when there is enough, and everything at the end", () => {
    const [some, none] = report(heard(0, levels("xxxxx".repeat(REPORT - 1) + "x")));
    expect(none).toEqual([]);
    const [rest, reports] = report(heard(REPORT - 1, levels("xxxxxx"), some));
    expect(reports).toEqual([{ from_us: 0, slots: "1".repeat(REPORT) }]);
    expect(report(rest, true)[1]).toEqual([]);
  });

  test("no report is longer than a frame may hold", () => {
    const reports = all(silent(SLOTS, 0, 300 * SLOT_US));
    expect(reports.map(({ slots }) => slots.length)).toEqual([120, 120, 60]);
    expect(reports.map(({ from_us }) => from_us)).toEqual([0, 120 * SLOT_US, 240 * SLOT_US]);
  });

  test("whatever comes when, each slot is said once at most and in order", () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = randomOf(seed);
      const roll = (limit: number): number => below(random, limit);
      let slots = SLOTS;
      let at = 0;
      const said: number[] = [];
      const note = (reports: readonly Report[]): void => {
        for (const { from_us, slots: text } of reports) {
          for (let i = 0; i < text.length; i += 1) said.push(from_us / SLOT_US + i);
        }
      };
      for (let i = 0; i < 200; i += 1) {
        at += (roll(8) - 1) * LEVEL_US;
        if (roll(10) === 0) slots = silent(slots, at - roll(30) * LEVEL_US, at);
        else slots = mark(slots, at, roll(2) === 0);
        const [left, reports] = report(slots, roll(40) === 0);
        slots = left;
        note(reports);
      }
      note(all(slots));
      expect(said).toEqual([...new Set(said)].sort((a, b) => a - b));
    }
  });
});

// ---- the shell ---------------------------------------------------------------------------------

class World {
  nowUs = 1_000 * SLOT_US;
  knowsClock = true;
  online = true;
  readonly frames: RoomVoice[] = [];
  readonly listening = new Map<MediaStreamTrack, (db: number) => void>();
  readonly speech = new Speech({
    listen: (track, report) => {
      this.listening.set(track, report);
      return () => this.listening.delete(track);
    },
    serverUs: () => (this.knowsClock ? this.nowUs : null),
    send: (frame) => this.online && this.frames.push(frame) > 0,
  });

  /** As the worklet says it, and the beats. */
  pass(slots: number, what: "speech" | "a quiet room"): void {
    for (let i = 0; i < slots * 5; i += 1) {
      this.nowUs += LEVEL_US;
      const db = what === "speech" && i % 5 < 4 ? -20 : -65;
      for (const report of this.listening.values()) report(db);
      if (this.nowUs % (4 * SLOT_US) === 0) this.speech.beat();
    }
  }

  get said(): string {
    return this.frames.map(({ slots }) => slots).join(" ");
  }
}
const microphone = (enabled = true): MediaStreamTrack => ({ enabled }) as MediaStreamTrack;

describe("the page", () => {
  test("says nothing and listens to nothing before it is in a room", () => {
    const world = new World();
    world.speech.use(microphone());
    world.pass(100, "speech");
    world.speech.handIn();
    expect(world.listening.size).toBe(0);
    expect(world.frames).toEqual([]);
  });

  test("reports every ten seconds, and what is left before it leaves", () => {
    const world = new World();
    world.speech.use(microphone());
    world.speech.in("room_1");
    world.pass(4, "a quiet room");
    world.pass(40, "speech");
    expect(world.frames.map(({ room, from_us }) => [room, from_us / SLOT_US])).toEqual([
      ["room_1", 1000],
      ["room_1", 1023],
    ]);
    expect(world.frames[0]?.slots.startsWith("0000111")).toBe(true);
    world.speech.handIn();
    expect(world.said.replaceAll(" ", "")).toBe(`0000${"1".repeat(39)}`);
    world.speech.in(null);
    expect(world.listening.size).toBe(0);
  });

  test("muted is silent, whatever the microphone hears; so is a missing one", () => {
    const world = new World();
    const track = microphone(false);
    world.speech.use(track);
    world.speech.in("room_1");
    world.pass(24, "speech");
    world.speech.use(null);
    world.pass(24, "speech");
    expect(world.said.replaceAll(" ", "")).toMatch(/^0{40,}$/);
    track.enabled = true;
    world.frames.length = 0;
    world.speech.use(track);
    world.pass(4, "a quiet room");
    world.pass(30, "speech");
    world.speech.handIn();
    expect(world.said.replaceAll(" ", "")).toMatch(/^0+1{20,}$/);
  });

  test("what was heard before one muted counts", () => {
    const world = new World();
    const track = microphone();
    world.speech.use(track);
    world.speech.in("room_1");
    world.pass(4, "a quiet room");
    world.pass(3, "speech");
    track.enabled = false;
    world.speech.use(track);
    world.pass(4, "speech");
    world.speech.handIn();
    expect(world.said.replaceAll(" ", "")).toMatch(/^00001110?0000?$/);
  });

  test("where no level comes from a running microphone, nothing is known", () => {
    const world = new World();
    world.speech.use(microphone());
    world.speech.in("room_1");
    world.listening.clear();
    world.pass(60, "speech");
    world.speech.handIn();
    expect(world.frames).toEqual([]);
  });

  test("without the server's clock nothing is known either", () => {
    const world = new World();
    world.knowsClock = false;
    world.speech.use(microphone());
    world.speech.in("room_1");
    world.pass(60, "speech");
    world.speech.use(microphone(false));
    world.pass(60, "speech");
    world.knowsClock = true;
    world.speech.handIn();
    expect(world.frames).toEqual([]);
  });

  test("what cannot be sent is not kept", () => {
    const world = new World();
    world.speech.use(microphone(false));
    world.speech.in("room_1");
    world.online = false;
    world.pass(200, "speech");
    world.online = true;
    world.speech.handIn();
    expect(world.said.length).toBeLessThanOrEqual(REPORT + 4);
  });
});
