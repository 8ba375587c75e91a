/** The addresses in a text: of the web, and of mail. Pure. */

export interface Piece {
  readonly text: string;
  readonly href: string | null; // of an address; null: words
}

// Up to white space, what frames a text, or what is not seen (bidi controls could disguise it).
const REST = String.raw`[^\s\p{Cc}\p{Cf}<>"` + "`" + String.raw`\\|“”„«»‹›…。，、）】」』]`;
const WEB = String.raw`(?<!\w)https?:\/\/(?![\/?#.])${REST}+`;
const LETTER = String.raw`[\p{L}\p{M}\p{N}\-]`;
const WWW = String.raw`(?<![\w.@\/:\-])www\.(?:${LETTER}+\.)+\p{L}${LETTER}*(?!${LETTER}|@)(?:[:\/?#]${REST}*)?`;
// ASCII alone: one letter that looks like another is another person. What follows a `?` could add readers.
const PART = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const END = String.raw`(?![\p{L}\p{M}\p{N}_@\-]|\.[\p{L}\p{M}\p{N}])`;
const NAME = String.raw`[a-z0-9][a-z0-9._+\-]{0,63}@(?:${PART}\.)+[a-z]{2,24}${END}`;
const MAIL = String.raw`(?<!\w)mailto:${NAME}|(?<mail>(?<![\p{L}\p{M}\p{N}._+@\/:\-])${NAME})`;
const ADDRESS = new RegExp(`${WEB}|${WWW}|${MAIL}`, "giu");
const AFTER = ".,;:!?'’*_"; // at its end these belong to the sentence
const OPENING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** The text in order: words, and addresses of http, https and mailto alone. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  const words = (to: number): void => {
    if (to > from) found.push({ text: text.slice(from, to), href: null });
  };
  for (const { 0: match, index, groups } of text.matchAll(ADDRESS)) {
    const address = match.slice(0, endOf(match));
    const href = hrefOf(whole(address, groups?.["mail"] !== undefined));
    if (href === null || /^mailto:.*%/.test(href)) continue; // to a regular expression ſ is an s
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

/** What was written without its beginning. */
function whole(address: string, isMail: boolean): string {
  if (isMail) return `mailto:${address}`;
  return /^(?:https?|mailto):/i.test(address) ? address : `https://${address}`;
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

/** Whether a link's words are nothing but the host that it leads to, or an address there: letter for letter,
 * for `аna.org` with a Cyrillic first letter, `%61na.org` and `2130706433` are other hosts than they seem. */
export function saysWhere(words: string, href: string): boolean {
  const said = words.trim();
  if (/\s/.test(said)) return false;
  const [, scheme = "", host = ""] = /^(https?:\/\/|mailto:)?([^/?#]*)/i.exec(said) ?? [];
  if (!scheme && host !== said && !/^www\./i.test(said)) return false;
  const usual = { "http://": /:(?:80)?$/, "https://": /:(?:443)?$/ }[scheme.toLowerCase()] ?? /$^/;
  return host.toLowerCase().replace(usual, "") === hostOf(href).toLowerCase();
}
