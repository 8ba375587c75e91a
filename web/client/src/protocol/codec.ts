/** Frames to bytes and back: MessagePack, one frame per binary WebSocket message. */
import { decode as unpack, encode as pack } from "@msgpack/msgpack";
import type { ClientFrame, ServerFrame } from "./types.js";

/** Fields that are undefined are left out, as the server's strict decoder wants it. */
export function encode(frame: ClientFrame): Uint8Array<ArrayBuffer> {
  return pack(frame, { ignoreUndefined: true });
}

/** One frame from the server, or null for what is not a tagged map. A tag that this page does not
 * know yet passes through: whoever switches on `t` leaves it alone. */
export function decode(data: ArrayBuffer): ServerFrame | null {
  try {
    const value: unknown = unpack(new Uint8Array(data));
    const tagged = typeof value === "object" && value !== null && "t" in value;
    return tagged ? (value as ServerFrame) : null;
  } catch {
    return null;
  }
}
