"""`ithaca verify` and `ithaca replay`: for anyone with a file; no data folder, no server."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ledger.sansio import evidence, scenario
from ledger.sansio.evidence import Finding, Signatures
from ledger.sansio.replay import replayed
from ledger.signatures import is_key, sealed, signed
from protocol.terms import Terms

MOST_BYTES = 64 * 1024 * 1024
SAID_MOST = 20
NOT_GOOD = "Not as written:"
FINGERPRINT = re.compile("[0-9a-f]{16,64}")


class Unusable(Exception):
    """An argument that cannot be used; the text says why."""


def content(name: str) -> bytes:
    """A file's bytes, or what comes on standard input (`-`); of a file that is too large, as much
    as shows that. Raises Unusable."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(name).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no such name"
        raise Unusable(f"Cannot read {name} ({why}).") from None


def verify(name: str, keys: Sequence[str], fingerprints: Sequence[str] = ()) -> int:
    """Says of an evidence pack whether it is as it was written: 0 if so, else 1. Raises
    Unusable."""
    for key in keys:
        if not is_key(key):
            raise Unusable("--key is a public key: 32 bytes in base64url, 43 characters.")
    noted = [each.replace(" ", "").lower() for each in fingerprints]
    if not all(FINGERPRINT.fullmatch(each) for each in noted):
        raise Unusable("--fingerprint has 16 to 64 digits, 0-9 and a-f.")
    data = content(name)
    if len(data) > MOST_BYTES:
        print(f"{NOT_GOOD} This is no evidence pack: it has more than {MOST_BYTES >> 20} MiB.")
        return 1
    report = evidence.examine(data, keys, Signatures(page=signed, server=sealed), noted)
    if report.failures:
        print(f"{NOT_GOOD} {_words(report.failures[0])}")
    else:
        print("Good: it is as the server wrote it, and each bill follows from what was recorded.")
    for line in report.title:
        print(line)
    _say("Also not as written", report.failures[1:])
    _say("Checked, and good", report.good)
    _say("Worth knowing", report.remarks)
    return 1 if report.failures else 0


def _say(heading: str, findings: Sequence[Finding]) -> None:
    if findings:
        print(f"{heading}:")
    for finding in findings[:SAID_MOST]:
        print(f"- {_words(finding)}")
    if len(findings) > SAID_MOST:
        print(f"- and {len(findings) - SAID_MOST} more")


def _words(finding: Finding) -> str:
    return plain(f"{finding.about}: {finding.text}")


def plain(text: str) -> str:
    """What a file says must not act on a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)[:500]


def replay(name: str, terms: str | None) -> int:
    """Prints the account of a pack's or a scenario's facts: 0, or 1 when there is none. Raises
    Unusable."""
    instead = None if terms is None else _terms(terms)
    data = content(name)
    if len(data) > MOST_BYTES:
        return _refuse(f"it has more than {MOST_BYTES >> 20} MiB")
    if (why := evidence.no_name_twice(data)) is not None:
        return _refuse(why)
    if evidence.is_pack(data):
        facts = evidence.facts_in(data)
        if isinstance(facts, str):
            return _refuse(facts)
        account = replayed(facts, instead)
    else:
        try:
            account = scenario.run(scenario.read(data), instead)
        except scenario.Unclear as unclear:
            return _refuse(f"as a scenario, {unclear}")
    print(msgspec.json.format(msgspec.json.encode(account), indent=2).decode())
    return 0


def _refuse(why: str) -> int:
    print(f"ithaca: this cannot be replayed: {plain(why)}", file=sys.stderr)
    return 1


def _terms(name: str) -> Terms:
    data = content(name)
    if (why := evidence.no_name_twice(data)) is not None:
        raise Unusable(f"{name} does not hold terms: {plain(why)}.")
    try:
        return msgspec.json.decode(data, type=Terms)
    except msgspec.DecodeError as error:
        raise Unusable(f"{name} does not hold terms ({plain(str(error))}).") from None
