"""The one table of errors, and that nobody refuses with a code that is not in it."""

import ast
from http import HTTPStatus
from pathlib import Path

import pytest

from protocol.errors import _TABLE, ERRORS, ErrorCode, Refusal

ROOT = Path(__file__).parents[3]
ROOMS = (
    "protocol", "runtime", "people", "mentoring", "signaling", "chat", "ledger", "web", "ithaca",
)  # fmt: skip
STANDARD_CLOSE_CODES = (1003, 1009, 1011, 1012)  # RFC 6455, 7.4.1


def test_every_code_is_there_once() -> None:
    assert len(ERRORS) == len(_TABLE)
    closes = [error.close for error in _TABLE if error.close is not None]
    assert len(set(closes)) == len(closes)


@pytest.mark.parametrize("error", _TABLE, ids=lambda error: error.code)
def test_a_row_says_what_it_must(error: ErrorCode) -> None:
    assert error.code == error.code.lower()
    assert error.code.replace("_", "").isalpha()
    assert error.meaning.endswith(".")
    assert HTTPStatus(error.status) >= 400
    match error.close:
        case None:
            pass
        case close if 4000 <= close < 4100:
            assert error.act in ("reconnect", "retry")
        case close if 4100 <= close < 4200:
            assert error.act == "renew"
        case close if 4200 <= close < 4300:
            assert error.act in ("stop", "fix")
        case close:
            assert close in STANDARD_CLOSE_CODES


def test_a_refusal_carries_its_row() -> None:
    plain = Refusal("not_found")
    assert (plain.code, plain.error) == ("not_found", ERRORS["not_found"])
    assert plain.detail == ERRORS["not_found"].meaning
    assert (plain.field, plain.ref, plain.retry_after_us) == (None, None, None)
    assert str(plain) == f"not_found: {plain.detail}"
    full = Refusal("rate_limited", "Slowly.", field="body", ref="msg-0001", retry_after_us=5)
    assert (full.detail, full.field, full.ref) == ("Slowly.", "body", "msg-0001")
    assert full.retry_after_us == 5
    with pytest.raises(KeyError):
        Refusal("no_such_code")


def test_a_refusal_quotes_the_sender_briefly() -> None:
    """Whoever sends 64 KiB of nonsense does not get them back, on the socket or over HTTP."""
    long = Refusal("bad_request", "x" * 60_000, field="y" * 60_000)
    assert (long.detail, long.field) == ("x" * 200, "y" * 200)
    assert len(str(long)) < 250


def test_every_refusal_in_the_house_is_in_the_table() -> None:
    named: dict[str, str] = {}
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            if "node_modules" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id == "Refusal"
                    and isinstance(node.args[0], ast.Constant)
                ):
                    named[str(node.args[0].value)] = f"{path.relative_to(ROOT)}:{node.lineno}"
    assert len(named) > 10
    assert {code: where for code, where in named.items() if code not in ERRORS} == {}
