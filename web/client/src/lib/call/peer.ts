/** One RTCPeerConnection and its negotiation: the shell around negotiation.ts. */
import type { ClientFrame, IceServer, PeerCandidate } from "../../protocol/types.js";
import { FLOW, LOOK_MS, countsOf, doubted, expecting, flows, frozen, looked, stopped } from "./flow.js";
import { negotiation, step, type Effect, type Event, type Negotiation } from "./negotiation.js";

export type Kind = "audio" | "video";
export type Tracks = Readonly<Record<Kind, MediaStreamTrack | null>>;
export type Media = "connecting" | "connected" | "interrupted" | "failed";

export interface PeerEnv {
  readonly room: string;
  send(frame: ClientFrame): boolean;
  after(ms: number, run: () => void): () => void;
  tracks(): Tracks;
  changed(): void;
}

export interface LinkEnv extends PeerEnv {
  /** The other page says something, over the data channel. */
  heard(text: string): void;
}

const RESTART_AFTER_MS = 2_000;
/** How long the polite one leaves the restart to the other: if it has to take its own offer back,
 * Chromium never shows the other's picture again, although it decodes it. */
const YIELD_MS = 4_000;

/** Pictures begin at half their width and height: at its first guess of the bandwidth (300 kbit/s)
 * a browser drops the first frames of anything larger than 640x480. Measured: the first picture
 * came in 183 ms instead of 555. Once the bandwidth is known they get their full size. */
const FIRST_SCALE = 2;
const FULL_SIZE_AFTER_MS = 2_000;

/** What is not away yet while the way is broken; it would come too late to be heard. */
const BACKLOG_MOST_BYTES = 2_048;

export class PeerLink {
  /** What the other sends; the same object for the link's whole life. */
  readonly stream = new MediaStream();
  media: Media = "connecting";
  /** Media has flowed at some time. */
  proven = false;

  private flow = FLOW;
  private readonly pc: RTCPeerConnection;
  /** Agreed on without a word: part of every offer from the beginning. */
  private readonly channel: RTCDataChannel;
  /** Names the group of own tracks, so that the other plays them in step. */
  private readonly group = new MediaStream();
  private state: Negotiation = negotiation(true);
  private queue: Promise<void> = Promise.resolve();
  private peer: string | null = null;
  /** Own candidates that are in no description the other has, until there is somebody to send to. */
  private gathered: RTCIceCandidate[] = [];
  private handed = false;
  private waitsForOffer: boolean;
  private cancelRestart: (() => void) | null = null;
  /** Signalling gets through to the other page; an offer made without it would be lost. */
  private reachable = true;
  private closed = false;

  /** `offering`: makes an offer at once, for whoever will be there. Otherwise it waits for an offer,
   * with its candidates gathered and its tracks put in ahead. Later sounds and pictures are put in
   * with replaceTrack, so that devices may come, go and change without renegotiation. */
  constructor(
    private readonly env: LinkEnv,
    offering: boolean,
    iceServers: readonly IceServer[],
  ) {
    this.pc = new RTCPeerConnection({
      bundlePolicy: "max-bundle",
      iceCandidatePoolSize: 1,
      iceServers: iceServers.map(toRtc),
    });
    this.pc.onnegotiationneeded = () => this.waitsForOffer || this.handle({ is: "needed" });
    this.pc.onicecandidate = ({ candidate }) => candidate && this.found(candidate);
    this.pc.oniceconnectionstatechange = () => this.iceChanged();
    this.pc.ontrack = ({ track }) => {
      this.stream.addTrack(track);
      this.env.changed();
    };
    this.waitsForOffer = !offering;
    const tracks = env.tracks();
    for (const kind of ["audio", "video"] as const) {
      const track = tracks[kind];
      if (!offering) {
        // Only what addTrack made is taken for an offer's places (RFC 9429, section 5.10).
        if (track) this.pc.addTrack(track, this.group);
      } else {
        this.pc.addTransceiver(track ?? kind, {
          direction: "sendrecv",
          streams: [this.group],
          ...(kind === "video" && { sendEncodings: [{ scaleResolutionDownBy: FIRST_SCALE }] }),
        });
      }
    }
    this.channel = this.pc.createDataChannel("contact", { negotiated: true, id: 0, ordered: true });
    this.channel.onmessage = ({ data }) => this.env.heard(String(data));
  }

  get canSay(): boolean {
    const { readyState, bufferedAmount } = this.channel;
    return readyState === "open" && bufferedAmount <= BACKLOG_MOST_BYTES;
  }

  /** To the other page, over the data channel. */
  say(text: string): void {
    this.channel.send(text);
  }

  get connected(): boolean {
    return this.media === "connected";
  }

  /** How what the other sends arrives, of which `something` is said to be sent. */
  arriving(something: boolean): { media: Media; flows: boolean; frozen: boolean } {
    const lost = something && this.connected && stopped(this.flow);
    return {
      media: lost ? "interrupted" : this.media,
      flows: flows(this.flow),
      frozen: frozen(this.flow),
    };
  }

  /** The other's signalling, or one's own, is away: whether media still flows is to be seen anew. */
  away(): void {
    this.reachable = false;
    this.flow = doubted(this.flow);
  }

  /** The other says that it sends something else now. */
  expect(): void {
    this.flow = expecting(this.flow);
  }

  /** The prepared offer with all candidates found so far, to travel with `room.join`. */
  handOver(): string | null {
    const offer = this.pc.localDescription;
    if (offer?.type !== "offer") return null;
    this.handed = true;
    this.gathered = [];
    return offer.sdp;
  }

  /** Who is on the other side. A prepared offer that did not travel with the join goes now. */
  meet(peer: string, polite: boolean): void {
    this.peer = peer;
    this.state = { ...this.state, polite };
    if (!this.handed && this.pc.localDescription) this.sendOffer();
    for (const candidate of this.gathered.splice(0)) this.sendCandidate(candidate);
  }

  /** New servers count from the next gathering on. */
  use(iceServers: readonly IceServer[]): void {
    if (iceServers.length === 0) return;
    this.pc.setConfiguration({ ...this.pc.getConfiguration(), iceServers: iceServers.map(toRtc) });
  }

  offer(sdp: string): void {
    this.handle({ is: "offer", sdp });
  }

  answer(sdp: string): void {
    this.handle({ is: "answer", sdp });
  }

  candidate(frame: PeerCandidate): void {
    const candidate = {
      candidate: frame.candidate,
      sdpMid: frame.sdp_mid ?? null,
      sdpMLineIndex: frame.sdp_m_line_index ?? null,
      usernameFragment: frame.username_fragment ?? null,
    };
    this.handle({ is: "candidate", candidate });
  }

  /** The other's signalling, or one's own, is back: repeat what may be lost, mend what is broken. */
  returned(): void {
    this.reachable = true;
    this.handle({ is: "returned" });
    if (!this.connected) this.restartAfter(0);
  }

  setTrack(kind: Kind, track: MediaStreamTrack | null): void {
    for (const { sender, receiver } of this.pc.getTransceivers()) {
      if (receiver.track.kind === kind) sender.replaceTrack(track).catch(ignore);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.cancelRestart?.();
    this.pc.onnegotiationneeded = this.pc.onicecandidate = this.pc.ontrack = null;
    this.pc.oniceconnectionstatechange = this.channel.onmessage = null;
    this.pc.close();
  }

  // ---- negotiation -----------------------------------------------------------------------------

  private handle(event: Event): void {
    this.queue = this.queue.then(async () => {
      if (this.closed) return;
      const [next, effects] = step(this.state, event);
      this.state = next;
      try {
        for (const effect of effects) await this.perform(effect);
      } catch (error) {
        if (this.closed) return;
        console.warn("negotiation", event.is, error);
        const described = this.pc.remoteDescription !== null;
        const failed = { is: "failed", signaling: this.pc.signalingState, described } as const;
        [this.state] = step(this.state, failed);
      }
    });
  }

  private async perform(effect: Effect): Promise<void> {
    switch (effect.do) {
      case "offer":
        await this.pc.setLocalDescription();
        this.sendOffer();
        break;
      case "send_again":
        this.sendOffer();
        break;
      case "answer":
        await this.pc.setRemoteDescription({ type: "offer", sdp: effect.sdp });
        this.waitsForOffer = false;
        if (!this.proven) this.takePlaces();
        await this.pc.setLocalDescription();
        this.handed = true;
        this.send("peer.answer", this.pc.localDescription?.sdp);
        if (!this.proven) this.fillIn(); // the answer need not wait for it
        break;
      case "accept":
        await this.pc.setRemoteDescription({ type: "answer", sdp: effect.sdp });
        break;
      case "add":
        // One that belongs to an offer that was taken back is of no use, and does no harm.
        await this.pc.addIceCandidate(effect.candidate).catch(ignore);
        break;
    }
  }

  /** Where the other's offer made places that no own track has taken: one may come. */
  private takePlaces(): void {
    for (const transceiver of this.pc.getTransceivers()) {
      if (transceiver.direction === "sendrecv" || transceiver.currentDirection === "stopped") continue;
      transceiver.direction = "sendrecv";
      transceiver.sender.setStreams?.(this.group);
    }
  }

  /** Puts own tracks where there are none yet; none is sent before the way is found. */
  private fillIn(): void {
    const tracks = this.env.tracks();
    for (const { sender, receiver } of this.pc.getTransceivers()) {
      const track = tracks[receiver.track.kind as Kind];
      if (sender.track !== track) sender.replaceTrack(track).catch(ignore);
    }
    this.scale(FIRST_SCALE);
  }

  private scale(down: number): void {
    for (const { sender, receiver } of this.pc.getTransceivers()) {
      if (receiver.track.kind !== "video") continue;
      const parameters = sender.getParameters();
      for (const encoding of parameters.encodings) encoding.scaleResolutionDownBy = down;
      sender.setParameters(parameters).catch(ignore);
    }
  }

  private sendOffer(): void {
    if (this.peer === null) return;
    this.handed = true;
    this.send("peer.offer", this.pc.localDescription?.sdp);
  }

  private send(t: "peer.offer" | "peer.answer", sdp: string | undefined): void {
    if (this.peer && sdp) this.env.send({ t, room: this.env.room, peer: this.peer, sdp });
  }

  private found(candidate: RTCIceCandidate): void {
    if (this.peer === null) this.gathered.push(candidate);
    else this.sendCandidate(candidate);
  }

  private sendCandidate(candidate: RTCIceCandidate): void {
    if (this.peer === null) return;
    this.env.send({
      t: "peer.candidate",
      room: this.env.room,
      peer: this.peer,
      candidate: candidate.candidate,
      sdp_mid: candidate.sdpMid,
      sdp_m_line_index: candidate.sdpMLineIndex,
      username_fragment: candidate.usernameFragment,
    });
  }

  // ---- how the media is ------------------------------------------------------------------------

  private iceChanged(): void {
    const ice = this.pc.iceConnectionState;
    this.cancelRestart?.();
    this.cancelRestart = null;
    if (ice === "connected" || ice === "completed") {
      if (this.media !== "connected" && this.proven) this.askForKeyFrame();
      if (!this.proven) this.env.after(FULL_SIZE_AFTER_MS, () => this.closed || this.scale(1));
      if (!this.proven) this.lookSoon();
      this.flow = expecting(this.flow);
      this.media = "connected";
      this.proven = true;
    } else if (ice === "failed") {
      this.media = "failed";
      this.restartAfter(0);
    } else if (ice === "disconnected") {
      this.media = "interrupted";
      this.restartAfter(RESTART_AFTER_MS);
    } else {
      this.media = this.proven ? "interrupted" : "connecting";
    }
    this.env.changed();
  }

  private restartAfter(ms: number): void {
    this.cancelRestart?.();
    const wait = ms + (this.state.polite ? YIELD_MS : 0);
    this.cancelRestart = this.env.after(wait, () => {
      if (this.reachable && !this.connected && !this.closed) this.pc.restartIce();
    });
  }

  private lookSoon(): void {
    this.env.after(LOOK_MS, () => this.closed || void this.look());
  }

  private async look(): Promise<void> {
    const counts = countsOf(await this.pc.getStats());
    if (this.closed) return;
    const before = this.flow;
    this.flow = looked(before, counts);
    const said = [flows, stopped, frozen];
    if (said.some((of) => of(before) !== of(this.flow))) this.env.changed();
    this.lookSoon();
  }

  /** The other lost pictures while the way was broken; waiting for its request costs a round trip. */
  private askForKeyFrame(): void {
    for (const sender of this.pc.getSenders()) {
      if (sender.track?.kind !== "video") continue;
      const parameters = sender.getParameters();
      const encodingOptions = parameters.encodings.map(() => ({ keyFrame: true }));
      // The second argument (W3C webrtc-extensions) is not everywhere; then nothing happens.
      const set = sender.setParameters.bind(sender) as (
        parameters: RTCRtpSendParameters,
        options: { encodingOptions: { keyFrame: boolean }[] },
      ) => Promise<void>;
      set(parameters, { encodingOptions }).catch(ignore);
    }
  }
}

function toRtc({ urls, username, credential }: IceServer): RTCIceServer {
  return { urls, ...(username && { username }), ...(credential && { credential }) };
}

function ignore(): void {}
