import { describe, expect, it } from "vitest";

import { marked } from "../../src/ui/conversation/found.js";
import { blocks, directionOf } from "../../src/ui/conversation/markdown.js";

const show = (text: string, words: string): string =>
  marked(text, words)
    .map(({ text: piece, found }) => (found ? `[${piece}]` : piece))
    .join("");

describe("the words that were looked for", () => {
  it.each([
    ["The other, then the", "the", "[The] other, [then] [the]"], // the last one may be only begun
    ["The other, then the", "the other", "[The] [other], then [the]"],
    ["Über naïve Łódź", "uber NAIVE lodz", "[Über] [naïve] [Łódź]"],
    ["cafe\u0301s", "café", "[cafe\u0301s]"],
    ["Straße", "strasse", "[Straße]"],
    ["نَلتقي يوم", "نلتقي", "[نَلتقي] يوم"],
    ["我们明天见", "明天", "我们[明天]见"],
    ["party 🎉 there", "🎉", "party [🎉] there"],
    ["nothing of it", "else", "nothing of it"],
    ["nothing", "...", "nothing"],
    ["", "word", ""],
  ])("case %#", (text, words, shown) => {
    expect(show(text, words)).toBe(shown);
  });

  it("leave the text as it is", () => {
    const text = "İstanbul ﬁne ½ ﷺ \ud83d café e\u0301\u0301";
    for (const words of ["i", "fine", "1", "e", "cafe e"]) {
      expect(marked(text, words).map((each) => each.text).join("")).toBe(text);
    }
  });
});

describe("which way a block runs", () => {
  it.each([
    ["- שלום\n- English", "rtl"],
    ["- English\n- שלום", "ltr"],
    ["1. **أول**\n2. ثاني", "rtl"],
    ["> > ציטוט", "rtl"],
    ["> `code` https://example.org اقتباس", "rtl"],
    ["- 1\n- 2", null],
    ["> [مرحبا](https://example.org)", "rtl"],
    ["> ```\n> code\n> ```\n> שלום", "rtl"],
  ])("case %#", (text, way) => {
    expect(directionOf(blocks(text))).toBe(way);
  });
});
