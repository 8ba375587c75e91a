/** Whom the call is connected with, and what to do when the room says who is there. Pure.
 *
 * Who joins is the newcomer: it makes the offer and is impolite. A link that has carried media is
 * worth keeping while only the signalling broke; one that never has is not: both sides start over,
 * so that they agree about their roles however many frames were lost.
 */
import type { Peer, RoomPeerLeft } from "../../protocol/types.js";

export interface Known {
  readonly peer: string;
  readonly person: string;
  /** Media has flowed at some time. */
  readonly proven: boolean;
  /** Media flows now. */
  readonly connected: boolean;
  /** Media flows, or is interrupted and may come back. */
  readonly lasting: boolean;
}

export type Action =
  | { readonly do: "call"; readonly peer: Peer } // as newcomer: offer
  | { readonly do: "await"; readonly peer: Peer } // it is the newcomer: be ready to answer
  | { readonly do: "keep"; readonly peer: Peer } // its signalling is here; mend the media if needed
  | { readonly do: "miss"; readonly peer: string } // its signalling is gone, its media may last
  | { readonly do: "close"; readonly peer: string };

/** `room.joined`: these are in the room. */
export function onJoined(known: readonly Known[], peers: readonly Peer[]): Action[] {
  const here = new Set(peers.map(({ id }) => id));
  const absent = known.filter(({ peer }) => !here.has(peer));
  return [
    ...absent.map((link) => without(link, peers)),
    ...peers.map((peer): Action => ({ do: isProven(known, peer.id) ? "keep" : "call", peer })),
  ];
}

/** `room.peer_joined`: somebody came, or came back. One whose offer came ahead is known already. */
export function onPeerJoined(known: readonly Known[], peer: Peer): Action[] {
  const older = known.filter(({ person, peer: id }) => person === peer.person && id !== peer.id);
  return [
    ...older.map((link): Action => ({ do: "close", peer: link.peer })),
    { do: known.some((each) => each.peer === peer.id) ? "keep" : "await", peer },
  ];
}

/** `room.peer_left`. */
export function onPeerLeft(known: readonly Known[], peer: string, reason: RoomPeerLeft["reason"]): Action[] {
  const link = known.find((each) => each.peer === peer);
  if (!link) return [];
  const silent = reason === "lost" || reason === "restart";
  return [{ do: silent && link.lasting ? "miss" : "close", peer }];
}

/** Whether a call that comes back with a new socket continues, or begins anew with a new peer id. */
export function continues(known: readonly Known[]): boolean {
  return known.some(({ connected }) => connected);
}

function isProven(known: readonly Known[], peer: string): boolean {
  return known.some((each) => each.peer === peer && each.proven);
}

/** Not in the room: gone for good if its person is there with another page, or nothing will flow. */
function without(link: Known, peers: readonly Peer[]): Action {
  const elsewhere = peers.some(({ person }) => person === link.person);
  return { do: link.lasting && !elsewhere ? "miss" : "close", peer: link.peer };
}
