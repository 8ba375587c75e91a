"""Writes what is generated from `protocol/`: the client's types and these docs.

`python docs/generate.py` writes; `--check` writes nothing, names each file that would change and
exits 1 if there is one. Only writing the TypeScript needs node; checking it compares digests.
"""

import hashlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from protocol import errors, frames, rest, types  # noqa: E402 - the tree, not an installed copy

CLIENT = ROOT / "web" / "client"
TYPES = CLIENT / "src" / "protocol" / "types.ts"
LIMITS = (
    "FRAME_MAX_BYTES",
    "BODY_MAX_BYTES",
    "SDP_MAX_BYTES",
    "PAGE_MAX",
    "BEAT_INTERVAL_US",
    "AUTH_TIMEOUT_US",
)


def bodies() -> list[type[msgspec.Struct]]:
    """Every REST body and query, in the order of the module."""
    return [
        value
        for value in vars(rest).values()
        if isinstance(value, type) and issubclass(value, rest.Body) and value is not rest.Body
    ]


# ---- TypeScript --------------------------------------------------------------------------------


def typescript_schema() -> dict[str, Any]:
    """One JSON Schema (2020-12) with all that crosses the wire as definitions. Only Structs keep
    their descriptions: those of the scalars would be repeated at every field."""
    unions = {"ClientFrame": frames.ClientFrame, "ServerFrame": frames.ServerFrame}
    roots, definitions = msgspec.json.schema_components(
        [*unions.values(), *bodies()], ref_template="#/$defs/{name}"
    )
    for definition in definitions.values():
        definition["description"] = inspect.cleandoc(definition.get("description", ""))
        definition["properties"] = {
            name: bare(schema) for name, schema in definition.get("properties", {}).items()
        }
    for name, root in zip(unions, roots, strict=False):
        definitions[name] = {"title": name, "anyOf": root["anyOf"]}
    return {"title": "Protocol", "$defs": definitions}


def bare(schema: Any) -> Any:
    """Without what a TypeScript type cannot say."""
    if isinstance(schema, dict):
        unsaid = {"description", "examples", "pattern", "maxLength", "minimum", "maximum"}
        return {key: bare(value) for key, value in schema.items() if key not in unsaid}
    return [bare(item) for item in schema] if isinstance(schema, list) else schema


def typescript_constants() -> str:
    """The limits, and the error table as a const that names every code."""
    lines = [f"export const {name} = {getattr(types, name)};" for name in LIMITS]
    lines += [
        f"export const SUBPROTOCOL_MSGPACK = {json.dumps(frames.SUBPROTOCOL_MSGPACK)};",
        "",
        "/** What a client does about an error: fix the request, try again, connect again, renew",
        " * the grant and connect again, or stop. */",
        'export type Act = "fix" | "retry" | "reconnect" | "renew" | "stop";',
        "",
        "/** Every error that can leave the server; `close` where it ends a connection. */",
        "export const ERRORS = {",
    ]
    for error in errors.ERRORS.values():
        entry = {"act": error.act, "close": error.close, "meaning": error.meaning}
        lines.append(f"  {error.code}: {json.dumps(entry)},")
    lines += [
        "} as const satisfies Record<string, { act: Act; close: number | null; meaning: string }>;",
        "export type ErrorCode = keyof typeof ERRORS;",
    ]
    return "\n".join(lines) + "\n"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def typescript_source() -> str:
    """All that the TypeScript file is made from, as one text."""
    lock = json.loads((CLIENT / "package-lock.json").read_text())
    tool = lock["packages"]["node_modules/json-schema-to-typescript"]["version"]
    return json.dumps([tool, typescript_schema(), typescript_constants()])


def typescript_header(body: str) -> str:
    return (
        "/* Generated from protocol/ by docs/generate.py: change it there.\n"
        f" * schema {digest(typescript_source())}\n * text   {digest(body)}\n */\n"
    )


def typescript_is_current() -> bool:
    """Whether the file was made from today's protocol, and nobody has edited it since."""
    if not TYPES.is_file():
        return False
    text = TYPES.read_text()
    body = text[text.find(" */\n") + 4 :]
    return text == typescript_header(body) + body


def typescript() -> str:
    """The file's text, through json-schema-to-typescript."""
    npm = [sys.executable, str(ROOT / "web" / "hatch_build.py"), "npm", "exec", "--offline", "--"]
    options = ["--unreachableDefinitions", "--no-additionalProperties", "--bannerComment", ""]
    done = subprocess.run(  # noqa: S603 - our own tool
        [*npm, "json2ts", *options],
        input=json.dumps(typescript_schema()),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"json2ts failed:\n{done.stderr}")
    declarations = done.stdout
    for noise in (  # each definition is said to be referenced by the wrapper, and that is typed too
        r"(\n \*)?\n \* This interface was referenced by `Protocol`'s JSON-Schema"
        r'\n \* via the `definition` "\w+"\.',
        r"/\*\*\n \*/\n",
        r"export interface Protocol \{[^}]*\}\n",
    ):
        declarations = re.sub(noise, "", declarations)
    body = declarations.strip() + "\n\n" + typescript_constants()
    return typescript_header(body) + body


def main() -> int:
    TYPES.parent.mkdir(parents=True, exist_ok=True)
    TYPES.write_text(typescript())
    return 0


if __name__ == "__main__":
    sys.exit(main())
