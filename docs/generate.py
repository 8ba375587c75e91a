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
import tomllib
import typing
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# This tree, wherever it is run from.
from ledger.sansio.session import LIFE  # noqa: E402
from mentoring.sansio.agreements import AGREEMENT  # noqa: E402
from mentoring.sansio.meetings import MEETING  # noqa: E402
from protocol import errors, frames, registry, rest, types, views  # noqa: E402
from protocol.terms import MINOR_DIGITS  # noqa: E402
from runtime.machine import Machine, diagram  # noqa: E402
from signaling.sansio.room import ROOM  # noqa: E402
from web import openapi  # noqa: E402
from web.socket.sansio.connection import CONNECTION  # noqa: E402

CLIENT = ROOT / "web" / "client"
TYPES = CLIENT / "src" / "protocol" / "types.ts"
LIMITS = (
    "FRAME_MAX_BYTES",
    "BODY_MAX_BYTES",
    "SDP_MAX_BYTES",
    "PAGE_MAX",
    "BEAT_INTERVAL_US",
    "HAND_IN_US",
    "AUTH_TIMEOUT_US",
    "REFLECTION_MAX",
    "REPORT_WORDS_MAX",
    "SLOT_US",
    "VOICE_SLOTS_MAX",
    "PINS_MAX",
    "TYPING_EVERY_US",
    "TYPING_LAPSES_US",
)


def subclasses(module: ModuleType, base: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """The Structs of that base which a module defines, in its order."""
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, base)
        and value is not base
        and value.__module__ == module.__name__
    ]


# ---- TypeScript --------------------------------------------------------------------------------


def typescript_schema() -> dict[str, Any]:
    """One JSON Schema (2020-12) with all that crosses the wire as definitions. Only Structs keep
    their descriptions: those of the scalars would be repeated at every field."""
    unions = {"ClientFrame": frames.ClientFrame, "ServerFrame": frames.ServerFrame}
    answers = [route.response for route in registry.ROUTES if route.response]
    structs = dict.fromkeys([*subclasses(rest, rest.Body), *answers])
    roots, definitions = msgspec.json.schema_components(
        [*unions.values(), *structs],
        ref_template="#/$defs/{name}",
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
        said = {key: bare(value) for key, value in schema.items() if key not in unsaid}
        if "prefixItems" in said:  # json2ts reads a tuple as JSON Schema wrote it before 2020-12
            said |= {"items": said.pop("prefixItems"), "additionalItems": False}
        return said
    return [bare(item) for item in schema] if isinstance(schema, list) else schema


def typescript_constants() -> str:
    """The limits, and the error table as a const that names every code."""
    lines = [f"export const {name} = {getattr(types, name)};" for name in LIMITS]
    digits = ", ".join(f"{code}: {count}" for code, count in sorted(MINOR_DIGITS.items()))
    lines += [
        f"export const UNSEEN = {json.dumps(types.UNSEEN)};",
        f"export const SUBPROTOCOL_MSGPACK = {json.dumps(frames.SUBPROTOCOL_MSGPACK)};",
        "",
        "/** What one can react with, in the order of the palette. */",
        f"export const EMOJIS = {json.dumps(types.EMOJIS, ensure_ascii=False)} as const;",
        "export type Emoji = (typeof EMOJIS)[number];",
        "",
        "/** The currencies that people pay in, and how many digits the minor unit of each has. */",
        f"export const MINOR_DIGITS: Readonly<Record<string, number>> = {{ {digits} }};",
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


# ---- samples -----------------------------------------------------------------------------------

SAMPLES = CLIENT / "tests" / "protocol" / "samples.json"


def sample(hint: Any, full: bool) -> Any:
    """A value of a type: `full` fills in what could be null or empty."""
    if hint == types.Id:
        return "men_01jd3v0k7r9q2x4m6n8p0s2t4v"
    if hint == types.ClientId:
        return "a1B2-c3D4_e5"
    if hint == types.Micros:
        return types.INT_MAX if full else 0
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return sample(args[0], full)
    if origin is typing.Literal:
        return args[0]
    if origin is tuple:
        return (sample(args[0], full),) if full else ()
    if origin is dict:
        return {sample(args[0], full): sample(args[1], full)} if full else {}
    if args:
        return sample(args[0], full) if full else None
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        hints = typing.get_type_hints(hint, include_extras=True)
        names = [field.name for field in msgspec.structs.fields(hint)]
        return hint(**{name: sample(hints[name], full) for name in names})
    plain: dict[Any, Any] = {str: "grüß 👋", int: 40_000, bool: full}
    return plain[hint]


def samples_page() -> str:
    """Every frame, sparse and full, as plain values and as the server's bytes: what the client's
    codec is held against."""

    def rows(union: Any) -> list[dict[str, Any]]:
        made = [sample(frame, full) for frame in typing.get_args(union) for full in (False, True)]
        return [
            {"frame": msgspec.to_builtins(each), "msgpack": msgspec.msgpack.encode(each).hex()}
            for each in made
        ]

    samples = {"client": rows(frames.ClientFrame), "server": rows(frames.ServerFrame)}
    return json.dumps(samples, indent=1, ensure_ascii=False) + "\n"


# ---- docs --------------------------------------------------------------------------------------

GENERATED = "<!-- Generated from protocol/ by docs/generate.py: change it there. -->\n"
SCALARS = ("Id", "ClientId", "Micros", "Seq", "Limit", "Role", "PresenceState", "SessionState",
           "LeaveReason", "EndReason", "ProposalState", "MeetingState", "Sdp")  # fmt: skip
ORDER = """\
1. The first frame is `auth.open`, within 5 s of the upgrade, and there is no second one.
   Nothing else is sent before it is answered.
2. The first answer is `auth.opened`: a snapshot of all mentorships. Every later frame changes it:
   whoever applies them to an old snapshot has the fresh one.
3. `chat.messages` carries contiguous messages, oldest first. Per conversation, delivery goes on
   from the cursor of `auth.open`, however old: messages are kept for good. Who sees a gap asks for
   it with `chat.fetch`; `chat.gap` says that what a page has is not there any more. Of one
   server a person gets 200 pages that were missed at once, then 25 a second, and as many of those
   that are asked for.
4. `chat.accepted` and the `chat.messages` that holds the same message may come in either order,
   and both may come twice: a message is known by its `seq`, one's own by its `id`.
5. Frames that one peer sends to another (`peer.*`) arrive in the order in which they were sent, or
   not at all. They are never stored.
6. A beat every 2 s, sent by the page's own code. A frame of any other kind is no beat.
"""
RANGES = """\
A close code says by its range what to do: 4000-4099 connect again, 4100-4199 renew the grant, then
connect again, 4200-4299 stop and say why. 1012 is the server's restart: connect again soon.
"""
ACTS = """\
What a client does about each (`act`): *fix* what it sent; *retry* the same later, after
`retry_after_us` where it is given; *reconnect*; *renew* the grant, then try again; *stop* and tell
the person.
"""


def words(hint: Any) -> str:
    """A type as a reader of the docs sees it."""
    for name in SCALARS:
        if hint == getattr(types, name):
            return name
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return words(args[0])
    if origin is tuple:
        return f"array of {words(args[0])}"
    if origin is dict:
        return f"map of {words(args[0])} to {words(args[1])}"
    if origin is typing.Literal:
        return " or ".join(f"`{arg}`" for arg in args)
    if args:
        return " or ".join("null" if arg is type(None) else words(arg) for arg in args)
    plain = {str: "string", int: "integer", bool: "boolean"}
    return plain[hint] if hint in plain else f"[{hint.__name__}](#{hint.__name__.lower()})"


def described(struct: type[msgspec.Struct]) -> str:
    """Docstring and table of fields."""
    hints = typing.get_type_hints(struct, include_extras=True)
    rows = []
    for field in msgspec.structs.fields(struct):
        default = "" if field.required else f"`{json.dumps(default_of(field))}`"
        rows.append(f"| `{field.encode_name}` | {words(hints[field.name])} | {default} |")
    table = ["| field | type | default |", "| --- | --- | --- |", *rows] if rows else []
    return "\n".join([inspect.cleandoc(struct.__doc__ or ""), "", *table, ""])


def default_of(field: msgspec.structs.FieldInfo) -> Any:
    made = field.default_factory
    return field.default if made is msgspec.NODEFAULT else made()


def tag(frame: type[msgspec.Struct]) -> str:
    return str(frame.__struct_config__.tag)


def protocol_page() -> str:
    """docs/protocol.md"""
    rights = {rule.frame: rule for rule in registry.FRAMES}
    parts = [
        GENERATED,
        f"# The WebSocket protocol\n\n{inspect.cleandoc(frames.__doc__ or '')}\n",
        f"{inspect.cleandoc(types.__doc__ or '')}\n",
        f"A frame from a page has at most {types.FRAME_MAX_BYTES} bytes, a message body at most "
        f"{types.BODY_MAX_BYTES} bytes of UTF-8.\nUnknown fields and tags are refused.\n",
        f"## Order\n\n{ORDER}",
        f"## Close codes\n\n{RANGES}\n| code | error | act | meaning |\n| --- | --- | --- | --- |",
    ]
    closing = [error for error in errors.ERRORS.values() if error.close]
    for error in sorted(closing, key=lambda error: error.close or 0):
        parts.append(f"| {error.close} | `{error.code}` | {error.act} | {error.meaning} |")
    parts.append("\n## Frames from the client\n")
    for frame in typing.get_args(frames.ClientFrame):
        rule = rights[frame]
        of = f" of the {rule.scope} that `{rule.scope}` names" if rule.scope else ""
        if rule.reaches != "no":
            of += " that neither has left, while neither blocks the other"
        if rule.reaches == "new":
            of += "; what was stored before is answered again"
        parts.append(f"### `{tag(frame)}`\n\nRight: {rule.right}{of}.\n\n{described(frame)}")
    parts.append("## Frames from the server\n")
    for frame in typing.get_args(frames.ServerFrame):
        if frame in rights:
            parts.append(f"### `{tag(frame)}` (relayed)\n\nAs above, from the other peer.\n")
        else:
            parts.append(f"### `{tag(frame)}`\n\n{described(frame)}")
    parts.append("## Parts\n")
    for view in subclasses(views, views.View):
        parts.append(f"### {view.__name__}\n\n{described(view)}")
    parts.append("## Scalars\n\n| name | JSON Schema |\n| --- | --- |")
    for name in SCALARS:
        schema = json.dumps(msgspec.json.schema(getattr(types, name)))
        parts.append(f"| {name} | `{schema}` |".replace("\\\\", "\\"))
    return "\n".join(parts) + "\n"


def errors_page() -> str:
    """docs/errors.md"""
    lines = [
        GENERATED,
        "# Errors\n\nHTTP answers with problem+json (RFC 9457) that has a `code`; the WebSocket",
        "with an `error` frame, or by closing with the code given here.\n",
        ACTS,
        "| code | HTTP | close | act | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    for error in errors.ERRORS.values():
        row = (f"`{error.code}`", error.status, error.close or "", error.act, error.meaning)
        lines.append("| " + " | ".join(str(cell) for cell in row) + " |")
    return "\n".join(lines) + "\n"


def openapi_page() -> str:
    """docs/openapi.json"""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return json.dumps(openapi.document(project["version"]), indent=2, ensure_ascii=False) + "\n"


def machines_page() -> str:
    """docs/machines.md: each machine as its table draws it."""
    parts = [
        "# Machines\n",
        "Whatever has phases is a literal table `(phase, event) -> handler, phases it may reach`; "
        "these pictures are drawn from the server's tables. That of the pages' socket, in "
        "`web/client/src/lib/connection.ts`, is not drawn.\n",
    ]
    machines: dict[str, Machine[Any, Any, Any]] = {
        "web/socket/sansio/connection.py": CONNECTION,
        "signaling/sansio/room.py": ROOM,
        "ledger/sansio/session.py": LIFE,
        "mentoring/sansio/agreements.py": AGREEMENT,
        "mentoring/sansio/meetings.py": MEETING,
    }
    for where, machine in machines.items():
        picture = diagram(machine)
        parts.append(f"## {machine.name}\nIn `{where}`.\n\n```mermaid\n{picture}```\n")
    return "\n".join(parts)


def pages() -> dict[Path, str]:
    """Path to text of everything that needs no node."""
    here = ROOT / "docs"
    return {
        here / "protocol.md": protocol_page(),
        here / "errors.md": errors_page(),
        here / "machines.md": machines_page(),
        here / "openapi.json": openapi_page(),
        SAMPLES: samples_page(),
    }


def main(check: bool) -> int:
    stale = [path for path, text in pages().items() if not is_text(path, text)]
    stale += [] if typescript_is_current() else [TYPES]
    for path in stale:
        print(f"{path.relative_to(ROOT)} {'would change' if check else 'written'}")
    if check:
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(typescript() if path == TYPES else pages()[path])
    return 0


def is_text(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(f"{__doc__}")
    sys.exit(main(check=sys.argv[1:] == ["--check"]))
