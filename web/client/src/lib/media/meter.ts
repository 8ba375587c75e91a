/** How loud the own microphone is, for the bar under the preview. */

const INTERVAL_MS = 66;
const FLOOR_DB = -60;

/** 0..1 from samples in -1..1: the RMS in decibels, from -60 dB (0) to full scale (1). */
export function levelOf(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i += 1) sum += (samples[i] ?? 0) ** 2;
  if (sum === 0) return 0;
  const db = 10 * Math.log10(sum / samples.length);
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}

/** Reports the level about 15 times a second while the page is visible; returns what stops it. */
export function meter(track: MediaStreamTrack, report: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 1024 });
  const source = context.createMediaStreamSource(new MediaStream([track]));
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let frame = 0;
  let last = 0;
  const look = (now: number): void => {
    // Frames stop by themselves while the page is hidden.
    frame = requestAnimationFrame(look);
    if (now - last < INTERVAL_MS) return;
    last = now;
    analyser.getFloatTimeDomainData(samples);
    report(track.enabled ? levelOf(samples) : 0);
  };
  frame = requestAnimationFrame(look);
  return () => {
    cancelAnimationFrame(frame);
    source.disconnect();
    void context.close();
    report(0);
  };
}
