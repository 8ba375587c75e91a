import { expect, test, vi } from "vitest";

import { Refused, type AppState } from "../../src/lib/model.js";
import { troubleOf } from "../../src/lib/trouble.js";
import type { Loading } from "../../src/ui/conversation/loading.js";
import { ANA, BASE, MENTORSHIP, message } from "./fake-app.js";
import { id } from "./people.js";

const OTHER = { ...MENTORSHIP, id: id("men", 2), conversation: id("con", 2) };
const log = (conversation: string) => ({
  ...BASE.conversations[MENTORSHIP.conversation]!,
  id: conversation,
  messages: [message(1, ANA.id, "Hello", 1)],
});
const STATE: AppState = {
  ...BASE,
  mentorships: [MENTORSHIP, OTHER],
  conversations: { [MENTORSHIP.conversation]: log(MENTORSHIP.conversation), [OTHER.conversation]: log(OTHER.conversation) },
};

/** A conversation in which somebody is on the way to a message; they get there, or not, with `came` or `failed`. */
async function onTheWay() {
  vi.stubGlobal("ResizeObserver", class {});
  const { Conversation } = await import("../../src/ui/conversation/conversation.js");
  const made = new Conversation();
  let [came, failed]: [() => void, () => void] = [() => undefined, () => undefined];
  const promise = new Promise<number>((resolve, reject) => {
    [came, failed] = [() => resolve(1), () => reject(new Refused(troubleOf("unavailable")))];
  });
  const app = {
    ...{ state: STATE, nowUs: () => 1, loadSessions: () => promise, arrange: { load: () => promise } },
    chat: { goTo: () => promise, loadOlder: () => promise, open: () => undefined },
  };
  Object.assign(made, { app, mentorship: MENTORSHIP.id, opened: MENTORSHIP.conversation });
  Object.defineProperty(made, "updateComplete", { value: Promise.resolve(true) });
  const jumped = (Reflect.get(made, "jump") as (seq: number) => Promise<void>).call(made, 1);
  return { made, jumped, came, failed };
}

test.each([
  [MENTORSHIP.id, true],
  [OTHER.id, false],
])("who looked for a message is led to it only in its own conversation: %s, %s", async (now, led) => {
  const { made, jumped, came } = await onTheWay();
  made.mentorship = now;
  came();
  await jumped;
  expect(Reflect.get(made, "shown") !== null).toBe(led);
});

test.each([
  [MENTORSHIP.id, true],
  [OTHER.id, false],
])("and that it was not found is said only there: %s, %s", async (now, said) => {
  const { made, jumped, failed } = await onTheWay();
  made.mentorship = now;
  failed();
  await jumped;
  expect(Reflect.get(made, "trouble") !== null).toBe(said);
});

/** As when it is drawn: of another conversation everything begins anew. */
function look(made: { mentorship: string }, at: string): void {
  made.mentorship = at;
  (Reflect.get(made, "willUpdate") as (changed: unknown) => void).call(made, new Map());
}

test.each([
  [MENTORSHIP.id, "older"],
  [OTHER.id, null],
])("and so is that older ones did not load: %s, %s", async (now, said) => {
  vi.stubGlobal("history", { state: null });
  const { made, jumped, failed } = await onTheWay();
  const loading = Reflect.get(made, "loading") as Loading;
  loading.load("older");
  look(made, now);
  failed();
  await jumped;
  expect(loading.failed).toBe(said);
  look(made, OTHER.id);
  expect(loading.failed).toBeNull();
});
