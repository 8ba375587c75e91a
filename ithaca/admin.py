"""The local admin socket: commands that write talk to the running server, which is the one writer.

A request is one line of JSON, the answer is one line of JSON. Who may open the socket's folder may
ask anything.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from ithaca import reports
from ithaca.backup import CHUNK, keep, spooled
from ithaca.doctor import Finding
from ithaca.house import ROOMS, House
from ithaca.reports import Told
from ithaca.settings import SettingsError
from ledger import erasure
from ledger.service import Ledger
from protocol.errors import Refusal
from protocol.rest import MentorshipCreated, NewCorrection, NewMentorship
from protocol.views import PersonView
from runtime.backup import BackupError, Manifest
from runtime.database import DatabaseError

LINE_MAX = 64 * 1024
ANSWER_MAX = 16 * 1024 * 1024
"""As large as a report with fifty of the longest messages can get."""


class Invite(msgspec.Struct, frozen=True, tag="invite", forbid_unknown_fields=True):
    """Brings two people together."""

    wish: NewMentorship


class Relink(msgspec.Struct, frozen=True, tag="relink", forbid_unknown_fields=True):
    """Withdraws a person's links, ends what they opened, and makes a fresh one."""

    person: str


class Forget(msgspec.Struct, frozen=True, tag="forget", forbid_unknown_fields=True):
    """Erases what identifies a person; without `yes` says what that would be."""

    person: str
    yes: bool = False


class Correct(msgspec.Struct, frozen=True, tag="correct", forbid_unknown_fields=True):
    """Decides what an ended session comes to."""

    session: str
    correction: NewCorrection


class Reports(msgspec.Struct, frozen=True, tag="reports", forbid_unknown_fields=True):
    """What people told about each other: the newest, or all of one report."""

    report: str | None = None


class Examine(msgspec.Struct, frozen=True, tag="examine", forbid_unknown_fields=True):
    """Looks whether everything is as it should be."""


class Backup(msgspec.Struct, frozen=True, tag="backup", forbid_unknown_fields=True):
    """Everything, as it is at one moment: the answer says how many bytes follow it."""


class Done(msgspec.Struct, frozen=True, tag="done"):
    created: MentorshipCreated | None = None
    url: str | None = None


class Corrected(msgspec.Struct, frozen=True, tag="corrected"):
    """What the session was billed, and now is, in microseconds."""

    before_us: int
    billed_us: int


class Erased(msgspec.Struct, frozen=True, tag="erased"):
    """Of a person: the name, zone and address, and so many links and texts."""

    person: str
    name: str
    links: int
    notes: int
    reflections: int
    done: bool


class Examined(msgspec.Struct, frozen=True, tag="examined"):
    findings: tuple[Finding, ...]


class Reported(msgspec.Struct, frozen=True, tag="reported"):
    reports: tuple[Told, ...]


class Follows(msgspec.Struct, frozen=True, tag="follows"):
    bytes: int


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    detail: str


Request = Invite | Relink | Forget | Correct | Reports | Examine
Answer = Done | Corrected | Erased | Reported | Examined | Refused
_Asked = Request | Backup
_Answered = Answer | Follows


async def perform(house: House, request: Request) -> Answer:
    """Carries out one request."""
    services, people = house.services, house.services.people
    site_id = people.home_site
    try:
        match request:
            case Invite(wish):
                started = await house.mentoring.start(site_id, wish, actor=None, key=None)
                links = services.links(site_id, started.invited)
                return Done(created=MentorshipCreated(mentorship=started.mentorship, links=links))
            case Relink(person):
                known = await people.called(site_id, person)
                if len(known) != 1:
                    return Refused(_which(person, known))
                handle = await people.replace_link(site_id, known[0].id)
                return Done(url=services.origins.link(handle))
            case Forget(person, yes):
                known = await people.called(site_id, person)
                if len(known) != 1:
                    return Refused(_which(person, known))
                return await _forget(house, site_id, known[0], yes=yes)
            case Correct(session, correction):
                return await _correct(services.ledger, site_id, session, correction)
            case Reports(report):
                found = await reports.read(house, site_id, report)
                if report is not None and not found:
                    return Refused(f"There is no report {report}.")
                return Reported(tuple(found))
            case Examine():
                return Examined(findings=tuple(await house.doctor().examine()))
    except Refusal as refusal:
        where = f" ({refusal.field})" if refusal.field else ""
        return Refused(refusal.detail + where)


async def _forget(house: House, site_id: str, person: PersonView, *, yes: bool) -> Answer:
    """Each step can be done again; the name goes last, so that one can ask for it again by that."""
    people, reflections = house.services.people, house.services.reflections
    erased = Erased(
        person.id,
        person.name,
        links=await people.live_links(site_id, person.id),
        notes=len(await house.database.read(erasure.notes_by, site_id, person.id)),
        reflections=await reflections.worded(site_id, person.id),
        done=yes,
    )
    if yes:

        async def erase() -> None:
            await house.database.write(erasure.forget, site_id, person.id)
            await reflections.forget(site_id, person.id)

        await erase()
        theirs = await house.mentoring.of_person(site_id, person.id)
        await people.forget(site_id, person.id)
        for each in theirs:  # before anybody is told that they go
            house.services.safety.hides(each, person.id, on=True)
        await erase()  # what they wrote until they had no way in
    return erased


async def _correct(ledger: Ledger, site_id: str, session: str, wish: NewCorrection) -> Answer:
    if await ledger.mentorship_of(site_id, session) is None:
        return Refused(f"There is no session {session}.")
    before = (await ledger.view(site_id, session)).settlement
    after = await ledger.correct(site_id, session, None, wish.billed_us, wish.reason, None)
    assert before is not None  # or it was refused
    assert after.settlement is not None
    return Corrected(before.bill.billed_us, after.settlement.bill.billed_us)


def _which(person: str, known: list[PersonView]) -> str:
    if not known:
        return f"There is no person {person}."
    ids = ", ".join(f"{each.id} ({each.zone})" for each in known)
    return f"More than one person has that name; give the id: {ids}."


class Admin:
    """Listens on `admin.sock` in the data folder."""

    def __init__(self, house: House, data: Path) -> None:
        self._house, self._path = house, data / "admin.sock"

    async def open(self) -> None:
        self._path.unlink(missing_ok=True)
        try:
            self._server = await asyncio.start_unix_server(
                self._serve, self._path, limit=LINE_MAX, start_serving=False
            )
        except OSError as error:
            raise SettingsError(
                f"Cannot make the admin socket {self._path} ({error}). "
                "Choose a data folder with a shorter path."
            ) from None
        self._path.chmod(0o600)
        await self._server.start_serving()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            line = await reader.readline()
            answer: Answer
            try:
                request: _Asked = msgspec.json.decode(line, type=_Asked)
                if isinstance(request, Backup):
                    await self._back_up(writer)
                    return
                answer = await perform(self._house, request)
            except msgspec.DecodeError:
                answer = Refused("Not a request.")
            except DatabaseError:
                answer = Refused("The database does not answer. Try again in a moment.")
            except BackupError as error:
                answer = Refused(str(error))
            await _tell(writer, answer)
        writer.close()

    async def _back_up(self, writer: asyncio.StreamWriter) -> None:
        house = self._house
        async with spooled(house.database, house.data, ROOMS, house.clock) as (spool, length):
            await _tell(writer, Follows(length))
            while chunk := await asyncio.to_thread(spool.read, CHUNK):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def close(self) -> None:
        self._server.close()
        self._path.unlink(missing_ok=True)


async def _tell(writer: asyncio.StreamWriter, answer: _Answered) -> None:
    writer.write(msgspec.json.encode(answer) + b"\n")
    await writer.drain()


async def ask(data: Path, request: Request) -> Answer | None:
    """The running server's answer; None when no server runs on that folder."""
    async with _asking(data, request) as reader:
        if reader is None:
            return None
        answer = await _answer(reader)
        assert not isinstance(answer, Follows)
        return answer


async def back_up(data: Path, file: Path) -> Manifest | Refused | None:
    """Has the running server back up everything into a file; None when no server runs on that
    folder. Raises BackupError."""
    async with _asking(data, Backup()) as reader:
        if reader is None:
            return None
        answer = await _answer(reader)
        if isinstance(answer, Refused):
            return answer
        assert isinstance(answer, Follows)
        return await keep(file, data, ROOMS, answer.bytes, lambda: reader.read(CHUNK))


@contextlib.asynccontextmanager
async def _asking(data: Path, request: _Asked) -> AsyncIterator[asyncio.StreamReader | None]:
    """Where the running server answers."""
    try:
        reader, writer = await asyncio.open_unix_connection(data / "admin.sock", limit=ANSWER_MAX)
    except (FileNotFoundError, ConnectionRefusedError):
        yield None
        return
    except OSError as error:
        raise SettingsError(f"Cannot ask the running server ({error.strerror}).") from None
    try:
        writer.write(msgspec.json.encode(request) + b"\n")
        await writer.drain()
        yield reader
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> _Answered:
    line = await reader.readline()
    if not line:
        raise SettingsError("The running server did not answer. Its log says why.")
    answer: _Answered = msgspec.json.decode(line, type=_Answered)
    return answer
