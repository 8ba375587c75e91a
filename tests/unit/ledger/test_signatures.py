"""What pages sign, the ledger accepts; nothing else."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.sansio.contact import statement
from ledger.signatures import signed
from protocol.views import Contact

ROOT = Path(__file__).resolve().parents[3]
SAMPLES: list[dict[str, Any]] = json.loads(
    (ROOT / "web/client/tests/protocol/signed.json").read_text()
)
"""Made by WebCrypto; the pages' own tests hold them against what pages sign and check."""


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample["of"] for sample in SAMPLES])
def test_the_ledger_and_the_pages_sign_and_check_the_same_bytes(sample: dict[str, Any]) -> None:
    contact = msgspec.convert(sample["contact"], Contact)
    text = statement(sample["session"], contact)
    assert text == sample["statement"].encode()
    assert signed(contact.signer_key, text, contact.signature) is sample["good"]


def test_there_is_one_of_each() -> None:
    assert {sample["good"] for sample in SAMPLES} == {True, False}
