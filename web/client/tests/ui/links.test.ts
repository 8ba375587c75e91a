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

describe("the addresses in a text", () => {
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
    ["//a.org a.org a@b @a.org www.org www. www..a.org", "//a.org a.org a@b @a.org www.org www. www..a.org"],
    ["ftp://ana@a.org sip:ana@a.org ftp://www.a.org", "ftp://ana@a.org sip:ana@a.org ftp://www.a.org"],
    ["javascript:www.a.org xwww.a.org a@b.c", "javascript:www.a.org xwww.a.org a@b.c"],
    ["xhttps://a.org view-source:x", "xhttps://a.org view-source:x"],
    ["http:// https://. https:///a.org http://?", "http:// https://. https:///a.org http://?"],
    ["http://a.org:99999/", "http://a.org:99999/"],
    ["https://[", "https://["],

    // what begins with www., and mail
    ["see www.a.org/b?c=d, or www.a.org.", "see [www.a.org/b?c=d => https://www.a.org/b?c=d], or [www.a.org => https://www.a.org/]."],
    ["(www.a.org:8000/b_(c))", "([www.a.org:8000/b_(c) => https://www.a.org:8000/b_(c)])"],
    ["WWW.A.org!", "[WWW.A.org => https://www.a.org/]!"],
    ["看www.a.org。", "看[www.a.org => https://www.a.org/]。"],
    ["write to ana.b+c@mail.a.org.", "write to [ana.b+c@mail.a.org => mailto:ana.b+c@mail.a.org]."],
    ["<ana@a.org>, (ben@b.org)", "<[ana@a.org => mailto:ana@a.org]>, ([ben@b.org => mailto:ben@b.org])"],
    ["mailto:ana@a.org?", "[mailto:ana@a.org]?"],
    ["MAILTO:ana@a.org?bcc=eve@b.org", "[MAILTO:ana@a.org => mailto:ana@a.org]?bcc=[eve@b.org => mailto:eve@b.org]"],
    ["www.ana@a.org", "[www.ana@a.org => mailto:www.ana@a.org]"],

    // nor what passes for another
    ["www.bank.example:x@a.org", "www.bank.example:x@a.org"],
    ["аna@a.org anа@a.org ana@а.org ana@a.orgа", "аna@a.org anа@a.org ana@а.org ana@a.orgа"], // Cyrillic а
    ["mailto:mas\u017fe@a.org ana@\u212aa.org", "mailto:mas\u017fe@a.org ana@\u212aa.org"],
    ["ana@a.org@b.org ana@a.org.x", "ana@a.org@b.org ana@a.org.x"],
    ["\u202eana@a.org\u202c www.a.org\u202egpj", "\u202e[ana@a.org => mailto:ana@a.org]\u202c [www.a.org => https://www.a.org/]\u202egpj"],
    ['"onmouseover=alert(1)@a.org', '"onmouseover=alert(1)@a.org'],
    ['www.a.org"onclick="x', '[www.a.org => https://www.a.org/]"onclick="x'],
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

  it("opens http, https and mailto alone, whatever is written", () => {
    const parts = ["http", "https", "mailto:", "www.", "javascript", ":", "//", "a.org", "ana", "?", "@", "(", ")", " ", "\u202e", "."];
    const random = randomOf(7);
    for (let i = 0; i < 5_000; i += 1) {
      const text = Array.from({ length: 12 }, () => pick(random, parts)).join("");
      const found = pieces(text);
      expect(found.map((piece) => piece.text).join("")).toBe(text);
      for (const { href } of found) if (href !== null) expect(href).toMatch(/^(?:https?:\/\/[^/@]+\/|mailto:[^@?]+@[^@?]+$)/);
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
  ["HTTPS://Evil.co:443/x", "https://evil.co/x", true],
  ["www.evil.co/x", "https://www.evil.co/x", true],
  ["https://аpple.com/", "https://xn--pple-43d.com/", false], // Cyrillic а
  ["www.müller.example", "https://www.xn--mller-kva.example/", false],
  ["https://%65vil.co/", "https://evil.co/", false],
  ["http://2130706433/", "http://127.0.0.1/", false],
  ["bank.example/evil.co", "https://evil.co/", false],
])("%j says where %s leads: %s", (words, href, says) => {
  expect(saysWhere(words, href)).toBe(says);
});
