"""`ithaca reports`: what people told the operator about each other."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from ithaca.house import House
from mentoring.safety_tables import Copy, Report
from protocol.types import ReportReason
from protocol.views import MessageVersion, PersonView

LISTED = 50
SAID = {
    "harassment": "harassment", "threat": "a threat", "sexual": "something sexual",
    "self_harm": "danger to oneself", "money": "money, outside of what was agreed",
    "impersonation": "somebody who is not who they say", "other": "something else",
}  # fmt: skip


class CopyOfMessage(msgspec.Struct, frozen=True):
    """A message as it was when it was reported, and how it read before, oldest first."""

    seq: int
    person: str
    body: str
    at_us: int
    earlier: tuple[MessageVersion, ...] = ()


class Told(msgspec.Struct, frozen=True):
    """One report; in a list without the messages."""

    id: str
    mentorship: str
    person: PersonView
    about: PersonView
    reason: ReportReason
    words: str
    at_us: int
    messages: tuple[CopyOfMessage, ...] = ()


async def read(house: House, site_id: str, id_: str | None) -> list[Told]:
    """One report with its messages, if there is such a one; or the newest."""
    safety, people = house.services.safety, house.services.people
    found: list[tuple[Report, list[Copy]]]
    if id_ is None:
        found = [(each, []) for each in await safety.newest_reports(site_id, LISTED)]
    else:
        one = await safety.read_report(site_id, id_)
        found = [] if one is None else [one]
    ids = {who for report, _ in found for who in (report.person, report.about)}
    persons = await people.by_id(site_id, sorted(ids))
    return [
        Told(
            report.id,
            report.mentorship,
            persons[report.person],
            persons[report.about],
            report.reason,
            report.words,
            report.at_us,
            tuple(
                CopyOfMessage(each.seq, each.person, each.body, each.at_us, each.earlier)
                for each in copies
            ),
        )
        for report, copies in found
    ]


def lines(reports: Sequence[Told], *, whole: bool) -> list[str]:
    """For a terminal, on which nothing of what people wrote may act."""
    if not reports:
        return ["Nobody has reported anybody."]
    found = []
    for each in reports:
        found.append(
            f"{each.id}  {_at(each.at_us)}  {each.person.name} about {each.about.name}: "
            f"{SAID[each.reason]}"
        )
        if not whole:
            continue
        found += [
            f"mentorship {each.mentorship}; by {each.person.id}, about {each.about.id}",
            *(f"  {line}" for line in each.words.splitlines()),
        ]
        names = {person.id: person.name for person in (each.person, each.about)}
        for copy in each.messages:
            found.append(f"[{copy.seq}] {_at(copy.at_us)} {names[copy.person]}:")
            found += [f"  {line}" for line in copy.body.splitlines()]
            for version in copy.earlier:
                found.append(f"  edited; as of {_at(version.at_us)} it read:")
                found += [f"    {line}" for line in version.body.splitlines()]
    return ["".join(char if char.isprintable() else "?" for char in line) for line in found]


def _at(us: int) -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
