/** What the call says of itself: one line, and only what is true. */
import type { AppState, CallState, RemotePeer } from "../../lib/model.js";
import { awayWords, isAway, isHeard } from "./link.js";
import { named, stop, timeIn } from "./time.js";

export interface CallWords {
  readonly text: string;
  readonly tone: "calm" | "attention";
}

/** Whom the stage shows: who is here, rather than a page of theirs that was lost. */
export function mainPeer(call: CallState): RemotePeer | undefined {
  return call.peers.find((peer) => peer.here) ?? call.peers[0];
}

/** The state in words, times on the clock of one's own `zone`; null while all is well and the other
 * is seen. */
export function callWords(
  call: CallState,
  { link, hasNetwork }: Pick<AppState, "link" | "hasNetwork">,
  name: string,
  zone: string,
): CallWords | null {
  const who = named(name);
  const online = isHeard(link);
  const away = isAway(link) ? `${awayWords(hasNetwork)} Reconnecting…` : "Reconnecting…";
  const peer = mainPeer(call);
  if (call.phase === "joining") {
    return online
      ? { text: "Joining…", tone: "calm" }
      : { text: "Connecting to Ithaca, then joining…", tone: "attention" };
  }
  if (!peer) {
    return online
      ? { text: aloneWords(call, who, zone), tone: "calm" }
      : { text: away, tone: "attention" };
  }
  if (!online) {
    const text = peer.media === "connected" && peer.flows ? goesOnWords(link, peer) : away;
    return { text, tone: "attention" };
  }
  return peerWords(peer, who);
}

/** Whom one hears one has a network for, whatever the browser says. */
function goesOnWords(link: AppState["link"], { unproven }: RemotePeer): string {
  const goesOn = isAway(link)
    ? `${awayWords(true)} You can keep talking.`
    : "Reconnecting, you can keep talking.";
  return unproven ? goesOn : `${goesOn} The time is still on record.`;
}

function aloneWords({ gone }: CallState, who: string, zone: string): string {
  if (!gone) return `${stop(`Waiting for ${who}`)} You can keep this open.`;
  const when = timeIn(zone, gone.atUs);
  const what = gone.lost ? `The connection to ${who} was lost` : `${who} left`;
  return `${what} at ${when}. You can wait here, or write.`;
}

/** Nothing of the other arrives, or only their last picture stands there. */
export const isLost = ({ media }: RemotePeer): boolean =>
  media === "interrupted" || media === "failed";
export const isStale = (peer: RemotePeer): boolean => isLost(peer) || (peer.video && peer.frozen);

function peerWords(peer: RemotePeer, who: string): CallWords | null {
  const away = `The connection to ${who} is lost. Waiting for ${who} to come back.`;
  switch (peer.media) {
    case "connected":
      if (!peer.here) {
        const goesOn = peer.flows ? ", you can keep talking." : "…";
        return { text: `${who} is reconnecting${goesOn}`, tone: "attention" };
      }
      if (isStale(peer)) {
        return { text: `The picture from ${who} has stopped, waiting for it.`, tone: "attention" };
      }
      return peer.audio ? null : { text: stop(`No sound from ${who}`), tone: "calm" };
    case "connecting":
      return { text: `${who} is here. Connecting sound and picture…`, tone: "calm" };
    case "interrupted":
      return peer.here
        ? { text: `The connection to ${who} is lost. Trying again…`, tone: "attention" }
        : { text: away, tone: "attention" };
    case "failed":
      return peer.here
        ? {
            text: "Sound and picture find no way between your networks. You can still write.",
            tone: "attention",
          }
        : { text: away, tone: "attention" };
  }
}

const CUT_MOST = 0.15; // of a picture

/** How a picture sits on the stage: it fills it unless that would cut away too much of it. */
export function fitOf(picture: number, stage: number): "cover" | "contain" {
  return Math.min(picture / stage, stage / picture) < 1 - CUT_MOST ? "contain" : "cover";
}
