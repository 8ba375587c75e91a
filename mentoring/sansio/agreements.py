"""What a pair agrees on: versions of terms, each proposed by one and accepted by the other. Pure.

The versions of a mentorship are contiguous from 1. A new proposal takes the place of an open one.
What both accepted never changes: a later version takes its place, from a moment of its own on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from protocol.errors import Refusal
from protocol.facts import (
    AgreementAccepted,
    AgreementDeclined,
    AgreementProposed,
    AgreementWithdrawn,
    MentoringFact,
)
from protocol.terms import CURRENCIES, DAY_US, Terms
from protocol.types import ProposalState
from runtime.machine import Machine, cell

AHEAD_MOST_US = 2 * 366 * DAY_US


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version. `asked_from_us`: from when on it is meant to be valid, None as soon as both
    accepted. `answered_*`: by whose doing it stopped being open, and when."""

    mentorship: str
    version: int
    terms: Terms
    proposed_by: str
    proposed_us: int
    asked_from_us: int | None = None
    state: ProposalState = "open"
    answered_by: str | None = None
    answered_us: int | None = None

    @property
    def valid_from_us(self) -> int | None:
        """From when on it is valid; None for what not both accepted."""
        if self.state != "accepted":
            return None
        assert self.answered_us is not None
        return max(self.asked_from_us or 0, self.answered_us)

    @property
    def accepted_by(self) -> tuple[str, ...]:
        """Whoever proposes accepts by proposing."""
        if self.state == "accepted" and self.answered_by is not None:
            return self.proposed_by, self.answered_by
        return (self.proposed_by,)


@dataclass(frozen=True, slots=True)
class Accept:
    by: str


@dataclass(frozen=True, slots=True)
class Decline:
    by: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    by: str


@dataclass(frozen=True, slots=True)
class Supersede:
    """`by` proposed a later version."""

    by: str


Event = Accept | Decline | Withdraw | Supersede
Step = tuple[Agreement, tuple[MentoringFact, ...]]


def propose(
    mentorship: str,
    versions: int,
    terms: Terms,
    by: str,
    valid_from_us: int | None,
    now_us: int,
) -> Agreement:
    """The next version, after `versions` that there are. Refuses with `invalid_field`."""
    check_terms(terms)
    if valid_from_us is not None and valid_from_us > now_us + AHEAD_MOST_US:
        raise Refusal("invalid_field", "At most two years from now.", field="valid_from_us")
    return Agreement(mentorship, versions + 1, terms, by, now_us, valid_from_us)


def proposed(agreement: Agreement) -> AgreementProposed:
    """The fact of a new version."""
    return AgreementProposed(
        mentorship=agreement.mentorship,
        version=agreement.version,
        by=agreement.proposed_by,
        at_us=agreement.proposed_us,
    )


def check_terms(terms: Terms) -> None:
    """Whether the parts of the terms go together. Refuses with `invalid_field`."""
    if terms.currency is not None and terms.currency not in CURRENCIES:
        raise _invalid("currency", f"{terms.currency} is not a currency of ISO 4217 in use.")
    if terms.paid and terms.currency is None:
        raise _invalid("currency", "Say in which currency.")
    if terms.minimum_us % terms.unit_us:
        # Or rounding would go below what is at least billed, or above it.
        raise _invalid("minimum_us", "The minimum is a whole number of rounding units.")
    if terms.cap_us is None:
        return
    if terms.unit_us > terms.cap_us:
        raise _invalid("unit_us", "The rounding unit is longer than the most that is billed.")
    if terms.minimum_us > terms.cap_us:
        raise _invalid("minimum_us", "The minimum is longer than the most that is billed.")


def _invalid(name: str, why: str) -> Refusal:
    return Refusal("invalid_field", why, field=f"terms.{name}")


def in_force(agreements: Iterable[Agreement], at_us: int) -> Agreement | None:
    """What is valid at a moment: the latest version that both accepted, and whose time has come."""
    valid = [
        each
        for each in agreements
        if each.valid_from_us is not None and each.valid_from_us <= at_us
    ]
    return max(valid, key=lambda each: each.version, default=None)


def proposal(agreements: Iterable[Agreement]) -> Agreement | None:
    """The latest version, if it waits for an answer or was declined: whoever proposed it is to read
    that."""
    latest = max(agreements, key=lambda each: each.version, default=None)
    return latest if latest and latest.state in ("open", "declined") else None


# ---- the life of a version ---------------------------------------------------------------------


def _accept(agreement: Agreement, event: Accept, now_us: int) -> Step:
    if event.by == agreement.proposed_by:
        return agreement, ()  # accepted by proposing
    accepted = replace(
        agreement,
        state="accepted",
        answered_by=event.by,
        answered_us=max(now_us, agreement.proposed_us),
    )
    assert accepted.answered_us is not None
    assert accepted.valid_from_us is not None
    fact = AgreementAccepted(
        mentorship=agreement.mentorship,
        version=agreement.version,
        terms=agreement.terms,
        valid_from_us=accepted.valid_from_us,
        proposed_by=agreement.proposed_by,
        accepted_by=event.by,
        at_us=accepted.answered_us,
    )
    return accepted, (fact,)


def _decline(agreement: Agreement, event: Decline, now_us: int) -> Step:
    _may(agreement, event)
    declined = replace(agreement, state="declined", answered_by=event.by, answered_us=now_us)
    fact = AgreementDeclined(
        mentorship=agreement.mentorship, version=agreement.version, by=event.by, at_us=now_us
    )
    return declined, (fact,)


def _withdraw(agreement: Agreement, event: Withdraw, now_us: int) -> Step:
    _may(agreement, event)
    withdrawn = replace(agreement, state="withdrawn", answered_by=event.by, answered_us=now_us)
    fact = AgreementWithdrawn(
        mentorship=agreement.mentorship, version=agreement.version, by=event.by, at_us=now_us
    )
    return withdrawn, (fact,)


def _may(agreement: Agreement, event: Decline | Withdraw) -> None:
    """Whoever proposed it withdraws it, the other declines it."""
    if (event.by == agreement.proposed_by) != isinstance(event, Withdraw):
        raise Refusal("not_yours")


def _too_late(agreement: Agreement, event: Decline | Withdraw, now_us: int) -> Step:
    _may(agreement, event)
    raise Refusal("already_accepted")


def _again(agreement: Agreement, event: Decline | Withdraw, now_us: int) -> Step:
    _may(agreement, event)
    return agreement, ()


def _supersede(agreement: Agreement, event: Supersede, now_us: int) -> Step:
    return replace(agreement, state="superseded", answered_by=event.by, answered_us=now_us), ()


def _closed(agreement: Agreement, event: Accept | Decline, now_us: int) -> Step:
    raise Refusal("proposal_closed")


def _nothing(agreement: Agreement, event: Event, now_us: int) -> Step:
    return agreement, ()


AGREEMENT: Machine[Agreement, Event, MentoringFact] = Machine(
    "agreement",
    phase_of=lambda agreement: agreement.state,
    table={
        ("open", Accept): cell(_accept, "open", "accepted"),
        ("open", Decline): cell(_decline, "declined"),
        ("open", Withdraw): cell(_withdraw, "withdrawn"),
        ("open", Supersede): cell(_supersede, "superseded"),
        ("accepted", Accept): cell(_nothing, "accepted"),
        ("accepted", Decline): cell(_too_late),
        ("accepted", Withdraw): cell(_too_late),
        ("accepted", Supersede): cell(_nothing, "accepted"),
        ("declined", Accept): cell(_closed),
        ("declined", Decline): cell(_again, "declined"),
        ("declined", Withdraw): cell(_again, "declined"),
        ("declined", Supersede): cell(_nothing, "declined"),
        ("withdrawn", Accept): cell(_closed),
        ("withdrawn", Decline): cell(_closed),
        ("withdrawn", Withdraw): cell(_again, "withdrawn"),
        ("withdrawn", Supersede): cell(_nothing, "withdrawn"),
        ("superseded", Accept): cell(_closed),
        ("superseded", Decline): cell(_closed),
        ("superseded", Withdraw): cell(_again, "superseded"),
        ("superseded", Supersede): cell(_nothing, "superseded"),
    },
)
