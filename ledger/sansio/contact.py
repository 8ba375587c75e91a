"""What one page signs about another: that they were in contact, without a gap, from one moment to
another. Pure.

Every two seconds a page sends a beat to the other over their data channel; the other signs how long
it has heard beats without a gap. Whoever sent the beats hands the signatures in. So a stretch is
proven when one page signed it and the other stands by it: neither can make it up alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ledger.sansio.intervals import Interval
from protocol.facts import ContactProven, ParticipantJoined, SessionFact
from protocol.views import Contact

Signed = Callable[[str, bytes, str], bool]


def statement(session: str, contact: Contact | ContactProven) -> bytes:
    """The bytes that are signed."""
    return "\n".join(
        (
            "ithaca.contact.v1",
            session,
            contact.signer_key,
            contact.about_key,
            str(contact.beats),
            str(contact.from_us),
            str(contact.to_us),
        )
    ).encode()


@dataclass(frozen=True, slots=True)
class Keys:
    """Who brought which key into a session, and when first."""

    by_key: Mapping[str, tuple[str, int]]

    @classmethod
    def of(cls, facts: Iterable[SessionFact]) -> "Keys":
        found: dict[str, tuple[str, int]] = {}
        for fact in facts:
            if isinstance(fact, ParticipantJoined) and fact.key is not None:
                found.setdefault(fact.key, (fact.person, fact.at_us))
        return cls(found)


def believe(
    session: str, keys: Keys, person: str, contact: Contact, now_us: int
) -> ContactProven | None:
    """What `person` hands in, as a fact; None for what cannot be: keys that nobody brought in, a
    signature of one's own, a stretch that lies in the future. One that only ends there counts until
    now: the server's clock may have been set back while the two talked on. The signature is yet to
    be checked."""
    if within(keys, contact, now_us) is None:
        return None
    about, signer = keys.by_key[contact.about_key][0], keys.by_key[contact.signer_key][0]
    if about != person or signer == person:
        return None
    return ContactProven(
        session=session,
        person=person,
        signer=signer,
        about_key=contact.about_key,
        signer_key=contact.signer_key,
        from_us=contact.from_us,
        to_us=contact.to_us,
        beats=contact.beats,
        signature=contact.signature,
        at_us=now_us,
    )


def within(keys: Keys, contact: Contact | ContactProven, known_us: int) -> Interval | None:
    """What counts of a stretch: after both keys were brought in, before it was handed in."""
    about, signer = keys.by_key.get(contact.about_key), keys.by_key.get(contact.signer_key)
    if about is None or signer is None:
        return None
    from_us = max(contact.from_us, about[1], signer[1])
    to_us = min(contact.to_us, known_us)
    return (from_us, to_us) if from_us < to_us else None


def forged(facts: Iterable[SessionFact], signed: Signed) -> Iterator[tuple[int, str]]:
    """Each stretch of contact that no page of the other person signed: the fact's number, and why.
    `signed`: whether the holder of a key signed something."""
    facts = tuple(facts)
    keys = Keys.of(facts)
    for seq, fact in enumerate(facts, 1):
        if not isinstance(fact, ContactProven):
            continue
        signer, about = (keys.by_key.get(key) for key in (fact.signer_key, fact.about_key))
        if signer is None or signer[0] != fact.signer or fact.signer == fact.person:
            yield seq, "The key that signed it is not the other person's."
        elif about is None or about[0] != fact.person:
            yield seq, "It is not about the page of who handed it in."
        elif not signed(fact.signer_key, statement(fact.session, fact), fact.signature):
            yield seq, "The signature of the other page does not fit."
