/** What room a message has left. Pure. */

/** What is left of a message's room once the end comes near; null while there is plenty. */
export function roomLeft(text: string, limit: number): number | null {
  const near = limit - 1024;
  if (text.length * 3 < near) return null; // a UTF-16 unit takes at most three bytes
  const bytes = new TextEncoder().encode(text).length;
  return bytes < near ? null : limit - bytes;
}

/** The same in characters, as far as one can say: they take from one byte to four. */
export function roomWords(
  text: string,
  limit: number,
): { readonly words: string; readonly over: boolean } {
  const left = roomLeft(text, limit);
  if (left === null) return { words: "", over: false };
  const letters = [...text].length;
  const count = (Math.abs(left) * letters) / (limit - left);
  if (left < 0) return { words: `${about(count, Math.ceil)} too long for one message.`, over: true };
  return { words: `Room for ${about(count, Math.floor, "more ").toLowerCase()}.`, over: false };
}

const PLAIN = 20; // up to here each one counts

function about(count: number, round: (n: number) => number, more = ""): string {
  const whole = round(count);
  if (whole <= PLAIN) return `${whole} ${more}${whole === 1 ? "character" : "characters"}`;
  const step = 10 ** (Math.floor(Math.log10(whole)) - 1);
  return `About ${(round(count / step) * step).toLocaleString("en")} ${more}characters`;
}
