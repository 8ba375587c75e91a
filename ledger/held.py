"""The leases of the connections that are in a room: what this run of the server knows of each."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from ledger.sansio.account import FRESH_US
from ledger.sansio.session import Leave
from protocol.facts import ContactProven
from protocol.types import LeaveReason
from runtime import leases
from runtime.heard import Heard

LEASE_KIND = "participant"
LEASE_TTL_US = 8_000_000
STRETCHES_MOST = 256  # of one connection: a call that breaks so often rejoins meanwhile


class Known(msgspec.Struct, frozen=True):
    """What the node that holds a connection knows of it; `said`: how it left."""

    connection: str
    proof_us: int
    said: Leave | None
    contacts: tuple[ContactProven, ...]


@dataclass(slots=True)
class Held:
    """A participant lease of this run of the server; `proof_us` is the last sign of life,
    `contacts` what was handed in over it, by stretch. `leaving`: its page said goodbye; `gone`: it
    has left, as was decided then, and that is not on disk yet."""

    site_id: str
    room: str
    session: str
    person: str
    token: int
    proof_us: int
    contacts: dict[tuple[str, str, int], ContactProven] = field(default_factory=dict)
    leaving: Heard | None = None
    gone: tuple[Leave, int] | None = None

    def known(self, connection: str, now_us: int) -> Known:
        said = None
        if self.gone is not None or self.leaving is not None:
            said, _ = self.gone or self.departure(connection, "left", now_us)
        return Known(connection, self.proof_us, said, tuple(self.contacts.values()))

    def departure(self, connection: str, reason: LeaveReason, now_us: int) -> tuple[Leave, int]:
        """As its page said, if it said goodbye; else at its last proof of life, or now while the
        next is not overdue and it is not the beats that ended it. And when that was noticed."""
        if self.leaving is not None and self.leaving.fresh:
            said_us = self.leaving.at_us
            return Leave(connection, said_us, reason, estimated=False), said_us
        # Our own decision proves nothing about the page.
        by_page = reason in ("left", "lost")
        at_us = self.proof_us if by_page else present_until(self.proof_us, now_us)
        return Leave(connection, at_us, reason, estimated=at_us < now_us), now_us

    def take(self, proven: Iterable[ContactProven]) -> None:
        """The dictionary is replaced, never changed: a transaction may be reading it."""
        contacts = {**self.contacts, **{stretch(fact): fact for fact in proven}}
        self.contacts = dict(list(contacts.items())[:STRETCHES_MOST])

    def data(self, course: tuple[str, int]) -> bytes:
        kept = LeaseData(self.session, tuple(self.contacts.values()), course)
        return msgspec.msgpack.encode(kept)

    def renewal(self, connection: str, boot: str, course: tuple[str, int]) -> leases.Renewal:
        return leases.Renewal(
            self.site_id,
            LEASE_KIND,
            connection,
            boot,
            self.token,
            self.proof_us,
            self.proof_us + LEASE_TTL_US,
            self.data(course),
        )


class LeaseData(msgspec.Struct, frozen=True):
    """`course`: how the clock went by which its times are (SteadyClock)."""

    session: str
    contacts: tuple[ContactProven, ...] = ()
    course: tuple[str, int] = ("", 0)


def stretch(fact: ContactProven) -> tuple[str, str, int]:
    return fact.about_key, fact.signer_key, fact.from_us


def present_until(proof_us: int, now_us: int) -> int:
    """Now, while the next beat is not overdue; else the last one."""
    return now_us if now_us - proof_us <= FRESH_US else proof_us
