"""The chain over records: whatever is changed, the first altered record is named."""

from hashlib import sha256

import msgspec
import pytest

from ledger.sansio.chain import Broken, Record, check, link, origin

SESSION = "ses_01jd3v0k7r9q2x4m6n8p0s2t4v"


def chain(count: int = 5) -> list[tuple[Record, bytes]]:
    kept, head = [], origin(SESSION)
    for seq in range(1, count + 1):
        record = Record(seq, 1_000 + seq, seq, "boot_1", f"fact {seq}".encode())
        head = link(head, record)
        kept.append((record, head))
    return kept


def test_it_covers_the_exact_bytes_as_documented() -> None:
    record = Record(1, 2, 3, "boot", b"fact")
    assert origin("ses") == sha256(b"ithaca.ledger.v1\0ses").digest()
    packed = b"\x95\x01\x02\x03\xa4boot\xc4\x04fact"  # MessagePack, by hand
    assert link(b"before", record) == sha256(b"before" + packed).digest()


def test_what_was_written_checks() -> None:
    assert check(SESSION, chain()) is None
    assert check(SESSION, []) is None


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("field", ["wall_us", "monotonic_us", "boot", "fact"])
def test_the_first_altered_record_is_named(place: int, field: str) -> None:
    kept = chain()
    record, hash_ = kept[place]
    value = getattr(record, field)
    other = {"boot": "boot_2", "fact": b"another fact"}.get(field, value)
    altered = msgspec.structs.replace(record, **{field: other if other != value else value + 1})
    kept[place] = (altered, hash_)
    assert check(SESSION, kept) == Broken(
        place + 1, f"record {place + 1} was altered, or one before it"
    )


def test_a_hash_that_was_made_to_fit_breaks_the_next() -> None:
    kept = chain()
    altered = msgspec.structs.replace(kept[1][0], fact=b"another")
    kept[1] = (altered, link(kept[0][1], altered))
    broken = check(SESSION, kept)
    assert broken is not None
    assert broken.seq == 3


@pytest.mark.parametrize("place", range(4))
def test_a_record_left_out_is_missed(place: int) -> None:
    kept = chain()
    del kept[place]
    assert check(SESSION, kept) == Broken(
        place + 1, f"record {place + 1} is missing; here is {place + 2}"
    )


def test_records_of_another_session_do_not_fit() -> None:
    assert check("ses_other", chain()) is not None
