import { describe, expect, it } from "vitest";

import type { PendingChange, PendingMessage } from "../../src/lib/model.js";
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

describe("what was refused is taken back for changing", () => {
  it("as the answer that it was", () => {
    expect(takenBack(EMPTY, WORDS)).toEqual({ text: "I will come", replyTo: 7, editing: null });
    expect(takenBack({ ...EMPTY, replyTo: 3 }, { ...WORDS, replyTo: null }).replyTo).toBeNull();
  });

  it("below what is already written", () => {
    const begun = { ...EMPTY, text: "And then?", replyTo: 3 };
    expect(takenBack(begun, WORDS)).toEqual({ text: "And then?\nI will come", replyTo: 7, editing: null });
    expect(takenBack(begun, { ...WORDS, replyTo: null }).replyTo).toBe(3);
  });

  it("and never into another message that is being changed", () => {
    const changing = { ...EMPTY, text: "And then?", editing: { seq: 5, text: "Good morning" } };
    expect(takenBack(changing, WORDS)).toEqual({ text: "And then?\nI will come", replyTo: 7, editing: null });
  });

  it("as other words for the message that it was to change", () => {
    const begun = { ...EMPTY, text: "And then?", replyTo: 3 };
    expect(takenBack(begun, CHANGE)).toEqual({ ...begun, editing: { seq: 4, text: "b" } });
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
