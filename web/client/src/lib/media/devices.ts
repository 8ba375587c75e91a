/** Microphone and camera: asked for together, each with its own state, problems and choices.
 *
 * Switching the camera off stops its track, so that its light goes off; muting only disables the
 * microphone's track, so that unmuting is instant.
 */
import type { DeviceProblem, DeviceState, MediaState } from "../model.js";
import { NO_MEDIA } from "../state.js";
import type { Kind, Tracks } from "../call/peer.js";

export type Device = "microphone" | "camera";

export interface DevicesEnv {
  /** Undefined where the origin is not secure. */
  readonly media: MediaDevices | undefined;
  /** What was wanted, for the life of the tab; which devices, for this browser. */
  readonly tab: Storage;
  readonly browser: Storage;
  changed(media: MediaState): void;
  /** A track for the call came, went, or was muted. */
  track(kind: Kind, track: MediaStreamTrack | null): void;
}

const IN_CALL = "ithaca.off."; // and the person: what is off in the call they are in
const KIND: Record<Device, Kind> = { microphone: "audio", camera: "video" };
const DEVICES: readonly Device[] = ["microphone", "camera"];
const LISTED = { microphone: "audioinput", camera: "videoinput", speakers: "audiooutput" } as const;

/** What a failed getUserMedia (W3C mediacapture-streams, 10.2) means to a person. */
export function problemOf(errorName: string): DeviceProblem {
  switch (errorName) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}

export class Devices {
  state: MediaState;
  private readonly tracks: Record<Kind, MediaStreamTrack | null> = { audio: null, video: null };
  /** Counts what was asked of each device: an answer to an older wish is put away. */
  private readonly wishes: Record<Device, number> = { microphone: 0, camera: 0 };
  private running = false;
  private readonly onDeviceChange = () => void this.listChanged();

  constructor(private readonly env: DevicesEnv) {
    const device = (name: Device): DeviceState => ({
      ...NO_MEDIA[name],
      wanted: env.tab.getItem(`ithaca.wanted.${name}`) !== "off",
      chosen: env.browser.getItem(`ithaca.device.${name}`),
    });
    this.state = {
      ...NO_MEDIA,
      microphone: device("microphone"),
      camera: device("camera"),
      speakers: { chosen: env.browser.getItem("ithaca.device.speakers"), choices: [] },
    };
  }

  /** What may be sent now: a muted microphone's track is here, but disabled. */
  current(): Tracks {
    return this.tracks;
  }

  /** Starts what is wanted, with one question of the browser if it can be. */
  async start(): Promise<void> {
    if (!this.running) {
      this.running = true;
      this.env.media?.addEventListener("devicechange", this.onDeviceChange);
    }
    await this.open(DEVICES.filter((name) => this.state[name].wanted && !this.state[name].live));
  }

  stop(): void {
    this.running = false;
    this.env.media?.removeEventListener("devicechange", this.onDeviceChange);
    for (const name of DEVICES) {
      this.wishes[name] += 1;
      this.put(name, null);
      this.set(name, { asking: false, problem: null });
    }
  }

  /** For other tabs of this person to begin with, while this one is in a call; null: it is over. */
  keepFor(person: string | null): void {
    if (this.keeper && this.keeper !== person) this.env.browser.removeItem(`${IN_CALL}${this.keeper}`);
    this.keeper = person;
    this.keepWishes();
  }
  private keeper: string | null = null;

  /** Leaves what is kept to the tab that the call has moved to. */
  handOver(): void {
    this.keeper = null;
  }

  /** As they are in the call that this person is in elsewhere in this browser: who is muted there
   * must not be heard because of coming here. */
  async takeOver(person: string): Promise<void> {
    const kept = this.env.browser.getItem(`${IN_CALL}${person}`);
    if (kept === null) return;
    const off = kept.split(" ");
    for (const name of DEVICES) await this.want(name, !off.includes(name));
  }

  private keepWishes(): void {
    if (this.keeper === null) return;
    const off = DEVICES.filter((name) => !this.state[name].wanted);
    this.env.browser.setItem(`${IN_CALL}${this.keeper}`, off.join(" "));
  }

  async want(name: Device, on: boolean): Promise<void> {
    this.env.tab.setItem(`ithaca.wanted.${name}`, on ? "on" : "off");
    this.set(name, { wanted: on });
    this.keepWishes();
    const track = this.tracks[KIND[name]];
    if (name === "microphone" && track) {
      track.enabled = on;
      this.env.track("audio", track);
      this.env.changed(this.state);
    } else if (on && this.running && !track) {
      await this.open([name]);
    } else if (!on) {
      this.wishes[name] += 1;
      this.put(name, null);
      this.set(name, { asking: false, problem: null });
    }
  }

  async choose(name: Device | "speakers", id: string): Promise<void> {
    this.env.browser.setItem(`ithaca.device.${name}`, id);
    if (name === "speakers") {
      this.update({ speakers: { ...this.state.speakers, chosen: id } });
      return;
    }
    this.set(name, { chosen: id });
    const used = this.state[name].wanted || this.state[name].live;
    if (this.running && used) await this.open([name]);
  }

  /** After a problem: asks again for what is wanted and not there. */
  async retry(): Promise<void> {
    await this.start();
  }

  // ---- opening ---------------------------------------------------------------------------------

  private async open(names: readonly Device[]): Promise<void> {
    if (names.length === 0) return;
    if (!this.env.media) {
      for (const name of names) this.set(name, { problem: "insecure" });
      return;
    }
    const wish = new Map(names.map((name) => [name, (this.wishes[name] += 1)]));
    for (const name of names) this.set(name, { asking: true, problem: null });
    const found = await this.ask(this.env.media, names);
    for (const name of names) {
      const result = found[name];
      if (wish.get(name) !== this.wishes[name]) {
        if (typeof result === "object") result.stop();
      } else if (typeof result === "object") {
        this.put(name, result);
        this.set(name, { asking: false, problem: null });
      } else {
        this.set(name, { asking: false, problem: result ?? "failed" });
      }
    }
    await this.list();
  }

  /** A running track or a problem for each: together first, so that one question is asked. */
  private async ask(
    media: MediaDevices,
    names: readonly Device[],
  ): Promise<Partial<Record<Device, MediaStreamTrack | DeviceProblem>>> {
    try {
      const stream = await media.getUserMedia(this.constraints(names));
      return Object.fromEntries(
        names.map((name) => [name, ofKind(stream, KIND[name]) ?? ("missing" as const)]),
      );
    } catch (error) {
      const why = error instanceof DOMException ? error.name : "";
      if (names.length > 1) {
        const each = await Promise.all(names.map((name) => this.ask(media, [name])));
        return Object.assign({}, ...each) as Partial<Record<Device, MediaStreamTrack>>;
      }
      const [name] = names;
      if (!name) return {};
      if (why === "OverconstrainedError" && this.state[name].chosen !== null) {
        // The chosen device is not here any more: any other will do.
        this.set(name, { chosen: null });
        return this.ask(media, names);
      }
      return { [name]: problemOf(why) };
    }
  }

  private constraints(names: readonly Device[]): MediaStreamConstraints {
    const chosen = (name: Device): MediaTrackConstraints => {
      const id = this.state[name].chosen;
      return id === null ? {} : { deviceId: { exact: id } };
    };
    return {
      audio: names.includes("microphone") && { echoCancellation: true, ...chosen("microphone") },
      video: names.includes("camera") && {
        width: { ideal: 1280 },
        height: { ideal: 720 },
        ...chosen("camera"),
      },
    };
  }

  /** Puts a track where the old one was; the old one stops. */
  private put(name: Device, track: MediaStreamTrack | null): void {
    const kind = KIND[name];
    const old = this.tracks[kind];
    if (old) {
      old.onended = null;
      old.stop();
    }
    this.tracks[kind] = track;
    if (track) {
      track.onended = () => void this.unplugged(name);
      if (name === "microphone") track.enabled = this.state.microphone.wanted;
      else track.contentHint = "motion";
    }
    if (name === "camera") this.update({ preview: track && new MediaStream([track]) });
    this.set(name, { live: track !== null });
    if (old || track) this.env.track(kind, track);
  }

  /** Tries the next device of the kind. */
  private async unplugged(name: Device): Promise<void> {
    this.put(name, null);
    this.set(name, { chosen: null });
    await this.open([name]);
    if (this.state[name].problem) this.set(name, { problem: "unplugged" });
  }

  // ---- the lists -------------------------------------------------------------------------------

  private async listChanged(): Promise<void> {
    await this.list();
    const back = DEVICES.filter((name) => {
      const { wanted, live, asking, problem, choices } = this.state[name];
      const absent = problem === "unplugged" || problem === "missing";
      return wanted && !live && !asking && absent && choices.length > 0;
    });
    await this.open(back);
  }

  private async list(): Promise<void> {
    const all = (await this.env.media?.enumerateDevices().catch(() => [])) ?? [];
    const choices = (name: keyof typeof LISTED): DeviceState["choices"] =>
      all
        .filter((device) => device.kind === LISTED[name] && device.deviceId !== "")
        .map(({ deviceId, label }) => ({ id: deviceId, label }));
    this.update({
      microphone: { ...this.state.microphone, choices: choices("microphone") },
      camera: { ...this.state.camera, choices: choices("camera") },
      speakers: { ...this.state.speakers, choices: choices("speakers") },
    });
  }

  setLevel(level: number): void {
    if (level !== this.state.level) this.update({ level });
  }

  private set(name: Device, part: Partial<DeviceState>): void {
    this.update({ [name]: { ...this.state[name], ...part } });
  }

  private update(part: Partial<MediaState>): void {
    this.state = { ...this.state, ...part };
    this.env.changed(this.state);
  }
}

function ofKind(stream: MediaStream, kind: Kind): MediaStreamTrack | undefined {
  return stream.getTracks().find((track) => track.kind === kind);
}
