/** The browser's signatures (WebCrypto): ECDSA on P-256 with SHA-256. The only file that knows them.
 *
 * A page signs with a key that is made for one call and cannot be taken out of the browser.
 */
export interface Key {
  /** Its public part, as protocol/types.py has it. */
  readonly name: string;
  sign(statement: string): Promise<string>;
}

export interface Signing {
  /** Null where the browser cannot: a page that is not secure has no WebCrypto. */
  make(): Promise<Key | null>;
  verify(name: string, statement: string, signature: string): Promise<boolean>;
}

const KEYS = { name: "ECDSA", namedCurve: "P-256" };
const HASHED = { name: "ECDSA", hash: "SHA-256" };

export function signing(subtle: SubtleCrypto | undefined): Signing {
  return {
    async make() {
      try {
        return subtle ? await makeKey(subtle) : null;
      } catch (error) {
        console.warn("signing", error);
        return null;
      }
    },
    async verify(name, statement, signature) {
      try {
        if (!subtle) return false;
        const key = await subtle.importKey("raw", fromText(name), KEYS, false, ["verify"]);
        return await subtle.verify(HASHED, key, fromText(signature), bytes(statement));
      } catch {
        return false; // no point on the curve
      }
    },
  };
}

async function makeKey(subtle: SubtleCrypto): Promise<Key> {
  // The public part can always be taken out.
  const { privateKey, publicKey } = await subtle.generateKey(KEYS, false, ["sign", "verify"]);
  const name = toText(await subtle.exportKey("raw", publicKey));
  return {
    name,
    sign: async (statement) => toText(await subtle.sign(HASHED, privateKey, bytes(statement))),
  };
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** Base64url without padding (RFC 4648, section 5). */
function toText(data: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(data)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromText(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}
