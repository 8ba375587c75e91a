/** Two browsers that can call each other, and the room they meet in: in memory, on a manual clock. */
import { Call } from "../../src/lib/call/call.js";
import { Proofs } from "../../src/lib/call/proofs.js";
import { signing, type Signing } from "../../src/lib/call/signing.js";
import { MemoryStorage } from "../../src/lib/page.js";
import type { ClientFrame, Peer, RoomContact, RoomJoin, ServerFrame } from "../../src/protocol/types.js";
import { settled } from "./server.js";
import { session } from "./things.js";

const BEAT_MS = 2_000;

// ---- WebRTC ------------------------------------------------------------------------------------

class FakeStream {
  addTrack(): void {}
}

export class FakeChannel {
  readyState: RTCDataChannelState = "connecting";
  bufferedAmount = 0;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  other: FakeChannel | null = null;
  /** What is said goes through this first. */
  tamper: (text: string) => unknown = (text) => text;
  private waiting: unknown[] = [];

  constructor(
    readonly label: string,
    readonly options: RTCDataChannelInit,
  ) {}

  send(text: string): void {
    if (this.readyState !== "open") throw new DOMException("not open", "InvalidStateError");
    this.bufferedAmount += text.length;
    this.waiting.push(this.tamper(text));
  }

  /** Reliable and in order: what waits while the way is broken comes after. */
  deliver(): void {
    const waiting = this.waiting.splice(0);
    this.bufferedAmount = 0;
    for (const data of waiting) this.other?.onmessage?.({ data });
  }
}

export class FakePeerConnection {
  static all: FakePeerConnection[] = [];
  signalingState: RTCSignalingState = "stable";
  iceConnectionState: RTCIceConnectionState = "new";
  localDescription: RTCSessionDescriptionInit | null = null;
  remoteDescription: RTCSessionDescriptionInit | null = null;
  onnegotiationneeded: (() => void) | null = null;
  onicecandidate: ((event: { candidate: null }) => void) | null = null;
  oniceconnectionstatechange: (() => void) | null = null;
  ontrack: (() => void) | null = null;
  channel: FakeChannel | null = null;
  other: FakePeerConnection | null = null;
  private lines: string[] = [];
  private needed = false;
  private described = 0;
  private readonly name = FakePeerConnection.all.push(this);

  addTransceiver(kind: string): void {
    this.line(kind);
  }
  addTrack(track: { kind: string }): void {
    this.line(track.kind);
  }
  createDataChannel(label: string, options: RTCDataChannelInit): FakeChannel {
    this.line("application");
    this.channel = new FakeChannel(label, options);
    return this.channel;
  }
  getTransceivers(): never[] {
    return [];
  }
  getSenders(): never[] {
    return [];
  }
  getConfiguration(): object {
    return {};
  }
  setConfiguration(): void {}
  restartIce(): void {}
  async getStats(): Promise<Map<string, unknown>> {
    return new Map();
  }
  addIceCandidate(): Promise<void> {
    return Promise.resolve();
  }

  private line(kind: string): void {
    this.lines.push(kind);
    if (this.needed) return;
    this.needed = true;
    queueMicrotask(() => this.onnegotiationneeded?.());
  }

  async setLocalDescription(): Promise<void> {
    await Promise.resolve();
    this.described += 1;
    const type = this.signalingState === "have-remote-offer" ? "answer" : "offer";
    const lines = type === "answer" ? this.remoteDescription?.sdp?.split(" ")[1] : this.lines.join();
    this.localDescription = { type, sdp: `${this.name}.${this.described} ${lines}` };
    this.signalingState = type === "answer" ? "stable" : "have-local-offer";
    if (type === "answer") this.meet(this.remoteDescription);
  }

  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    await Promise.resolve();
    this.remoteDescription = description;
    this.signalingState = description.type === "offer" ? "have-remote-offer" : "stable";
    if (description.type === "answer") this.meet(description);
  }

  private meet(theirs: RTCSessionDescriptionInit | null): void {
    const other = FakePeerConnection.all[Number(theirs?.sdp?.split(".")[0]) - 1];
    if (!other || !this.channel || !other.channel) return;
    this.other = other;
    if (other.other !== this) return;
    for (const [one, two] of [[this, other], [other, this]] as const) {
      if (!one.channel || !two.channel) continue;
      one.channel.other = two.channel;
      one.ice("connected");
    }
  }

  ice(state: RTCIceConnectionState): void {
    this.iceConnectionState = state;
    if (this.channel && state === "connected") this.channel.readyState = "open";
    this.oniceconnectionstatechange?.();
  }

  close(): void {
    this.signalingState = "closed";
    this.iceConnectionState = "closed";
    if (this.channel) this.channel.readyState = "closed";
  }
}

/** Until the test is over the names of WebRTC mean these. */
export const WEBRTC = { RTCPeerConnection: FakePeerConnection, MediaStream: FakeStream };

// ---- the room ----------------------------------------------------------------------------------

export class World {
  nowMs = 1_732_000_000_000;
  session = "ses_1";
  readonly pages: Page[] = [];
  /** Who is in the room, with which page. */
  readonly there = new Map<Page, Peer>();

  constructor() {
    FakePeerConnection.all = [];
  }

  page(person: string, options: { subtle?: SubtleCrypto | undefined; tab?: Storage } = {}): Page {
    const page = new Page(this, person, { subtle: crypto.subtle, ...options });
    this.pages.push(page);
    return page;
  }

  /** All that follows from what has happened so far has happened. */
  async settled(): Promise<void> {
    await settled();
    while (this.pages.some(({ busy }) => busy) || this.ways.some((way) => way.channel?.bufferedAmount)) {
      for (const page of this.pages) await page.work();
      for (const { channel } of this.ways) channel?.deliver();
      await settled();
    }
  }

  /** The connections that carry something at this moment. */
  get ways(): FakePeerConnection[] {
    return FakePeerConnection.all.filter(({ iceConnectionState: ice }) => ice === "connected");
  }

  /** The data channel of the one who came second, or of who was there. */
  channelOf(which: "newcomer" | "first"): FakeChannel {
    const type = which === "newcomer" ? "offer" : "answer";
    const way = this.ways.find(({ localDescription }) => localDescription?.type === type);
    if (!way?.channel) throw new Error(`the ${which} is not connected`);
    return way.channel;
  }

  /** Both ends of what two pages have between them. */
  ice(state: RTCIceConnectionState): void {
    for (const one of FakePeerConnection.all) {
      if (one.other && one.iceConnectionState !== "closed") one.ice(state);
    }
  }

  async beats(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      this.nowMs += BEAT_MS;
      for (const page of this.pages) page.beat();
      await this.settled();
    }
  }

  view(): ReturnType<typeof session> {
    return session({ id: this.session });
  }

  received(from: Page, frame: ClientFrame): void {
    const others = [...this.there].filter(([page]) => page !== from);
    switch (frame.t) {
      case "room.join": {
        const { peer: id, audio, video, key = null } = frame;
        const peer: Peer = { id, person: from.person, audio, video, key };
        this.there.set(from, peer);
        const peers = others.map(([, each]) => each);
        from.tell({ t: "room.joined", room: "room_1", peer: id, peers, ice_servers: [], session: this.view() });
        for (const [page] of others) {
          if (frame.offer) page.tell({ t: "peer.offer", room: "room_1", peer: id, sdp: frame.offer });
          page.tell({ t: "room.peer_joined", room: "room_1", peer });
        }
        break;
      }
      case "room.leave":
        this.there.delete(from);
        from.tell({ t: "room.left", room: "room_1", reason: "left", session: this.view() });
        break;
      case "peer.offer":
      case "peer.answer":
      case "peer.candidate": {
        const peer = this.there.get(from)?.id ?? "";
        const to = others.find(([, each]) => each.id === frame.peer)?.[0];
        to?.tell({ ...frame, peer });
        break;
      }
      default:
        break;
    }
  }
}

/** A page on a call, with what it sent. */
export class Page {
  readonly call: Call;
  readonly proofs: Proofs;
  readonly tab: Storage;
  readonly frames: ClientFrame[] = [];
  /** What it does after a while. */
  readonly later = new Set<() => void>();
  /** Where it measures who speaks, each time that changes (null: nowhere), and after how many frames
   * it handed that in. */
  readonly measures: (string | number | null)[] = [null];
  reachable = true;
  /** What it thinks that the server's clock is ahead of it; null: it does not know. */
  offsetUs: number | null = 0;
  /** How often it asked to be drawn. */
  drawn = 0;
  private pending: Promise<unknown>[] = [];
  private sent = 0;
  private ids = 0;

  constructor(
    private readonly world: World,
    readonly person: string,
    options: { subtle?: SubtleCrypto | undefined; tab?: Storage },
  ) {
    this.tab = options.tab ?? new MemoryStorage();
    this.proofs = new Proofs({ tab: this.tab, send: (frame) => this.send(frame), beats: () => this.sent });
    this.call = new Call({
      mentorship: "men_1",
      room: "room_1",
      other: person === "per_me" ? "per_ana" : "per_me",
      send: (frame) => this.send(frame),
      iceServers: () => [],
      isOnline: () => this.reachable,
      nowUs: () => this.world.nowMs * 1000 + (this.offsetUs ?? 0),
      after: (ms, run) => {
        if (ms === 0) queueMicrotask(run);
        else this.later.add(run); // when a test says so: time is the world's
        return () => void this.later.delete(run);
      },
      newId: () => `${person}-${(this.ids += 1)}`,
      tracks: () => ({ audio: null, video: null }),
      changed: () => void (this.drawn += 1),
      clock: () => {
        const localUs = this.world.nowMs * 1000;
        return { localUs, serverUs: this.offsetUs === null ? null : localUs + this.offsetUs };
      },
      signing: this.watched(signing(options.subtle)),
      proofs: this.proofs,
      speech: {
        in: (room) => room === this.measures.at(-1) || this.measures.push(room),
        beat: () => undefined,
        handIn: () => this.measures.push(this.frames.length),
      },
    });
  }

  get busy(): boolean {
    return this.pending.length > 0;
  }

  async work(): Promise<void> {
    await Promise.all(this.pending.splice(0));
  }

  beat(): void {
    this.call.beat();
    if (!this.reachable) return;
    this.sent += 1;
    this.proofs.acknowledged(this.sent);
  }

  offline(): void {
    this.reachable = false;
    this.call.offline();
    this.proofs.notTaken();
  }

  online(): void {
    this.reachable = true;
    this.call.online();
  }

  tell(frame: ServerFrame): void {
    queueMicrotask(() => {
      if (!this.reachable) return;
      if (frame.t === "error" && frame.about === "room.contact") this.proofs.notTaken();
      this.call.handle(frame);
    });
  }

  get joins(): RoomJoin[] {
    return this.frames.filter((frame) => frame.t === "room.join");
  }

  get contacts(): RoomContact[] {
    return this.frames.filter((frame) => frame.t === "room.contact");
  }

  private send(frame: ClientFrame): boolean {
    if (!this.reachable) return false;
    this.frames.push(frame);
    queueMicrotask(() => this.world.received(this, frame));
    return true;
  }

  private watched(real: Signing): Signing {
    const watch = <T>(work: Promise<T>): Promise<T> => {
      this.pending.push(work);
      return work;
    };
    return {
      make: () =>
        watch(
          real.make().then((key) => key && { ...key, sign: (statement) => watch(key.sign(statement)) }),
        ),
      verify: (...args) => watch(real.verify(...args)),
    };
  }
}
