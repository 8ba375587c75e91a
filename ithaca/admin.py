"""The local admin socket: commands that write talk to the running server, which is the one writer.

A request is one line of JSON, the answer is one line of JSON. Who may open the socket's folder may
ask anything.
"""

import asyncio
import contextlib
from pathlib import Path

import msgspec

from ithaca.house import House
from ithaca.settings import SettingsError
from protocol.errors import Refusal
from protocol.rest import MentorshipCreated, NewMentorship
from protocol.views import PersonView
from runtime.database import DatabaseError

LINE_MAX = 64 * 1024


class Invite(msgspec.Struct, frozen=True, tag="invite", forbid_unknown_fields=True):
    """Brings two people together."""

    wish: NewMentorship


class Relink(msgspec.Struct, frozen=True, tag="relink", forbid_unknown_fields=True):
    """Withdraws a person's links, ends what they opened, and makes a fresh one."""

    person: str


class Done(msgspec.Struct, frozen=True, tag="done"):
    created: MentorshipCreated | None = None
    url: str | None = None


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    detail: str


Request = Invite | Relink
Answer = Done | Refused


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
    except Refusal as refusal:
        where = f" ({refusal.field})" if refusal.field else ""
        return Refused(refusal.detail + where)


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
            try:
                request: Request = msgspec.json.decode(line, type=Request)
                answer = await perform(self._house, request)
            except msgspec.DecodeError:
                answer = Refused("Not a request.")
            except DatabaseError:
                answer = Refused("The database does not answer. Try again in a moment.")
            writer.write(msgspec.json.encode(answer) + b"\n")
            await writer.drain()
        writer.close()

    async def close(self) -> None:
        self._server.close()
        self._path.unlink(missing_ok=True)


async def ask(data: Path, request: Request) -> Answer | None:
    """The running server's answer; None when no server runs on that folder."""
    try:
        reader, writer = await asyncio.open_unix_connection(data / "admin.sock", limit=LINE_MAX)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except OSError as error:
        raise SettingsError(f"Cannot ask the running server ({error.strerror}).") from None
    writer.write(msgspec.json.encode(request) + b"\n")
    await writer.drain()
    line = await reader.readline()
    writer.close()
    if not line:
        raise SettingsError("The running server did not answer. Its log says why.")
    answer: Answer = msgspec.json.decode(line, type=Answer)
    return answer
