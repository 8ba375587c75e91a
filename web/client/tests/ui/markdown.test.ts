import { describe, expect, it } from "vitest";

import { below, pick, randomOf } from "../lib/random.js";
import { isVisible } from "../../src/lib/text.js";
import { blocks, plain, type Block, type Inline } from "../../src/ui/conversation/markdown.js";

/** A text with its spans in angle brackets: `<b bold>`. */
const spans = (parts: readonly Inline[]): string =>
  parts
    .map((part) => {
      switch (part.is) {
        case "text":
          return part.text;
        case "code":
          return `<code ${part.text}>`;
        case "strong":
          return `<b ${spans(part.parts)}>`;
        case "em":
          return `<i ${spans(part.parts)}>`;
        case "link":
          return part.named ? `<a ${part.text} => ${part.href}>` : `<a ${part.text}>`;
      }
    })
    .join("");
const outline = (list: readonly Block[]): unknown[] =>
  list.map((block) => {
    switch (block.is) {
      case "text":
        return spans(block.parts);
      case "code":
        return { code: block.text };
      case "quote":
        return { quote: outline(block.blocks) };
      case "list":
        return { [block.from === null ? "points" : `from ${block.from}`]: block.items.map(outline) };
    }
  });
const read = (text: string): unknown => outline(blocks(text));

describe("within a line", () => {
  it.each([
    ["plain", "plain"],
    ["a **bold** word", "a <b bold> word"],
    ["__bold__ and _italic_", "<b bold> and <i italic>"],
    ["*it*", "<i it>"],
    ["***both***", "<b <i both>>"],
    ["**bold *and* more**", "<b bold <i and> more>"],
    ["`code **not bold**`", "<code code **not bold**>"],
    ["``a ` b``", "<code a ` b>"],
    ["`` ` ``", "<code `>"],
    ["2 * 3 * 4", "2 * 3 * 4"],
    ["snake_case_name and __init__.py", "snake_case_name and <b init>.py"],
    ["un*frigging*believable", "un*frigging*believable"],
    ["2*3*4", "2*3*4"],
    ["2**3**4 and 2_3_4", "2**3**4 and 2_3_4"],
    ["5*(3+2)*4, f(*a*)", "5*(3+2)*4, f(<i a>)"],
    ["\u{1d7d8}*3*4 and x*\u{1d7d8}*y", "\u{1d7d8}*3*4 and x*\u{1d7d8}*y"],
    ["क\u093f*3*4", "क\u093f*3*4"],
    ["3 *times*, *4*5 is 20*", "3 <i times>, <i 4*5 is 20>"],
    ["**Note:**so", "<b Note:>so"],
    ["*open", "*open"],
    ["**open *it* on", "**open <i it> on"],
    ["****", "****"],
    ["** not **", "** not **"],
    ["*a **b* c**", "<i a **b> c**"],
    ["`open", "`open"],
    ["\\*not\\* \\`not\\` \\\\", "*not* `not` \\"],
    ["c:\\temp", "c:\\temp"],
    ["see https://a.org/x_y_z.", "see <a https://a.org/x_y_z>."],
    ["**https://a.org/x**", "<b <a https://a.org/x>>"],
    ["*ana@a.org* and `ana@a.org`, www.a_b.org", "<i <a ana@a.org>> and <code ana@a.org>, www.a_b.org"],
    ["[ana@a.org](https://a.org/b)", "<a ana@a.org => https://a.org/b>"],
    ["[words](https://a.org/b)", "<a words => https://a.org/b>"],
    ["[mail](mailto:ana@a.org)", "<a mail => mailto:ana@a.org>"],
    ["[w](https://a.org/b_(c))", "<a w => https://a.org/b_(c)>"],
    ["[]( )", "[]( )"],
    ["[ ](https://a.org/)", "[ ](<a https://a.org/>)"],
    ["[x](javascript:alert(1))", "[x](javascript:alert(1))"],
    ["[x](JaVaScRiPt://a.org/%0aalert(1))", "[x](JaVaScRiPt://a.org/%0aalert(1))"],
    ["[x](data:text/html,y)", "[x](data:text/html,y)"],
    ["[x](//a.org)", "[x](//a.org)"],
    ["[x](vbscript:y)", "[x](vbscript:y)"],
    ["[x](https://bank.org@a.org/)", "[x](https://bank.org@a.org/)"],
    ["[x](https://a.org/\u202e)", "[x](<a https://a.org/>\u202e)"],
    ["[x](mailto:a@b.org?cc=c)", "<a x => mailto:a@b.org?cc=c>"],
    ["![x](https://a.org/y.png)", "!<a x => https://a.org/y.png>"],
    ["**\u200b** _\u00ad_ *\u2800*", "**\u200b** _\u00ad_ *\u2800*"],
    ["a **\u200b** *b*", "a **\u200b** <i b>"],
    ["*\u200b**b** c*", "<i \u200b<b b> c>"],
    ["`\u200b` ` ` `` ` ``", "`\u200b` ` ` <code `>"],
    ["[\u200b](https://a.org/)", "[\u200b](<a https://a.org/>)"],
    ["<b>x</b> &amp; <img src=x onerror=alert(1)>", "<b>x</b> &amp; <img src=x onerror=alert(1)>"],
  ])("%s", (text, expected) => {
    expect(read(text)).toEqual([expected]);
  });

  it("spans do not cross a line", () => {
    expect(read("*one\ntwo* `a\nb`")).toEqual(["*one\ntwo* `a\nb`"]);
  });
});

describe("blocks", () => {
  it.each<[string, unknown]>([
    ["", []],
    ["```*x*\ny", ["```<i x>\ny"]],
    ["one\ntwo\n\n  three", ["one\ntwo\n\n  three"]],
    ["```\nlet x = **1**;\n\n  y\n```\nafter", [{ code: "let x = **1**;\n\n  y" }, "after"]],
    ["```ts\nopen", [{ code: "open" }]],
    ["````\n```\n````", [{ code: "```" }]],
    ["> said\n> *so*\n\nno", [{ quote: ["said\n<i so>"] }, "no"]],
    ["> > deep\n> up", [{ quote: [{ quote: ["deep"] }, "up"] }]],
    ["- a\n- b", [{ points: [["a"], ["b"]] }]],
    ["Two:\n\n* a\n\n* b\n\nEnd", ["Two:", { points: [["a"], ["b"]] }, "End"]],
    ["3. c\n4. d", [{ "from 3": [["c"], ["d"]] }]],
    ["- a\n  - b\n  more\n- c", [{ points: [["a", { points: [["b"]] }, "more"], ["c"]] }]],
    ["- a\n1. b", [{ points: [["a"]] }, { "from 1": [["b"]] }]],
    ["-5 degrees\n- ", ["-5 degrees\n- "]],
    ["# none", ["# none"]],
    ["```\n```", ["```\n```"]],
    ["```hello", ["```hello"]],
    ["a\n\n```\n \u200b\n```\n> b", ["a\n\n```\n \u200b\n```", { quote: ["b"] }]],
    ["> \u200b\n>", ["> \u200b\n>"]],
    ["> > ", [{ quote: ["> "] }]],
    ["> b\n> - \u200b", [{ quote: ["b\n- \u200b"] }]],
    ["- \u200b\n- **\u200b**", [{ points: [["\u200b"], ["**\u200b**"]] }]],
    ["1. \u200b\n2. \u2800", ["1. \u200b\n2. \u2800"]],
    ["    four spaces", ["    four spaces"]],
  ])("%j", (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it("goes only so deep", () => {
    expect(JSON.stringify(read(`${">".repeat(500)} x`)).match(/quote/g)).toHaveLength(4);
  });
});

it("says in one line what it says", () => {
  expect(plain("**Two** things:\n\n- `a`\n- [b](https://a.org/)\n\n> and\n> so")).toBe("Two things: a, b and so");
});

/** Nothing that somebody typed is lost but the signs that it was marked with. */
it("keeps each letter, in order, whatever is typed", () => {
  const pieces = ["*", "**", "_", "__", "`", "``", "```", "\n", "\n\n", "> ", "- ", "1. ", "  ", " ", "a", "b c", "[x](", "https://a.org/", ")", "[", "]", "\\", "<b>"];
  const letters = (text: string): string => text.replace(/[^a-z<]/g, "");
  for (let seed = 1; seed <= 2000; seed += 1) {
    const random = randomOf(seed);
    const text = Array.from({ length: below(random, 40) }, () => pick(random, pieces)).join("");
    const words = (part: Inline): string =>
      "parts" in part ? part.parts.map(words).join("") : part.is === "link" && part.named ? part.text + part.href : part.text;
    const all = (block: Block): string =>
      block.is === "text"
        ? block.parts.map(words).join("")
        : block.is === "code"
          ? block.text
          : block.is === "quote"
            ? block.blocks.map(all).join("")
            : block.items.flat().map(all).join("");
    if (!/`{3,}[\w+#.-]+\s*$/m.test(text)) expect(letters(blocks(text).map(all).join("")), JSON.stringify(text)).toBe(letters(text));
    else blocks(text);
  }
});

it("shows something of each text in which there is something to see, drawn and in one line", () => {
  const pieces = ["*", "**", "_", "`", "``", "```", "\n", "> ", "- ", "1. ", "  ", "\u200b", "\u2800", "[", "](https://a.org/)", "\\", "a"];
  const seen = (part: Inline): boolean => ("parts" in part ? part.parts.some(seen) : isVisible(part.text));
  const shown = (block: Block): boolean =>
    block.is === "text"
      ? block.parts.some(seen)
      : block.is === "code"
        ? isVisible(block.text)
        : (block.is === "quote" ? block.blocks : block.items.flat()).some(shown);
  for (let seed = 1; seed <= 2000; seed += 1) {
    const random = randomOf(seed);
    const text = Array.from({ length: below(random, 12) }, () => pick(random, pieces)).join("");
    expect(blocks(text).some(shown), JSON.stringify(text)).toBe(isVisible(text));
    expect(isVisible(plain(text)), JSON.stringify(text)).toBe(isVisible(text));
  }
});

it("is quick with what is made to be slow", () => {
  for (const piece of ["*a ", "_a", "[", "[a](", "`", "``a`", "> ", "a@", "a.", "a@a.", "www.", "www.a.", "mailto:a@", "- ", "**a *b ", "https://", "(", "[a](x(", "\\", "1. - "]) {
    blocks(piece.repeat(Math.ceil(16_384 / piece.length)));
  }
  blocks(Array.from({ length: 180 }, (_, i) => "`".repeat(i + 1)).join(" "));
});
