"""Tables of who left a mentorship, who blocks the other and what was reported, and the plans over
them. Nobody else names them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import msgspec
from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    union_all,
)

from mentoring.sansio.safety import OPEN, Bounds, check
from protocol.types import ReportReason
from protocol.views import Message, MessageVersion
from runtime.database import (
    Micros,
    Plan,
    Prepared,
    among,
    insert,
    listed,
    metadata,
    names,
    read_by,
)

Copied = tuple[Message, tuple[MessageVersion, ...]]
"""A message as it is, and how it read before."""
_EARLIER = msgspec.json.Decoder(tuple[MessageVersion, ...])

closures = Table(
    "closures",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("mentorship_id", Text, primary_key=True),
    Column("person_id", Text, nullable=False, info=names("persons")),
    Column("at_us", Micros, nullable=False),
    ForeignKeyConstraint(["site_id", "mentorship_id"], ["mentorships.site_id", "mentorships.id"]),
)
blocks = Table(
    "blocks",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("mentorship_id", Text, primary_key=True),
    Column("person_id", Text, primary_key=True, info=names("persons")),
    Column("at_us", Micros, nullable=False),
    ForeignKeyConstraint(["site_id", "mentorship_id"], ["mentorships.site_id", "mentorships.id"]),
)
reports = Table(
    "reports",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("mentorship_id", Text, nullable=False),
    Column("person_id", Text, nullable=False, info=names("persons")),
    Column("about_id", Text, nullable=False, info=names("persons")),
    Column(
        "reason", Text, nullable=False, info=read_by(partial(msgspec.convert, type=ReportReason))
    ),
    Column("words", Text, nullable=False),
    Column("at_us", Micros, nullable=False),
    ForeignKeyConstraint(["site_id", "mentorship_id"], ["mentorships.site_id", "mentorships.id"]),
    Index(None, "site_id", "mentorship_id", "person_id", "at_us"),
)
report_messages = Table(
    "report_messages",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("report_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("person_id", Text, nullable=False, info=names("persons")),
    Column("body", Text, nullable=False),
    Column("at_us", Micros, nullable=False),
    Column("earlier", Text, info=read_by(_EARLIER.decode)),
    ForeignKeyConstraint(["site_id", "report_id"], ["reports.site_id", "reports.id"]),
)


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody told the operator about the other, and when."""

    id: str
    mentorship: str
    person: str
    about: str
    reason: ReportReason
    words: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Copy:
    """A message as it was when it was reported, and how it read before, oldest first."""

    seq: int
    person: str
    body: str
    at_us: int
    earlier: tuple[MessageVersion, ...] = ()


_BOUNDS = Prepared(
    union_all(
        *(
            select(
                table.c.mentorship_id,
                table.c.person_id,
                table.c.at_us,
                literal_column(kind).label("blocks"),
            ).where(table.c.site_id == bindparam("site_id"), among(table.c.mentorship_id, "ids"))
            for table, kind in ((closures, "0"), (blocks, "1"))
        )
    ),
    together=True,
)


def bounds(site_id: str, ids: Sequence[str]) -> Plan[dict[str, Bounds]]:
    """Of each of these mentorships."""
    found = dict.fromkeys(ids, OPEN)
    for id_, person, at_us, blocks_ in (yield _BOUNDS(site_id=site_id, ids=listed(ids))):
        of = found[id_]
        if blocks_:
            found[id_] = replace(of, blockers=of.blockers | {person})
        else:
            found[id_] = replace(of, closed_by=person, closed_us=at_us)
    return found


def admit(site_id: str, mentorship: str, person: str) -> Plan[None]:
    """Refuses what would reach the other; in the transaction of whoever writes it down, who has
    claimed the mentorship."""
    found = yield from bounds(site_id, [mentorship])
    check(found[mentorship], person)


def close(site_id: str, mentorship: str, person: str, now_us: int) -> Plan[bool]:
    """Whether this closed it; it is closed once."""
    rows = yield (
        insert(closures)
        .values(site_id=site_id, mentorship_id=mentorship, person_id=person, at_us=now_us)
        .on_conflict_do_nothing(index_elements=["site_id", "mentorship_id"])
        .returning(closures.c.at_us)
    )
    return bool(rows)


def block(site_id: str, mentorship: str, person: str, now_us: int) -> Plan[None]:
    yield (
        insert(blocks)
        .values(site_id=site_id, mentorship_id=mentorship, person_id=person, at_us=now_us)
        .on_conflict_do_nothing(index_elements=["site_id", "mentorship_id", "person_id"])
    )


def unblock(site_id: str, mentorship: str, person: str) -> Plan[None]:
    yield delete(blocks).where(
        blocks.c.site_id == site_id,
        blocks.c.mentorship_id == mentorship,
        blocks.c.person_id == person,
    )


def reported_since(site_id: str, mentorship: str, person: str, since_us: int) -> Plan[int]:
    """How often somebody has reported the other since then."""
    rows = yield select(func.count()).where(
        reports.c.site_id == site_id,
        reports.c.mentorship_id == mentorship,
        reports.c.person_id == person,
        reports.c.at_us > since_us,
    )
    count: int = rows[0][0]
    return count


def add_report(site_id: str, report: Report, messages: Sequence[Copied]) -> Plan[None]:
    yield insert(reports).values(
        site_id=site_id,
        id=report.id,
        mentorship_id=report.mentorship,
        person_id=report.person,
        about_id=report.about,
        reason=report.reason,
        words=report.words,
        at_us=report.at_us,
    )
    yield (
        insert(report_messages),
        [
            {
                "site_id": site_id,
                "report_id": report.id,
                "seq": message.seq,
                "person_id": message.person,
                "body": message.body,
                "at_us": message.at_us,
                "earlier": msgspec.json.encode(earlier).decode() if earlier else None,
            }
            for message, earlier in messages
        ],
    )


_REPORT = select(
    reports.c.id,
    reports.c.mentorship_id,
    reports.c.person_id,
    reports.c.about_id,
    reports.c.reason,
    reports.c.words,
    reports.c.at_us,
)


def newest_reports(site_id: str, limit: int) -> Plan[list[Report]]:
    """Newest first."""
    rows = yield (
        _REPORT.where(reports.c.site_id == site_id)
        .order_by(reports.c.at_us.desc(), reports.c.id.desc())
        .limit(limit)
    )
    return [Report(*row) for row in rows]


def report(site_id: str, id_: str) -> Plan[tuple[Report, list[Copy]] | None]:
    """A report, and the copies that it came with."""
    rows = yield _REPORT.where(reports.c.site_id == site_id, reports.c.id == id_)
    if not rows:
        return None
    copies = yield (
        select(
            report_messages.c.seq,
            report_messages.c.person_id,
            report_messages.c.body,
            report_messages.c.at_us,
            report_messages.c.earlier,
        )
        .where(report_messages.c.site_id == site_id, report_messages.c.report_id == id_)
        .order_by(report_messages.c.seq)
    )
    return Report(*rows[0]), [
        Copy(
            row.seq,
            row.person_id,
            row.body,
            row.at_us,
            _EARLIER.decode(row.earlier) if row.earlier else (),
        )
        for row in copies
    ]
