import { describe, expect, test, vi } from "vitest";
import {
  acknowledged,
  ENTRIES_MOST,
  FRAME_MOST,
  handIn,
  keep,
  notTaken,
  read,
  SAFE_BEATS,
  written,
  type Journal,
} from "../../src/lib/call/journal.js";
import { Proofs } from "../../src/lib/call/proofs.js";
import { MemoryStorage } from "../../src/lib/page.js";
import type { ClientFrame, Contact, RoomContact } from "../../src/protocol/types.js";

function contact(from_us: number, to_us: number, about = "A"): Contact {
  return {
    about_key: about.repeat(87),
    signer_key: "S".repeat(87),
    from_us,
    to_us,
    beats: to_us - from_us,
    signature: "s".repeat(86),
  };
}

const kept = (...contacts: Contact[]): Journal =>
  contacts.reduce<Journal>((journal, each) => keep(journal, "room_1", "ses_1", each), []);
const spans = (frames: readonly RoomContact[]): string[] =>
  frames.flatMap(({ session, contacts }) =>
    contacts.map(({ from_us, to_us }) => `${session} ${from_us}-${to_us}`),
  );
const due = (journal: Journal, room: string | null = "room_1"): string[] =>
  spans(handIn(journal, room, 0)[1]);

describe("of each stretch the newest", () => {
  test("whatever the order in which the checks were done", () => {
    expect(due(kept(contact(1, 3), contact(1, 5), contact(1, 4)))).toEqual(["ses_1 1-5"]);
  });

  test("stretches, sessions and keys apart", () => {
    const journal = keep(kept(contact(1, 3), contact(7, 9)), "room_1", "ses_2", contact(1, 3));
    expect(due(journal)).toEqual(["ses_1 1-3", "ses_1 7-9", "ses_2 1-3"]);
    expect(due(keep(journal, "room_1", "ses_1", contact(1, 3, "B")))).toHaveLength(4);
  });

  test("with too many the oldest go", () => {
    const many = Array.from({ length: ENTRIES_MOST + 1 }, (_, i) => contact(10 * i, 10 * i + 2));
    const journal = kept(...many, contact(10, 14));
    expect(journal).toHaveLength(ENTRIES_MOST);
    expect(journal[0]?.contact.from_us).toBe(20); // 0 went; 10 is the newest
    expect(journal.at(-1)?.contact.to_us).toBe(14);
  });
});

describe("handing in", () => {
  test("what is new since the last time", () => {
    const [journal, first] = handIn(kept(contact(1, 3), contact(7, 9)), "room_1", 5);
    expect(spans(first)).toEqual(["ses_1 1-3", "ses_1 7-9"]);
    expect(due(journal)).toEqual([]);
    expect(due(keep(journal, "room_1", "ses_1", contact(7, 11)))).toEqual(["ses_1 7-11"]);
  });

  test("in the room that one is in, or in all", () => {
    const journal = keep(kept(contact(1, 3)), "room_2", "ses_2", contact(1, 3));
    expect(due(journal)).toEqual(["ses_1 1-3"]);
    expect(due(journal, null)).toEqual(["ses_1 1-3", "ses_2 1-3"]);
  });

  test("frame by frame, none too large", () => {
    const many = Array.from({ length: FRAME_MOST + 1 }, (_, i) => contact(10 * i, 10 * i + 2));
    const [, frames] = handIn(kept(...many), "room_1", 0);
    expect(frames.map(({ contacts }) => contacts.length)).toEqual([FRAME_MOST, 1]);
  });

  test("again what was not taken", () => {
    const [journal] = handIn(kept(contact(1, 3)), "room_1", 5);
    expect(due(notTaken(journal))).toEqual(["ses_1 1-3"]);
  });

  test("forgotten once the server is sure to have it, unless it went on since", () => {
    const [handed] = handIn(kept(contact(1, 3), contact(7, 9)), "room_1", 5);
    expect(acknowledged(handed, 5 + SAFE_BEATS - 1)).toBe(handed);
    const longer = keep(handed, "room_1", "ses_1", contact(7, 11));
    const left = acknowledged(longer, 5 + SAFE_BEATS);
    expect(due(notTaken(left))).toEqual(["ses_1 7-11"]);
    expect(acknowledged(notTaken(handed), 100)).toHaveLength(2);
  });
});

describe("in the tab's storage", () => {
  test("all of it comes back, and is due", () => {
    const [journal] = handIn(kept(contact(1, 3), contact(7, 9)), "room_1", 5);
    expect(due(read(written(journal)))).toEqual(["ses_1 1-3", "ses_1 7-9"]);
  });

  test.each([
    null,
    "",
    "null",
    "7",
    '{"ses_1":null}',
    '{"ses_1":{"room":"room_1","contacts":7}}',
    '{"ses_1":{"room":"room_1","contacts":[null,7,{}]}}',
    JSON.stringify({ ses_1: { room: "room_1", contacts: [{ ...contact(1, 3), signature: "s" }] } }),
    JSON.stringify({ ses_1: { room: "room_1", contacts: [{ ...contact(1, 3), about_key: "k" }] } }),
    JSON.stringify({ ses_1: { room: "room_1", contacts: [{ ...contact(1, 3), beats: -1 }] } }),
    JSON.stringify({ ses_1: { room: 7, contacts: [contact(1, 3)] } }),
  ])("what is not whole is left out: %s", (text) => {
    expect(read(text)).toEqual([]);
  });

  test("a page that was loaded again hands in what the one before could not", () => {
    const tab = new MemoryStorage();
    const sent: ClientFrame[] = [];
    const page = (online: boolean): Proofs =>
      new Proofs({ tab, send: (frame) => online && sent.push(frame) > 0, beats: () => 0 });
    const before = page(false);
    before.keep("room_1", "ses_1", contact(1, 3));
    before.handIn("room_1");
    before.save();
    const after = page(true);
    after.handIn("room_1");
    after.handIn("room_1");
    expect(spans(sent as RoomContact[])).toEqual(["ses_1 1-3"]);
    after.acknowledged(SAFE_BEATS);
    expect(tab.length).toBe(0);
  });

  test("whoever signs out leaves nothing behind", () => {
    const tab = new MemoryStorage();
    const proofs = new Proofs({ tab, send: () => false, beats: () => 0 });
    proofs.keep("room_1", "ses_1", contact(1, 3));
    const write = vi.spyOn(tab, "setItem");
    proofs.save();
    proofs.save();
    expect([tab.length, write.mock.calls.length]).toEqual([1, 1]);
    proofs.forget();
    expect(tab.length).toBe(0);
  });

  test("a full storage is no reason to stop", () => {
    vi.spyOn(console, "warn").mockReturnValueOnce();
    const tab = new MemoryStorage();
    tab.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    const proofs = new Proofs({ tab, send: () => false, beats: () => 0 });
    proofs.keep("room_1", "ses_1", contact(1, 3));
    expect(() => proofs.save()).not.toThrow();
  });
});
