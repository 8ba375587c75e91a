import { describe, expect, test, vi } from "vitest";
import { statement } from "../../src/lib/call/contact.js";
import { signing } from "../../src/lib/call/signing.js";
import signed from "../protocol/signed.json";

const here = signing(crypto.subtle);
const CONTACT = {
  about_key: "A".repeat(87),
  signer_key: "S".repeat(87),
  from_us: 1_732_000_000_000_000,
  to_us: 1_732_000_060_000_000,
  beats: 31,
};

describe("a key", () => {
  test("signs what its public part verifies, and nothing else", async () => {
    const [key, another] = [await here.make(), await here.make()];
    if (!key || !another) throw new Error("no keys");
    expect(key.name).toMatch(/^[\w-]{87}$/);
    expect(key.name).not.toBe(another.name);
    const text = statement("ses_1", CONTACT);
    const signature = await key.sign(text);
    expect(signature).toMatch(/^[\w-]{86}$/);
    expect(await here.verify(key.name, text, signature)).toBe(true);
    expect(await here.verify(another.name, text, signature)).toBe(false);
    for (const changed of [
      statement("ses_2", CONTACT),
      statement("ses_1", { ...CONTACT, to_us: CONTACT.to_us + 1 }),
      statement("ses_1", { ...CONTACT, from_us: CONTACT.from_us - 1 }),
      statement("ses_1", { ...CONTACT, beats: 32 }),
      statement("ses_1", { ...CONTACT, about_key: CONTACT.signer_key }),
    ]) {
      expect(await here.verify(key.name, changed, signature)).toBe(false);
    }
    const forged = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
    expect(await here.verify(key.name, text, forged)).toBe(false);
  });

  test("cannot be taken out of the browser", async () => {
    const made: (CryptoKey | CryptoKeyPair)[] = [];
    const subtle = {
      generateKey: async (...args: Parameters<SubtleCrypto["generateKey"]>) => {
        const key = await crypto.subtle.generateKey(...args);
        made.push(key);
        return key;
      },
      exportKey: crypto.subtle.exportKey.bind(crypto.subtle),
    } as unknown as SubtleCrypto;
    await signing(subtle).make();
    const [pair] = made as CryptoKeyPair[];
    expect(pair?.privateKey.extractable).toBe(false);
  });

  test("is none where the browser has no WebCrypto, or will not", async () => {
    expect(await signing(undefined).make()).toBeNull();
    expect(await signing(undefined).verify(CONTACT.signer_key, "", "s".repeat(86))).toBe(false);
    vi.spyOn(console, "warn").mockReturnValueOnce();
    const unwilling = { generateKey: () => Promise.reject(new DOMException("no", "OperationError")) };
    expect(await signing(unwilling as unknown as SubtleCrypto).make()).toBeNull();
  });

  test("that is no point on the curve verifies nothing", async () => {
    expect(await here.verify("A".repeat(87), "text", "s".repeat(86))).toBe(false);
    expect(await here.verify("not base64url!", "text", "s".repeat(86))).toBe(false);
  });
});

describe("the server and the pages sign and check the same bytes (tests/unit/ledger/test_signatures.py)", () => {
  test.each(signed)("$of", async ({ session, contact, statement: text, good }) => {
    expect(statement(session, contact)).toBe(text);
    expect(await here.verify(contact.signer_key, text, contact.signature)).toBe(good);
  });
});
