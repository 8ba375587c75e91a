"""The commands. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 storage failed."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import uvloop

from ithaca import VERSION, backup, logs, offline, settings
from ithaca.admin import (
    Answer,
    Correct,
    Corrected,
    Done,
    Erased,
    Examine,
    Examined,
    Forget,
    Invite,
    Refused,
    Relink,
    Reported,
    Reports,
    Request,
    ask,
    back_up,
    perform,
)
from ithaca.doctor import NAMING, Doctor, Finding, as_written
from ithaca.house import ROOMS, House
from ithaca.lock import DataLock
from ithaca.reports import lines
from ithaca.serve import serve
from ithaca.settings import Settings, SettingsError
from ledger.audit import Audited, audit
from ledger.sansio.notes import clean
from people.tables import all_keys
from people.tokens import Seals, UnusableKey
from protocol.errors import Refusal
from protocol.rest import NewCorrection, NewMentorship, NewPerson
from protocol.types import Reason
from runtime.backup import BackupError
from runtime.clock import SystemClock
from runtime.database import DatabaseError, open_database
from runtime.database.migrate import migrate
from runtime.database.sqlite import FILE_NAME

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

    command = commands.add_parser(
        "forget", help="erase what identifies a person; what they took part in stays"
    )
    command.add_argument("person", help="the person's name, or id (per_...)")
    command.add_argument(
        "--yes", action="store_true", help="do it; without, say what would be erased"
    )
    settings.add_options(command, STORAGE)

    command = commands.add_parser(
        "correct", help="decide what an ended session is billed; both see it, and why"
    )
    command.add_argument("session", metavar="SESSION", help="its id (ses_...)")
    command.add_argument(
        "--billed",
        required=True,
        type=_length,
        metavar="LENGTH",
        help="what it comes to instead: 0:45 or 0:45:30, hours first, or 45m, minutes",
    )
    command.add_argument(
        "--reason", required=True, type=_reason, metavar="TEXT", help="both read it"
    )
    settings.add_options(command, STORAGE)

    command = commands.add_parser(
        "reports", help="what people told you about each other; nobody else reads it"
    )
    command.add_argument(
        "report", nargs="?", metavar="REPORT", help="one of them (rep_...), with its messages"
    )
    settings.add_options(command, STORAGE)

    command = commands.add_parser("migrate", help="bring the database up to date, then stop")
    settings.add_options(command, ("data", "database"))

    command = commands.add_parser(
        "doctor", help="look whether everything is as it should be, the ledger above all"
    )
    settings.add_options(command, ("data", "database"))

    command = commands.add_parser(
        "backup", help="put everything, keys included, into one file; the server may run"
    )
    command.add_argument("file", metavar="FILE", type=Path, help="replaced if it is there")
    settings.add_options(command, ("data", "database"))

    command = commands.add_parser(
        "restore", help="make a database of a backup, in an empty folder or database"
    )
    command.add_argument("file", metavar="FILE", type=Path)
    settings.add_options(command, ("data", "database"))

    command = commands.add_parser(
        "verify", help="check a session's evidence pack; needs neither server nor data"
    )
    command.add_argument("file", metavar="FILE", help="the pack, or - for stdin")
    command.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="KEY",
        help="a public key that the server's signatures must be by, in base64url (repeat); "
        "without it, those in the pack",
    )
    command.add_argument(
        "--fingerprint",
        action="append",
        default=[],
        metavar="HEX",
        help="one that was noted of the session earlier, in quotes if it has spaces (repeat): what "
        "was on record then must be in the pack",
    )

    command = commands.add_parser(
        "replay", help="compute an account from a pack's facts, or from a scenario, as JSON"
    )
    command.add_argument(
        "file", metavar="FILE", help="a pack or a scenario, or - for standard input"
    )
    command.add_argument("--terms", metavar="FILE", help="the terms to compute with instead")
    return top


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= 3660:
        raise argparse.ArgumentTypeError("from 1 to 3660 days")
    return days


def _length(text: str) -> int:
    """In microseconds. A bare number is neither: hours to some, minutes to others."""
    found = re.fullmatch(
        r"(?:(\d{1,2}):([0-5]\d)(?::([0-5]\d))?|(\d{1,4}) ?m(?:in)?)", text, re.ASCII
    )
    if not found:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no length: write 0:45 (hours and minutes), 0:45:30 (with seconds) or 45m "
            "(minutes)"
        )
    hours, minutes, seconds, only_minutes = (int(part or 0) for part in found.groups())
    return ((hours * 60 + minutes + only_minutes) * 60 + seconds) * 1_000_000


def _clock(us: int) -> str:
    minutes, seconds = divmod(us // 1_000_000, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _reason(text: str) -> str:
    try:
        return msgspec.convert(clean(text), Reason)
    except Refusal as refused:
        raise argparse.ArgumentTypeError(refused.detail) from None
    except msgspec.ValidationError:
        raise argparse.ArgumentTypeError("from 1 to 1,000 characters") from None


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits with its code."""
    options = parser().parse_args(arguments)
    texts = (value for value in vars(options).values() if isinstance(value, str))
    if any("\ud800" <= char <= "\udfff" for text in texts for char in text):
        parser().error("an argument holds characters that cannot be read")
    try:
        if options.command in ("verify", "replay"):
            sys.exit(_offline(options))
        chosen = settings.read(options)
        code = uvloop.run(_run(options, chosen))
    except SettingsError as error:
        print(f"ithaca: {error}", file=sys.stderr)
        code = 1
    except BackupError as error:
        print(f"ithaca: {offline.plain(str(error))}", file=sys.stderr)
        code = 1
    except UnusableKey as error:
        print(f"ithaca: {error}. Restore a backup.", file=sys.stderr)
        code = 1
    except DatabaseError as error:
        print(f"ithaca: the database cannot be used: {error}", file=sys.stderr)
        code = 1
    sys.exit(code)


def _offline(options: argparse.Namespace) -> int:
    try:
        if options.command == "verify":
            code = offline.verify(options.file, options.key, options.fingerprint)
        else:
            code = offline.replay(options.file, options.terms)
        sys.stdout.flush()
    except offline.Unusable as error:
        print(f"ithaca: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


async def _run(options: argparse.Namespace, chosen: Settings) -> int:
    match options.command:
        case "serve":
            logs.configure()
            await serve(chosen)
            return 0
        case "migrate":
            await _migrate(chosen)
            return 0
        case "doctor":
            return await _doctor(chosen)
        case "backup":
            return await _backup(chosen, options.file)
        case "restore":
            return await _restore(chosen, options.file)
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
        case "correct":
            correction = NewCorrection(billed_us=options.billed, reason=options.reason)
            return _print(await _ask(chosen, Correct(options.session, correction)))
        case "reports":
            return _print(await _ask(chosen, Reports(options.report)), whole=bool(options.report))
        case "forget":
            return _print(await _ask(chosen, Forget(options.person, options.yes)))
        case _:
            return _print(await _ask(chosen, Relink(options.person)))


async def _doctor(chosen: Settings) -> int:
    """Through the running server if there is one, else on the data folder itself."""
    answer = await ask(chosen.data, Examine())
    if isinstance(answer, Refused):
        return _print(answer)
    findings: Sequence[Finding] = answer.findings if isinstance(answer, Examined) else ()
    if answer is None:
        findings = await _examine(chosen)
    for finding in findings:
        print(f"{finding.how:6} {finding.about}: {finding.text}")
    return 1 if any(finding.how == "FAILED" for finding in findings) else 0


async def _examine(chosen: Settings) -> Sequence[Finding]:
    """Without a server; nothing is made that is not there."""
    if not chosen.data.is_dir():
        return [
            Finding("data", "FAILED", f"There is no folder {chosen.data}: name it with --data.")
        ]
    if not chosen.database and not (chosen.data / FILE_NAME).is_file():
        return [Finding("database", "FAILED", f"There is none in {chosen.data}.")]
    with DataLock(chosen.data):
        print(f"ithaca: no server runs on {chosen.data}; looking at it directly", file=sys.stderr)
        database = open_database(chosen.database or None, chosen.data)

        async def look() -> Audited:
            seals = Seals(await database.read(all_keys))
            return await audit(database, seals.public, NAMING)

        try:
            wall_us = SystemClock().wall_us
            return await Doctor(database, chosen.data, ROOMS, look, wall_us).examine()
        finally:
            await database.close()


async def _backup(chosen: Settings, file: Path) -> int:
    """Through the running server if there is one, else of the data folder itself."""
    done = await back_up(chosen.data, file)
    if isinstance(done, Refused):
        return _print(done)
    if done is None:
        done = await backup.without_server(chosen, ROOMS, SystemClock(), file)
    print(f"{file}: {backup.holds(done)}; {backup.made(done)}")
    print("It holds the keys: whoever has it can sign as this server. Keep it like a key.")
    return 0


async def _restore(chosen: Settings, file: Path) -> int:
    done = await backup.restore(chosen, ROOMS, SystemClock(), file)
    print(f"Restored {backup.holds(done.manifest)}; {backup.made(done.manifest)}")
    broken = done.audited.broken
    for fault in broken:
        print(f"Session {fault.session} was not as it was written: {fault.why}", file=sys.stderr)
    if broken:
        print("They are as they were in the backup.", file=sys.stderr)
        return 1
    print(as_written(done.audited.sessions))
    return 0


def _print(answer: Answer, *, whole: bool = False) -> int:
    if isinstance(answer, Refused):
        print(f"ithaca: {answer.detail}", file=sys.stderr)
        return 1
    if isinstance(answer, Reported):
        print("\n".join(lines(answer.reports, whole=whole)))
        return 0
    if isinstance(answer, Corrected):
        print(f"Billed {_clock(answer.billed_us)} instead of {_clock(answer.before_us)}.")
        return 0
    if isinstance(answer, Erased):
        print(
            f"{answer.name} ({answer.person}): name, e-mail address and time zone; links: "
            f"{answer.links}; reasons in the ledger: {answer.notes}; reflections, and what was "
            f"measured of their voice: {answer.reflections}."
        )
        print("Erased." if answer.done else "Nothing was erased: that takes --yes.")
        return 0 if answer.done else 1
    assert isinstance(answer, Done)
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
