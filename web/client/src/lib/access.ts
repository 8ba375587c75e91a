/** Who this tab is, and its requests to the HTTP API.
 *
 * The identity lives in sessionStorage, so that two people can use two tabs of one browser and a
 * reload stays who it was; the grant lives in memory only.
 */
import type { Grant, PersonView, Problem } from "../protocol/types.js";
import { actOf, pressed, refused, refusedBy } from "./trouble.js";
import { Refused, type Download } from "./model.js";

export interface Identity {
  readonly renewal: string;
  readonly person: PersonView;
  /** Names this page for its life, reloads included. */
  readonly tab: string;
}

export interface AccessEnv {
  readonly tab: Storage;
  fetch(path: string, init: RequestInit): Promise<Response>;
  /** performance.now() ms */
  now(): number;
  newId(): string;
}

/** A page never asks for a narrowed grant, the only kind that cannot be renewed. */
type Renewable = Grant & { readonly renewal: string };

interface Held {
  readonly token: string;
  readonly goodUntil: number;
}

const KEY = "ithaca.identity";
const MARGIN_MS = 30_000;

export class Access {
  private held: Held | null = null;
  private renewing: Promise<string> | null = null;

  constructor(private readonly env: AccessEnv) {}

  identity(): Identity | null {
    try {
      return JSON.parse(this.env.tab.getItem(KEY) ?? "null") as Identity | null;
    } catch {
      return null;
    }
  }

  forget(): void {
    this.held = null;
    this.env.tab.removeItem(KEY);
  }

  /** Signs in with the invitation from a link. Rejects with Refused, as all below. */
  async exchange(invitation: string): Promise<Grant> {
    const grant = await this.request<Renewable>("POST", "/v1/grants", { body: { invitation } });
    this.keep(grant);
    return grant;
  }

  /** A grant that is good for a while yet; `fresh`: a new one whatever is held. One at a time. */
  grant(fresh = false): Promise<string> {
    if (!fresh && this.held && this.env.now() < this.held.goodUntil) {
      return Promise.resolve(this.held.token);
    }
    this.renewing ??= this.renew().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  /** A request in this person's name; once more with a fresh grant if this one is not taken. */
  call<T>(method: "GET" | "POST", path: string, body?: object, key?: string): Promise<T> {
    const asked = this.inMyName((grant) =>
      this.request<T>(method, path, { body, grant, ...(key && { key }) }),
    );
    return method === "GET" ? asked : byPress(asked);
  }

  /** A file of this person's; `name` is what it is called if the server does not say. */
  download(path: string, name: string): Promise<Download> {
    return this.inMyName(async (grant) => {
      const headers = { Authorization: `Bearer ${grant}` };
      const response = await this.answer(path, { method: "GET", headers });
      if (!response.ok) throw refusalIn(await response.json().catch(() => null));
      const blob = await response.blob().catch(() => null);
      if (!blob) throw refused("unreachable");
      const said = /filename="([^"/\\]+)"/.exec(response.headers.get("Content-Disposition") ?? "");
      return { blob, name: said?.[1] ?? name };
    });
  }

  private async inMyName<T>(ask: (grant: string) => Promise<T>): Promise<T> {
    try {
      return await ask(await this.grant());
    } catch (error) {
      const stale = error instanceof Refused && error.trouble.code === "unauthenticated";
      if (!stale) throw error;
      return ask(await this.grant(true));
    }
  }

  async request<T>(
    method: "GET" | "POST",
    path: string,
    { body, grant, key }: { body?: object | undefined; grant?: string; key?: string } = {},
  ): Promise<T> {
    const headers: Record<string, string> = {
      Accept: "application/json",
      ...(body && { "Content-Type": "application/json" }),
      ...(grant && { Authorization: `Bearer ${grant}` }),
      ...(key && { "Idempotency-Key": key }),
    };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await this.answer(path, init);
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok && answer !== null) return answer as T;
    throw refusalIn(answer);
  }

  private async answer(path: string, init: RequestInit): Promise<Response> {
    const response = await this.env.fetch(path, init).catch(() => null);
    if (!response) throw refused("unreachable");
    return response;
  }

  private async renew(): Promise<string> {
    const identity = this.identity();
    if (!identity) throw refused("signed_out");
    const { renewal } = identity;
    try {
      const body = { renewal };
      const grant = await this.request<Renewable>("POST", "/v1/grants/renew", { body });
      // Meanwhile this tab may have signed out, or in with another link.
      if (this.identity()?.renewal !== renewal) throw refused("signed_out");
      return this.keep(grant);
    } catch (error) {
      // A handle that is not taken will never be; one of a newer identity is another matter.
      const final = error instanceof Refused && actOf(error.trouble.code) === "stop";
      if (final && this.identity()?.renewal === renewal) this.forget();
      throw error;
    }
  }

  private keep(grant: Renewable): string {
    const before = this.identity();
    const tab = before?.person.id === grant.person.id ? before.tab : this.env.newId();
    const identity: Identity = { renewal: grant.renewal, person: grant.person, tab };
    this.env.tab.setItem(KEY, JSON.stringify(identity));
    const lifeMs = (grant.expires_us - grant.now_us) / 1000;
    this.held = { token: grant.grant, goodUntil: this.env.now() + lifeMs - MARGIN_MS };
    return grant.grant;
  }
}

/** Nothing but a press of one's own changes anything here. */
export function byPress<T>(asked: Promise<T>): Promise<T> {
  return asked.catch((error: unknown) => {
    throw pressed(error);
  });
}

/** What is no problem of Ithaca's was answered by something on the way. */
function refusalIn(answer: unknown): Refused {
  return isProblem(answer) ? refusedBy(answer) : refused("unreachable");
}

function isProblem(answer: unknown): answer is Problem {
  return typeof answer === "object" && answer !== null && "code" in answer && "detail" in answer;
}
