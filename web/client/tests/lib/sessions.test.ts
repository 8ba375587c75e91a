import { expect, it } from "vitest";

import type { ServerFrame } from "../../src/protocol/types.js";
import { Sessions } from "../../src/lib/sessions.js";
import { START, type State } from "../../src/lib/state.js";
import { SESSION } from "../ui/people.js";

const OPENED = { t: "auth.opened" } as ServerFrame;
const settled = (): Promise<void> => new Promise((done) => setTimeout(done));

function world(): { sessions: Sessions; asked: string[]; state: () => State; away: { now: boolean } } {
  const asked: string[] = [];
  const away = { now: false };
  let state: State = START;
  const access = {
    async call<T>(method: string, path: string): Promise<T> {
      asked.push(`${method} ${path}`);
      if (away.now) throw new Error("away");
      return { sessions: [SESSION] } as T;
    },
  };
  const sessions = new Sessions(access, (to) => (state = to(state)));
  return { sessions, asked, state: () => state, away };
}

const PATH = `GET /v1/sessions?mentorship=${SESSION.mentorship}`;

it("is asked again with every connection: what was contested meanwhile came in no frame", async () => {
  const { sessions, asked, state } = world();
  sessions.handle(OPENED);
  expect(asked).toEqual([]);
  await sessions.load(SESSION.mentorship);
  expect(state().sessions[SESSION.mentorship]).toEqual([SESSION]);
  sessions.handle({ t: "session.changed", session: SESSION });
  sessions.handle(OPENED);
  expect(asked).toEqual([PATH, PATH]);
});

it("tries again what could not be had", async () => {
  const { sessions, asked, state, away } = world();
  away.now = true;
  await expect(sessions.load(SESSION.mentorship)).rejects.toThrow("away");
  sessions.handle(OPENED);
  await settled();
  away.now = false;
  sessions.handle(OPENED);
  await settled();
  expect(asked).toEqual([PATH, PATH, PATH]);
  expect(state().sessions[SESSION.mentorship]).toEqual([SESSION]);
});

it("asks for nothing of who was here before", async () => {
  const { sessions, asked } = world();
  await sessions.load(SESSION.mentorship);
  sessions.forget();
  sessions.handle(OPENED);
  expect(asked).toEqual([PATH]);
});
