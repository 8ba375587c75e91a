/** A server and browsers in memory: enough of Ithaca to write to each other, on a manual clock. */
import { decode, encode } from "@msgpack/msgpack";
import { createApp } from "../../src/lib/app.js";
import type { App } from "../../src/lib/model.js";
import { MemoryStorage, type Page } from "../../src/lib/page.js";
import type {
  ClientFrame,
  Message,
  PersonView,
  ServerFrame,
} from "../../src/protocol/types.js";
import { Talking } from "./talking.js";
import { opened } from "./things.js";

export const PEOPLE: Readonly<Record<string, PersonView>> = {
  inv_me: { id: "per_me", name: "Me", zone: "Europe/Vienna" },
  inv_ana: { id: "per_ana", name: "Ana", zone: "America/Lima" },
};

export class FakeServer {
  nowMs = 0;
  /** Its clock minus nowMs. */
  aheadMs = 0;
  reachable = true;
  /** Whether pages of messages that are asked for over HTTP come. */
  pages = true;
  /** Whether the browsers see a network, and whom they tell when that changes. */
  network = true;
  readonly networkTurns: (() => void)[] = [];
  readonly talk = new Talking();
  readonly sockets = new Set<FakeSocket>();
  readonly requests: { readonly method: string; readonly path: string; readonly body: unknown }[] = [];
  readonly frames: ClientFrame[] = [];
  /** Given instead of storing the next messages. */
  readonly refusals: { code: string; retry_after_us?: number }[] = [];
  /** Given instead of moving the next marks; null: nothing is said of it. */
  readonly unmoved: ({ code: string; retry_after_us?: number } | null)[] = [];
  /** Given instead of the next pages that are asked for. */
  readonly withheld: { code: string; retry_after_us?: number }[] = [];
  /** Whom each invitation that was not withdrawn lets in. */
  readonly invitations = new Map(Object.entries(PEOPLE));
  private readonly withdrawn = new Set<string>();
  get log(): readonly Message[] {
    return this.talk.log;
  }
  /** Answers of the socket are lost while this is set: the message is stored all the same. */
  deaf = false;
  /** Whether beats stay without an answer. */
  mute = false;
  private readonly timers: { at: number; run: () => void }[] = [];
  private grants = 0;

  // ---- time --------------------------------------------------------------------------------------

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.nowMs + ms, run };
    this.timers.push(timer);
    return () => {
      const index = this.timers.indexOf(timer);
      if (index >= 0) this.timers.splice(index, 1);
    };
  }

  /** Time passes; whatever is due happens, in order. */
  async pass(ms: number): Promise<void> {
    await settled();
    const until = this.nowMs + ms;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers.splice(this.timers.indexOf(due), 1);
      this.nowMs = Math.max(this.nowMs, due.at);
      due.run();
      await settled();
    }
    this.nowMs = until;
  }

  // ---- HTTP --------------------------------------------------------------------------------------

  async fetch(path: string, init: RequestInit): Promise<Response> {
    if (!this.reachable) throw new TypeError("Failed to fetch");
    const body: unknown = init.body ? JSON.parse(String(init.body)) : null;
    this.requests.push({ method: init.method ?? "GET", path, body });
    const problem = (status: number, code: string): Response =>
      Response.json({ type: "x", title: "x", status, code, detail: "x" }, { status });
    if (path === "/v1/about") return Response.json({ version: "1", start: true });
    if (path.startsWith("/v1/grants")) {
      const handle = Object.values(body as Record<string, string>)[0] ?? "";
      const invitation = handle.replace("renewal of ", "");
      const person = this.invitations.get(invitation);
      if (this.withdrawn.has(invitation)) return problem(401, "revoked");
      if (!person) return problem(401, "invitation_invalid");
      this.grants += 1;
      const now_us = this.nowMs * 1000;
      return Response.json({
        grant: `${person.id} ${this.grants}`,
        expires_us: now_us + 600_000_000,
        now_us,
        renewal: `renewal of ${invitation}`,
        person,
        mentorship: "men_1",
      });
    }
    if (path === "/v1/me/link") {
      const caller = new Headers(init.headers).get("Authorization")?.split(" ")[1] ?? "";
      const invitation = `inv_${caller}_anew`;
      this.revoke(caller);
      this.invitations.set(invitation, person(caller));
      return Response.json({ url: `http://here/open#${invitation}` });
    }
    const { searchParams } = new URL(path, "http://here");
    const limit = Number(searchParams.get("limit") ?? 50);
    const at = (name: string): number | null =>
      searchParams.has(name) ? Number(searchParams.get(name)) : null;
    const versions = /messages\/(\d+)\/versions/.exec(path);
    if (versions) {
      const { body: text, at_us } = this.log[Number(versions[1]) - 1]!;
      return Response.json({ conversation: "cnv_1", seq: Number(versions[1]), versions: [{ body: text, at_us }] });
    }
    if (path.endsWith("/pins")) {
      const pinned = this.log.filter(({ pinned_us }) => pinned_us != null);
      return Response.json(this.talk.page(pinned.sort((a, b) => b.pinned_us! - a.pinned_us!)));
    }
    if (path.includes("/search?")) {
      const upTo = at("before") ?? Infinity;
      const words = searchParams.get("words") ?? "";
      const found = this.log.filter(({ seq, body: text }) => seq < upTo && text.includes(words));
      const hits = found.reverse().map((message) => ({ mentorship: "men_1", conversation: "cnv_1", message }));
      return Response.json({ hits: hits.slice(0, limit), more: hits.length > limit, complete: true });
    }
    if (!this.pages) throw new TypeError("Failed to fetch");
    const [before, after, around] = [at("before"), at("after"), at("around")];
    const atUs = at("at_us");
    const centre = atUs === null ? around : (this.log.find(({ at_us }) => at_us >= atUs)?.seq ?? this.talk.head);
    const from =
      centre !== null
        ? Math.max(0, centre - 1 - Math.floor(limit / 2))
        : (after ?? Math.max(0, (before ?? this.talk.head + 1) - 1 - limit));
    const to = before !== null ? before - 1 : from + limit;
    return Response.json(this.talk.page(this.log.slice(from, to)));
  }

  // ---- WebSocket ---------------------------------------------------------------------------------

  received(socket: FakeSocket, frame: ClientFrame): void {
    this.frames.push(frame);
    switch (frame.t) {
      case "auth.open": {
        socket.person = frame.grant.split(" ")[0] ?? "";
        socket.cursor = frame.cursors?.["cnv_1"] ?? { seq: this.talk.head, revision: this.talk.revision };
        socket.tell({
          ...opened(this.talk.view(socket.person)),
          person: socket.person,
          now_us: this.clockUs(),
        });
        this.deliver();
        break;
      }
      case "beat":
        if (!this.mute) socket.tell({ t: "beat.ack", n: frame.n, now_us: this.clockUs() });
        break;
      case "chat.send": {
        const refusal = this.refusals.shift();
        if (refusal) {
          socket.tell({ t: "error", about: "chat.send", ref: frame.id, message: "x", ...refusal });
          break;
        }
        const { conversation, id, body, reply_to } = frame;
        const { seq, at_us, revision } = this.talk.store(socket.person, id, body, this.nowMs * 1000, reply_to);
        if (!this.deaf) socket.tell({ t: "chat.accepted", conversation, id, seq, at_us, revision });
        this.deliver();
        break;
      }
      case "chat.edit":
      case "chat.delete":
      case "chat.react":
      case "chat.pin": {
        const { conversation, id, seq } = frame;
        const done = this.refusals.shift()?.code ?? this.talk.change(socket.person, frame, this.nowMs * 1000);
        if (typeof done === "string") {
          socket.tell({ t: "error", about: frame.t, ref: id, message: "x", code: done });
          break;
        }
        if (!this.deaf) socket.tell({ t: "chat.done", conversation, id, seq, revision: done.revision });
        this.deliver();
        break;
      }
      case "chat.read":
      case "chat.delivered": {
        const refusal = this.unmoved.shift();
        if (refusal) socket.tell({ t: "error", about: frame.t, ref: null, message: "x", ...refusal });
        if (refusal !== undefined) break;
        const mark = this.talk.mark(socket.person, frame.seq, frame.t === "chat.read");
        for (const each of this.sockets) each.tell({ t: "chat.receipt", conversation: "cnv_1", ...mark });
        break;
      }
      case "chat.typing": {
        const { conversation, typing } = frame;
        for (const each of this.sockets) {
          if (each.person !== socket.person) {
            each.tell({ t: "chat.typed", conversation, person: socket.person, typing });
          }
        }
        break;
      }
      case "chat.fetch": {
        const refusal = this.withheld.shift();
        if (refusal) {
          socket.tell({ t: "error", about: "chat.fetch", ref: null, message: "x", ...refusal });
          break;
        }
        const { after, limit = 50 } = frame;
        const page = after == null ? this.log.slice(-limit) : this.log.slice(after, after + limit);
        socket.tell({ t: "chat.messages", ...this.talk.page(page) });
        break;
      }
      default:
        break;
    }
  }

  clockUs(): number {
    return (this.nowMs + this.aheadMs) * 1000;
  }

  store(person: string, id: string, body: string): Message {
    return this.talk.store(person, id, body, this.nowMs * 1000);
  }

  deliver(): void {
    if (this.deaf) return;
    for (const socket of this.sockets) {
      if (!socket.person) continue;
      const { seq, revision } = socket.cursor;
      const messages = this.log.slice(seq);
      const touched = this.talk.touched(revision, seq);
      socket.cursor = { seq: this.talk.head, revision: this.talk.revision };
      if (messages.length) socket.tell({ t: "chat.messages", ...this.talk.page(messages) });
      if (touched) socket.tell(touched);
    }
  }

  close(code: number): void {
    for (const socket of [...this.sockets]) socket.end(code);
  }

  /** Ends a person's every way in, and their sockets. */
  revoke(person: string): void {
    for (const [invitation, { id }] of this.invitations) {
      if (id !== person) continue;
      this.invitations.delete(invitation);
      this.withdrawn.add(invitation);
    }
    for (const socket of [...this.sockets]) if (socket.person === person) socket.end(4202);
  }

  // ---- browsers ----------------------------------------------------------------------------------

  /** A tab; a reload is another one with the same storage of the tab. */
  open(address: string, browser: Storage, tab: Storage = new MemoryStorage()): Tab {
    const places: string[] = [];
    const server = this;
    const location = { protocol: "http:", host: "here", ...partsOf(address) };
    let addressed = (): void => undefined;
    const page: Page = {
      WebSocket: class extends FakeSocket {
        constructor() {
          super(server);
        }
      } as unknown as Page["WebSocket"],
      media: undefined,
      subtle: undefined,
      tab,
      browser,
      location,
      fetch: (path, init) => this.fetch(path, init),
      goTo: (path) => places.push(path),
      now: () => this.nowMs,
      epochMs: () => this.nowMs - 3_600_000, // an hour slow
      random: () => 0.5,
      zone: () => "Europe/Vienna",
      newId: () => `id-${(nextId += 1)}`,
      after: (ms, run) => this.after(ms, run),
      everyBeat: (run) => {
        const beat = (): void => {
          run();
          this.after(2_000, beat);
        };
        return this.after(2_000, beat);
      },
      listen: () => () => undefined,
      hasNetwork: () => this.network,
      onNetwork: (run) => this.networkTurns.push(run),
      onReturn: () => undefined,
      onLeave: () => undefined,
      onAddress: (run) => (addressed = run),
    };
    const paste = (link: string): void => {
      Object.assign(location, partsOf(link));
      addressed();
    };
    return { app: createApp(page), places, tab, paste };
  }
}

function partsOf(address: string): { pathname: string; hash: string } {
  const [pathname = "/", hash] = address.split("#");
  return { pathname, hash: hash ? `#${hash}` : "" };
}

function person(id: string): PersonView {
  const found = Object.values(PEOPLE).find((each) => each.id === id);
  if (!found) throw new Error(`nobody is ${id}`);
  return found;
}

let nextId = 0;

export interface Tab {
  readonly app: App;
  readonly places: readonly string[];
  readonly tab: Storage;
  /** Puts an address into this tab's bar that differs in its fragment alone. */
  paste(link: string): void;
}

export class FakeSocket {
  readyState = 0;
  binaryType = "";
  person = "";
  cursor = { seq: 0, revision: 0 };
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(private readonly server: FakeServer) {
    queueMicrotask(() => {
      if (!server.reachable) return this.end(1006);
      server.sockets.add(this);
      this.readyState = 1;
      this.onopen?.();
    });
  }

  send(data: Uint8Array): void {
    const frame = decode(data) as ClientFrame;
    queueMicrotask(() => this.server.sockets.has(this) && this.server.received(this, frame));
  }

  tell(frame: ServerFrame): void {
    const data = encode(frame).slice().buffer;
    queueMicrotask(() => this.onmessage?.({ data }));
  }

  end(code: number): void {
    this.readyState = 3;
    this.server.sockets.delete(this);
    this.onclose?.({ code });
  }

  close(): void {
    this.end(1000);
  }
}

/** All that follows from what has happened so far has happened. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i += 1) {
    const { port1, port2 } = new MessageChannel();
    const turn = new Promise((resolve) => (port2.onmessage = resolve));
    port1.postMessage(null);
    await turn;
    port1.close();
  }
}
