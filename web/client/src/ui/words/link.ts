/** What is said while the server is out of reach. Pure. */
import type { Link } from "../../lib/model.js";
import { named } from "./time.js";

/** Whether the server is out of reach, for all that is known. */
export const isAway = (link: Link): boolean =>
  link.is === "offline" || (link.is === "online" && link.silent === true);

/** Whether what the server says is as it is now. */
export const isHeard = (link: Link): boolean => link.is === "online" && !isAway(link);

/** Where it lies decides what one can do. `hasNetwork`: as far as the browser knows. */
export const awayWords = (hasNetwork: boolean): string =>
  hasNetwork ? "Ithaca cannot be reached." : "You are offline.";

/** Before a call: what it means, and what happens next. */
export const waitWords = (hasNetwork: boolean) => ({
  what: awayWords(hasNetwork),
  advice:
    "You two cannot meet until that is over. It is tried again by itself: press Join already, " +
    "and you join as soon as it works.",
});

/** On a page that shows what was heard before: in one line. */
export const staleWords = (hasNetwork: boolean): string =>
  `${awayWords(hasNetwork).slice(0, -1)}: this may be old.`;

/** Before a call, in the room that is kept for it on a narrow page. */
export const waitShort = (hasNetwork: boolean): string =>
  `${awayWords(hasNetwork)} Press Join already: you join as soon as it works.`;

/** Instead of presence, which was last heard of before; no longer than that. */
export const unknownWords = (name: string): string => `Whether ${named(name)} is here is not known`;
