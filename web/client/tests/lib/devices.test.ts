import { describe, expect, test, vi } from "vitest";
import type { Kind } from "../../src/lib/call/peer.js";
import { Devices } from "../../src/lib/media/devices.js";
import type { MediaState } from "../../src/lib/model.js";
import { MemoryStorage } from "../../src/lib/page.js";
import { settled } from "./server.js";

vi.stubGlobal("MediaStream", class FakeStream {
  constructor(readonly tracks: readonly FakeTrack[]) {}
  getTracks(): readonly FakeTrack[] {
    return this.tracks;
  }
});

class FakeTrack {
  enabled = true;
  contentHint = "";
  stopped = false;
  onended: (() => void) | null = null;
  constructor(
    readonly kind: Kind,
    readonly device: string,
  ) {}
  stop(): void {
    this.stopped = true;
  }
}

type Listed = { kind: MediaDeviceKind; deviceId: string; label: string };
const MIC: Listed = { kind: "audioinput", deviceId: "mic-1", label: "Microphone" };
const CAM: Listed = { kind: "videoinput", deviceId: "cam-1", label: "Camera" };
const CAM2: Listed = { kind: "videoinput", deviceId: "cam-2", label: "Camera 2" };

/** A computer: what is plugged in, and what its browser and its other programs forbid. */
class Computer extends EventTarget {
  plugged: Listed[] = [MIC, CAM];
  denied = new Set<Kind>();
  busy = new Set<string>();
  asked: Kind[][] = [];
  tracks: FakeTrack[] = [];
  /** Resolved by hand, to answer late. */
  hold: Promise<void> = Promise.resolve();

  async getUserMedia(wanted: MediaStreamConstraints): Promise<unknown> {
    const kinds = (["audio", "video"] as const).filter((kind) => wanted[kind]);
    this.asked.push([...kinds]);
    await this.hold;
    const tracks = kinds.map((kind) => {
      if (this.denied.has(kind)) throw new DOMException("", "NotAllowedError");
      const of = kind === "audio" ? "audioinput" : "videoinput";
      const here = this.plugged.filter((device) => device.kind === of);
      const { deviceId } = wanted[kind] as { deviceId?: { exact: string } };
      if (here.length === 0) throw new DOMException("", "NotFoundError");
      const found = deviceId ? here.find((device) => device.deviceId === deviceId.exact) : here[0];
      if (!found) throw new DOMException("", "OverconstrainedError");
      if (this.busy.has(found.deviceId)) throw new DOMException("", "NotReadableError");
      return new FakeTrack(kind, found.deviceId);
    });
    this.tracks.push(...tracks);
    return new (MediaStream as unknown as new (tracks: FakeTrack[]) => unknown)(tracks);
  }

  async enumerateDevices(): Promise<Listed[]> {
    return this.plugged;
  }

  unplug(device: Listed): void {
    this.plugged = this.plugged.filter((each) => each !== device);
    for (const track of this.tracks) if (track.device === device.deviceId) track.onended?.();
    this.dispatchEvent(new Event("devicechange"));
  }

  plugIn(device: Listed): void {
    this.plugged.push(device);
    this.dispatchEvent(new Event("devicechange"));
  }
}

interface Desk {
  readonly devices: Devices;
  readonly computer: Computer;
  readonly tab: Storage;
  readonly browser: Storage;
  readonly sent: Partial<Record<Kind, FakeTrack | null>>;
}

function desk(part: { computer?: Computer | null; tab?: Storage; browser?: Storage } = {}): Desk {
  const computer = part.computer ?? new Computer();
  const tab = part.tab ?? new MemoryStorage();
  const browser = part.browser ?? new MemoryStorage();
  const sent: Partial<Record<Kind, FakeTrack | null>> = {};
  const devices = new Devices({
    media: part.computer === null ? undefined : (computer as unknown as MediaDevices),
    tab,
    browser,
    changed: () => undefined,
    track: (kind, track) => {
      sent[kind] = track as unknown as FakeTrack | null;
    },
  });
  return { devices, computer, tab, browser, sent };
}

const short = ({ microphone, camera }: MediaState): unknown[] =>
  [microphone, camera].map(({ live, problem }) => problem ?? live);

describe("starting", () => {
  test("both, with one question", async () => {
    const { devices, computer, sent } = desk();
    await devices.start();
    expect(computer.asked).toEqual([["audio", "video"]]);
    expect(short(devices.state)).toEqual([true, true]);
    expect([sent.audio?.device, sent.video?.device]).toEqual(["mic-1", "cam-1"]);
    expect(devices.state.camera.choices).toEqual([{ id: "cam-1", label: "Camera" }]);
    expect(devices.state.preview).not.toBeNull();
  });

  test.each<[string, (computer: Computer) => void, unknown[]]>([
    ["camera forbidden", (c) => c.denied.add("video"), [true, "denied"]],
    ["both forbidden", (c) => c.denied.add("video").add("audio"), ["denied", "denied"]],
    ["no camera", (c) => c.unplug(CAM), [true, "missing"]],
    ["microphone in use elsewhere", (c) => c.busy.add("mic-1"), ["busy", true]],
    ["nothing there", (c) => (c.plugged = []), ["missing", "missing"]],
  ])("%s: the other one all the same", async (_name, spoil, expected) => {
    const { devices, computer } = desk();
    spoil(computer);
    await devices.start();
    expect(short(devices.state)).toEqual(expected);
    expect(devices.state.microphone.asking || devices.state.camera.asking).toBe(false);
  });

  test("on an insecure origin there is nothing to ask", async () => {
    const { devices } = desk({ computer: null });
    await devices.start();
    expect(short(devices.state)).toEqual(["insecure", "insecure"]);
  });

  test("a chosen camera that is gone: any other", async () => {
    const browser = new MemoryStorage();
    browser.setItem("ithaca.device.camera", "cam-2");
    const { devices, sent } = desk({ browser });
    await devices.start();
    expect(short(devices.state)).toEqual([true, true]);
    expect([sent.video?.device, devices.state.camera.chosen]).toEqual(["cam-1", null]);
  });

  test("again after the problem is mended", async () => {
    const { devices, computer } = desk();
    computer.denied.add("audio").add("video");
    await devices.start();
    computer.denied.clear();
    await devices.retry();
    expect(short(devices.state)).toEqual([true, true]);
  });
});

describe("on and off", () => {
  test("mute keeps the microphone, and only silences it", async () => {
    const { devices, computer, sent } = desk();
    await devices.start();
    await devices.want("microphone", false);
    expect([sent.audio?.enabled, sent.audio?.stopped]).toEqual([false, false]);
    await devices.want("microphone", true);
    expect(sent.audio?.enabled).toBe(true);
    expect(computer.asked).toHaveLength(1);
  });

  test("camera off stops it, so that its light goes off; on starts it again", async () => {
    const { devices, computer, sent } = desk();
    await devices.start();
    const first = sent.video;
    await devices.want("camera", false);
    expect([first?.stopped, sent.video, devices.state.preview]).toEqual([true, null, null]);
    await devices.want("camera", true);
    expect(computer.asked).toEqual([["audio", "video"], ["video"]]);
    expect(sent.video?.stopped).toBe(false);
  });

  test("is remembered through a reload: muted stays muted", async () => {
    const { devices, tab } = desk();
    await devices.want("microphone", false);
    await devices.want("camera", false);
    const again = desk({ tab });
    await again.devices.start();
    expect(again.computer.asked).toEqual([]);
    await again.devices.want("microphone", true);
    expect(again.computer.asked).toEqual([["audio"]]);
  });

  test("switched off while it was starting: the late track is put away", async () => {
    const { devices, computer, sent } = desk();
    let answer = (): void => undefined;
    computer.hold = new Promise((resolve) => (answer = resolve));
    const starting = devices.start();
    await devices.want("camera", false);
    answer();
    await starting;
    expect(sent.video).toBeUndefined();
    expect(computer.tracks.map(({ kind, stopped }) => [kind, stopped])).toEqual([
      ["audio", false],
      ["video", true],
    ]);
  });

  test("stopped: every track, and nothing of what still comes", async () => {
    const { devices, computer } = desk();
    await devices.start();
    devices.stop();
    computer.plugIn(CAM2);
    await settled();
    expect(computer.tracks.every(({ stopped }) => stopped)).toBe(true);
    expect(short(devices.state)).toEqual([false, false]);
    expect(computer.asked).toHaveLength(1);
  });
});

describe("choosing and unplugging", () => {
  test("another camera: the old one stops when the new one runs", async () => {
    const { devices, computer, sent, browser } = desk();
    computer.plugged.push(CAM2);
    await devices.start();
    const first = sent.video;
    await devices.choose("camera", "cam-2");
    expect([sent.video?.device, first?.stopped]).toEqual(["cam-2", true]);
    expect(browser.getItem("ithaca.device.camera")).toBe("cam-2");
  });

  test("another microphone while muted stays muted", async () => {
    const { devices, sent } = desk();
    await devices.start();
    await devices.want("microphone", false);
    await devices.choose("microphone", "mic-1");
    expect(sent.audio?.enabled).toBe(false);
  });

  test("unplugged: the next one takes over", async () => {
    const { devices, computer, sent } = desk();
    computer.plugged.push(CAM2);
    await devices.start();
    computer.unplug(CAM);
    await settled();
    expect([sent.video?.device, short(devices.state)]).toEqual(["cam-2", [true, true]]);
  });

  test("unplugged, no other there: said so; back when it is plugged in again", async () => {
    const { devices, computer, sent } = desk();
    await devices.start();
    computer.unplug(CAM);
    await settled();
    expect([sent.video, short(devices.state)]).toEqual([null, [true, "unplugged"]]);
    computer.plugIn(CAM2);
    await settled();
    expect([sent.video?.device, short(devices.state)]).toEqual(["cam-2", [true, true]]);
  });
});

describe("in a call that moves to another tab of the browser", () => {
  const wishes = ({ devices }: Desk): boolean[] =>
    [devices.state.microphone, devices.state.camera].map(({ wanted }) => wanted);

  test("what is off there is off here", async () => {
    const browser = new MemoryStorage();
    const there = desk({ browser });
    await there.devices.start();
    there.devices.keepFor("per_me");
    await there.devices.want("microphone", false);
    const here = desk({ browser });
    await here.devices.takeOver("per_me");
    expect(wishes(here)).toEqual([false, true]);
    await here.devices.start();
    expect(here.computer.asked).toEqual([["video"]]);
    there.devices.handOver();
    here.devices.keepFor("per_me");
    await here.devices.want("camera", false);
    await there.devices.want("microphone", true); // it is not in the call any more
    const third = desk({ browser });
    await third.devices.takeOver("per_me");
    expect(wishes(third)).toEqual([false, false]);
  });

  test("what is on there is on here, whatever this tab wanted before", async () => {
    const browser = new MemoryStorage();
    desk({ browser }).devices.keepFor("per_me");
    const here = desk({ browser });
    await here.devices.want("microphone", false);
    await here.devices.takeOver("per_me");
    expect(wishes(here)).toEqual([true, true]);
  });

  test("another person's call, or one that is over, changes nothing", async () => {
    const browser = new MemoryStorage();
    const there = desk({ browser });
    await there.devices.want("microphone", false);
    there.devices.keepFor("per_me");
    const here = desk({ browser });
    await here.devices.takeOver("per_ana");
    expect(wishes(here)).toEqual([true, true]);
    there.devices.keepFor(null);
    await here.devices.takeOver("per_me");
    expect(wishes(here)).toEqual([true, true]);
  });
});
