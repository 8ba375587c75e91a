import { expect, test, vi } from "vitest";

import { Arrangements } from "../../src/lib/arrange.js";
import type { ServerFrame } from "../../src/protocol/types.js";

interface Asked {
  readonly path: string;
  readonly body: unknown;
  readonly key: string | undefined;
}

/** Arrangements over a server that notes what is asked; `lost`: its answers do not come. */
function over(): {
  arrange: Arrangements;
  asked: Asked[];
  server: { lost: boolean };
  took: string[];
} {
  const asked: Asked[] = [];
  const server = { lost: false };
  let ids = 0;
  const access = {
    async call<T>(_: "GET" | "POST", path: string, body?: object, key?: string): Promise<T> {
      asked.push({ path, body, key });
      if (server.lost) throw new TypeError("Failed to fetch");
      return {} as T;
    },
  };
  const took: string[] = [];
  const arrange = new Arrangements(
    access,
    () => `key-${(ids += 1)}`,
    () => 90 * 86_400_000_000 + 7,
    (mentorship) => void took.push(mentorship),
  );
  return { arrange, asked, server, took };
}

test("a form is sent again under the same key until it is answered", async () => {
  const { arrange, asked, server } = over();
  const [one, other] = [{ terms: { rate_minor: 1 } }, { terms: { rate_minor: 2 } }];
  server.lost = true;
  await expect(arrange.propose("men_1", one)).rejects.toThrow();
  await expect(arrange.propose("men_1", one)).rejects.toThrow();
  await expect(arrange.propose("men_1", other)).rejects.toThrow();
  server.lost = false;
  await arrange.propose("men_1", other);
  await arrange.propose("men_1", other); // another one, just the same
  const meeting = { start_us: 1, length_us: 2, zone: "UTC" };
  await arrange.plan("men_1", meeting);
  await arrange.plan("men_2", meeting);
  expect(asked.map(({ key }) => key)).toEqual([
    "key-1", "key-1", "key-2", "key-2", "key-3", "key-4", "key-5",
  ]);
});

test("each is asked of its own address", async () => {
  const { arrange, asked } = over();
  await arrange.accept("men_1", 3);
  await arrange.withdraw("men_1", 4);
  await arrange.move("men_1", "met_1", { start_us: 1, length_us: 2 });
  await arrange.cancel("men_1", "met_1");
  expect(asked).toEqual([
    { path: "/v1/mentorships/men_1/agreements/3/accept", body: undefined, key: undefined },
    { path: "/v1/mentorships/men_1/agreements/4/withdraw", body: undefined, key: undefined },
    {
      path: "/v1/mentorships/men_1/meetings/met_1/move",
      body: { start_us: 1, length_us: 2 },
      key: undefined,
    },
    { path: "/v1/mentorships/men_1/meetings/met_1/cancel", body: undefined, key: undefined },
  ]);
});

test("what was arranged is loaded anew with every change and every new connection", async () => {
  const { arrange, asked, server, took } = over();
  const paths = (): string[] => asked.splice(0).map(({ path }) => path);
  const both = ["/v1/mentorships/men_1/agreements", "/v1/mentorships/men_1/meetings?after_us=7&limit=100"];
  const changed = (id: string): ServerFrame =>
    ({ t: "mentorship.changed", mentorship: { id } }) as ServerFrame;
  arrange.handle(changed("men_1")); // nobody looked at it yet
  expect(paths()).toEqual([]);
  await arrange.load("men_1");
  expect([paths(), took]).toEqual([both, ["men_1"]]);
  arrange.handle(changed("men_2"));
  expect(paths()).toEqual([]);
  arrange.handle(changed("men_1"));
  expect(paths()).toEqual(both);
  await vi.waitFor(() => expect(took.splice(1)).toEqual(["men_1"]));
  server.lost = true;
  arrange.handle({ t: "auth.opened" } as ServerFrame); // comes again with the next
  expect(paths()).toEqual(both);
  server.lost = false;
  const late = arrange.load("men_1");
  arrange.forget(); // signed out meanwhile
  await late;
  expect(took).toEqual(["men_1"]); // neither the lost one nor that of who signed out
  arrange.handle({ t: "auth.opened" } as ServerFrame);
  expect(paths().slice(2)).toEqual([]);
});
