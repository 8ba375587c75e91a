/** Whether what the other sends arrives, by what has been counted at each look. Pure.
 *
 * ICE takes several seconds to notice that the way is broken; what has not come by then has not come.
 */

export interface Counts {
  readonly packets: number;
  readonly frames: number; // decoded pictures
}

/** `quiet`, `still`: looks in a row without a new packet, without a new picture. */
export interface Flow extends Counts {
  readonly quiet: number;
  readonly still: number;
  readonly doubt: "none" | "looking" | "fresh";
}

export const LOOK_MS = 1_000;
const LOOKS = 2; // in a row without anything: then it is not chance

export const FLOW: Flow = { packets: 0, frames: 0, quiet: 0, still: 0, doubt: "fresh" };

export function looked(flow: Flow, { packets, frames }: Counts): Flow {
  const came = packets > flow.packets;
  const { doubt } = flow;
  return {
    packets,
    frames,
    quiet: came ? 0 : flow.quiet + 1,
    still: frames > flow.frames ? 0 : flow.still + 1,
    // What has come until the first look may have come before the doubt.
    doubt: doubt === "fresh" ? "looking" : came ? "none" : doubt,
  };
}

/** Something else broke: that media flows is to be seen anew. */
export function doubted(flow: Flow): Flow {
  return { ...flow, doubt: "fresh" };
}

/** From now on the other sends something else: what is counted begins anew. */
export function expecting(flow: Flow): Flow {
  return { ...flow, quiet: 0, still: 0 };
}

/** It has been seen to arrive, and nothing has given doubt since. */
export const flows = (flow: Flow): boolean => flow.doubt === "none" && flow.quiet < LOOKS;

/** Nothing of what is being sent arrives. */
export const stopped = (flow: Flow): boolean => flow.quiet >= LOOKS;

/** There was a picture, and no new one comes. */
export const frozen = (flow: Flow): boolean => flow.frames > 0 && flow.still >= LOOKS;

/** From the statistics of a connection. */
export function countsOf(report: RTCStatsReport): Counts {
  let packets = 0;
  let frames = 0;
  report.forEach((each: RTCStats) => {
    if (each.type !== "inbound-rtp") return;
    const inbound = each as RTCInboundRtpStreamStats;
    packets += inbound.packetsReceived ?? 0;
    frames += inbound.framesDecoded ?? 0;
  });
  return { packets, frames };
}
