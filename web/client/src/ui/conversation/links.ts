/** The web addresses in a text. Pure. */

export interface Piece {
  readonly text: string;
  readonly href: string | null; // of an address; null: words
}

// Up to white space, what frames a text, or what is not seen (bidi controls could disguise it).
const ADDRESS =
  /(?<!\w)https?:\/\/(?![/?#.])[^\s\p{Cc}\p{Cf}<>"`\\|“”„«»‹›…。，、）】」』]+/giu;
const AFTER = ".,;:!?'’*_"; // at its end these belong to the sentence
const OPENING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** The text in order: words, and addresses of http and https alone. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  const words = (to: number): void => {
    if (to > from) found.push({ text: text.slice(from, to), href: null });
  };
  for (const { 0: match, index } of text.matchAll(ADDRESS)) {
    const address = match.slice(0, endOf(match));
    const href = hrefOf(address);
    if (href === null) continue;
    words(index);
    found.push({ text: address, href });
    from = index + address.length;
  }
  words(text.length);
  return found;
}

/** Without what closes the sentence or a bracket that was opened before the address. */
function endOf(address: string): number {
  const count = (char: string): number => address.split(char).length - 1;
  const unopened = new Map(
    Object.entries(OPENING).map(([close, open]) => [close, count(close) - count(open)]),
  );
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address.charAt(end - 1);
    const spare = unopened.get(last) ?? 0;
    if (spare > 0) unopened.set(last, spare - 1);
    else if (!AFTER.includes(last)) break;
  }
  return end;
}

function hrefOf(address: string): string | null {
  try {
    const { href, username, password } = new URL(address);
    return username || password ? null : href; // a name before the host is how one passes for another
  } catch {
    return null;
  }
}

/** Where a link with words of its own may lead: http, https and mailto, written out. */
export function targetOf(written: string): string | null {
  if (/[\p{Cc}\p{Cf}]/u.test(written) || !/^(?:https?:\/\/(?![/?#.])|mailto:[^?&]+@)/i.test(written)) return null;
  return hrefOf(written);
}

/** Whom a link leads to: what its words may not say. */
export function hostOf(href: string): string {
  const { protocol, host, pathname } = new URL(href);
  return protocol === "mailto:" ? pathname : host;
}

/** Whether a link's words are nothing but the host that it leads to, or an address there. */
export function saysWhere(words: string, href: string): boolean {
  const said = words.trim();
  const target = targetOf(said);
  return said === hostOf(href) || (target !== null && hostOf(target) === hostOf(href));
}
