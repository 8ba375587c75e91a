"""Conversations on both engines: one order, no gap, each message once, marks that only grow."""

from __future__ import annotations

import asyncio

import pytest

from chat.service import Chat
from protocol.errors import Refusal
from protocol.frames import ChatMessages
from runtime.bus import LocalBus
from runtime.database import Database, open_database
from tests.support.clock import ManualClock
from tests.support.databases import Storage

SITE, TALK, ADA, BEN = "site", "cnv", "ada", "ben"


@pytest.fixture
def chat(database: Database) -> Chat:
    return Chat(database, ManualClock(), LocalBus())


def client_id(number: int) -> str:
    return f"message-{number:06}"


async def fill(chat: Chat, count: int, body: str = "", person: str = ADA) -> None:
    """Messages 1 to `count`, which say their number."""
    await asyncio.gather(
        *(
            chat.send(SITE, TALK, person, client_id(number), f"{number} {body}")
            for number in range(1, count + 1)
        )
    )


def seqs(page: ChatMessages) -> list[int]:
    return [message.seq for message in page.messages]


async def test_fifty_senders_at_once_leave_no_gap_and_no_double(chat: Chat) -> None:
    stored = await asyncio.gather(
        *(
            chat.send(SITE, TALK, f"person-{number}", client_id(turn), f"{number} {turn}")
            for turn in range(4)
            for number in range(50)
        )
    )
    assert sorted(message.seq for message in stored) == list(range(1, 201))
    page = await chat.page(SITE, TALK, limit=200)
    assert page.head == 200
    assert {message.seq: message for message in page.messages} == {
        message.seq: message for message in stored
    }


async def test_the_same_again_is_the_same(chat: Chat) -> None:
    first = await chat.send(SITE, TALK, ADA, client_id(1), "hello")
    again = await asyncio.gather(
        *(chat.send(SITE, TALK, ADA, client_id(1), "hello") for _ in range(10))
    )
    assert again == [first] * 10
    assert (await chat.page(SITE, TALK, limit=10)).messages == (first,)


async def test_twenty_at_once_under_one_id_are_one(chat: Chat) -> None:
    stored = await asyncio.gather(
        *(chat.send(SITE, TALK, ADA, client_id(1), "hello") for _ in range(20))
    )
    assert {message.seq for message in stored} == {1}
    assert (await chat.send(SITE, TALK, ADA, client_id(2), "next")).seq == 2


async def test_the_same_id_with_another_body_is_a_conflict(chat: Chat) -> None:
    await chat.send(SITE, TALK, ADA, client_id(1), "hello")
    with pytest.raises(Refusal) as refused:
        await chat.send(SITE, TALK, ADA, client_id(1), "goodbye")
    assert (refused.value.code, refused.value.ref) == ("conflict", client_id(1))
    assert (await chat.send(SITE, TALK, ADA, client_id(2), "more")).seq == 2


async def test_an_id_belongs_to_its_author_and_conversation(chat: Chat) -> None:
    for site, talk, person in (
        (SITE, TALK, ADA), (SITE, TALK, BEN), (SITE, "other", ADA), ("other", TALK, ADA),
    ):  # fmt: skip
        await chat.send(site, talk, person, client_id(1), f"{site} {talk} {person}")
    assert seqs(await chat.page(SITE, TALK, limit=9)) == [1, 2]
    assert seqs(await chat.page(SITE, "other", limit=9)) == [1]
    assert seqs(await chat.page("other", TALK, limit=9)) == [1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"limit": 4}, [7, 8, 9, 10]),
        ({"limit": 200}, list(range(1, 11))),
        ({"before": 4, "limit": 2}, [2, 3]),
        ({"before": 3, "limit": 9}, [1, 2]),
        ({"before": 1, "limit": 9}, []),
        ({"before": 0, "limit": 9}, []),
        ({"before": 10**15, "limit": 2}, [9, 10]),
        ({"after": 0, "limit": 3}, [1, 2, 3]),
        ({"after": 8, "limit": 9}, [9, 10]),
        ({"after": 10, "limit": 9}, []),
        ({"after": 10**15, "limit": 9}, []),
    ],
)
async def test_pages(chat: Chat, query: dict[str, int], expected: list[int]) -> None:
    await fill(chat, 10)
    page = await chat.page(SITE, TALK, **query)
    assert (page.head, seqs(page)) == (10, expected)


async def test_a_page_of_long_messages_is_cut_at_the_end_that_can_be_asked_for_again(
    chat: Chat,
) -> None:
    await fill(chat, 6, "x" * 16_000)
    assert seqs(await chat.page(SITE, TALK, after=0, limit=6)) == [1, 2, 3]
    assert seqs(await chat.page(SITE, TALK, before=6, limit=6)) == [3, 4, 5]


async def test_an_empty_conversation_has_an_empty_page(chat: Chat) -> None:
    page = await chat.page(SITE, TALK, limit=9)
    assert (page.head, page.messages) == (0, ())
    assert await chat.summaries(SITE, [TALK], ADA) == {}


async def test_a_read_mark_only_grows_and_stops_at_the_head(chat: Chat) -> None:
    await fill(chat, 5)

    async def mark() -> int:
        return (await chat.summaries(SITE, [TALK], BEN))[TALK].read

    for seq, expected in ((2, 2), (1, 2), (0, 2), (4, 4), (10**15, 5), (3, 5)):
        await chat.read(SITE, TALK, BEN, seq)
        assert await mark() == expected
    await asyncio.gather(*(chat.read(SITE, TALK, ADA, seq) for seq in (3, 1, 5, 2, 4)))
    assert (await chat.summaries(SITE, [TALK], ADA))[TALK].read == 5


async def test_reading_nothing_leaves_nothing(chat: Chat) -> None:
    await chat.read(SITE, TALK, BEN, 3)
    await fill(chat, 5)
    assert (await chat.summaries(SITE, [TALK], BEN))[TALK].read == 0


async def test_unread_counts_what_others_said_since(chat: Chat) -> None:
    for number in range(1, 7):
        person = ADA if number % 2 else BEN
        await chat.send(SITE, TALK, person, client_id(number), str(number))
    await chat.read(SITE, TALK, ADA, 3)

    async def unread(person: str) -> int:
        return (await chat.summaries(SITE, [TALK], person))[TALK].unread

    assert (await unread(ADA), await unread(BEN)) == (2, 3)
    summary = (await chat.summaries(SITE, [TALK, "other"], ADA))[TALK]
    assert (summary.head, summary.read) == (6, 3)
    assert summary.last is not None
    assert (summary.last.seq, summary.last.body) == (6, "6")


async def test_all_conversations_are_summed_up_by_one_question(storage: Storage) -> None:
    asked: list[str] = []
    database = open_database(
        storage.url, storage.data, on_statement=lambda sql, _: asked.append(sql)
    )
    chat = Chat(database, ManualClock(), LocalBus())
    for talk, count, read in (("one", 3, 2), ("two", 5, 0), ("three", 1, 1)):
        for number in range(1, count + 1):
            await chat.send(SITE, talk, BEN, client_id(number), f"{talk} {number}")
        await chat.read(SITE, talk, ADA, read)
        await chat.read(SITE, talk, BEN, count)
    asked.clear()
    found = await chat.summaries(SITE, ["one", "two", "three", "none"], ADA)
    await database.close()
    assert len([sql for sql in asked if "site_id" in sql]) == 1
    assert {
        talk: (each.head, each.read, each.unread, each.last and each.last.body)
        for talk, each in found.items()
    } == {
        "one": (3, 2, 1, "one 3"),
        "two": (5, 0, 5, "two 5"),
        "three": (1, 1, 0, "three 1"),
    }


async def test_heads_are_of_the_site_that_asks(chat: Chat) -> None:
    await fill(chat, 3)
    assert await chat.heads(SITE, [TALK, "other"]) == {TALK: 3}
    assert await chat.heads("other", [TALK]) == {}
    assert await chat.summaries("other", [TALK], ADA) == {}
    assert (await chat.page("other", TALK, limit=9)).messages == ()


async def test_what_is_refused_takes_no_seq(chat: Chat) -> None:
    for body, code in (
        ("", "message_empty"),
        (" \n\t\u200b\u2060", "message_empty"),
        ("x" * (16 * 1024 + 1), "message_too_long"),
        ("€" * 5_462, "message_too_long"),
        ("a\x00b", "invalid_field"),
    ):
        with pytest.raises(Refusal) as refused:
            await chat.send(SITE, TALK, ADA, client_id(1), body)
        assert (refused.value.code, refused.value.ref) == (code, client_id(1))
    assert (await chat.send(SITE, TALK, ADA, client_id(1), "x" * 16 * 1024)).seq == 1
