"""A pack that was made here is good; whatever is changed in it, that is found and named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.sansio.chain import Record, link
from ledger.sansio.evidence import (
    Finding,
    Report,
    examine,
    facts_in,
    is_pack,
    no_name_twice,
)
from ledger.sansio.replay import comes_to, replayed
from ledger.signatures import is_key
from protocol.evidence import EvidencePack
from protocol.facts import (
    ContactProven,
    MeetingApplied,
    PathChanged,
    SessionConfirmed,
    SessionContested,
    SessionCorrected,
    SessionCreated,
    SessionFact,
    SessionSettled,
    SessionStarted,
    WindowExtended,
)
from tests.support.evidence import (
    MINUTE,
    REAL,
    SESSION,
    START,
    Server,
    beginning,
    ending,
    in_contact,
    joined,
    left,
    proven,
    settled_session,
)
from tests.support.ledger import ADA, BEN, MENTORSHIP, PageKey, name

SERVER = settled_session()
PACK = SERVER.export()


def look(pack: EvidencePack | bytes | Any, *keys: str, noted: Sequence[str] = ()) -> Report:
    if isinstance(pack, EvidencePack):
        pack = msgspec.json.encode(pack)
    elif not isinstance(pack, bytes):
        pack = json.dumps(pack).encode()
    return examine(pack, keys, REAL, noted)


def plain() -> Any:
    """The pack as a program in another language has it."""
    return json.loads(msgspec.json.encode(PACK))


def first(report: Report) -> Finding:
    return report.failures[0]


# ---- good ones -----------------------------------------------------------------------------------


def test_a_pack_is_good_and_says_what_it_is() -> None:
    report = look(PACK)
    assert report.failures == []
    assert report.title == [
        f"Session {SESSION}: mentor {ADA}, mentee {BEN}",
        "Ended 2027-01-15 08:46:00 UTC; 45 min together; 40 min billed, EUR 40.00; "
        "confirmed by both",
    ]
    assert [finding.about for finding in report.good] == [
        "records", "fingerprint", "contact", "bill 1", "bill 1", "bill 2", "bill 2", "reasons",
        "the whole file",
    ]  # fmt: skip
    assert "45 min billed" not in report.good[3].text
    assert report.good[2].text == "Proven by signatures of the other person's page: 2."
    assert report.good[7].text == "2, each as it was written."
    assert report.good[3].text == (
        "42 min billed, EUR 42.00. Computed again from the records, it comes to the same."
    )
    (key,) = report.remarks
    assert (key.about, SERVER.public in key.text) == ("key", True)


def test_by_the_key_that_one_knows_it_is_good_without_a_remark() -> None:
    report = look(PACK, name("key", 9), SERVER.public)
    assert (report.failures, report.remarks) == ([], [])


def test_what_somebody_noted_earlier_is_still_there() -> None:
    sixth, last = PACK.records[5].hash, PACK.records[-1].hash
    report = look(PACK, SERVER.public, noted=[sixth[:16], last])
    assert report.failures == []
    said = {finding.about: finding.text for finding in report.good}
    assert said[f"fingerprint {sixth[:16]}"] == "It is that of records 1 to 6."
    assert said[f"fingerprint {last}"] == f"It is that of records 1 to {len(PACK.records)}."
    assert said["fingerprint"].startswith(last)


def test_an_end_that_was_taken_away_is_missed_by_who_noted_it() -> None:
    """Everything of such a pack fits: whoever holds the key has sealed it again."""
    server = settled_session()
    noted = server.head.hex()[:16]
    server.chain.pop()
    server.facts.pop()
    assert look(server.export(), server.public).failures == []
    (found,) = look(server.export(), server.public, noted=[noted]).failures
    assert found.about == f"fingerprint {noted}"
    assert found.text.startswith("No record has it.")


def test_how_it_is_laid_out_does_not_matter() -> None:
    indented = json.dumps(plain(), indent=4, ensure_ascii=True).encode()
    assert look(indented).failures == []


def test_one_of_a_session_that_runs_says_so() -> None:
    server = Server()
    server.write(*beginning(PageKey(1), PageKey(2)))
    report = look(server.export(), server.public)
    assert (report.failures, report.remarks) == ([], [])
    assert report.title[1] == "Still runs; 0 ms together; not billed"
    assert report.good[2].text == "Nothing proves that the two were in contact; nothing claims it."


def test_one_that_ended_before_anything_was_settled_says_so() -> None:
    server = Server()
    server.write(*beginning(PageKey(1), PageKey(2)), *ending(5))
    report = look(server.export(), server.public)
    assert report.failures == []
    assert report.remarks == [Finding("bill", "The session ended, and nothing was billed.")]


def test_a_free_session_names_no_currency() -> None:
    server, ada, ben = Server(), PageKey(1), PageKey(2)
    facts = [fact for fact in beginning(ada, ben) if "applied" not in str(type(fact)).lower()]
    server.write(*facts, *in_contact(ada, ben, 1, 5), *ending(5))
    server.settle()
    assert look(server.export()).good[3].text.startswith("4 min billed. Computed again")


def test_an_erased_note_is_not_there_and_that_is_said() -> None:
    server = settled_session()
    server.notes.pop(0)
    report = look(server.export(), server.public)
    assert report.failures == []
    assert [finding.text for finding in report.remarks] == [
        "The reason given for it has been erased."
    ]
    server.notes.clear()
    assert "reasons" not in [finding.about for finding in look(server.export()).good]


# ---- altered ones --------------------------------------------------------------------------------


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value in a pack is, and every list and object."""
    yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from leaves(part, (*path, index))


PATHS = [path for path in leaves(plain()) if path]


def other(value: Any) -> list[Any]:
    """What somebody could put in its place."""
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 1, str(value), None]
        case str() if value:
            swapped = value[:-1] + ("0" if value[-1] != "0" else "1")
            middle = len(value) // 2
            flipped = value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :]
            return [swapped, flipped, "", None]
        case list():
            return [value[:-1], value[1:], value + value[:1], None] if value else [[None], None]
        case dict():
            return [{**value, "more": 1}, None]
        case _:
            return [1, "x"]


def put(path: tuple[Any, ...], value: Any, *, gone: bool = False) -> Any:
    whole = plain()
    holder = whole
    for step in path[:-1]:
        holder = holder[step]
    if gone:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return whole


def at(path: tuple[Any, ...]) -> Any:
    found = plain()
    for step in path:
        found = found[step]
    return found


ABSENT_IS_THE_SAME = {
    "back_us",
    "by", "key", "again", "came", "told_us", "told_by", "before_us", "billed_us", "uncorrected_us",
    "waited_us",
}  # fmt: skip
"""Fields of facts with a default."""


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(map(str, path)))
def test_whatever_is_altered_the_pack_is_not_good(path: tuple[Any, ...]) -> None:
    for value in other(at(path)):
        if value != at(path) or type(value) is not type(at(path)):
            altered = put(path, value)
            report = look(altered, SERVER.public)
            assert report.failures, value
            if path[0] == "records" and len(path) > 1:
                assert first(report).about.startswith(f"record {path[1] + 1}"), (value, report)
    gone = look(put(path, None, gone=True), SERVER.public)
    assert gone.failures or path[-1] in ABSENT_IS_THE_SAME or path[-1] in at_default(path)


def at_default(path: tuple[Any, ...]) -> set[Any]:
    """Whether a field that is gone has its default anyway (terms have one for each)."""
    default = {"currency": None, "rate_minor": 0}
    return {path[-1]} if "terms" in path and path[-1] not in default else set()


def records(change: Callable[[Any], None]) -> Finding:
    altered = plain()
    change(altered["records"])
    return first(look(altered))


def test_the_first_altered_record_is_named_with_what_of_it_was_altered() -> None:
    def bytes_(records: Any) -> None:
        records[7]["bytes"] = records[6]["bytes"]

    assert records(bytes_) == Finding(
        "record 8 (sound and picture, 2027-01-15 08:03:00 UTC)",
        "Its bytes were altered; the readable part is what was written.",
    )

    def hash_(records: Any) -> None:
        records[7]["hash"] = "0" * 64

    assert records(hash_).text == "Its hash was altered; the record itself is what was written."

    def clock(records: Any) -> None:
        records[7]["wall_us"] += 1

    assert records(clock).text.startswith("It was altered (its bytes, clocks,")

    def last(records: Any) -> None:
        records[-1]["hash"] = "0" * 64

    assert records(last).text.startswith("It was altered (its bytes, clocks,")

    def gone(records: Any) -> None:
        del records[4]

    assert records(gone) == Finding("record 5", "It is missing: in its place is record 6.")

    def readable(records: Any) -> None:
        records[7]["fact"]["up"] = False

    assert records(readable).text == (
        "Its readable part was altered: it does not say what was recorded."
    )

    def two(records: Any) -> None:
        readable(records)
        records[2]["fact"]["length_us"] = "x"

    assert records(two).about == "record 3"

    def later(records: Any) -> None:
        hash_(records)
        records[9]["fact"] = {}

    assert records(later).about.startswith("record 8 (")


def test_another_session_s_name_is_named() -> None:
    found = first(look(put(("session",), name("ses", 2))))
    assert found.about == "session"
    assert name("ses", 2) in found.text


def resealed(server: Server, **instead: object) -> list[Finding]:
    """What is found although whoever altered it has the server's key."""
    return look(server.export(**instead), server.public).failures


def rewritten(*facts: SessionFact, settled: bool = True) -> list[Finding]:
    server = Server()
    server.write(*facts)
    if settled:
        server.settle()
    return look(server.export(), server.public).failures


def test_who_holds_the_key_cannot_add_what_no_server_writes() -> None:
    """Everything else fits: the records are chained, the bill is computed from them, and signed."""
    ada, ben = PageKey(1), PageKey(2)
    server = settled_session()
    server.write(joined(ADA, START, PageKey(3)))
    (found,) = look(server.export(), server.public).failures
    assert found.about.startswith(f"record {len(server.chain)} ")
    assert found.text == "No server wrote it there. The session had ended before it."
    server = settled_session()
    server.write(*in_contact(ada, ben, 2, 46))  # it comes late: that can be
    assert look(server.export(), server.public).failures == []
    server.settle()  # both had agreed to something else
    (found, *_) = look(server.export(), server.public).failures
    assert found.text == "No server wrote it there. Nothing before it allows it."


def test_who_holds_the_key_cannot_make_up_contact() -> None:
    ada, ben, eve = PageKey(1), PageKey(2), PageKey(3)
    begun, ended = beginning(ada, ben), ending(45)
    from_us, to_us = START + MINUTE, START + 45 * MINUTE
    good = ben.sign(SESSION, ada, from_us, to_us)
    for fact, why in (
        (
            proven(ADA, BEN, msgspec.structs.replace(good, to_us=to_us + 1), to_us),
            "The signature of the other page does not fit.",
        ),
        (
            proven(ADA, BEN, eve.sign(SESSION, ada, from_us, to_us), to_us),
            "The key that signed it is not the other person's.",
        ),
        (proven(ADA, ADA, ada.sign(SESSION, ada, from_us, to_us), to_us),
         "The key that signed it is not the other person's."),
        (proven(ADA, BEN, ada.sign(SESSION, ben, from_us, to_us), to_us),
         "The key that signed it is not the other person's."),
        (
            proven(ADA, BEN, ben.sign(SESSION, eve, from_us, to_us), to_us),
            "It is not about the page of who handed it in.",
        ),
        (
            proven(ADA, BEN, ben.sign(SESSION, ben, from_us, to_us), to_us),
            "It is not about the page of who handed it in.",
        ),
    ):  # fmt: skip
        found = rewritten(*begun, fact, *ended)
        assert [finding.text for finding in found] == [why]
        assert found[0].about.startswith("record 7 (proof of contact, ")


def test_a_chain_that_tells_of_another_session_is_none() -> None:
    other = SessionStarted(session=name("ses", 2), mentorship=MENTORSHIP, at_us=START)
    assert rewritten(*beginning(PageKey(1), PageKey(2)), other, settled=False)[0].text == (
        "It speaks of another session."
    )
    again = beginning(PageKey(1), PageKey(2))
    assert rewritten(*again, again[0], settled=False)[0].text == (
        "Whose session it is can be said only once."
    )
    assert rewritten(*again[1:], settled=False)[0].about.startswith("record 1 (the terms, ")
    assert rewritten(settled=False)[0].about == "record 1"


def everyone_s() -> list[SessionFact]:
    """A fact of each kind that names a person."""
    ada, ben = PageKey(1), PageKey(2)
    meeting = MeetingApplied(
        session=SESSION, meeting=name("mee", 2), start_us=START, length_us=MINUTE, told_by=BEN,
        at_us=START,
    )  # fmt: skip
    server = Server()
    server.write(
        *beginning(ada, ben),
        meeting,
        WindowExtended(session=SESSION, person=BEN, at_us=START + MINUTE),
        PathChanged(
            session=SESSION, person=ADA, connection=name("con", 1), up=False, at_us=START + MINUTE
        ),
        *in_contact(ada, ben, 1, 5),
        *ending(6),
    )
    server.settle()
    server.write(
        SessionConfirmed(session=SESSION, person=ADA, revision=1, at_us=START),
        SessionContested(
            session=SESSION, person=BEN, revision=1, note=server.note("No."), at_us=START
        ),
        SessionCorrected(
            session=SESSION, actor=ADA, billed_us=0, note=server.note("Nothing, then."), at_us=START
        ),
    )
    server.settle()
    assert look(server.export()).failures == []
    return server.facts


def test_a_chain_that_tells_of_strangers_is_none() -> None:
    facts = everyone_s()
    named = set()
    for seq, fact in enumerate(facts, 1):
        for field in fact.__struct_fields__:
            if getattr(fact, field) not in (ADA, BEN) or isinstance(fact, SessionCreated):
                continue
            named.add(field)
            strange = msgspec.structs.replace(fact, **{field: name("per", 7)})
            server = Server()
            server.write(*facts[: seq - 1], strange, *facts[seq:])
            data = msgspec.json.encode(server.export())
            found = look(data, server.public).failures[0]
            assert found.about.startswith(f"record {seq} ("), fact
            assert found.text == "It speaks of somebody who is neither of the two."
            assert facts_in(data) == f"{found.about}: {found.text}"
    assert named == {"person", "signer", "actor", "by", "told_by"}


def test_nobody_is_mentor_and_mentee_at_once() -> None:
    first, *_ = beginning(PageKey(1), PageKey(2))
    one = msgspec.structs.replace(first, mentee=ADA)
    (found,) = rewritten(one, settled=False)
    assert found.about.startswith("record 1 (whose session it is, ")
    assert found.text == "Mentor and mentee are one person."


def test_a_meeting_that_takes_no_time_is_no_fact() -> None:
    """There is no window then that anything could be billed by."""
    ada, ben = PageKey(1), PageKey(2)
    facts = beginning(ada, ben)
    assert isinstance(facts[2], MeetingApplied)
    facts[2] = msgspec.structs.replace(facts[2], length_us=0)
    with pytest.raises(msgspec.ValidationError, match="length_us"):
        rewritten(*facts, *ending(5), settled=False)


def test_what_was_settled_must_come_from_the_facts() -> None:
    def lies(**other: Any) -> list[Finding]:
        server, ada, ben = Server(), PageKey(1), PageKey(2)
        server.write(*beginning(ada, ben), *in_contact(ada, ben, 1, 45), *ending(45))
        server.settle()
        true = server.facts.pop()
        assert isinstance(true, SessionSettled)
        server.chain.pop()
        server.lines.clear()
        lie = msgspec.structs.replace(true, **{k: v for k, v in other.items() if k != "bill"})
        if "bill" in other:
            lie = msgspec.structs.replace(
                lie, bill=msgspec.structs.replace(true.bill, **other["bill"])
            )
        server.write(lie)
        server.sign(lie)
        return look(server.export(), server.public).failures

    assert lies() == []
    (found,) = lies(bill={"billed_us": 60 * MINUTE})
    assert found == Finding(
        "bill 1",
        "It is not what record 12 (the bill, 2027-01-15 08:45:00 UTC) should say: "
        f"computed again, it comes to something else: billed_us is {44 * MINUTE}, not "
        f"{60 * MINUTE}.",
    )
    for other in ({"head": "0" * 64}, {"facts": 0}, {"facts": 12}, {"facts": 3}):
        (found,) = lies(**other)
        assert "names other records than those before it" in found.text, other


def test_a_bill_leaves_no_record_out() -> None:
    """Proof that is on record counts, whoever would rather settle what came before it."""
    server, ada, ben = Server(), PageKey(1), PageKey(2)
    server.write(*beginning(ada, ben), *ending(46))
    before, head = [*server.facts], server.head.hex()
    server.write(*in_contact(ada, ben, 3, 45))
    settled = SessionSettled(
        session=SESSION, revision=1, facts=len(before), head=head, bill=comes_to(before),
        at_us=server.facts[-1].at_us,
    )  # fmt: skip
    server.write(settled)
    server.sign(settled)
    (found,) = look(server.export(), server.public).failures
    assert found.about == "bill 1"
    assert "it leaves records out: it was computed from the first 9, and 11 are before it" in (
        found.text
    )


def test_settlements_and_confirmations_say_what_the_records_say() -> None:
    server = settled_session()
    one, two = server.lines
    assert resealed(server, settlements=(one,))[0].text == (
        "The records hold 2, the file brings 1 with a signature."
    )
    swapped = msgspec.structs.replace(one, at_us=1), two
    (found,) = resealed(server, settlements=swapped)
    assert found.about == "bill 1"
    assert found.text.startswith("It was altered: it is not what record 14 (the bill, ")
    assert resealed(server, confirmations=())[0].about == "confirmations"


def test_notes_are_what_was_written() -> None:
    server = settled_session()
    one, two = server.notes
    (found,) = resealed(server, notes=(one, msgspec.structs.replace(two, text="Agreed: 50")))
    assert found.about.startswith("record 16 (a correction, ")
    altered = "The reason given for it was altered: it is not what was written."
    assert found.text == altered
    begun = msgspec.structs.replace(two, salt=two.salt + two.text[:1].encode(), text=two.text[1:])
    (found,) = resealed(server, notes=(one, begun))  # the digest is the same
    assert found.text == altered
    stray = msgspec.structs.replace(one, digest="0" * 64)
    assert resealed(server, notes=(one, two, stray)) == [
        Finding("reasons", "One of them belongs to no record.")
    ]


def test_it_is_the_key_that_counts() -> None:
    forger = Server(key=Ed25519PrivateKey.from_private_bytes(bytes(31) + b"1"))
    found = look(PACK, forger.public).failures
    assert [finding.about for finding in found] == ["bill 1", "bill 2", "the whole file"]
    assert found[0].text == (
        f"It was not signed by the key you gave, but by {SERVER.kid} ({SERVER.public})."
    )
    (missing,) = resealed(settled_session(), keys=())[:1]
    assert missing.text == f"It was signed by a key {SERVER.kid}, which the pack does not bring."
    assert is_key(SERVER.public)
    assert not any(map(is_key, ("", "x", SERVER.public[:-1], SERVER.public + "=", "é" * 43)))


# ---- clocks --------------------------------------------------------------------------------------


def clocks(*steps: tuple[int, int, str]) -> list[str]:
    """What is remarked when the clocks go so: wall and steady seconds, and the server's run."""
    server = Server()
    facts = beginning(PageKey(1), PageKey(2))
    for fact, (wall_s, steady_s, boot) in zip(facts, steps, strict=False):
        server.wall_us += wall_s * 1_000_000
        server.steady_us += steady_s * 1_000_000
        server.boot = boot
        server.write(fact)
    report = look(server.export(), server.public)
    assert report.failures == []
    return [finding.text for finding in report.remarks]


def test_clocks_that_disagree_are_remarked_not_refused() -> None:
    assert clocks((0, 0, "a"), (5, 5, "a"), (2, 0, "a"), (0, 2, "a")) == []
    assert clocks((0, 0, "a"), (3600, 0, "a"), (0, 3, "a")) == [
        "The server's wall clock was set forward by 1 h since record 1. Times in the facts go by "
        "the steady one.",
        "The server's wall clock was set back by 3 s since record 2. Times in the facts go by the "
        "steady one.",
    ]
    assert clocks((0, 0, "a"), (0, -5, "a")) == [
        "The steady clock of that run of the server went backwards before it."
    ]


def test_another_run_of_the_server_has_a_steady_clock_of_its_own() -> None:
    assert clocks((0, 0, "a"), (5, -400, "b"), (5, 5, "b")) == []


# ---- what is no pack -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is not JSON"),
        (b"\xff\xfe\x00", "it is not JSON"),
        (b'{"a": "\xed\xa0\x80"}', "it is not JSON in UTF-8"),
        (b"{", "it is not JSON"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"a": NaN}', "it is no JSON object"),
        (b'{"a": ' + b"9" * 5000 + b"}", "it is not JSON"),
        (b"[1]", "it is no JSON object"),
        (b"{}", "its `format` is not"),
        (b'{"format": "other"}', "its `format` is not"),
        (b'{"format": "ithaca.evidence"}', "version 1 of packs, not None"),
        (b'{"format": "ithaca.evidence", "version": 2}', "version 1 of packs, not 2"),
        (b'{"format": 1, "format": "ithaca.evidence"}', "has two fields named `format`"),
        (b'{"format": "ithaca.evidence", "version": 1}', "This part of the pack is missing."),
        (b'{"format": "ithaca.evidence", "version": 1, "x": 1}', "part of the pack is missing"),
    ],
)
def test_what_is_no_pack_is_refused_in_a_sentence(data: bytes, said: str) -> None:
    report = examine(data, (), REAL)
    assert said in first(report).text
    assert (report.title, report.good) == ([], [])
    assert isinstance(facts_in(data), str)


def test_parts_of_another_form_are_named() -> None:
    for part in ("records", "notes", "seal", "exported_us", "site"):
        assert first(look(put((part,), {"x": 1}))).about == part
    found = first(look({**plain(), "more": 1}))
    assert found == Finding("more", "No pack has such a part.")
    assert first(look(put(("records", 3, "fact", "at_us"), -1))).about == "record 4"


def test_a_fact_of_a_later_version_is_said_to_be_one() -> None:
    server = settled_session()
    record, _ = server.chain[-1]
    later = msgspec.msgpack.encode({"t": "session.praised", "at_us": 1})
    server.chain[-1] = (msgspec.structs.replace(record, fact=later), b"")
    whole = plain()
    whole["records"][-1]["bytes"] = msgspec.to_builtins(later)
    head = bytes.fromhex(whole["records"][-2]["hash"])
    last = PACK.records[-1]
    fits = link(head, Record(last.seq, last.wall_us, last.monotonic_us, last.boot, later))
    whole["records"][-1]["hash"] = fits.hex()
    assert first(look(whole)) == Finding(
        f"record {len(PACK.records)}", "It holds no fact that this version knows."
    )
    assert "no fact that this version knows" in str(facts_in(json.dumps(whole).encode()))


def test_facts_can_be_taken_from_a_pack() -> None:
    data = msgspec.json.encode(PACK)
    assert is_pack(data)
    assert not is_pack(b"{}")
    assert not is_pack(b"")
    assert no_name_twice(data) is None
    facts = facts_in(data)
    assert facts == SERVER.facts
    assert isinstance(facts, list)
    assert replayed(facts).settled is True
    server = Server()
    server.write(left(ADA, START))
    assert facts_in(msgspec.json.encode(server.export())) == (
        "record 1 (somebody left, 2027-01-15 08:00:00 UTC): "
        "It is not the one that says whose session it is."
    )
    assert isinstance(facts[0], SessionCreated)
    assert [type(fact) for fact in facts].count(ContactProven) == 2
    assert joined(ADA, START, None).key is None
