import { describe, expect, test } from "vitest";
import { Drawer, NO_DRAFT } from "../../src/lib/drawer.js";
import * as outbox from "../../src/lib/outbox.js";
import { EMPTY, type Box, type Item } from "../../src/lib/outbox.js";
import { MemoryStorage } from "../../src/lib/page.js";
import { BODY_MAX_BYTES } from "../../src/protocol/types.js";
import { below, pick, randomOf } from "./random.js";

const item = (order: number, conversation = "cnv_1", part: Partial<Item> = {}): Item => ({
  id: `message-${order}`,
  conversation,
  body: `text ${order}`,
  writtenUs: order,
  order,
  refused: null,
  ...part,
});
const ids = (items: readonly Item[]): string[] => items.map(({ id }) => id);

describe("what cannot be sent is known here", () => {
  test.each<[body: string, code: string | null]>([
    ["", "message_empty"],
    [" \n\t ", "message_empty"],
    ["\u200b\u202e", "message_empty"],
    ["\ufe0f\ufe0e\u3164\u{e0020}\u2800", "message_empty"],
    ["\ufe0f\u3164.", null],
    ["x", null],
    ["👋", null],
    ["x".repeat(BODY_MAX_BYTES), null],
    ["x".repeat(BODY_MAX_BYTES + 1), "message_too_long"],
    ["ü".repeat(BODY_MAX_BYTES / 2), null],
    ["ü".repeat(BODY_MAX_BYTES / 2) + "x", "message_too_long"],
    [" ".repeat(BODY_MAX_BYTES + 1), "message_too_long"],
  ])("case %$", (body, code) => {
    expect(outbox.refusal(body)).toBe(code);
  });
});

test("one at a time in each conversation, in the order they were written", () => {
  const box = outbox.add(EMPTY, [item(2), item(1), item(3, "cnv_2")]);
  const [flying, send] = outbox.due(box, 0);
  expect(ids(send)).toEqual(["message-1", "message-3"]);
  expect(outbox.due(flying, 0)[1]).toEqual([]);
  const [, next] = outbox.due(outbox.stored(flying, "message-1"), 0);
  expect(ids(next)).toEqual(["message-2"]);
});

test("stored: shown until the log has it, never sent again", () => {
  const [flying] = outbox.due(outbox.add(EMPTY, [item(1)]), 0);
  const box = outbox.disconnected(outbox.stored(flying, "message-1"));
  expect(ids(box.items)).toEqual(["message-1"]);
  expect(outbox.due(box, 0)[1]).toEqual([]);
  expect(outbox.removed(box, ["message-1"])).toEqual(EMPTY);
});

test("what was refused goes again when one says so, before what was written after it", () => {
  const [flying] = outbox.due(outbox.add(EMPTY, [item(1), item(2)]), 0);
  const box = outbox.refuse(flying, "message-1", "not_accepted", 0, 0, 0.5);
  expect(ids(outbox.due(box, 0)[1])).toEqual(["message-2"]);
  expect(ids(outbox.due(outbox.again(box, "message-1"), 0)[1])).toEqual(["message-1"]);
});

test("a socket that broke: what flew goes again, at once", () => {
  const [flying] = outbox.due(outbox.add(EMPTY, [item(1)]), 0);
  const late = outbox.refuse(flying, "message-1", "rate_limited", 60_000, 0, 0.5);
  expect(ids(outbox.due(outbox.disconnected(late), 0)[1])).toEqual(["message-1"]);
  expect(ids(outbox.due(outbox.disconnected(flying), 0)[1])).toEqual(["message-1"]);
});

describe("refused", () => {
  test.each(["message_too_long", "message_empty", "conflict", "invalid_field", "forbidden"])(
    "%s: kept with the reason, and the next one goes",
    (code) => {
      const [flying] = outbox.due(outbox.add(EMPTY, [item(1), item(2)]), 0);
      const box = outbox.refuse(flying, "message-1", code, 0, 0, 0.5);
      expect(box.items[0]).toEqual(item(1, "cnv_1", { refused: code }));
      expect(ids(outbox.due(box, 0)[1])).toEqual(["message-2"]);
    },
  );

  test.each(["rate_limited", "storage_full", "unavailable", "internal", "unknown_to_this_page"])(
    "%s: the same one again, later",
    (code) => {
      const [flying] = outbox.due(outbox.add(EMPTY, [item(1), item(2)]), 0);
      const box = outbox.refuse(flying, "message-1", code, 3_000, 1_000, 0.5);
      expect(outbox.due(box, 3_999)[1]).toEqual([]);
      expect(ids(outbox.due(box, 4_000)[1])).toEqual(["message-1"]);
    },
  );
});

/** A server that stores each id once, in the order of arrival, behind a line that breaks. */
test("whatever the line does, all arrive once, in order", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = randomOf(seed);
    const total = 3 + below(random, 12);
    const server: string[] = [];
    let box: Box = EMPTY;
    let written = 0;
    let now = 0;
    let wire: string[] = [];
    let acks: string[] = [];
    const flush = (): void => {
      const [next, send] = outbox.due(box, now);
      box = next;
      wire = [...wire, ...ids(send)];
    };
    for (let i = 0; i < 3_000 && written - box.items.length < total; i += 1) {
      now += 100;
      const what = random();
      if (what < 0.15 && written < total) {
        written += 1;
        const order = outbox.nextOrder(box);
        box = outbox.add(box, [item(order, "cnv_1", { id: `message-${written}` })]);
      } else if (what < 0.2) {
        // The socket breaks: what is under way is lost, or was stored and its answer is lost.
        if (random() < 0.5) for (const id of wire) if (!server.includes(id)) server.push(id);
        [wire, acks] = [[], []];
        box = outbox.disconnected(box);
      } else if (what < 0.6) {
        const [id, ...rest] = wire;
        wire = rest;
        if (id && random() < 0.2) box = outbox.refuse(box, id, "rate_limited", 500, now, random());
        else if (id) {
          if (!server.includes(id)) server.push(id);
          acks.push(id);
        }
      } else if (acks.length > 0) {
        const id = pick(random, acks);
        acks = acks.filter((each) => each !== id);
        box = random() < 0.5 ? outbox.removed(box, [id]) : outbox.stored(box, id);
        if (random() < 0.8) box = outbox.removed(box, [id]);
      } else if (random() < 0.3) {
        box = outbox.removed(box, server);
      }
      flush();
    }
    const inOrder = Array.from({ length: total }, (_, i) => `message-${i + 1}`);
    expect(server, `seed ${seed}`).toEqual(inOrder);
  }
});

describe("the drawer", () => {
  test("keeps each person's unsent messages apart, and survives a reload", () => {
    const storage = new MemoryStorage();
    new Drawer(storage, "per_a").keep(item(1));
    new Drawer(storage, "per_a").keep(item(2));
    new Drawer(storage, "per_b").keep(item(3));
    expect(ids(new Drawer(storage, "per_a").items()).sort()).toEqual(["message-1", "message-2"]);
    new Drawer(storage, "per_a").drop("message-1");
    expect(ids(new Drawer(storage, "per_a").items())).toEqual(["message-2"]);
    expect(ids(new Drawer(storage, "per_b").items())).toEqual(["message-3"]);
  });

  test("what is not a message there is passed over", () => {
    const storage = new MemoryStorage();
    storage.setItem("ithaca.outbox.per_a.x", "{");
    storage.setItem("ithaca.outbox.per_a.y", "null");
    storage.setItem("ithaca.outbox.per_a.z", '{"id":"z"}');
    expect(new Drawer(storage, "per_a").items()).toEqual([]);
  });

  test("drafts, by person and conversation; an empty one leaves nothing behind", () => {
    const storage = new MemoryStorage();
    const drawer = new Drawer(storage, "per_a");
    const draft = { text: "not yet", replyTo: 3, editing: null };
    drawer.saveDraft("cnv_1", draft);
    expect(drawer.draft("cnv_1")).toEqual(draft);
    expect([drawer.draft("cnv_2"), new Drawer(storage, "per_b").draft("cnv_1")]).toEqual([NO_DRAFT, NO_DRAFT]);
    drawer.saveDraft("cnv_1", NO_DRAFT);
    expect(storage.length).toBe(0);
    storage.setItem("ithaca.draft.per_a.cnv_1", "{");
    expect(drawer.draft("cnv_1")).toEqual(NO_DRAFT);
  });
});
