import { expect, it } from "vitest";

import type { MentorshipView } from "../../src/protocol/types.js";
import { metFirst } from "../../src/ui/met-first.js";
import { ANA, ME, MENTORSHIP } from "./fake-app.js";

const view = (id: string, presence: "here" | "in_room", more: Partial<MentorshipView> = {}): MentorshipView => ({
  ...{ ...MENTORSHIP, id, ...more },
  members: [MENTORSHIP.members[0]!, { person: ANA, role: "mentee", presence }],
});
const ids = (of: readonly MentorshipView[], held?: readonly string[]): string =>
  metFirst(of, ME, held).map(({ id }) => id).join("");
const ALL = [view("a", "here"), view("b", "here", { closed_us: 1 }), view("c", "in_room"), view("d", "here")];

it("who is in the room stands first, whom one does not reach last, the others as they came", () => {
  expect(ids(ALL)).toBe("cadb");
});

it("nobody moves away from who is about to press, and who is new stands below", () => {
  expect(ids(ALL, ["a", "b", "c", "d"])).toBe("abcd");
  expect(ids(ALL, ["d", "a"])).toBe("dacb");
  expect(ids(ALL, ["gone", "d", "a"])).toBe("dacb");
});
