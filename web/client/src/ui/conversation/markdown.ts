/** The little Markdown that messages are written in: bold, italics, code, code blocks, lists, quotes and
 * links. Whatever is none of it stays as it was typed, line breaks and all; so do signs around nothing that one
 * would see, so that of each message there is something to see. Pure; one pass over a text.
 */
import { isVisible } from "../../lib/text.js";
import { pieces, targetOf } from "./links.js";

export type Inline =
  | { readonly is: "text"; readonly text: string }
  | { readonly is: "code"; readonly text: string }
  | { readonly is: "strong" | "em"; readonly parts: readonly Inline[] }
  | { readonly is: "link"; readonly href: string; readonly text: string; readonly named: boolean };

export type Block =
  | { readonly is: "text"; readonly parts: readonly Inline[] }
  | { readonly is: "code"; readonly text: string }
  | { readonly is: "quote"; readonly blocks: readonly Block[] }
  | {
      readonly is: "list";
      readonly from: number | null; // the first number; null: not numbered
      readonly items: readonly (readonly Block[])[];
    };

const DEPTH = 4; // quotes and lists within each other; what is deeper stays as it was typed
const FENCE = /^ {0,3}(`{3,})[\w+#.-]*\s*$/; // a language, which is not shown
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3}(?:[-*+]|(\d{1,9})[.)]) +)(?=\S)/;

export function blocks(text: string): Block[] {
  return blocksOf(text.split("\n"), 0);
}

function blocksOf(lines: readonly string[], depth: number): Block[] {
  const found: Block[] = [];
  let plain: string[] = [];
  const endPlain = (): void => {
    // Blank lines beside a block are the space around it.
    const first = found.length ? plain.findIndex(notBlank) : 0;
    const kept = first < 0 ? [] : plain.slice(first);
    if (kept.some(Boolean)) found.push({ is: "text", parts: linesOf(kept) });
    plain = [];
  };
  const begin = (): void => {
    while (plain.length && !notBlank(plain.at(-1)!)) plain.pop();
    endPlain();
  };
  for (let i = 0; i < lines.length; ) {
    const line = lines[i]!;
    const fence = FENCE.exec(line);
    const item = depth < DEPTH ? ITEM.exec(line) : null;
    let block: Block | null = null;
    let end = i + 1;
    if (fence) {
      const last = closing(lines, i + 1, fence[1]!.length);
      block = { is: "code", text: lines.slice(i + 1, last).join("\n") };
      end = last + 1;
    } else if (depth < DEPTH && QUOTE.test(line)) {
      end = while_(lines, i, (each) => QUOTE.test(each));
      const inner = lines.slice(i, end).map((each) => each.replace(QUOTE, ""));
      block = { is: "quote", blocks: blocksOf(inner, depth + 1) };
    } else if (item) {
      [block, end] = listFrom(lines, i, depth);
    }
    if (block && shows(block)) {
      begin();
      found.push(block);
    } else {
      plain.push(...lines.slice(i, end));
    }
    i = end;
  }
  endPlain();
  return found;
}

/** Whether there is anything to see in it. */
function shows(block: Block): boolean {
  switch (block.is) {
    case "text":
      return block.parts.some(isSeen);
    case "code":
      return isVisible(block.text);
    case "quote":
      return block.blocks.some(shows);
    case "list":
      return block.items.some((item) => item.some(shows));
  }
}

/** Of spans there are only such as one sees. */
const isSeen = (part: Inline): boolean => part.is !== "text" || isVisible(part.text);

const notBlank = (line: string): boolean => line.trim() !== "";

function while_(lines: readonly string[], from: number, test: (line: string) => boolean): number {
  let end = from;
  while (end < lines.length && test(lines[end]!)) end += 1;
  return end;
}

/** Where a code block ends; one that is never closed goes on to the end. */
function closing(lines: readonly string[], from: number, ticks: number): number {
  return while_(lines, from, (line) => {
    const mark = /^ {0,3}(`{3,})\s*$/.exec(line)?.[1] ?? "";
    return mark.length < ticks;
  });
}

/** Items of one kind that follow each other; what is indented below one belongs to it. */
function listFrom(lines: readonly string[], from: number, depth: number): [list: Block, end: number] {
  const number = ITEM.exec(lines[from]!)?.[2];
  const items: Block[][] = [];
  let i = from;
  while (i < lines.length) {
    const item = ITEM.exec(lines[i]!);
    if (!item || (item[2] === undefined) !== (number === undefined)) break;
    const width = item[1]!.length;
    const inner = [lines[i]!.slice(width)];
    i += 1;
    while (i < lines.length && /^ {2,}\S/.test(lines[i]!)) {
      const indent = lines[i]!.search(/\S/);
      inner.push(lines[i]!.slice(Math.min(width, indent)));
      i += 1;
    }
    items.push(blocksOf(inner, depth + 1));
    const next = while_(lines, i, (line) => !notBlank(line));
    if (next > i && next < lines.length && ITEM.test(lines[next]!)) i = next; // a blank line between items
  }
  return [{ is: "list", from: number === undefined ? null : Number(number), items }, i];
}

function linesOf(lines: readonly string[]): Inline[] {
  const parts: Inline[] = [];
  lines.forEach((line, i) => {
    if (i) add(parts, "\n");
    for (const part of inlines(line)) {
      if (part.is === "text") add(parts, part.text);
      else parts.push(part);
    }
  });
  return parts;
}

/** Text beside text is one. */
function add(parts: Inline[], text: string): void {
  const last = parts.at(-1);
  if (last?.is === "text") parts[parts.length - 1] = { is: "text", text: last.text + text };
  else if (text) parts.push({ is: "text", text });
}

// ---- within a line ------------------------------------------------------------------------------

/** What was opened and may be closed: `mark` is how. */
interface Open {
  readonly mark: string;
  readonly parts: Inline[];
}

const LINK = /\[([^[\]]{1,500})\]\(([^\s()<>]{1,2000}(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,200}){0,9})\)/y;
const PUNCTUATION = /^[\p{P}\p{S}]/u;
const OPEN_MOST = 12; // spans within each other

/** The spans of one line. What is opened and not closed stays as it was typed. */
export function inlines(line: string): Inline[] {
  const open: Open[] = [{ mark: "", parts: [] }];
  const parts = (): Inline[] => open.at(-1)!.parts;
  const addresses = addressesIn(line);
  const unclosed = new Set<number>(); // lengths of backticks that nothing closes any more
  for (let i = 0; i < line.length; ) {
    const char = line[i]!;
    const address = addresses.get(i);
    if (address) {
      parts().push({ is: "link", href: address.href, text: address.text, named: false });
      i += address.text.length;
    } else if (char === "\\" && /[\\`*_[\]()>#+.!~-]/.test(line[i + 1] ?? "")) {
      add(parts(), line[i + 1]!);
      i += 2;
    } else if (char === "`") {
      i = code(line, i, parts(), unclosed);
    } else if (char === "[") {
      i = link(line, i, parts());
    } else if (char === "*" || char === "_") {
      i = mark(line, i, open);
    } else {
      add(parts(), char);
      i += 1;
    }
  }
  while (open.length > 1) unopen(open);
  return open[0]!.parts;
}

function addressesIn(line: string): Map<number, { readonly href: string; readonly text: string }> {
  const found = new Map<number, { href: string; text: string }>();
  let at = 0;
  for (const { text, href } of pieces(line)) {
    if (href !== null) found.set(at, { href, text });
    at += text.length;
  }
  return found;
}

function code(line: string, from: number, parts: Inline[], unclosed: Set<number>): number {
  let end = from;
  while (line[end] === "`") end += 1;
  const ticks = end - from;
  for (let at = end; at < line.length && !unclosed.has(ticks); ) {
    const start = line.indexOf("`", at);
    if (start < 0) break;
    at = start;
    while (line[at] === "`") at += 1;
    if (at - start !== ticks) continue;
    const text = line.slice(end, start);
    if (isVisible(text)) parts.push({ is: "code", text: /^ .*\S.* $/.test(text) ? text.slice(1, -1) : text });
    else add(parts, line.slice(from, at));
    return at;
  }
  unclosed.add(ticks);
  add(parts, "`".repeat(ticks));
  return end;
}

function link(line: string, from: number, parts: Inline[]): number {
  LINK.lastIndex = from;
  const [whole = "", text = "", target = ""] = LINK.exec(line) ?? [];
  const href = whole && isVisible(text) ? targetOf(target) : null;
  if (href === null) {
    add(parts, "[");
    return from + 1;
  }
  parts.push({ is: "link", href, text, named: true });
  return from + whole.length;
}

/** `*` and `_`, once for italics, twice for bold. */
function mark(line: string, from: number, open: Open[]): number {
  const char = line[from]!;
  let end = from;
  while (line[end] === char) end += 1;
  const [before, after] = [line.slice(Math.max(0, from - 2), from), line.slice(end, end + 2)];
  const [behind, ahead] = [/[\p{L}\p{M}\p{N}]$/u.test(before), /^[\p{L}\p{N}]/u.test(after)];
  const amid = behind && ahead; // snake_case is none, nor is 2*3*4
  const opens = /^\S/.test(after) && !(behind && (ahead || char === "_" || PUNCTUATION.test(after)));
  const closes = /\S$/.test(before) && !amid && !/[\p{Ps}\p{Pi}]$/u.test(before);
  let left = end - from;
  if (left > 3) {
    add(open.at(-1)!.parts, line.slice(from, end));
    return end;
  }
  for (const size of left === 3 ? [1, 2] : [left]) {
    const sign = char.repeat(size);
    const at = closes ? open.findLastIndex((each) => each.mark === sign) : -1;
    if (at > 0 && (open[at]!.parts.some(isSeen) || at < open.length - 1)) {
      while (open.length - 1 > at) unopen(open);
      const { parts } = open.pop()!;
      open.at(-1)!.parts.push({ is: size === 2 ? "strong" : "em", parts });
      left -= size;
    }
  }
  if (left && opens && open.length < OPEN_MOST) {
    for (const size of left === 3 ? [2, 1] : [left]) open.push({ mark: char.repeat(size), parts: [] });
  } else if (left) {
    add(open.at(-1)!.parts, char.repeat(left));
  }
  return end;
}

/** What was opened last was no span. */
function unopen(open: Open[]): void {
  const { mark, parts } = open.pop()!;
  const under = open.at(-1)!.parts;
  add(under, mark);
  for (const part of parts) {
    if (part.is === "text") add(under, part.text);
    else under.push(part);
  }
}

// ---- which way it runs ---------------------------------------------------------------------------

const LETTER = /\p{L}/u;
const LEFTWARD = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Which way words run: as their first letter does; null: there is none. */
export function direction(words: string): "rtl" | "ltr" | null {
  const [letter] = LETTER.exec(words) ?? [];
  return letter === undefined ? null : LEFTWARD.test(letter) ? "rtl" : "ltr";
}

/** The same for blocks. Neither code nor a bare address says it. */
export const directionOf = (list: readonly Block[]): "rtl" | "ltr" | null =>
  direction(list.map(blockLetters).join(" "));

function blockLetters(block: Block): string {
  switch (block.is) {
    case "text":
      return block.parts.map(inlineLetters).join("");
    case "code":
      return "";
    case "quote":
      return block.blocks.map(blockLetters).join(" ");
    case "list":
      return block.items.flat().map(blockLetters).join(" ");
  }
}

const inlineLetters = (part: Inline): string => {
  if ("parts" in part) return part.parts.map(inlineLetters).join("");
  return part.is === "code" || (part.is === "link" && !part.named) ? " " : part.text;
};

// ---- in one line --------------------------------------------------------------------------------

/** What it says without how it looks: for a last line, a quote, an announcement. */
export function plain(text: string): string {
  return blocks(text).map(blockWords).join(" ").replace(/\s+/g, " ").trim();
}

function blockWords(block: Block): string {
  switch (block.is) {
    case "text":
      return block.parts.map(inlineWords).join("");
    case "code":
      return block.text;
    case "quote":
      return block.blocks.map(blockWords).join(" ");
    case "list":
      return block.items.map((item) => item.map(blockWords).join(" ")).join(", ");
  }
}

const inlineWords = (part: Inline): string =>
  "parts" in part ? part.parts.map(inlineWords).join("") : part.text;
