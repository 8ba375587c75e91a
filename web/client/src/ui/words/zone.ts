/** That this machine goes by another clock than the one on record. Pure. */
import { aheadUs, cityOf } from "./time.js";

export interface ZoneHint {
  readonly words: string;
  readonly use: string;
  readonly keep: string;
}

/** Nothing where both clocks read the same at this time of the year. */
export function zoneHint(zone: string, here: string, nowUs: number): ZoneHint | null {
  if (!here || here === zone || aheadUs(here, nowUs) === aheadUs(zone, nowUs)) return null;
  return {
    words: `Your device is in ${cityOf(here)}; times here are for ${cityOf(zone)}.`,
    use: `Use ${cityOf(here)}`,
    keep: `Keep ${cityOf(zone)}`,
  };
}

/** Of a form in which one writes day and time: by which clock they are read, once that is not `now`'s. */
export const readBy = (zone: string, now: string): string =>
  zone === now
    ? ""
    : `Day and time here are for ${cityOf(zone)}, as when you opened this; everywhere else times are for ` +
      `${cityOf(now)} now.`;

export const zoneStays = (zone: string): string => `Times here stay for ${cityOf(zone)}.`;
export const zoneNow = (zone: string): string => `Times here are for ${cityOf(zone)} now.`;
