/** What of a page was open is kept with its entry of the history: who goes back finds it open, where they
 * were. Only there: it says nothing to anybody else, and a new tab begins anew. */

/** A row that was in sight, and how far below the upper edge it stood (px). */
export interface Anchor {
  readonly key: string;
  readonly below: number;
}

/** Of a conversation that was open; without an anchor one was at its end. */
export interface Place {
  readonly mentorship: string;
  readonly anchor: Anchor | null;
}

type Kept = { readonly talk?: Place; readonly from?: true } | null;

/** Before another page comes over this one. */
export const LEAVING = "ithaca:leaving";

export function keepPlace(talk: Place): void {
  history.replaceState({ talk }, "");
}

export const forgetPlace = (): void => history.replaceState(null, "");

/** Of the page that comes over one with an open conversation. */
export const FROM_TALK: Kept = { from: true };

export const isFromTalk = (): boolean => (history.state as Kept)?.from === true;

export const keptPlace = (): Place | null => (history.state as Kept)?.talk ?? null;
