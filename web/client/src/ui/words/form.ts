/** What keeps a person's entries from being taken, as far as a page can tell; the server looks too. */
import { isVisible } from "../../lib/text.js";
import type { NewPerson } from "../../protocol/types.js";
import { cityOf } from "./time.js";

export type Field = "name" | "zone" | "email";

const NAME_MAX = 64; // what a reader would count
const EMAIL_MAX = 254;

/** One sentence for each entry that is wrong; a zone may be one of `zones`. */
export function personTroubles(
  { name, zone, email = "" }: NewPerson,
  zones: readonly string[] = [],
): Partial<Record<Field, string>> {
  const found: Record<Field, string> = {
    name: nameTrouble(name),
    zone: zoneTrouble(zone, zones),
    email: emailTrouble(email),
  };
  return Object.fromEntries(Object.entries(found).filter(([, words]) => words));
}

function nameTrouble(name: string): string {
  if (!isVisible(name)) return "Write the name.";
  if (![...name].some((char) => isVisible(char) && /[\p{L}\p{N}\p{S}]/u.test(char))) return "A name needs at least one letter.";
  const visible = [...name.trim()].filter((char) => !/[\p{M}\u200c\u200d]/u.test(char));
  return visible.length > NAME_MAX ? `A name may have at most ${NAME_MAX} characters.` : "";
}

/** The zone that is meant by its city alone, where there is one such city; else what was said. */
export function zoneOf(said: string, zones: readonly string[]): string {
  const city = said.trim().toLowerCase();
  const [found, ...more] = zones.filter((zone) => cityOf(zone).toLowerCase() === city);
  return found !== undefined && more.length === 0 ? found : said.trim();
}

const LIKE_MOST = 3;

function like(said: string, zones: readonly string[]): readonly string[] {
  const city = said.trim().toLowerCase();
  const found = zones.filter((zone) => cityOf(zone).toLowerCase().startsWith(city));
  return found.length > LIKE_MOST ? [] : found;
}

export function zoneTrouble(zone: string, zones: readonly string[]): string {
  if (!zone.trim()) return "Choose the time zone.";
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone.trim() });
    return "";
  } catch {
    const found = like(zone, zones);
    if (found.length) return `There is no such time zone. Did you mean ${found.join(" or ")}?`;
    return "There is no such time zone. Choose one from the list, such as Europe/Vienna.";
  }
}

function emailTrouble(email: string): string {
  const address = email.trim();
  const good = /^\S+@[^\s@]*[^\s@.]\.[^\s@.][^\s@]*$/.test(address) && address.length <= EMAIL_MAX;
  if (!address || good) return "";
  return "An e-mail address looks like ana@example.org; it may also be left empty.";
}
