"""A session's evidence pack: one file with everything that its account is computed from, so that it
can be checked without the server (`ithaca verify`, docs/ledger.md)."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocol.bill import Bill
from protocol.facts import SessionFact
from protocol.rest import LedgerKey
from protocol.types import Digest, Id, Micros, Signature

EVIDENCE_FORMAT = "ithaca.evidence"
EVIDENCE_VERSION = 1

Bytes = Annotated[bytes, Meta(description="Base64 (RFC 4648, 4), padded.")]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the parts of an evidence pack."""


class EvidenceRecord(Part, frozen=True, kw_only=True):
    """One record of the chain. `bytes` is the fact as it was written down (MessagePack): what the
    hash covers. `fact` is the same, to be read."""

    seq: int
    wall_us: Micros
    monotonic_us: Micros
    boot: str
    bytes: Bytes
    hash: Digest
    fact: SessionFact


class EvidenceSettlement(Part, frozen=True, kw_only=True):
    """What was settled, signed: `facts` is the place of the settlement among the records, `head`
    that record's hash, `signature` (Ed25519) over both by the server's key `kid`."""

    revision: int
    facts: int
    head: Digest
    bill: Bill
    at_us: Micros
    kid: Id
    signature: Signature


class EvidenceConfirmation(Part, frozen=True, kw_only=True):
    """One of the two agreed with a revision; `seq` is the record that says so."""

    seq: int
    person: Id
    revision: int
    at_us: Micros


class EvidenceNote(Part, frozen=True, kw_only=True):
    """What somebody wrote to an entry, which holds its `digest` only: SHA-256 over salt and text.
    What was erased is not here."""

    digest: Digest
    salt: Bytes
    text: str


class EvidenceSeal(Part, frozen=True, kw_only=True):
    """The server's signature (Ed25519) over all the rest of the pack."""

    kid: Id
    signature: Signature


class EvidencePack(Part, frozen=True, kw_only=True):
    """A session's records, what they were settled to, what was written to them, and the public keys
    that signed. Only `exported_us`, and with it the seal, tells one export from the next."""

    format: Literal["ithaca.evidence"] = "ithaca.evidence"
    version: Literal[1] = 1
    exported_us: Micros
    site: Id
    session: Id
    records: tuple[EvidenceRecord, ...]
    settlements: tuple[EvidenceSettlement, ...]
    confirmations: tuple[EvidenceConfirmation, ...]
    notes: tuple[EvidenceNote, ...]
    keys: tuple[LedgerKey, ...]
    seal: EvidenceSeal | UnsetType = UNSET
