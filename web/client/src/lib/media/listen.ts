/** Listens to a track: the shell around the worklet. */
import address from "./level.worklet.ts?worker&url";

/** Reports how loud each tenth of a second was (decibels of full scale); returns what stops it. */
export function listen(track: MediaStreamTrack, heard: (db: number) => void): () => void {
  const context = new AudioContext();
  const stop = (): void => void (context.state !== "closed" && context.close());
  const begin = async (): Promise<void> => {
    await context.audioWorklet.addModule(address);
    if (context.state === "closed") return;
    const level = new AudioWorkletNode(context, "ithaca-level", { numberOfOutputs: 0 });
    level.port.onmessage = ({ data }) => context.state === "running" && heard(Number(data));
    context.createMediaStreamSource(new MediaStream([track])).connect(level);
  };
  // Without it nothing is known of who spoke; the call goes on.
  begin().catch((error: unknown) => console.warn("listen", error));
  return stop;
}
