/** Reports in which half-seconds one spoke, while one is in a call with somebody: the shell around
 * voice.ts. What cannot be sent is not kept: it stays unknown. */
import type { RoomVoice } from "../../protocol/types.js";
import { EAR, SLOTS, hear, mark, report, silent } from "./voice.js";

export interface SpeechEnv {
  listen(track: MediaStreamTrack, heard: (db: number) => void): () => void;
  /** Null: not known. */
  serverUs(): number | null;
  send(frame: RoomVoice): boolean;
}

export class Speech {
  private room: string | null = null;
  private track: MediaStreamTrack | null = null;
  private listening: MediaStreamTrack | null = null;
  private stop: (() => void) | null = null;
  private ear = EAR;
  private slots = SLOTS;
  /** Since then nothing can be heard (`deaf`), or levels say what is. */
  private sinceUs: number | null = null;
  private deaf = true;

  constructor(private readonly env: SpeechEnv) {}

  /** In this room, and somebody is there; or not. */
  in(room: string | null): void {
    if (room === this.room) return;
    this.room = room;
    this.account();
    this.slots = SLOTS;
    this.attend();
  }

  /** The own microphone; null: none. Muted is `enabled` false. */
  use(track: MediaStreamTrack | null): void {
    this.track = track;
    this.account();
    this.attend();
  }

  /** Every two seconds. */
  beat(): void {
    this.account();
    this.send(false);
  }

  /** All that is known goes, before one leaves. */
  handIn(): void {
    this.account();
    this.send(true);
  }

  private attend(): void {
    const wanted = this.room === null ? null : this.track;
    if (wanted === this.listening) return;
    this.stop?.();
    this.listening = wanted;
    this.ear = EAR;
    this.stop = wanted && this.env.listen(wanted, (db) => this.heard(db));
  }

  private heard(db: number): void {
    if (!this.track?.enabled) {
      this.ear = EAR; // what comes of a muted track is no measure for the noise around
      return;
    }
    const endUs = this.env.serverUs();
    this.ear = hear(this.ear, db);
    if (endUs !== null) this.slots = mark(this.slots, endUs, this.ear.speaking);
  }

  /** Time has passed, or the microphone has changed. */
  private account(): void {
    const nowUs = this.env.serverUs();
    if (this.deaf && this.sinceUs !== null && nowUs !== null) {
      this.slots = silent(this.slots, this.sinceUs, nowUs);
    }
    this.sinceUs = nowUs;
    this.deaf = !this.track?.enabled;
  }

  private send(all: boolean): void {
    const [slots, reports] = report(this.slots, all);
    this.slots = slots;
    const { room } = this;
    if (room !== null) for (const each of reports) this.env.send({ t: "room.voice", room, ...each });
  }
}
