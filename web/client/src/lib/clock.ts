/** The server's clock as seen from here: NTP's offset (RFC 5905, 8) from the quickest exchange. */

interface Sample {
  readonly rttUs: number;
  readonly offsetUs: number;
}

const KEPT = 16;

export class ServerClock {
  private samples: readonly Sample[] = [];
  private outdated = false;

  /** `sentUs`, `gotUs`: the local clock around an exchange in which the server said `serverUs`. */
  exchange(sentUs: number, serverUs: number, gotUs: number): void {
    const sample = { rttUs: gotUs - sentUs, offsetUs: serverUs - (sentUs + gotUs) / 2 };
    const kept = this.outdated ? [] : this.samples.filter((each) => agree(each, sample));
    this.samples = [...kept, sample].slice(-KEPT);
    this.outdated = false;
  }

  /** Server minus local, or null before the first exchange. */
  offsetUs(): number | null {
    const [first, ...rest] = this.samples;
    if (!first) return null;
    const best = rest.reduce((a, b) => (b.rttUs < a.rttUs ? b : a), first);
    return Math.round(best.offsetUs);
  }

  /** With a new socket: the local clock may have been set or have slept. What was known is as good
   * as it was until the next exchange. */
  renew(): void {
    this.outdated = true;
  }
}

/** Each is off by at most half of its round trip. Two that cannot both be right have a step of a clock
 * between them: a machine slept, and its clock with it. */
function agree(a: Sample, b: Sample): boolean {
  return Math.abs(a.offsetUs - b.offsetUs) <= (a.rttUs + b.rttUs) / 2;
}
