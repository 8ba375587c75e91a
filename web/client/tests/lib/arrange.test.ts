import { expect, test } from "vitest";

import { Arrangements } from "../../src/lib/arrange.js";

interface Asked {
  readonly path: string;
  readonly body: unknown;
  readonly key: string | undefined;
}

/** Arrangements over a server that notes what is asked; `lost`: its answers do not come. */
function over(): { arrange: Arrangements; asked: Asked[]; server: { lost: boolean } } {
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
  return { arrange: new Arrangements(access, () => `key-${(ids += 1)}`), asked, server };
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
