import { expect, test, vi } from "vitest";

import { Arrangements } from "../../src/lib/arrange.js";
import type { Arranged } from "../../src/lib/model.js";
import type { MeetingView, ServerFrame } from "../../src/protocol/types.js";

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
      return { agreements: [], meetings: [] } as T;
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

/** Meetings that end at these moments, on the pages in which the server gives them. */
const pageOf = (ends: readonly number[], path: string): readonly MeetingView[] => {
  const asked = new URL(path, "http://here").searchParams;
  const later = ends.filter((end) => end > Number(asked.get("after_us")));
  const last = later[Number(asked.get("limit")) - 1] ?? Infinity; // with all that end when it does
  const page = later.filter((end) => end <= last);
  return page.map((end) => ({ id: `mee_${end}`, start_us: end - 60, length_us: 60 }) as MeetingView);
};

const loading = (
  answer: (path: string) => Promise<readonly MeetingView[]>,
  took: (arranged: Arranged) => void,
): Arrangements =>
  new Arrangements(
    { call: async <T>(_: string, path: string) => ({ agreements: [], meetings: await answer(path) }) as T },
    () => "key",
    () => 0,
    (_, arranged) => took(arranged),
  );

test.each([0, 99, 100, 101, 250, 300])("all of %i meetings are told, page after page", async (count) => {
  const ends = Array.from({ length: count }, (_, i) => 100 + i - (i % 3 === 2 ? 1 : 0)); // some at once
  let told: Arranged | undefined;
  let pages = 0;
  const answer = (path: string): Promise<readonly MeetingView[]> => {
    pages += path.includes("/meetings") ? 1 : 0;
    return Promise.resolve(pageOf(ends, path));
  };
  await loading(answer, (arranged) => (told = arranged)).load("men_1");
  expect(told?.meetings).toHaveLength(count);
  expect(told?.meetings.at(-1)?.id).toBe(count ? `mee_${ends.at(-1)}` : undefined);
  expect(pages).toBeLessThanOrEqual(1 + count / 100);
});

test("pages without an end are not asked for for ever", async () => {
  let pages = 0;
  const full = (path: string): Promise<readonly MeetingView[]> => {
    const after = Number(new URL(path, "http://here").searchParams.get("after_us"));
    pages += path.includes("/meetings") ? 1 : 0;
    return Promise.resolve(pageOf(Array.from({ length: 100 }, (_, i) => after + 1 + i), path));
  };
  await loading(full, () => undefined).load("men_1");
  expect(pages).toBe(20);
});

test("an answer that comes late takes nothing back of a newer one", async () => {
  const answers: ((meetings: readonly MeetingView[]) => void)[] = [];
  const told: (string | undefined)[] = [];
  const arrange = loading(
    (path) =>
      path.includes("/agreements")
        ? Promise.resolve([])
        : new Promise((resolve) => answers.push(resolve)),
    ({ meetings }) => void told.push(meetings[0]?.id),
  );
  const of = (id: string): readonly MeetingView[] => [{ id, start_us: 1, length_us: 1 } as MeetingView];
  const loads = [arrange.load("men_1"), arrange.load("men_1"), arrange.load("men_1")];
  answers[1]!(of("second"));
  await loads[1];
  answers[0]!(of("first"));
  await loads[0];
  answers[2]!(of("third"));
  await Promise.all(loads);
  expect(told).toEqual(["second", "third"]);
  const left = arrange.load("men_1");
  arrange.forget();
  const back = arrange.load("men_1"); // somebody else, in the same tab
  answers[3]!(of("left"));
  answers[4]!(of("back"));
  await Promise.all([left, back]);
  expect(told).toEqual(["second", "third", "back"]);
});
