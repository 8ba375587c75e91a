import { describe, expect, test } from "vitest";
import { decode, encode } from "../../src/protocol/codec.js";
import type { ClientFrame } from "../../src/protocol/types.js";
import samples from "./samples.json";

interface Sample {
  readonly frame: { readonly t: string };
  readonly msgpack: string;
}

const bytes = (hex: string): ArrayBuffer =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16)).buffer;
const hex = (data: Uint8Array): string =>
  Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

describe("the client's bytes are the server's", () => {
  test.each(samples.client as Sample[])("$frame.t", ({ frame, msgpack }) => {
    expect(hex(encode(frame as ClientFrame))).toBe(msgpack);
  });
});

describe("the server's bytes are understood", () => {
  test.each(samples.server as Sample[])("$frame.t", ({ frame, msgpack }) => {
    expect(decode(bytes(msgpack))).toEqual(frame);
  });
});

test("what is left out is not sent as null", () => {
  const frame: ClientFrame = { t: "chat.fetch", conversation: "cnv_1", after: undefined };
  expect(decode(encode(frame).slice().buffer)).toEqual({ t: "chat.fetch", conversation: "cnv_1" });
});

test.each(["", "c1", "93010203", "81a178", "a474657874"])("no frame: %s", (data) => {
  expect(decode(bytes(data))).toBeNull();
});
