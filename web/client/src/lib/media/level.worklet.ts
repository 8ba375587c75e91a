/** How loud each tenth of a second was, in decibels of full scale. Runs beside the sound, where no
 * hidden page is slowed down. */
declare const sampleRate: number;
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

class Level extends AudioWorkletProcessor {
  private sum = 0;
  private count = 0;

  process([input]: readonly (readonly Float32Array[])[]): boolean {
    const samples = input?.[0] ?? new Float32Array(128); // nothing comes from a track that ended
    for (const sample of samples) this.sum += sample * sample;
    this.count += samples.length;
    if (this.count >= sampleRate / 10) {
      this.port.postMessage(10 * Math.log10(this.sum / this.count));
      this.sum = this.count = 0;
    }
    return true;
  }
}

registerProcessor("ithaca-level", Level);
