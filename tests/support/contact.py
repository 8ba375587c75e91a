"""How a page proves contact, as web/client does it: what two pages say to each other (contact.ts),
what of it a page keeps for the server (journal.ts), and the server's clock as a page knows it
(clock.ts).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from protocol.views import Contact
from tests.support.ledger import PageKey

LIB = Path(__file__).resolve().parents[2] / "web/client/src/lib"


def constant(file: str, name: str) -> int:
    """A number as the pages have it."""
    found = re.search(rf"\b{name} = ([\d_]+);", (LIB / file).read_text())
    assert found is not None, f"{name} is not in {file} any more"
    return int(found[1])


APART_US = constant("call/contact.ts", "APART_US")
GAP_US = constant("call/contact.ts", "GAP_US")
JUMP_US = constant("call/contact.ts", "JUMP_US")
CLOSE_US = constant("call/contact.ts", "CLOSE_US")
ENTRIES_MOST = constant("call/journal.ts", "ENTRIES_MOST")
SAFE_BEATS = constant("call/journal.ts", "SAFE_BEATS")
HAND_IN_BEATS = constant("call/call.ts", "HAND_IN_BEATS")
DEAF_AFTER_US = constant("connection.ts", "DEAF_AFTER_MS") * 1000
CLOCK_SAMPLES = constant("clock.ts", "KEPT")


@dataclass(frozen=True)
class Claim:
    """A stretch that `signer` stands by. It is signed when somebody asks for it: on most, nobody
    ever does. `by`: whose signature it really bears, or that of which other claim."""

    session: str
    about: PageKey
    signer: PageKey
    from_us: int
    to_us: int
    beats: int
    by: PageKey | Claim | None = None

    @property
    def stretch(self) -> tuple[str, PageKey, PageKey, int]:
        return self.session, self.signer, self.about, self.from_us

    @cached_property
    def contact(self) -> Contact:
        if isinstance(self.by, Claim):
            signed = self.by.contact
        else:
            by = self.by or self.signer
            signed = by.sign(self.session, self.about, self.from_us, self.to_us, self.beats)
        return Contact(
            about_key=self.about.public,
            signer_key=self.signer.public,
            from_us=self.from_us,
            to_us=self.to_us,
            beats=self.beats,
            signature=signed.signature,
        )


@dataclass(frozen=True)
class Beat:
    at_us: int


@dataclass
class _Heard:
    from_us: int
    to_us: int
    beats: int
    local_us: int


class Exchange:
    """What one page says to one other, and hears from it."""

    def __init__(self, session: str, own: PageKey, other: PageKey) -> None:
        self.session, self.own, self.other = session, own, other
        self._sent: list[list[int]] = []
        self._heard: _Heard | None = None

    def meet(self, session: str) -> None:
        if session != self.session:
            self.session, self._heard = session, None

    def beat(self, server_us: int | None) -> Beat | None:
        if server_us is None:
            return None
        since = server_us - self._sent[-1][-1] if self._sent else None
        if since is not None and abs(since) < CLOSE_US:
            return None
        if since is None or since > GAP_US:
            self._sent.append([])
        self._sent[-1].append(server_us)
        return Beat(server_us)

    def hear(self, beat: Beat, server_us: int | None, local_us: int) -> Claim | None:
        """What to sign, now that this was heard."""
        at_us, heard = beat.at_us, self._heard
        if server_us is None or abs(at_us - server_us) > APART_US:
            return None
        if heard is None or not _goes_on(heard, at_us, local_us):
            self._heard = _Heard(at_us, at_us, 1, local_us)
            return None
        heard.to_us, heard.local_us = at_us, local_us
        heard.beats += 1
        return Claim(self.session, self.other, self.own, heard.from_us, at_us, heard.beats)

    def check(self, claim: Claim) -> bool:
        """Only about own beats that were sent one after the other, signed by the other."""
        if claim.from_us >= claim.to_us or claim.beats < 2:
            return False
        most = (
            sum(claim.from_us <= at_us <= claim.to_us for at_us in run)
            for run in self._sent
            if claim.from_us in run and claim.to_us in run
        )
        return (
            any(claim.beats <= beats for beats in most)
            and (claim.session, claim.about, claim.signer) == (self.session, self.own, self.other)
            and claim.by is None
        )


def _goes_on(heard: _Heard, at_us: int, local_us: int) -> bool:
    by, local = at_us - heard.to_us, local_us - heard.local_us
    return 0 < by <= GAP_US and local <= GAP_US and abs(by - local) <= JUMP_US


@dataclass(frozen=True)
class _Entry:
    claim: Claim
    handed_to_us: int | None = None
    handed_beat: int = 0


@dataclass
class Journal:
    """In the storage of a tab: it outlives the page."""

    entries: list[_Entry] = field(default_factory=list)

    def keep(self, claim: Claim) -> None:
        before = next((each for each in self.entries if each.claim.stretch == claim.stretch), None)
        if before is None:
            self.entries = [*self.entries, _Entry(claim)][-ENTRIES_MOST:]
        elif before.claim.to_us < claim.to_us:
            self.entries = [each for each in self.entries if each is not before]
            self.entries.append(replace(before, claim=claim))

    def hand_in(self, beat: int) -> dict[str, list[Claim]]:
        """By session: what is new for the server."""
        due: dict[str, list[Claim]] = {}
        for place, entry in enumerate(self.entries):
            if (entry.handed_to_us or -1) < entry.claim.to_us:
                due.setdefault(entry.claim.session, []).append(entry.claim)
                self.entries[place] = _Entry(entry.claim, entry.claim.to_us, beat)
        return due

    def acknowledged(self, beat: int) -> None:
        self.entries = [
            each
            for each in self.entries
            if each.handed_to_us is None
            or each.handed_to_us < each.claim.to_us
            or beat < each.handed_beat + SAFE_BEATS
        ]

    def not_taken(self) -> None:
        self.entries = [_Entry(each.claim) for each in self.entries]


class ServerClock:
    """NTP's offset, from the quickest of the latest exchanges: those before a step of a clock can
    be told from those after."""

    def __init__(self) -> None:
        self._samples: list[tuple[int, int]] = []
        self._outdated = False

    def exchange(self, sent_us: int, server_us: int, got_us: int) -> None:
        sample = rtt_us, offset_us = got_us - sent_us, server_us - (sent_us + got_us) // 2
        kept = [
            (rtt, offset)
            for rtt, offset in self._samples
            if not self._outdated and 2 * abs(offset - offset_us) <= rtt + rtt_us
        ]
        self._samples = [*kept, sample][-CLOCK_SAMPLES:]
        self._outdated = False

    def renew(self) -> None:
        self._outdated = True

    def server_us(self, local_us: int) -> int | None:
        return local_us + min(self._samples)[1] if self._samples else None
