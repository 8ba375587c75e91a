/** One call: joins a room, keeps a link to each other peer in it, and survives a broken socket.
 *
 * It is made on the pre-join page, so that at the click on Join one frame with a finished offer is
 * all that is left to send.
 */
import type {
  ErrorFrame,
  IceServer,
  Peer,
  RoomJoined,
  RoomLeft,
  ServerFrame,
  SessionView,
} from "../../protocol/types.js";
import type { Speech } from "../media/speech.js";
import type { CallState, Gone, RemotePeer, Trouble } from "../model.js";
import { actOf, triedAgain, troubleOf } from "../trouble.js";
import type { Clock } from "./contact.js";
import { look, UNTOLD, type Path } from "./path.js";
import { PeerLink, type Kind, type LinkEnv, type PeerEnv, type Tracks } from "./peer.js";
import { beaten, isUnproven, signed, type Lack } from "./lack.js";
import type { Proofs } from "./proofs.js";
import { continues, onJoined, onPeerJoined, onPeerLeft, type Action, type Known } from "./roster.js";
import type { Key, Signing } from "./signing.js";
import { Witness } from "./witness.js";

export interface CallEnv extends Omit<PeerEnv, "room"> {
  readonly mentorship: string;
  readonly room: string;
  /** The other member: whose page it is that is not announced yet. */
  readonly other: string;
  /** As the server named them last. */
  iceServers(): readonly IceServer[];
  isOnline(): boolean;
  nowUs(): number;
  newId(): string;
  clock(): Clock;
  readonly signing: Signing;
  readonly proofs: Proofs;
  readonly speech: Pick<Speech, "in" | "beat" | "handIn">;
}

interface Remote {
  readonly link: PeerLink;
  readonly witness: Witness;
  readonly peer: Peer;
  readonly here: boolean;
  readonly lack: Lack;
  readonly unproven: boolean;
}

const JOIN_AGAIN_MS = 2_000;
const PUT_OUT_MS = 500;
/** What was signed is handed in with every second beat (HAND_IN_US). */
const HAND_IN_BEATS = 2;

export class Call {
  phase: "prepared" | CallState["phase"] = "prepared";
  /** When all is there that a join can bring. */
  readonly ready: Promise<void>;

  private id: string;
  /** A join has been sent and not answered. */
  private asked = false;
  /** A link in reserve: with a finished offer before joining, ready to answer while alone. */
  private spare: { readonly link: PeerLink; readonly offering: boolean } | null;
  private readonly remotes = new Map<string, Remote>();
  private gone: Gone | null = null;
  private ended: CallState["ended"] = null;
  private trouble: Trouble | null = null;
  private told: Readonly<Record<Kind, boolean>> = { audio: false, video: false };
  private cancelRetry: (() => void) | null = null;
  private cancelNews: (() => void) | null = null;
  private session: string | null = null;
  /** What this page signs contact with. */
  private key: Key | null = null;
  private path: Path = UNTOLD;
  private beats = 0;

  constructor(private readonly env: CallEnv) {
    this.id = env.newId();
    this.spare = { link: this.newLink(true), offering: true };
    this.ready = env.signing.make().then((key) => void (this.key = key));
  }

  get mentorship(): string {
    return this.env.mentorship;
  }

  get isActive(): boolean {
    return this.phase === "joining" || this.phase === "joined";
  }

  /** What pages see of it; the session is kept beside it. */
  state(): Omit<CallState, "session"> {
    const { audio, video } = lets(this.env.tracks());
    return {
      mentorship: this.env.mentorship,
      room: this.env.room,
      phase: this.phase === "prepared" ? "joining" : this.phase,
      peers: [...this.remotes.values()].map(view),
      gone: this.gone,
      microphoneOn: audio,
      cameraOn: video,
      ended: this.ended,
      trouble: this.trouble,
    };
  }

  join(): void {
    if (this.phase !== "prepared") return;
    this.phase = "joining";
    this.sendJoin();
    this.env.changed();
  }

  leave(): void {
    this.sayGoodbye();
    this.finish("left");
  }

  /** The page is being left, perhaps to be loaded again: the room need not wait for it. */
  sayGoodbye(): void {
    if (!this.isActive) return;
    this.handIn();
    this.env.speech.handIn();
    this.env.send({ t: "room.leave", room: this.env.room });
  }

  /** Every two seconds. */
  beat(): void {
    if (!this.isActive) return;
    for (const { witness } of this.remotes.values()) witness.beat();
    for (const [id, { link, lack }] of this.remotes) {
      this.prove(id, beaten(lack, link.connected, this.env.clock().localUs));
    }
    this.tellPath();
    // Who spoke is measured while there is somebody to speak to.
    this.env.speech.in(this.isInRoom && this.remotes.size > 0 ? this.env.room : null);
    this.env.speech.beat();
    this.beats += 1;
    if (this.beats % HAND_IN_BEATS === 0) this.handIn();
  }

  /** What the others' pages signed goes to the server, or into the tab's storage. */
  handIn(): void {
    if (this.isInRoom) this.env.proofs.handIn(this.env.room);
    this.env.proofs.save();
  }

  /** The socket is closed for good, and the room with it. */
  cutOff(why: "replaced" | "revoked"): void {
    if (this.isActive) this.finish(why);
  }

  /** Away from the pre-join page, or the end: no picture, no sound, no candidates any more. */
  dispose(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.cancelNews?.();
    this.cancelNews = null;
    this.spare?.link.close();
    this.spare = null;
    for (const { link } of this.remotes.values()) link.close();
    this.remotes.clear();
  }

  /** A track came, went or was replaced; or only what the others hear and see has changed. */
  setTrack(kind: Kind, track: MediaStreamTrack | null): void {
    this.spare?.link.setTrack(kind, track);
    for (const { link } of this.remotes.values()) link.setTrack(kind, track);
  }

  /** Tells the others what they can hear and see now, if that is news to them. */
  mediaChanged(): void {
    const now = lets(this.env.tracks());
    const isNews = now.audio !== this.told.audio || now.video !== this.told.video;
    if (this.isInRoom && isNews) {
      this.told = now;
      this.env.send({ t: "room.media", room: this.env.room, ...now });
    }
    this.env.changed();
  }

  /** The socket is signed in (again). */
  online(): void {
    if (!this.isActive) return;
    if (this.phase === "joined" || this.asked) this.beginAgain();
    this.sendJoin();
  }

  offline(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    for (const { link } of this.remotes.values()) link.away();
    if (this.isActive) this.changedSoon();
  }

  handle(frame: ServerFrame): void {
    if ("room" in frame && frame.room !== this.env.room) return;
    if (!this.isActive) return;
    switch (frame.t) {
      case "room.joined":
        this.joined(frame);
        break;
      case "room.peer_joined":
        this.act(onPeerJoined(this.known(), frame.peer));
        break;
      case "room.peer_left":
        this.act(onPeerLeft(this.known(), frame.peer, frame.reason));
        this.noteGone(frame.reason === "lost" || frame.reason === "restart");
        break;
      case "room.peer_media": {
        const remote = this.remotes.get(frame.peer);
        if (!remote) break;
        const peer = { ...remote.peer, audio: frame.audio, video: frame.video };
        remote.link.expect();
        this.remotes.set(frame.peer, { ...remote, peer });
        this.env.changed();
        break;
      }
      case "room.left":
        this.left(frame);
        break;
      case "session.changed":
        if (frame.session.room === this.env.room) this.setSession(frame.session);
        break;
      case "peer.offer":
        this.remoteOf(frame.peer).link.offer(frame.sdp);
        break;
      case "peer.answer":
        this.remotes.get(frame.peer)?.link.answer(frame.sdp);
        break;
      case "peer.candidate":
        this.remotes.get(frame.peer)?.link.candidate(frame);
        break;
      case "error":
        this.refused(frame);
        break;
      default:
        break;
    }
  }

  // ---- in and out ------------------------------------------------------------------------------

  private sendJoin(): void {
    if (!this.env.isOnline()) return;
    this.told = lets(this.env.tracks());
    const offer = this.spare?.offering ? this.spare.link.handOver() : null;
    this.asked = this.env.send({
      t: "room.join",
      room: this.env.room,
      peer: this.id,
      ...this.told,
      ...(offer && { offer }),
      ...(this.key && { key: this.key.name }),
    });
  }

  /** A new socket: what still carries media goes on; otherwise it is a new page to the others. */
  private beginAgain(): void {
    if (continues(this.known())) return;
    for (const peer of [...this.remotes.keys()]) this.close(peer);
    this.reserve(true);
    this.id = this.env.newId();
  }

  private joined(frame: RoomJoined): void {
    if (frame.peer !== this.id) return;
    this.phase = "joined";
    this.asked = false;
    this.trouble = null;
    // Fresh credentials, for the next gathering.
    for (const { link } of this.remotes.values()) link.use(frame.ice_servers);
    this.spare?.link.use(frame.ice_servers);
    this.setSession(frame.session);
    this.act(onJoined(this.known(), frame.peers));
    this.mediaChanged();
    this.path = { ...this.path, told: null };
    this.tellPath();
    this.handIn();
  }

  private left({ reason }: RoomLeft): void {
    if (reason === "lost" || reason === "restart") {
      // The server gave this page up while it lives.
      this.online();
    } else if (reason !== "left") {
      this.finish(reason);
    }
  }

  private finish(why: CallState["ended"]): void {
    if (this.phase === "left") return;
    this.handIn();
    this.env.speech.in(null);
    this.phase = "left";
    this.ended = why;
    this.dispose();
    this.env.changed();
  }

  private refused({ about, code, message, retry_after_us }: ErrorFrame): void {
    if (about === "room.join") {
      this.trouble = troubleOf(code, message);
      const act = actOf(code);
      if (act === "fix" || act === "stop") {
        this.finish(null);
        return;
      }
      this.trouble = triedAgain(this.trouble);
      const wait = Math.max(JOIN_AGAIN_MS, (retry_after_us ?? 0) / 1000);
      this.retryAfter(wait, () => this.isActive && this.sendJoin());
      this.env.changed();
    } else if (code === "not_in_room" && this.isInRoom && !this.cancelRetry) {
      // Why may come right behind it: who went on elsewhere does not take the call back.
      this.retryAfter(PUT_OUT_MS, () => this.isInRoom && this.online());
    }
  }

  private retryAfter(ms: number, run: () => void): void {
    this.cancelRetry?.();
    this.cancelRetry = this.env.after(ms, () => {
      this.cancelRetry = null;
      run();
    });
  }

  // ---- the others ------------------------------------------------------------------------------

  private known(): Known[] {
    return [...this.remotes.values()].map(({ link, peer }) => ({
      peer: peer.id,
      person: peer.person,
      proven: link.proven,
      connected: link.connected,
      lasting: link.proven && link.media !== "failed",
    }));
  }

  private act(actions: readonly Action[]): void {
    for (const action of actions) {
      switch (action.do) {
        case "call":
          this.close(action.peer.id);
          this.add(action.peer, this.takeSpare(true), false);
          break;
        case "await":
          this.close(action.peer.id);
          this.add(action.peer, this.takeSpare(false), true);
          break;
        case "keep": {
          const remote = this.remotes.get(action.peer.id);
          if (!remote) break;
          this.remotes.set(action.peer.id, { ...remote, peer: action.peer, here: true });
          if (remote.link.proven) remote.link.returned();
          break;
        }
        case "miss": {
          const remote = this.remotes.get(action.peer);
          if (!remote) break;
          this.remotes.set(action.peer, { ...remote, here: false });
          remote.link.away();
          break;
        }
        case "close":
          this.close(action.peer);
          break;
      }
    }
    // Alone: whoever comes will make the offer, so be ready to answer it.
    if (this.remotes.size === 0) this.reserve(false);
    this.introduce();
    this.changedSoon();
  }

  /** An offer of a peer that has not been announced: it is the newcomer. */
  private remoteOf(peer: string): Remote {
    const found = this.remotes.get(peer);
    if (found) return found;
    const unannounced = { id: peer, person: this.env.other, audio: false, video: false };
    return this.add(unannounced, this.takeSpare(false), true);
  }

  private add(peer: Peer, link: PeerLink, polite: boolean): Remote {
    const witness = new Witness({
      signing: this.env.signing,
      clock: () => this.env.clock(),
      canSay: () => link.canSay,
      say: (text) => link.say(text),
      signed: (session, contact) => {
        this.env.proofs.keep(this.env.room, session, contact);
        const lack = this.remotes.get(peer.id)?.lack ?? null;
        this.prove(peer.id, signed(lack, this.env.clock().localUs));
      },
    });
    const remote = { link, witness, peer, here: true, lack: null, unproven: false };
    this.gone = null;
    this.remotes.set(peer.id, remote);
    link.meet(peer.id, polite);
    return remote;
  }

  private noteGone(lost: boolean): void {
    if (this.remotes.size === 0) this.gone = { atUs: this.env.nowUs(), lost };
  }

  private close(peer: string): void {
    this.remotes.get(peer)?.link.close();
    this.remotes.delete(peer);
  }

  private remoteWith(link: PeerLink): Remote | undefined {
    return [...this.remotes.values()].find((remote) => remote.link === link);
  }

  // ---- what is proven --------------------------------------------------------------------------

  /** The room has this page, and nothing has been heard to the contrary. */
  private get isInRoom(): boolean {
    return this.phase === "joined" && !this.asked;
  }

  private setSession({ id, state }: SessionView): void {
    if (state === "ended") return;
    this.session = id;
    this.introduce();
  }

  /** Who signs for whom, and in which session, as far as it is known. */
  private introduce(): void {
    for (const { witness, peer } of this.remotes.values()) {
      witness.between(this.session, this.key, peer.key ?? null);
    }
  }

  /** What is to be said of proof, where that changes. */
  private prove(id: string, lack: Lack): void {
    const remote = this.remotes.get(id);
    if (!remote) return;
    const unproven = isUnproven(lack, this.env.clock().localUs);
    this.remotes.set(id, { ...remote, lack, unproven });
    if (unproven !== remote.unproven) this.changedSoon();
  }

  private tellPath(): void {
    const links = [...this.remotes.values()].map(({ link }) => link);
    const link = links.find(({ connected }) => connected) ?? links.at(-1);
    const [path, up] = look(this.path, link?.media ?? null, this.env.clock().localUs / 1000);
    this.path = path;
    if (up !== null && this.isInRoom) this.env.send({ t: "room.path", room: this.env.room, up });
  }

  // ---- the link in reserve ---------------------------------------------------------------------

  private newLink(offering: boolean): PeerLink {
    const env: LinkEnv = {
      room: this.env.room,
      send: (frame) => this.env.send(frame),
      after: (ms, run) => this.env.after(ms, run),
      tracks: () => this.env.tracks(),
      changed: () => this.linkChanged(),
      heard: (text) => this.remoteWith(link)?.witness.heard(text),
    };
    const link = new PeerLink(env, offering, this.env.iceServers());
    return link;
  }

  private reserve(offering: boolean): void {
    if (this.spare && !this.spare.offering && !offering) return;
    this.spare?.link.close();
    this.spare = { link: this.newLink(offering), offering };
  }

  /** The link in reserve if it is of the wanted kind, else a new one. */
  private takeSpare(offering: boolean): PeerLink {
    const spare = this.spare;
    this.spare = null;
    if (spare?.offering === offering) return spare.link;
    spare?.link.close();
    return this.newLink(offering);
  }

  private linkChanged(): void {
    for (const [id, { link, here }] of this.remotes) {
      if (here || link.media !== "failed") continue;
      this.close(id);
      this.noteGone(true);
    }
    this.tellPath();
    this.changedSoon();
  }

  /** Drawing can wait until the frames that came together have been answered. */
  private changedSoon(): void {
    this.cancelNews ??= this.env.after(0, () => {
      this.cancelNews = null;
      this.env.changed();
    });
  }
}

/** What tracks let others hear and see. */
function lets(tracks: Tracks): Record<Kind, boolean> {
  return { audio: tracks.audio?.enabled ?? false, video: tracks.video !== null };
}

function view({ link, peer, here, unproven }: Remote): RemotePeer {
  return { ...peer, stream: link.stream, here, unproven, ...link.arriving(peer.audio || peer.video) };
}
