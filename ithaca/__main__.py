"""The commands. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 storage failed."""

import argparse
import sys
from collections.abc import Sequence

import uvloop

from ithaca import VERSION, logs, settings
from ithaca.admin import Answer, Invite, Refused, Relink, Request, ask, perform
from ithaca.house import ROOMS, House
from ithaca.lock import DataLock
from ithaca.serve import serve
from ithaca.settings import Settings, SettingsError
from protocol.rest import NewMentorship, NewPerson
from runtime.clock import SystemClock
from runtime.database import DatabaseError, open_database
from runtime.database.migrate import migrate

STORAGE = ("data", "database", "public_url", "host", "port")


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = argparse.ArgumentParser(prog="ithaca", description="A home for mentoring.")
    top.add_argument("--version", action="version", version=f"ithaca {VERSION}")
    commands = top.add_subparsers(dest="command", required=True)

    command = commands.add_parser("serve", help="serve everything on one port")
    settings.add_options(command)

    command = commands.add_parser("invite", help="bring two people together and print their links")
    for role in ("mentor", "mentee"):
        command.add_argument(f"--{role}", required=True, metavar="NAME")
        command.add_argument(
            f"--{role}-zone", default="UTC", metavar="ZONE", help="IANA name [UTC]"
        )
        command.add_argument(f"--{role}-email", default="", metavar="ADDRESS")
    command.add_argument("--link-days", type=_days, metavar="N", help="links end after N days")
    settings.add_options(command, STORAGE)

    command = commands.add_parser(
        "relink", help="withdraw a person's links, end what they opened, print a fresh one"
    )
    command.add_argument("person", help="the person's name, or id (per_...)")
    settings.add_options(command, STORAGE)

    command = commands.add_parser("migrate", help="bring the database up to date, then stop")
    settings.add_options(command, ("data", "database"))
    return top


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= 3660:
        raise argparse.ArgumentTypeError("from 1 to 3660 days")
    return days


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits with its code."""
    options = parser().parse_args(arguments)
    texts = (value for value in vars(options).values() if isinstance(value, str))
    if any("\ud800" <= char <= "\udfff" for text in texts for char in text):
        parser().error("an argument holds characters that cannot be read")
    try:
        chosen = settings.read(options)
        code = uvloop.run(_run(options, chosen))
    except SettingsError as error:
        print(f"ithaca: {error}", file=sys.stderr)
        code = 1
    except DatabaseError as error:
        print(f"ithaca: the database cannot be used: {error}", file=sys.stderr)
        code = 1
    sys.exit(code)


async def _run(options: argparse.Namespace, chosen: Settings) -> int:
    match options.command:
        case "serve":
            logs.configure()
            await serve(chosen)
            return 0
        case "migrate":
            await _migrate(chosen)
            return 0
        case "invite":
            wish = NewMentorship(
                mentor=NewPerson(
                    name=options.mentor, zone=options.mentor_zone, email=options.mentor_email
                ),
                mentee=NewPerson(
                    name=options.mentee, zone=options.mentee_zone, email=options.mentee_email
                ),
                link_days=options.link_days,
            )
            return _print(await _ask(chosen, Invite(wish)))
        case _:
            return _print(await _ask(chosen, Relink(options.person)))


def _print(answer: Answer) -> int:
    if isinstance(answer, Refused):
        print(f"ithaca: {answer.detail}", file=sys.stderr)
        return 1
    if answer.created is not None:
        for link in answer.created.links:
            print(f"{link.role}: {link.url}")
    if answer.url is not None:
        print(answer.url)
    return 0


async def _migrate(chosen: Settings) -> None:
    with DataLock(chosen.data):
        database = open_database(chosen.database or None, chosen.data)
        try:
            await migrate(database, ROOMS)
        finally:
            await database.close()


async def _ask(chosen: Settings, request: Request) -> Answer:
    """Through the running server if there is one, else on the data folder itself."""
    if (answer := await ask(chosen.data, request)) is not None:
        return answer
    with DataLock(chosen.data):
        print(f"ithaca: no server runs on {chosen.data}; working on it directly", file=sys.stderr)
        database = open_database(chosen.database or None, chosen.data)
        try:
            await migrate(database, ROOMS)
            house = await House.build(chosen, database, SystemClock())
            return await perform(house, request)
        finally:
            await database.close()


if __name__ == "__main__":
    main()
