import { describe, expect, test } from "vitest";

import { Access } from "../../src/lib/access.js";
import { LedgerOf } from "../../src/lib/ledger.js";
import { MemoryStorage } from "../../src/lib/page.js";
import type { SessionView } from "../../src/protocol/types.js";
import { session } from "./things.js";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly key: string | null;
  readonly grant: string | null;
}

/** A ledger whose requests are answered by `answer`; grants count up. */
function ledger(answer: (asked: Asked) => Response | Promise<Response>) {
  const asked: Asked[] = [];
  const took: SessionView[] = [];
  const tab = new MemoryStorage();
  const person = { id: "per_me", name: "Me", zone: "UTC" };
  tab.setItem("ithaca.identity", JSON.stringify({ renewal: "r", person, tab: "t" }));
  let grants = 0;
  let keys = 0;
  const access = new Access({
    tab,
    now: () => 0,
    newId: () => "tab",
    fetch: async (path, init) => {
      if (path === "/v1/grants/renew") {
        grants += 1;
        return Response.json({ grant: `g${grants}`, expires_us: 6e8, now_us: 0, renewal: "r", person });
      }
      const headers = new Headers(init.headers);
      const one = {
        method: init.method ?? "GET",
        path,
        body: init.body ? JSON.parse(String(init.body)) : null,
        key: headers.get("Idempotency-Key"),
        grant: headers.get("Authorization"),
      };
      asked.push(one);
      return answer(one);
    },
  });
  const of = new LedgerOf(access, () => `key-${(keys += 1)}`, (view) => took.push(view));
  return { of, asked, took };
}

const problem = (status: number, code: string): Response =>
  Response.json({ type: "x", title: "x", status, code, detail: "x" }, { status });

describe("what one says to a session", () => {
  test("names the revision that one saw, and brings the session as it stands then", async () => {
    const view = session({ version: 9 });
    const { of, asked, took } = ledger(() => Response.json(view));
    await of.confirm("ses_1", 2);
    await of.contest("ses_1", 2, "too much");
    expect(asked.map(({ method, path, body, key }) => [method, path, body, key])).toEqual([
      ["POST", "/v1/sessions/ses_1/confirm", { revision: 2 }, null],
      ["POST", "/v1/sessions/ses_1/contest", { revision: 2, reason: "too much" }, null],
    ]);
    expect(took).toEqual([view, view]);
  });

  test("is refused in words, and changes nothing then", async () => {
    const { of, took } = ledger(() => problem(409, "stale_revision"));
    await expect(of.confirm("ses_1", 1)).rejects.toMatchObject({
      trouble: { code: "stale_revision", what: expect.stringContaining("has changed meanwhile") },
    });
    expect(took).toEqual([]);
  });

  test("a correction that may have been taken is sent again under its key, another under its own", async () => {
    let reachable = false;
    const { of, asked } = ledger(() => {
      if (!reachable) throw new TypeError("Failed to fetch");
      return Response.json(session(), { status: 201 });
    });
    const advice = "As far as this page knows, nothing was changed: press again once you are connected.";
    await expect(of.correct("ses_1", 60, "yes")).rejects.toMatchObject({
      trouble: { code: "unreachable", advice },
    });
    await expect(of.correct("ses_1", 60, "yes")).rejects.toThrow();
    await expect(of.correct("ses_1", 90, "yes")).rejects.toThrow();
    reachable = true;
    await of.correct("ses_1", 90, "yes");
    await of.correct("ses_1", 90, "yes");
    expect(asked.map(({ key }) => key)).toEqual(["key-1", "key-1", "key-2", "key-2", "key-3"]);
    expect(asked[0]).toMatchObject({ path: "/v1/sessions/ses_1/corrections", body: { billed_us: 60, reason: "yes" } });
  });
});

describe("files", () => {
  test("come in one's own name, called as the server says", async () => {
    const headers = { "Content-Disposition": 'attachment; filename="ithaca-mentor-2026-11.csv"' };
    const { of, asked } = ledger(() => new Response("a,b\r\n", { headers }));
    const { blob, name } = await of.statementFile("mentor", "2026-11", "csv");
    expect(name).toBe("ithaca-mentor-2026-11.csv");
    expect(await blob.text()).toBe("a,b\r\n");
    expect(asked).toMatchObject([
      { path: "/v1/statements?role=mentor&month=2026-11&format=csv", grant: "Bearer g1" },
    ]);
  });

  test("have a name of ours where the server says none, or one with a way in it", async () => {
    for (const said of ["", 'attachment; filename="../../x"']) {
      const { of } = ledger(() => new Response("{}", { headers: said ? { "Content-Disposition": said } : {} }));
      expect((await of.evidence("ses_1")).name).toBe("ithaca-ses_1.json");
      const { name } = await of.statementFile("mentee", "2026-10", "json");
      expect(name).toBe("ithaca-mentee-2026-10.json");
    }
  });

  test("come with a fresh grant where the one at hand is not taken", async () => {
    const { of, asked } = ledger(({ grant }) =>
      grant === "Bearer g1" ? problem(401, "unauthenticated") : new Response("{}"),
    );
    expect(await (await of.evidence("ses_1")).blob.text()).toBe("{}");
    expect(asked.map(({ grant }) => grant)).toEqual(["Bearer g1", "Bearer g2"]);
  });

  test.each([
    [() => problem(404, "not_found"), "not_found"],
    [() => problem(405, "method_not_allowed"), "method_not_allowed"],
    [() => new Response("<html>", { status: 502 }), "unreachable"],
    [() => Promise.reject(new TypeError("Failed to fetch")), "unreachable"],
  ])("are refused in words (%#)", async (answer, code) => {
    const { of } = ledger(answer);
    const advice = expect.not.stringContaining("by itself"); // nothing asks again
    await expect(of.evidence("ses_1")).rejects.toMatchObject({ trouble: { code, advice } });
  });
});

test("a statement is asked for by role and month", async () => {
  const { of, asked } = ledger(() => Response.json({ lines: [] }));
  expect(await of.statement("mentee", "2026-10")).toEqual({ lines: [] });
  expect(asked[0]?.path).toBe("/v1/statements?role=mentee&month=2026-10");
});
