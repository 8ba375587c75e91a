"""A settled session as the ledger keeps it, signed by real keys, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.sansio.chain import Record, link, origin
from ledger.sansio.evidence import Signatures, pack, sealed_text
from ledger.sansio.evidence import sealed as with_seal
from ledger.sansio.replay import comes_to
from ledger.sansio.settlement import receipt
from ledger.signatures import sealed, signed
from ledger.views import base64url
from protocol.evidence import EvidenceNote, EvidencePack, EvidenceSettlement
from protocol.facts import (
    ContactProven,
    MeetingApplied,
    ParticipantJoined,
    ParticipantLeft,
    PathChanged,
    SessionConfirmed,
    SessionContested,
    SessionCorrected,
    SessionCreated,
    SessionEnded,
    SessionFact,
    SessionSettled,
    SessionStarted,
    TermsApplied,
)
from protocol.terms import Terms
from protocol.views import Contact
from tests.support.ledger import ADA, BEN, KID, MENTORSHIP, SECOND, SITE, PageKey, name

REAL = Signatures(page=signed, server=sealed)
MINUTE = 60 * SECOND
START = 1_800_000_000_000_000


SESSION = name("ses", 1)


@dataclass(slots=True)
class Server:
    """Keeps one session's records and signs what it is settled to."""

    kid: str = KID
    key: Ed25519PrivateKey = field(
        default_factory=lambda: Ed25519PrivateKey.from_private_bytes(bytes(32))
    )
    chain: list[tuple[Record, bytes]] = field(default_factory=list)
    facts: list[SessionFact] = field(default_factory=list)
    lines: list[EvidenceSettlement] = field(default_factory=list)
    notes: list[EvidenceNote] = field(default_factory=list)
    boot: str = "boot_1"
    wall_us: int = START
    steady_us: int = 7 * MINUTE

    @property
    def public(self) -> str:
        return base64url(self.key.public_key().public_bytes_raw())

    @property
    def head(self) -> bytes:
        return self.chain[-1][1] if self.chain else origin(SESSION)

    def write(self, *facts: SessionFact) -> None:
        for fact in facts:
            self.wall_us += SECOND
            self.steady_us += SECOND
            record = Record(
                len(self.chain) + 1, self.wall_us, self.steady_us, self.boot,
                msgspec.msgpack.encode(fact),
            )  # fmt: skip
            self.chain.append((record, link(self.head, record)))
            self.facts.append(fact)

    def note(self, text: str) -> str:
        salt = bytes([len(self.notes)]) * 16
        digest = sha256(salt + text.encode()).hexdigest()
        self.notes.append(EvidenceNote(digest=digest, salt=salt, text=text))
        return digest

    def settle(self) -> None:
        revision = len(self.lines) + 1
        settled = SessionSettled(
            session=SESSION, revision=revision, facts=len(self.facts), head=self.head.hex(),
            bill=comes_to(self.facts), at_us=self.facts[-1].at_us,
        )  # fmt: skip
        self.write(settled)
        self.sign(settled)

    def sign(self, settled: SessionSettled) -> None:
        seq, head = len(self.chain), self.head.hex()
        signature = self.key.sign(receipt(SESSION, settled.revision, seq, head))
        self.lines.append(
            EvidenceSettlement(
                revision=settled.revision, facts=seq, head=head, bill=settled.bill,
                at_us=settled.at_us, kid=self.kid, signature=base64url(signature),
            )
        )  # fmt: skip

    def export(self, **instead: object) -> EvidencePack:
        """The pack; `instead` are parts that a lying server puts in, under its seal."""
        made = pack(
            SITE, SESSION, self.chain, self.lines, self.notes, {self.kid: self.public},
            START + 99 * MINUTE,
        )  # fmt: skip
        return self.seal(msgspec.structs.replace(made, **instead))

    def seal(self, of: EvidencePack) -> EvidencePack:
        return with_seal(of, self.kid, base64url(self.key.sign(sealed_text(of))))


def joined(who: str, at_us: int, key: PageKey | None) -> ParticipantJoined:
    return ParticipantJoined(
        session=SESSION, person=who, connection=name("con", int(who[-1])), at_us=at_us,
        key=None if key is None else key.public,
    )  # fmt: skip


def left(who: str, at_us: int) -> ParticipantLeft:
    return ParticipantLeft(
        session=SESSION, person=who, connection=name("con", int(who[-1])), at_us=at_us,
        noticed_us=at_us, reason="left", estimated=False,
    )  # fmt: skip


def proven(person: str, signer: str, contact: Contact, at_us: int) -> ContactProven:
    return ContactProven(
        session=SESSION, person=person, signer=signer, about_key=contact.about_key,
        signer_key=contact.signer_key, from_us=contact.from_us, to_us=contact.to_us,
        beats=contact.beats, signature=contact.signature, at_us=at_us,
    )  # fmt: skip


def beginning(ada: PageKey, ben: PageKey) -> list[SessionFact]:
    """Until both are there: an hour at sixty euros, from START on."""
    terms = Terms(currency="EUR", rate_minor=6000)
    return [
        SessionCreated(
            session=SESSION, mentorship=MENTORSHIP, mentor=ADA, mentee=BEN, at_us=START
        ),
        TermsApplied(session=SESSION, version=1, terms=terms, at_us=START),
        MeetingApplied(
            session=SESSION, meeting=name("mee", 1), start_us=START, length_us=60 * MINUTE,
            at_us=START,
        ),
        joined(ADA, START, ada),
        joined(BEN, START + MINUTE, ben),
        SessionStarted(session=SESSION, mentorship=MENTORSHIP, at_us=START + MINUTE),
    ]  # fmt: skip


def in_contact(ada: PageKey, ben: PageKey, from_: float, to: float) -> list[SessionFact]:
    """Both hand in what the other signed, in minutes after START."""
    from_us, to_us = START + round(from_ * MINUTE), START + round(to * MINUTE)
    return [
        proven(ADA, BEN, ben.sign(SESSION, ada, from_us, to_us), to_us),
        proven(BEN, ADA, ada.sign(SESSION, ben, from_us, to_us), to_us),
    ]


def ending(minutes: int) -> list[SessionFact]:
    at_us = START + minutes * MINUTE
    return [
        left(ADA, at_us),
        left(BEN, at_us),
        SessionEnded(
            session=SESSION, mentorship=MENTORSHIP, at_us=at_us, noticed_us=at_us,
            reason="ended", by=ADA,
        ),
    ]  # fmt: skip


def settled_session(extra: Sequence[SessionFact] = ()) -> Server:
    """Everything that can happen to one: contested, corrected, confirmed by both."""
    server, ada, ben = Server(), PageKey(1), PageKey(2)
    server.write(*beginning(ada, ben))
    for up in (False, True):
        at_us = START + (2 + up) * MINUTE
        server.write(
            PathChanged(session=SESSION, person=ADA, connection=name("con", 1), up=up, at_us=at_us)
        )
    server.write(*in_contact(ada, ben, 3, 45), *ending(46), *extra)
    server.settle()
    after_us = START + 50 * MINUTE
    server.write(
        SessionContested(
            session=SESSION, person=BEN, revision=1, note=server.note("Not so long."),
            at_us=after_us,
        )
    )  # fmt: skip
    server.write(
        SessionCorrected(
            session=SESSION, actor=None, billed_us=40 * MINUTE, note=server.note("Agreed: 40 ❤"),
            at_us=after_us,
        )
    )  # fmt: skip
    server.settle()
    for person in (ADA, BEN):
        server.write(SessionConfirmed(session=SESSION, person=person, revision=2, at_us=after_us))
    return server
