"""The leases of the connections that are in a room: what this run of the server knows of each."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from ledger.sansio.account import FRESH_US
from ledger.sansio.session import Leave
from protocol.facts import ContactProven
from runtime import leases

LEASE_KIND = "participant"
LEASE_TTL_US = 8_000_000
STRETCHES_MOST = 256  # of one connection: a call that breaks so often rejoins meanwhile


@dataclass(slots=True)
class Held:
    """A participant lease of this run of the server; `proof_us` is the last sign of life,
    `contacts` what was handed in over it, by stretch. `leaving`: when it was heard to leave, and
    whether that was said then; `gone`: it has left, as was decided then, and
    that is not on disk yet."""

    site_id: str
    room: str
    session: str
    person: str
    token: int
    proof_us: int
    contacts: dict[tuple[str, str, int], ContactProven] = field(default_factory=dict)
    leaving: tuple[int, bool] | None = None
    gone: tuple[Leave, int] | None = None

    def present_until(self, now_us: int) -> int:
        """Now, while the next beat is not overdue; else the last one."""
        return now_us if now_us - self.proof_us <= FRESH_US else self.proof_us

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
