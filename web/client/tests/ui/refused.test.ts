import { describe, expect, it, vi } from "vitest";

import type { Draft, PendingChange, PendingMessage } from "../../src/lib/model.js";
import { troubleOf } from "../../src/lib/trouble.js";
import { EMPTY, takenBack } from "../../src/ui/conversation/draft.js";
import { messageRow, pendingRow, type Context } from "../../src/ui/conversation/message.js";
import { message } from "../lib/things.js";
import { ANA, ME } from "./people.js";

const WORDS: PendingMessage = {
  ...{ id: "p1", body: "I will come", writtenUs: 1, replyTo: 7, refused: troubleOf("mentorship_closed") },
};
const CHANGE: PendingChange = {
  ...{ id: "c1", change: { is: "edit", seq: 4, body: "b" }, writtenUs: 1, refused: troubleOf("message_gone") },
};

const at = (seq: number) => ({ ...message(seq, ME.id), body: "Hi" });

describe("what was refused is taken back for changing", () => {
  const taken = (draft: Draft, refused: PendingMessage | PendingChange) => takenBack(draft, refused, at);

  it("as the answer that it was", () => {
    expect(taken(EMPTY, WORDS)).toEqual({ text: "I will come", replyTo: 7, editing: null });
    expect(taken({ ...EMPTY, replyTo: 3 }, { ...WORDS, replyTo: null })?.replyTo).toBeNull();
  });

  it("below what is already written", () => {
    const begun = { ...EMPTY, text: "And then?", replyTo: 3 };
    expect(taken(begun, WORDS)).toEqual({ text: "And then?\nI will come", replyTo: 7, editing: null });
    expect(taken(begun, { ...WORDS, replyTo: null })?.replyTo).toBe(3);
  });

  it.each([
    ["but not over words for another message", "Good morning", true],
    ["and over a change that changes nothing", "Hi", false],
    ["and over one without words", " \u200b", false],
  ])("%s", (_, text, stays) => {
    const changing = { ...EMPTY, text: "And then?", editing: { seq: 5, text } };
    const editing = stays ? changing.editing : null;
    expect(taken(changing, WORDS)).toEqual({ text: "And then?\nI will come", replyTo: 7, editing });
    expect(taken(changing, CHANGE)).toEqual(stays ? null : { ...changing, editing: { seq: 4, text: "b" } });
  });

  it("as other words for the message that it was to change", () => {
    const begun = { ...EMPTY, text: "And then?", replyTo: 3 };
    expect(taken(begun, CHANGE)).toEqual({ ...begun, editing: { seq: 4, text: "b" } });
  });
});

describe("words for a message that is being changed", () => {
  const changing: Draft = { ...EMPTY, editing: { seq: 5, text: "Good morning" } };

  /** A field with these words, and what it does. */
  async function field(draft: Draft) {
    vi.stubGlobal("matchMedia", () => ({ matches: false }));
    const { Composer } = await import("../../src/ui/conversation/composer.js");
    const made = new Composer();
    const [kept, discarded]: [Draft[], string[]] = [[draft], []];
    const chat = {
      discard: (id: string) => discarded.push(id),
      saveDraft: (_: string, saved: Draft) => kept.push(saved),
    };
    Object.assign(made, { app: { chat }, at, draft });
    Object.defineProperty(made, "area", { value: { focus: () => undefined } });
    return { made, discarded, now: () => kept.at(-1), told: () => Reflect.get(made, "told") as string };
  }

  it("are kept while what was refused is taken back, or waits for them", async () => {
    const { made, discarded, now, told } = await field(changing);
    made.again(CHANGE);
    expect([now(), discarded]).toEqual([changing, []]);
    expect(told()).toContain("first");
    made.again(WORDS);
    expect(now()).toEqual({ text: "I will come", replyTo: 7, editing: changing.editing });
    expect(discarded).toEqual(["p1"]);
    expect(told()).toContain("once you have saved or left this change");
  });

  it("are kept while another is to be changed or answered", async () => {
    const { made, now, told } = await field(changing);
    made.change(5, "Hi");
    expect([now(), told()]).toEqual([changing, ""]);
    made.change(6, "Hi");
    made.answer(at(6));
    expect(now()).toEqual(changing);
    expect(told()).toContain("first");
  });

  it("give way where there are none", async () => {
    const { made, now, told } = await field({ ...EMPTY, editing: { seq: 5, text: "Hi" } });
    made.change(6, "Hello");
    expect(now()).toEqual({ ...EMPTY, editing: { seq: 6, text: "Hello" } });
    made.again(CHANGE);
    expect(told()).toContain("first");
    expect(now()?.editing?.seq).toBe(6);
  });
});

describe("what was refused can be edited", () => {
  const on = (open: boolean): Context => ({
    ...{ pair: { me: ME, other: ANA, mentor: ANA.id, mentee: ME.id }, zone: "UTC", active: null, shown: null, words: "", react: null },
    ...{ at: () => undefined, reach: () => undefined, waits: () => [CHANGE] },
    ...{ act: () => undefined, jump: () => undefined, versions: () => undefined, discard: () => undefined },
    again: open ? () => undefined : null,
    resend: open ? () => undefined : null,
  });

  it.each([
    ["not_accepted", true, ["Send again", "Edit", "Discard"]],
    ["blocking", true, ["Send again", "Edit", "Discard"]],
    ["blocking", false, ["Discard"]],
    ["message_too_long", true, ["Edit", "Discard"]],
  ])("and sent again where what stood in the way can be gone: %s, %s", (code, open, buttons) => {
    const refused = troubleOf(code);
    expect(labels(pendingRow("a", { ...WORDS, refused }, false, on(open)))).toEqual(buttons);
    const waits = { ...on(open), waits: () => [{ ...CHANGE, refused }] };
    expect(labels(messageRow("a", message(4, ME.id), false, waits))).toEqual(buttons);
  });

  it("and says who did not take it", () => {
    const words = (code: string, open: boolean): string =>
      textOf(pendingRow("a", { ...WORDS, refused: troubleOf(code) }, false, on(open)));
    expect(words("not_accepted", true)).toContain("Ana Quispe does not take messages");
    expect(words("blocking", false)).toContain("You have blocked Ana Quispe. Lift that first");
    expect(words("blocking", true)).toContain("You had blocked Ana Quispe then.");
  });

  it.each([
    ["while one reaches the other", true, ["Edit", "Discard"]],
    ["not where there is nothing to write in", false, ["Discard"]],
  ])("%s", (_name, open, buttons) => {
    expect(labels(pendingRow("a", WORDS, false, on(open)))).toEqual(buttons);
    expect(labels(messageRow("a", message(4, ME.id), false, on(open)))).toEqual(buttons);
  });
});

/** The words of the plain buttons in a template. */
function labels(template: unknown): string[] {
  const found = textOf(template).matchAll(/<button class="plain"[^>]*>\s*([\w ]+?)\s*<\/button>/g);
  return [...found].map(([, words]) => words!);
}

function textOf(part: unknown): string {
  if (Array.isArray(part)) return part.map(textOf).join("");
  if (typeof part === "string" || typeof part === "number") return String(part);
  if (typeof part !== "object" || part === null || !("strings" in part)) return "";
  const { strings, values } = part as { strings: readonly string[]; values: readonly unknown[] };
  return strings.map((each, i) => each + textOf(values[i])).join("");
}
