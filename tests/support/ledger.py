"""A ledger on a clock of its own, over a real database: what its contract suites share."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha512

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.book import Sign
from ledger.sansio import contact
from ledger.sansio.session import Apply
from ledger.service import Ledger
from protocol.terms import Terms
from protocol.views import Contact, SessionView
from runtime.clock import SteadyClock
from runtime.database import Database, DatabaseError, Plan
from runtime.ids import Ids
from tests.support.clock import ManualClock


def name(prefix: str, number: int) -> str:
    return f"{prefix}_{number:026}"


SITE, ROOM, MENTORSHIP = name("site", 1), name("room", 1), name("men", 1)
ADA, BEN = name("per", 1), name("per", 2)
A, A2, B, B2 = (name("con", number) for number in range(4))
KID = name("key", 1)
SECOND = 1_000_000
_HOW = ECDSA(SHA256(), deterministic_signing=True)


async def members(site_id: str, mentorship: str) -> Sequence[str]:
    return (ADA, BEN)


def sign(site_id: str, statement: bytes) -> tuple[str, bytes]:
    """Stands for a key: whoever has the statement can say what was signed."""
    return KID, sha512(site_id.encode() + statement).digest()


class PageKey:
    """What a page signs contact with; of one number, always the same."""

    def __init__(self, number: int = 0) -> None:
        curve = SECP256R1()
        self._key = derive_private_key(number, curve) if number else generate_private_key(curve)
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public = _text(point)

    def sign(
        self, session: str, about: PageKey, from_us: int, to_us: int, beats: int = 1
    ) -> Contact:
        """That this page was in contact with `about` from one moment to another."""
        unsigned = Contact(
            about_key=about.public,
            signer_key=self.public,
            from_us=from_us,
            to_us=to_us,
            beats=beats,
            signature="",
        )
        written = contact.statement(session, unsigned)
        r, s = decode_dss_signature(self._key.sign(written, _HOW))
        return Contact(
            about_key=about.public,
            signer_key=self.public,
            from_us=from_us,
            to_us=to_us,
            beats=beats,
            signature=_text(r.to_bytes(32, "big") + s.to_bytes(32, "big")),
        )


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Record:
    """A ledger that can be restarted. `agreement` is what is agreed and booked; `sign` what it
    signs with."""

    def __init__(self, database: Database, sign: Sign = sign) -> None:
        self.database, self.clock, self.sign = database, ManualClock(), sign
        self.ids = Ids(self.clock)
        self.agreement = Apply(0, Terms())
        self.ledger = self.start()

    def start(self) -> Ledger:
        return Ledger(
            self.database,
            SteadyClock(self.clock),
            self.ids,
            self.ids.new("boot"),
            members,
            self.agreed,
            self.sign,
            lambda: None,
        )

    async def restart(self) -> None:
        """Another run of the server, on whatever the machine's clock says now."""
        self.ledger = self.start()
        await self.ledger.open()

    def agreed(self, site_id: str, mentorship: str, at_us: int) -> Plan[Apply]:
        yield from ()
        return self.agreement

    async def join(
        self, person: str, connection: str, room: str = ROOM, key: str | None = None
    ) -> SessionView:
        return await self.ledger.join(SITE, room, MENTORSHIP, person, connection, key)

    async def both(self) -> SessionView:
        await self.join(ADA, A)
        return await self.join(BEN, B)

    async def goes_on(self, minutes: float) -> None:
        """The server looks every few seconds, as far as it can."""
        for _ in range(round(minutes * 4)):
            await self.clock.advance(15)
            with suppress(DatabaseError):
                await self.ledger.flush()
                await self.ledger.sweep()

    async def heard(self, seconds: float, *connections: str) -> None:
        """These pages are, all the time; nothing is put on disk."""
        for left in range(round(seconds), 0, -4):
            await self.clock.advance(min(4, left))
            for connection in connections:
                self.ledger.proof(connection)

    async def beat(self, seconds: float, *connections: str) -> None:
        """Two seconds at a time, with a proof of life of these connections and a flush each."""
        for _ in range(round(seconds / 2)):
            await self.clock.advance(2)
            for connection in connections:
                self.ledger.proof(connection)
            await self.ledger.flush()
