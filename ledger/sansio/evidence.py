"""A session's evidence pack: put together, and checked by whoever holds one. Pure: how signatures
are checked is an argument.

Of a pack that was altered, the check names the first record that is not as it was written.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import UNSET

from ledger.sansio.chain import Record, check, link, origin
from ledger.sansio.contact import forged
from ledger.sansio.intervals import total
from ledger.sansio.notes import is_as_written
from ledger.sansio.order import impossible
from ledger.sansio.replay import duration, recomputed, settlements_of, timeline_of
from ledger.sansio.settlement import line_of, receipt
from ledger.sansio.words import billed, moment, named, stands
from protocol.evidence import (
    EVIDENCE_FORMAT,
    EVIDENCE_VERSION,
    EvidenceConfirmation,
    EvidenceNote,
    EvidencePack,
    EvidenceRecord,
    EvidenceSeal,
    EvidenceSettlement,
)
from protocol.facts import (
    ContactProven,
    SessionConfirmed,
    SessionContested,
    SessionCorrected,
    SessionCreated,
    SessionEnded,
    SessionFact,
    SessionSettled,
)
from protocol.rest import LedgerKey

CLOCKS_DISAGREE_US = 2_000_000
SAID_MOST = 20
PERSONS = ("person", "signer", "actor", "by", "told_by")  # what facts call them

_fact = msgspec.msgpack.Decoder[SessionFact](SessionFact).decode


# ---- making one ----------------------------------------------------------------------------------


def pack(
    site: str,
    session: str,
    chain: Sequence[tuple[Record, bytes]],
    settlements: Sequence[EvidenceSettlement],
    notes: Sequence[EvidenceNote],
    keys: Mapping[str, str],
    exported_us: int,
) -> EvidencePack:
    """All of a session, not yet sealed. `keys`: public ones in base64url, by their ids."""
    records = tuple(
        EvidenceRecord(
            seq=record.seq,
            wall_us=record.wall_us,
            monotonic_us=record.monotonic_us,
            boot=record.boot,
            bytes=record.fact,
            hash=hash_.hex(),
            fact=_fact(record.fact),
        )
        for record, hash_ in chain
    )
    return EvidencePack(
        exported_us=exported_us,
        site=site,
        session=session,
        records=records,
        settlements=tuple(settlements),
        confirmations=_confirmations([record.fact for record in records]),
        notes=tuple(sorted(notes, key=lambda note: note.digest)),
        keys=tuple(LedgerKey(kid=kid, key=keys[kid]) for kid in sorted(keys)),
    )


def sealed_text(of: EvidencePack) -> bytes:
    """What the server signs of a pack: all of it but the seal, as compact JSON, by its digest."""
    text = msgspec.json.encode(msgspec.structs.replace(of, seal=UNSET))
    return f"ithaca.evidence.v1\n{sha256(text).hexdigest()}".encode()


def sealed(of: EvidencePack, kid: str, signature: str) -> EvidencePack:
    return msgspec.structs.replace(of, seal=EvidenceSeal(kid=kid, signature=signature))


def _confirmations(facts: Sequence[SessionFact]) -> tuple[EvidenceConfirmation, ...]:
    return tuple(
        EvidenceConfirmation(seq=seq, person=fact.person, revision=fact.revision, at_us=fact.at_us)
        for seq, fact in enumerate(facts, 1)
        if isinstance(fact, SessionConfirmed)
    )


# ---- reading one ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and how it is, in words."""

    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Signatures:
    """How signatures are checked: a page's (key, statement, signature, as text), and the server's
    (public key in base64url, statement, signature)."""

    page: Callable[[str, bytes, str], bool]
    server: Callable[[str, bytes, str], bool]


@dataclass(slots=True)
class Report:
    """What is good, what is worth knowing, and what is not as it was written."""

    title: list[str] = field(default_factory=list)
    good: list[Finding] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)
    failures: list[Finding] = field(default_factory=list)


def examine(
    data: bytes, keys: Sequence[str], signatures: Signatures, fingerprints: Sequence[str] = ()
) -> Report:
    """Checks a pack. `keys`: those that the server's signatures must be by (base64url); none: those
    that the pack itself brings. `fingerprints`: beginnings of hashes that somebody noted; each must
    be that of a record."""
    report = Report()
    read = _read(data, report)
    if read is not None:
        _Examination(read, report, keys, signatures, fingerprints).run()
    return report


def facts_in(data: bytes) -> list[SessionFact] | str:
    """The facts that a pack's bytes hold, unchecked; or in words why there are none."""
    report = Report()
    read = _read(data, report)
    if report.failures or read is None:
        first = report.failures[0]
        return f"{first.about}: {first.text}"
    try:
        facts = [_fact(record.bytes) for record in read.records]
    except msgspec.DecodeError as error:
        return f"a record holds no fact that this version knows ({error})"
    for finding in _elsewhere(read.session, facts):
        return f"{finding.about}: {finding.text}"
    return facts


def _elsewhere(session: str, facts: Sequence[SessionFact]) -> Iterator[Finding]:
    """The records that cannot be of this session: the first, and only it, says whose it is, and all
    speak of it and of the two."""
    first = facts[0] if facts else None
    if not isinstance(first, SessionCreated):
        about = "record 1" if first is None else named(1, first)
        yield Finding(about, "It is not the one that says whose session it is.")
        return
    if first.mentor == first.mentee:
        yield Finding(named(1, first), "Mentor and mentee are one person.")
    members = {first.mentor, first.mentee, None}
    for seq, fact in enumerate(facts, 1):
        if fact.session != session:
            yield Finding(named(seq, fact), "It speaks of another session.")
        if seq > 1 and isinstance(fact, SessionCreated):
            yield Finding(named(seq, fact), "Whose session it is can be said only once.")
        if not {getattr(fact, each, None) for each in PERSONS} <= members:
            yield Finding(named(seq, fact), "It speaks of somebody who is neither of the two.")


def is_pack(data: bytes) -> bool:
    """Whether this takes itself for an evidence pack."""
    try:
        return "records" in msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return False


def no_name_twice(data: bytes) -> str | None:
    """Why this is not JSON that everybody reads alike; None if it is."""
    twice: list[str] = []

    def once(found: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in found]
        if len(set(names)) < len(names):
            twice.extend(name for name in names if names.count(name) > 1)

    try:
        json.loads(data.decode(), object_pairs_hook=once)
    except UnicodeDecodeError:
        return "it is not JSON in UTF-8"
    except RecursionError:
        return "it is nested too deeply"
    except ValueError as error:
        return f"it is not JSON ({error})"
    return f"an object in it has two fields named `{twice[0]}`" if twice else None


def _read(data: bytes, report: Report) -> EvidencePack | None:
    """The pack, part by part, so that what cannot be read is named. Of records only those before
    the first that cannot."""

    def fail(about: str, text: str) -> None:
        report.failures.append(Finding(about, text))

    if (why := no_name_twice(data)) is not None:
        fail("file", f"This is not an evidence pack: {why}.")
        return None
    try:
        parts = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        fail("file", "This is not an evidence pack: it is no JSON object.")
        return None
    name, version = _plain(parts.get("format")), _plain(parts.get("version"))
    if name != EVIDENCE_FORMAT:
        fail("file", f"This is not an evidence pack: its `format` is not `{EVIDENCE_FORMAT}`.")
        return None
    if version != EVIDENCE_VERSION:
        fail("file", f"This program reads version {EVIDENCE_VERSION} of packs, not {version}.")
        return None
    names = {each.encode_name: each for each in msgspec.structs.fields(EvidencePack)}
    for part in names.keys() - parts.keys():
        fail(part, "This part of the pack is missing.")
    for part in parts.keys() - names.keys():
        fail(part, "No pack has such a part.")
    read: dict[str, Any] = {}
    for part in names.keys() & parts.keys():
        try:
            if part == "records":
                read[part] = msgspec.json.decode(parts[part], type=list[msgspec.Raw])
            else:
                read[part] = msgspec.json.decode(parts[part], type=names[part].type)
        except msgspec.DecodeError as error:
            fail(part, f"This part of the pack is not as documented: {error}.")
    records = []
    for place, raw in enumerate(read.get("records", ()), 1):
        try:
            records.append(msgspec.json.decode(raw, type=EvidenceRecord))
        except msgspec.DecodeError as error:
            fail(f"record {place}", f"It was altered: it is not as documented: {error}.")
            break
    report.failures.sort(key=lambda finding: not finding.about.startswith("record "))
    if set(read) != set(names):
        return None
    return EvidencePack(**{**read, "records": tuple(records)})


def _plain(raw: msgspec.Raw | None) -> object:
    return None if raw is None else msgspec.json.decode(raw)


class _Examination:
    def __init__(
        self,
        of: EvidencePack,
        report: Report,
        keys: Sequence[str],
        signatures: Signatures,
        fingerprints: Sequence[str],
    ) -> None:
        self._pack, self._report, self._signatures = of, report, signatures
        self._given, self._noted = keys, fingerprints
        self._keys = {each.kid: each.key for each in of.keys}
        self._facts: list[SessionFact] = []

    def run(self) -> None:
        unread = list(self._report.failures)
        self._report.failures.clear()
        whole = self._chain() and not unread
        self._report.failures.extend(unread)
        if not whole:
            self._say_more_is_not_checked()
            return
        self._report.failures.extend(_elsewhere(self._pack.session, self._facts))
        if self._report.failures:
            self._say_more_is_not_checked()
            return
        self._fingerprints()
        self._contacts()
        self._settlements()
        self._confirmations()
        self._notes()
        self._seal()
        self._whose_key()
        self._clocks()
        self._title()

    def _fail(self, about: str, text: str) -> None:
        self._report.failures.append(Finding(about, text))

    def _good(self, about: str, text: str) -> None:
        self._report.good.append(Finding(about, text))

    def _remark(self, about: str, text: str) -> None:
        self._report.remarks.append(Finding(about, text))

    def _say_more_is_not_checked(self) -> None:
        self._remark("the rest", "Signatures, bills and reasons were not looked at.")

    def _name(self, seq: int) -> str:
        """A record by its place and what it is."""
        return named(seq, self._pack.records[seq - 1].fact)

    # ---- records -------------------------------------------------------------------------------

    def _chain(self) -> bool:
        """Whether every record is what was written, and reads as it was written."""
        chain = [(_as_record(record), bytes.fromhex(record.hash)) for record in self._pack.records]
        broken = check(self._pack.session, chain)
        until = len(chain) if broken is None else broken.seq - 1
        for place, record in enumerate(self._pack.records[:until], 1):
            try:
                fact = _fact(record.bytes)
            except msgspec.DecodeError:
                self._fail(f"record {place}", "It holds no fact that this version knows.")
                return False
            if fact != record.fact:
                self._fail(
                    named(place, fact),
                    "Its readable part was altered: it does not say what was recorded.",
                )
                return False
            self._facts.append(fact)
        if broken is not None:
            self._broken(broken.seq, chain)
            return False
        count = len(chain)
        self._good("records", f"{count}, each as it was written, and in that order.")
        return True

    def _broken(self, seq: int, chain: Sequence[tuple[Record, bytes]]) -> None:
        """Says of the first record that does not fit what about it does not."""
        record, hash_ = chain[seq - 1]
        readable = self._pack.records[seq - 1].fact
        before = chain[seq - 2][1] if seq > 1 else origin(self._pack.session)
        about = self._name(seq)
        if record.seq != seq:
            self._fail(f"record {seq}", f"It is missing: in its place is record {record.seq}.")
        elif readable.session != self._pack.session:
            self._fail(
                "session",
                f"It was altered: the pack says {self._pack.session}, its records say "
                f"{readable.session}.",
            )
        elif link(before, _with_fact(record, readable)) == hash_:
            self._fail(about, "Its bytes were altered; the readable part is what was written.")
        elif seq < len(chain) and link(link(before, record), chain[seq][0]) == chain[seq][1]:
            self._fail(about, "Its hash was altered; the record itself is what was written.")
        else:
            self._fail(
                about,
                "It was altered (its bytes, clocks, run of the server or hash), or a record before "
                "it was taken out.",
            )

    def _fingerprints(self) -> None:
        """What was on record when somebody noted a fingerprint is on record still."""
        self._good(
            "fingerprint", f"{self._pack.records[-1].hash} is that of all records. One that you "
            "noted earlier you can give with --fingerprint.",
        )  # fmt: skip
        for noted in self._noted:
            of = [each.seq for each in self._pack.records if each.hash.startswith(noted)]
            if of:
                self._good(f"fingerprint {noted}", f"It is that of records 1 to {of[0]}.")
            else:
                self._fail(
                    f"fingerprint {noted}",
                    "No record has it. If you noted it of this session before the file was given, "
                    "something that was on record then was changed or taken away.",
                )

    def _contacts(self) -> None:
        """Every stretch of contact was signed by the page that it says, of the other person; and no
        record is where no server writes it."""
        for seq, why in impossible(self._facts):
            self._fail(self._name(seq), f"No server wrote it there. {why}")
        for seq, why in forged(self._facts, self._signatures.page):
            self._fail(self._name(seq), why)
        count = sum(isinstance(fact, ContactProven) for fact in self._facts)
        if not any(finding.about.startswith("record ") for finding in self._report.failures):
            self._good(
                "contact",
                f"Proven by signatures of the other person's page: {count}."
                if count
                else "Nothing proves that the two were in contact; nothing claims it.",
            )

    # ---- what was computed and signed ----------------------------------------------------------

    def _settlements(self) -> None:
        settled = settlements_of(self._facts)
        if len(settled) != len(self._pack.settlements):
            self._fail(
                "bills",
                f"The records hold {len(settled)}, the file brings {len(self._pack.settlements)} "
                "with a signature.",
            )
            return
        for (seq, fact), signed in zip(settled, self._pack.settlements, strict=True):
            about = f"bill {fact.revision}"
            self._computed(seq, fact)
            same = EvidenceSettlement(
                revision=fact.revision,
                facts=seq,
                head=self._pack.records[seq - 1].hash,
                bill=fact.bill,
                at_us=fact.at_us,
                kid=signed.kid,
                signature=signed.signature,
            )
            if same != signed:
                self._fail(about, f"It was altered: it is not what {self._name(seq)} says.")
            elif self._signed(
                about, signed.kid, receipt(fact.session, signed.revision, seq, signed.head),
                signed.signature,
            ):  # fmt: skip
                self._good(about, f"The server signed it, for records 1 to {seq}.")

    def _computed(self, seq: int, fact: SessionSettled) -> None:
        """What was settled is what the facts before it come to."""
        about = f"bill {fact.revision}"
        hashes = [record.hash for record in self._pack.records]
        if (why := recomputed(self._facts, hashes, seq, fact)) is not None:
            self._fail(about, f"It is not what {self._name(seq)} should say: {why}.")
            return
        self._good(
            about, f"{billed(fact.bill)}. Computed again from the records, it comes to the same."
        )

    def _confirmations(self) -> None:
        if self._pack.confirmations != _confirmations(self._facts):
            self._fail("confirmations", "They were altered: the records say something else.")

    def _notes(self) -> None:
        written = {
            fact.note: seq
            for seq, fact in enumerate(self._facts, 1)
            if isinstance(fact, SessionContested | SessionCorrected)
        }
        for note in self._pack.notes:
            if note.digest not in written:
                self._fail("reasons", "One of them belongs to no record.")
            elif not is_as_written(note.digest, note.salt, note.text):
                self._fail(
                    self._name(written[note.digest]), "The reason given for it was altered: it is "
                    "not what was written.",
                )  # fmt: skip
        there = {note.digest for note in self._pack.notes}
        for digest, seq in written.items():
            if digest not in there:
                self._remark(self._name(seq), "The reason given for it has been erased.")
        if self._pack.notes and not self._report.failures:
            self._good("reasons", f"{len(self._pack.notes)}, each as it was written.")

    def _seal(self) -> None:
        seal = self._pack.seal
        assert not isinstance(seal, msgspec.UnsetType)
        if self._signed("the whole file", seal.kid, sealed_text(self._pack), seal.signature):
            given = moment(self._pack.exported_us)
            self._good(
                "the whole file", f"Nothing was changed since the server gave it on {given}."
            )

    def _signed(self, about: str, kid: str, text: bytes, signature: str) -> bool:
        """Whether one of the keys that count signed this; says so if not."""
        key = self._keys.get(kid)
        if key is None:
            self._fail(about, f"It was signed by a key {kid}, which the pack does not bring.")
        elif self._given and key not in self._given:
            self._fail(about, f"It was not signed by the key you gave, but by {kid} ({key}).")
        elif not self._signatures.server(key, text, signature):
            self._fail(about, f"It was altered: the signature by {kid} does not fit.")
        else:
            return True
        return False

    def _whose_key(self) -> None:
        if not self._given:
            brought = ", ".join(f"{kid} ({key})" for kid, key in self._keys.items())
            self._remark(
                "key",
                "The signatures were checked with a key that is in the file itself, which says "
                f"nothing of who made them: {brought}. Compare it with the one that the site "
                "publishes at /v1/ledger/keys, or give that one with --key.",
            )

    # ---- what is worth knowing -----------------------------------------------------------------

    def _clocks(self) -> None:
        """Within one run of the server its two clocks go alike."""
        latest: dict[str, EvidenceRecord] = {}
        for record in self._pack.records:
            before = latest.get(record.boot, record)
            latest[record.boot] = record
            wall_us = record.wall_us - before.wall_us
            steady_us = record.monotonic_us - before.monotonic_us
            if steady_us < 0:
                self._remark(
                    self._name(record.seq),
                    "The steady clock of that run of the server went backwards before it.",
                )
            elif abs(wall_us - steady_us) > CLOCKS_DISAGREE_US:
                way = "forward" if wall_us > steady_us else "back"
                self._remark(
                    self._name(record.seq),
                    f"The server's wall clock was set {way} by "
                    f"{duration(abs(wall_us - steady_us))} since record {before.seq}. Times in the "
                    "facts go by the steady one.",
                )

    def _title(self) -> None:
        created = self._facts[0]
        assert isinstance(created, SessionCreated)
        ended = [fact for fact in self._facts if isinstance(fact, SessionEnded)]
        together = duration(total(timeline_of(self._facts).together))
        line = line_of(self._pack.session, self._facts)
        how = f"Ended {moment(ended[0].at_us)}" if ended else "Still runs"
        self._report.title += [
            f"Session {self._pack.session}: mentor {created.mentor}, mentee {created.mentee}",
            f"{how}; {together} together; {stands(line)}",
        ]
        if ended and not line.settled:
            self._remark("bill", "The session ended, and nothing was billed.")


def _as_record(record: EvidenceRecord) -> Record:
    return Record(record.seq, record.wall_us, record.monotonic_us, record.boot, record.bytes)


def _with_fact(record: Record, fact: SessionFact) -> Record:
    return msgspec.structs.replace(record, fact=msgspec.msgpack.encode(fact))
