"""What is believed of what a page hands in, before any signature is looked at."""

import pytest

from ledger.sansio.contact import Keys, believe, statement, within
from protocol.facts import ParticipantJoined, SessionStarted
from protocol.views import Contact

SESSION = "ses_01jd3v0k7r9q2x4m6n8p0s2t4v"
ADA, BEN = "A" * 87, "B" * 87
NOW = 1_000_000_000
SECOND = 1_000_000


def came(person: str, key: str | None, at_us: int) -> ParticipantJoined:
    return ParticipantJoined(
        session=SESSION, person=person, connection=f"{person} {at_us}", at_us=at_us, key=key
    )


KEYS = Keys.of(
    [
        came("ada", ADA, NOW - 90 * SECOND),
        came("ben", None, NOW - 80 * SECOND),
        came("ben", BEN, NOW - 60 * SECOND),
        came("ben", BEN, NOW - 10 * SECOND),
        SessionStarted(session=SESSION, mentorship="m", at_us=NOW - 60 * SECOND),
    ]
)


def contact(about: str = ADA, signer: str = BEN, from_s: float = -50, to_s: float = -1) -> Contact:
    return Contact(
        about_key=about,
        signer_key=signer,
        from_us=NOW + round(from_s * SECOND),
        to_us=NOW + round(to_s * SECOND),
        beats=25,
        signature="s" * 86,
    )


def test_the_statement_is_as_documented() -> None:
    assert (
        statement(SESSION, contact())
        == (
            f"ithaca.contact.v1\n{SESSION}\n{BEN}\n{ADA}\n25\n{NOW - 50 * SECOND}\n{NOW - SECOND}"
        ).encode()
    )


def test_what_is_handed_in_becomes_a_fact_as_it_was_signed() -> None:
    handed = contact(from_s=-100, to_s=1)
    fact = believe(SESSION, KEYS, "ada", handed, NOW)
    assert fact is not None
    assert (fact.person, fact.signer, fact.at_us) == ("ada", "ben", NOW)
    assert (fact.from_us, fact.to_us, fact.beats) == (handed.from_us, handed.to_us, 25)
    assert statement(SESSION, handed) == statement(
        SESSION,
        Contact(
            about_key=fact.about_key,
            signer_key=fact.signer_key,
            from_us=fact.from_us,
            to_us=fact.to_us,
            beats=fact.beats,
            signature=fact.signature,
        ),
    )
    # What counts of it: since the later key was first brought in, until it was handed in.
    assert within(KEYS, fact, fact.at_us) == (NOW - 60 * SECOND, NOW)


@pytest.mark.parametrize(
    ("person", "handed"),
    [
        ("ben", contact()),  # signed by oneself, about the other
        ("ada", contact(about=ADA, signer=ADA)),
        ("ada", contact(about=BEN, signer=ADA)),  # what Ben's page was told, handed in by Ada
        ("eve", contact()),
        ("ada", contact(signer="C" * 87)),
        ("ada", contact(about="C" * 87)),
        ("ada", contact(from_s=1, to_s=9)),  # the future
        ("ada", contact(from_s=-1, to_s=-2)),
        ("ada", contact(from_s=-80, to_s=-70)),  # before Ben had come
    ],
)
def test_what_cannot_be_is_passed_over(person: str, handed: Contact) -> None:
    assert believe(SESSION, KEYS, person, handed, NOW) is None


def test_what_ends_in_the_future_counts_until_it_is_handed_in() -> None:
    """Nobody signs what is yet to come: our clock was set back behind that of the two pages."""
    fact = believe(SESSION, KEYS, "ada", contact(from_s=-20, to_s=17), NOW)
    assert fact is not None
    assert within(KEYS, fact, fact.at_us) == (NOW - 20 * SECOND, NOW)


def test_of_unknown_keys_nothing_counts() -> None:
    assert within(Keys({}), contact(), NOW) is None
