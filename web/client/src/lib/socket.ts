/** The WebSocket: the shell around connection.ts. One event, then all its effects, then the next. */
import { decode, encode } from "../protocol/codec.js";
import { SUBPROTOCOL_MSGPACK, type ClientFrame, type Cursor, type ServerFrame } from "../protocol/types.js";
import { ServerClock } from "./clock.js";
import { IDLE, SILENT_AFTER_MS, linkOf, step, type Connection, type Effect, type Event } from "./connection.js";
import { Refused, type Link } from "./model.js";
import { troubleOf } from "./trouble.js";

export interface SocketEnv {
  readonly url: string;
  readonly WebSocket: new (url: string, protocols: string[]) => WebSocket;
  /** performance.now() ms */
  now(): number;
  random(): number;
  after(ms: number, run: () => void): () => void;
  /** Calls every 2 s, also in a hidden page; returns what stops it. */
  everyBeat(run: () => void): () => void;
  grant(fresh: boolean): Promise<string>;
  signIn(): { tab: string; cursors: Record<string, Cursor>; epoch: number | null };
  frame(frame: ServerFrame): void;
  link(link: Link): void;
}

export class Socket {
  readonly clock = new ServerClock();
  private state: Connection = IDLE;
  private socket: WebSocket | null = null;
  private token = "";
  /** How many were sent, in all. */
  beats = 0;
  private readonly sentAt = new Map<number, number>();
  private openSentAt = 0;
  private cancelWait: (() => void) | null = null;
  private stopBeats: (() => void) | null = null;
  /** Answers to what an earlier start asked for are not taken. */
  private run = 0;

  constructor(private readonly env: SocketEnv) {}

  get isOnline(): boolean {
    return this.state.phase === "online";
  }

  start(): void {
    this.run += 1;
    this.stopBeats ??= this.env.everyBeat(() => this.handle({ is: "tick" }));
    this.handle({ is: "start" });
  }

  stop(): void {
    this.run += 1;
    this.handle({ is: "stop" });
  }

  /** The network or the person is back: no need to wait any longer. */
  nudge(): void {
    this.handle({ is: "nudge" });
  }

  /** The browser sees no network any more. */
  noNetwork(): void {
    this.handle({ is: "no_network" });
  }

  /** Whether it was sent; only while signed in. */
  send(frame: ClientFrame): boolean {
    if (!this.isOnline || this.socket?.readyState !== 1) return false;
    this.socket.send(encode(frame));
    return true;
  }

  private handle(event: Event): void {
    const before = this.state;
    const [next, effects] = step(before, event, this.env.now(), this.env.random());
    this.state = next;
    for (const effect of effects) this.perform(effect);
    if (next.phase !== before.phase || next.silent !== before.silent) this.env.link(linkOf(next));
  }

  private perform(effect: Effect): void {
    switch (effect) {
      case "grant":
        this.cancelWait?.();
        void this.askForGrant();
        break;
      case "dial":
        this.dial();
        break;
      case "sign":
        this.openSentAt = this.env.now();
        this.clock.renew();
        this.sentAt.clear();
        this.write({ t: "auth.open", grant: this.token, ...this.env.signIn() });
        break;
      case "beat": {
        const n = (this.beats += 1);
        this.sentAt.set(n, this.env.now());
        this.write({ t: "beat", n });
        this.env.after(SILENT_AFTER_MS, () => this.sentAt.has(n) && this.handle({ is: "unanswered" }));
        break;
      }
      case "hang_up":
        this.cancelWait?.();
        this.release()?.close();
        break;
      case "check": {
        const ms = Math.ceil((this.state.answerBy ?? 0) - this.env.now());
        this.env.after(ms, () => this.handle({ is: "tick" }));
        break;
      }
      case "wait": {
        const ms = Math.max(0, Math.ceil(this.state.retryAt - this.env.now()));
        this.cancelWait = this.env.after(ms, () => this.handle({ is: "tick" }));
        break;
      }
    }
  }

  private async askForGrant(): Promise<void> {
    const run = this.run;
    try {
      this.token = await this.env.grant(this.state.renew);
      if (run === this.run) this.handle({ is: "granted" });
    } catch (error) {
      const trouble = error instanceof Refused ? error.trouble : troubleOf("internal");
      if (run === this.run) this.handle({ is: "not_granted", trouble });
    }
  }

  private dial(): void {
    const socket = new this.env.WebSocket(this.env.url, [SUBPROTOCOL_MSGPACK]);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.handle({ is: "opened" });
    socket.onmessage = ({ data }) => this.received(data as ArrayBuffer);
    socket.onclose = ({ code }) => {
      this.release();
      this.handle({ is: "closed", code });
    };
    this.socket = socket;
  }

  /** Lets go of the socket: nothing that it still says is heard. */
  private release(): WebSocket | null {
    const socket = this.socket;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    this.socket = null;
    return socket;
  }

  private write(frame: ClientFrame): void {
    if (this.socket?.readyState === 1) this.socket.send(encode(frame)); // or it is closing
  }

  private received(data: ArrayBuffer): void {
    const frame = decode(data);
    if (!frame) return;
    const now = this.env.now();
    if (frame.t === "auth.opened") {
      this.clock.exchange(this.openSentAt * 1000, frame.now_us, now * 1000);
      this.handle({ is: "signed_in" });
    } else if (frame.t === "beat.ack") {
      const sent = this.sentAt.get(frame.n);
      this.sentAt.delete(frame.n);
      if (sent !== undefined) this.clock.exchange(sent * 1000, frame.now_us, now * 1000);
      this.handle({ is: "heard" });
    }
    this.env.frame(frame);
  }
}
