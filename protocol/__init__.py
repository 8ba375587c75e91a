"""The words that Ithaca speaks: frames, facts, grants, errors and the codec.

Pure: msgspec and the standard library only. Everything on the wire, in storage payloads and in the
generated TypeScript, OpenAPI and docs comes from the Structs of this package.
"""
