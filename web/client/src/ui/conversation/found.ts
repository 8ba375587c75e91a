/** The words that were looked for, in a text: by the letters alone, as the server finds them. Pure. */

export interface Piece {
  readonly text: string;
  readonly found: boolean;
}

const PLAIN: Readonly<Record<string, string>> = {
  ...{ ı: "i", ł: "l", ø: "o", đ: "d", ħ: "h", æ: "ae", œ: "oe", ß: "ss", ς: "σ", "\u0640": "" },
};
// These put no space between words.
const DENSE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORDS = /[\p{L}\p{N}]+|[^\s\p{P}]/gu;

/** Without case and accents. */
function plainOf(char: string): string {
  const letters = char.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "");
  return [...letters].map((each) => PLAIN[each] ?? each).join("");
}

/** The text in pieces; the last of the words is perhaps only begun. */
export function marked(text: string, words: string): readonly Piece[] {
  const asked = [...words].map(plainOf).join("").match(WORDS) ?? [];
  let plain = "";
  const from: number[] = []; // where in the text each unit of the plain one begins
  let at = 0;
  for (const char of text) {
    const letters = plainOf(char);
    for (let i = 0; i < letters.length; i += 1) from.push(at);
    plain += letters;
    at += char.length;
  }
  from.push(at);
  const spans = [...plain.matchAll(WORDS)].flatMap(({ 0: word, index }): [number, number][] => {
    if (asked.some((each, i) => word === each || (i === asked.length - 1 && word.startsWith(each)))) {
      return [[index, index + word.length]];
    }
    return asked.filter((each) => DENSE.test(each)).flatMap((each) => {
      const within = word.indexOf(each);
      return within < 0 ? [] : [[index + within, index + within + each.length] as [number, number]];
    });
  });
  const pieces: Piece[] = [];
  let done = 0;
  for (const [start, end] of spans.sort(([a], [b]) => a - b)) {
    const [first, last] = [Math.max(done, from[start]!), from[end]!];
    if (first > done) pieces.push({ text: text.slice(done, first), found: false });
    if (last > first) pieces.push({ text: text.slice(first, last), found: true });
    done = Math.max(done, last);
  }
  if (done < text.length) pieces.push({ text: text.slice(done), found: false });
  return pieces;
}
