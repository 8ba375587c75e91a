import { describe, expect, it } from "vitest";

import { pick, randomOf } from "../lib/random.js";
import { pieces, saysWhere } from "../../src/ui/conversation/links.js";

/** The text with its addresses marked: `see [https://a.org/]`; what one opens, where it differs, after `=>`. */
const marked = (text: string): string =>
  pieces(text)
    .map(({ text, href }) =>
      href === null ? text : href === text ? `[${text}]` : `[${text} => ${href}]`,
    )
    .join("");

describe("the web addresses in a text", () => {
  it.each([
    ["", ""],
    ["no address at all", "no address at all"],
    ["https://a.org/", "[https://a.org/]"],
    ["see http://a.org/b?c=d&e=f#g there", "see [http://a.org/b?c=d&e=f#g] there"],
    ["HTTPS://A.org", "[HTTPS://A.org => https://a.org/]"],
    ["one\nhttps://a.org/\ntwo\thttp://b.org/", "one\n[https://a.org/]\ntwo\t[http://b.org/]"],
    ["http://127.0.0.1:8000/x", "[http://127.0.0.1:8000/x]"],
    ["http://[::1]:8000/", "[http://[::1]:8000/]"],
    ["https://müller.example/", "[https://müller.example/ => https://xn--mller-kva.example/]"],

    // what closes the sentence stays outside
    ["Is it https://a.org/b?", "Is it [https://a.org/b]?"],
    ["https://a.org/b, https://a.org/c.", "[https://a.org/b], [https://a.org/c]."],
    ["https://a.org/b...!", "[https://a.org/b]...!"],
    ["https://a.org/b…", "[https://a.org/b]…"],
    ["https://a.org/b.html", "[https://a.org/b.html]"],
    ["“https://a.org/b”", "“[https://a.org/b]”"],
    ["'https://a.org/b'", "'[https://a.org/b]'"],
    ["https://a.org/it's", "[https://a.org/it's]"],
    ["看https://a.org/b。", "看[https://a.org/b]。"],

    // and so does a bracket that it did not open
    ["(https://a.org/b)", "([https://a.org/b])"],
    ["(at https://a.org/b.)", "(at [https://a.org/b].)"],
    ["https://a.org/b_(c)", "[https://a.org/b_(c)]"],
    ["(https://a.org/b_(c))", "([https://a.org/b_(c)])"],
    ["[words](https://a.org/b)", "[words]([https://a.org/b])"],
    ["<https://a.org/b>", "<[https://a.org/b]>"],
    ['<a href="https://a.org/b">', '<a href="[https://a.org/b]">'],

    // nothing else is an address
    ["javascript:alert(1)", "javascript:alert(1)"],
    ["JavaScript://a.org/%0aalert(1)", "JavaScript://a.org/%0aalert(1)"],
    ["data:text/html,x ftp://a.org file:///etc", "data:text/html,x ftp://a.org file:///etc"],
    ["www.a.org mailto:ana@a.org //a.org", "www.a.org mailto:ana@a.org //a.org"],
    ["xhttps://a.org view-source:x", "xhttps://a.org view-source:x"],
    ["http:// https://. https:///a.org http://?", "http:// https://. https:///a.org http://?"],
    ["http://a.org:99999/", "http://a.org:99999/"],
    ["https://[", "https://["],

    // nor what passes for another
    ["https://bank.example@a.org/", "https://bank.example@a.org/"],
    ["https://bank.example:x@a.org/", "https://bank.example:x@a.org/"],
    ["https://bank.example\\@a.org/", "[https://bank.example => https://bank.example/]\\@a.org/"],
    ["https://a.org/\u202egpj.exe", "[https://a.org/]\u202egpj.exe"],
    ["https://a.org/\u2066b\u2069", "[https://a.org/]\u2066b\u2069"],
    ["https://a.org/\u200bb", "[https://a.org/]\u200bb"],
    ["\u200fhttps://a.org/b", "\u200f[https://a.org/b]"],
    ["שלום https://a.org/שלום.", "שלום [https://a.org/שלום => https://a.org/%D7%A9%D7%9C%D7%95%D7%9D]."],
  ])("%j", (text, expected) => {
    expect(marked(text)).toBe(expected);
    expect(
      pieces(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  });

  it("opens http and https alone, whatever is written", () => {
    const parts = ["http", "https", "javascript", ":", "//", "a.org", "@", "(", ")", " ", "\u202e", "."];
    const random = randomOf(7);
    for (let i = 0; i < 5_000; i += 1) {
      const text = Array.from({ length: 12 }, () => pick(random, parts)).join("");
      const found = pieces(text);
      expect(found.map((piece) => piece.text).join("")).toBe(text);
      for (const { href } of found) if (href !== null) expect(href).toMatch(/^https?:\/\/[^/@]+\//);
    }
  });
});

it.each([
  ["evil.co", "https://evil.co/x", true],
  [" https://evil.co/login ", "https://evil.co/x", true],
  ["ana@example.org", "mailto:ana@example.org", true],
  ["https://account.com/login", "https://t.co/x", false],
  ["bank.example, not evil.co", "https://evil.co/", false],
  ["https://bank.example evil.co", "https://evil.co/", false],
  ["the notes", "https://evil.co/", false],
  ["https://evil.co@bank.example", "https://evil.co/", false],
])("%j says where %s leads: %s", (words, href, says) => {
  expect(saysWhere(words, href)).toBe(says);
});
