/** The running time in a call. Pure.
 *
 * The server counts who is in the room. While its word does not come, or it has lost the other's page
 * for the moment, the two may be talking all the same: then the time runs on from where it stood, on
 * both pages, until the server has the last word again.
 */
import type { AppState, RemotePeer } from "../../lib/model.js";
import type { SessionView } from "../../protocol/types.js";
import { togetherUs } from "../words/session.js";

/** What was shown last, and when. */
export interface Shown {
  readonly session: string;
  readonly us: number;
  readonly atUs: number;
}

export function shown(
  before: Shown | null,
  session: SessionView,
  nowUs: number,
  link: AppState["link"],
  peer: RemotePeer | undefined,
): Shown {
  const online = link.is === "online";
  const counted: Shown = { session: session.id, us: togetherUs(session, nowUs), atUs: nowUs };
  const last: Shown = before && before.session === session.id ? before : counted;
  if (online && (peer?.here ?? true)) return counted;
  const inContact = peer?.media === "connected";
  if (inContact) return { ...last, us: last.us + Math.max(0, nowUs - last.atUs), atUs: nowUs };
  return online ? counted : { ...last, atUs: nowUs };
}
