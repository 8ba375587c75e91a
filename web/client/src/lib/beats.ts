/** The Worker whose timer makes the beats. Its address is the only one that its policy lets pass. */
import address from "./beat.worker.ts?worker&url";

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): {
    createScriptURL(url: string): string;
  };
}

const rules = {
  createScriptURL(url: string): string {
    if (url !== address) throw new TypeError("Only the Worker for beats.");
    return url;
  },
};
const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
const policy = trustedTypes?.createPolicy("ithaca", rules) ?? rules;

export function everyBeat(run: () => void): () => void {
  const worker = new Worker(policy.createScriptURL(address), { type: "module" });
  worker.onmessage = () => run();
  return () => worker.terminate();
}
