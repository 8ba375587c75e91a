"""Conversations on both engines: one order, no gap, each message once, marks that only grow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import cast

import pytest
from sqlalchemy import delete, select, text

from chat import tables
from chat.mark_tables import Standing, Summary
from chat.migrations import chat_0006_clock_falls as chat_0006
from chat.sansio.conversation import fit, fit_around
from chat.service import Chat
from chat.tables import message_changes, message_versions
from protocol.errors import Refusal
from protocol.frames import ChatMessages
from protocol.types import PINS_MAX, VERSIONS_MAX, Emoji
from protocol.views import Mark, Message, Reaction
from runtime.bus import LocalBus
from runtime.database import Database, only, open_database
from tests.support.app import WatchedDatabase
from tests.support.clock import ManualClock
from tests.support.databases import Storage

SITE, TALK, ADA, BEN = "site", "cnv", "ada", "ben"


@pytest.fixture
def chat(database: Database) -> Chat:
    return Chat(database, ManualClock(), LocalBus())


def client_id(number: int) -> str:
    return f"message-{number:06}"


async def fill(chat: Chat, count: int, body: str = "", person: str = ADA) -> None:
    """Messages 1 to `count`, which say their number; of many it is not their place."""
    sends = [
        chat.send(SITE, TALK, person, client_id(number), f"{number} {body}")
        for number in range(1, count + 1)
    ]
    if count > 10:
        await asyncio.gather(*sends)
        return
    for each in sends:
        await each


async def summaries(chat: Chat, site: str, talks: list[str], person: str) -> dict[str, Summary]:
    """As one person sees them."""
    found = await chat.summaries(site, [(talk, person) for talk in talks])
    return {talk: summary for (talk, _), summary in found.items()}


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


async def test_what_is_said_behind_something_sent_again_stays_behind_it(chat: Chat) -> None:
    """Mutant: whatever waits is stored while those sent again are looked at."""
    await chat.send(SITE, TALK, ADA, client_id(0), "hello")
    for turn in range(10):
        said = [asyncio.create_task(chat.send(SITE, TALK, ADA, client_id(0), "hello"))]
        for number in range(10):
            id_ = client_id(10 * turn + number)
            said.append(asyncio.create_task(chat.send(SITE, TALK, BEN, id_, "next")))
            for _ in range(5 * number):
                await asyncio.sleep(0)
        await asyncio.gather(*said)
    page = await chat.page(SITE, TALK, limit=200)
    assert [each.id for each in page.messages[1:]] == [client_id(n) for n in range(100)]


async def test_one_that_is_sent_again_costs_those_beside_it_no_plan_each(
    database: Database,
) -> None:
    """Mutant: each of the batch is stored by itself."""
    watched = WatchedDatabase(database)
    chat = Chat(watched, ManualClock(), LocalBus())
    first = await chat.send(SITE, TALK, ADA, client_id(0), "hello")
    watched.asked = 0
    *stored, again, twice, other = await asyncio.gather(
        *(chat.send(SITE, f"cnv-{n % 25}", BEN, client_id(n), "x") for n in range(50)),
        chat.send(SITE, TALK, ADA, client_id(0), "hello"),
        chat.send(SITE, "cnv-0", BEN, client_id(0), "x"),
        chat.send(SITE, "cnv-0", BEN, client_id(0), "another"),
        return_exceptions=True,
    )
    assert again == first
    assert [cast(Message, each).seq for each in stored] == [1] * 25 + [2] * 25
    assert twice == stored[0]
    assert (isinstance(other, Refusal), getattr(other, "code", "")) == (True, "conflict")
    assert watched.asked < 10


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


async def test_a_page_is_as_asked_and_reads_little_more_than_it_hands_on(
    chat: Chat, database: Database
) -> None:
    sizes = [16_000 if number % 40 > 25 else 10 for number in range(1, 121)]
    sends = [
        chat.send(SITE, TALK, ADA, client_id(number), "x" * size)
        for number, size in enumerate(sizes, 1)
    ]
    every = sorted(await asyncio.gather(*sends), key=lambda message: message.seq)
    for read in (
        await database.read(tables.page, SITE, TALK, None, None, 200),
        await database.read(tables.page, SITE, TALK, None, 25, 200),
        (await database.read(tables.page_around, SITE, TALK, 33, 0, 200))[0],
        (await database.read(tables.since, SITE, TALK, 25, 120, 200))[0],
    ):
        assert 60_000 < sum(len(message.body) for message in read.messages) < 300_000
    for seq in (1, 20, 33, 70, 105, 120):
        for limit in (1, 30, 200):
            older, newer = every[max(0, seq - 1 - limit) : seq - 1], every[seq : seq + limit]
            page = await chat.page(SITE, TALK, before=seq, limit=limit)
            assert page.messages == tuple(fit(older, keep_newest=True))
            page = await chat.page(SITE, TALK, after=seq, limit=limit)
            assert page.messages == tuple(fit(newer, keep_newest=False))
            low = max(1, min(seq - limit // 2, 120 - limit + 1))
            page = await chat.page(SITE, TALK, around=seq, limit=limit)
            assert page.messages == tuple(fit_around(every[low - 1 : low + limit - 1], seq))


async def test_an_empty_conversation_has_an_empty_page(chat: Chat) -> None:
    page = await chat.page(SITE, TALK, limit=9)
    assert (page.head, page.messages) == (0, ())
    assert await summaries(chat, SITE, [TALK], ADA) == {}


async def test_a_read_mark_only_grows_and_stops_at_the_head(chat: Chat) -> None:
    await fill(chat, 5)

    async def mark() -> int:
        return (await summaries(chat, SITE, [TALK], BEN))[TALK].read

    for seq, expected in ((2, 2), (1, 2), (0, 2), (4, 4), (10**15, 5), (3, 5)):
        await chat.mark(SITE, TALK, BEN, read=seq)
        assert await mark() == expected
    await asyncio.gather(*(chat.mark(SITE, TALK, ADA, read=seq) for seq in (3, 1, 5, 2, 4)))
    assert (await summaries(chat, SITE, [TALK], ADA))[TALK].read == 5


async def test_reading_nothing_leaves_nothing(chat: Chat) -> None:
    await chat.mark(SITE, TALK, BEN, read=3)
    await fill(chat, 5)
    assert (await summaries(chat, SITE, [TALK], BEN))[TALK].read == 0


async def test_unread_counts_what_others_said_since(chat: Chat) -> None:
    for number in range(1, 7):
        person = ADA if number % 2 else BEN
        await chat.send(SITE, TALK, person, client_id(number), str(number))
    await chat.mark(SITE, TALK, ADA, read=3)

    async def unread(person: str) -> int:
        return (await summaries(chat, SITE, [TALK], person))[TALK].unread

    assert (await unread(ADA), await unread(BEN)) == (2, 3)
    summary = (await summaries(chat, SITE, [TALK, "other"], ADA))[TALK]
    assert (summary.head, summary.read) == (6, 3)
    assert summary.last is not None
    assert (summary.last.seq, summary.last.body) == (6, "6")


async def test_however_many_conversations_are_summed_up_by_four_questions(storage: Storage) -> None:
    asked: list[str] = []
    database = open_database(
        storage.url, storage.data, on_statement=lambda sql, _: asked.append(sql)
    )
    chat = Chat(database, ManualClock(), LocalBus())
    for talk, count, read in (("one", 3, 2), ("two", 5, 0), ("three", 1, 1)):
        for number in range(1, count + 1):
            await chat.send(SITE, talk, BEN, client_id(number), f"{talk} {number}")
        await chat.mark(SITE, talk, ADA, read=read)
        await chat.mark(SITE, talk, BEN, read=count)
    asked.clear()
    found = await summaries(chat, SITE, ["one", "two", "three", "none"], ADA)
    await database.close()
    assert len([sql for sql in asked if "site_id" in sql]) == 4
    assert {
        talk: (each.head, each.read, each.unread, each.last and each.last.body)
        for talk, each in found.items()
    } == {
        "one": (3, 2, 1, "one 3"),
        "two": (5, 0, 5, "two 5"),
        "three": (1, 1, 0, "three 1"),
    }


async def test_each_of_several_persons_has_their_own_summary(chat: Chat) -> None:
    await fill(chat, 3)
    await chat.send(SITE, "other", BEN, client_id(1), "hello")
    await chat.react(SITE, "other", ADA, 1, "👍", on=True)
    await chat.mark(SITE, TALK, BEN, read=1)
    found = await chat.summaries(
        SITE, [(TALK, ADA), (TALK, BEN), ("other", ADA), ("none", ADA), ("other", BEN)]
    )
    assert {asked: (each.read, each.unread) for asked, each in found.items()} == {
        (TALK, ADA): (0, 0),
        (TALK, BEN): (1, 2),
        ("other", ADA): (0, 1),
        ("other", BEN): (0, 0),
    }
    assert found[TALK, ADA].last == found[TALK, BEN].last
    last = found["other", ADA].last
    assert last is not None
    assert last.reactions == (Reaction(emoji="👍", persons=(ADA,)),)


async def test_standings_are_of_the_site_that_asks(chat: Chat) -> None:
    await fill(chat, 3)
    await chat.mark(SITE, TALK, BEN, delivered=2)
    marks = (Mark(person=BEN, delivered=2, read=0),)
    assert await chat.standings(SITE, [TALK, "other"]) == {TALK: Standing(3, 3, marks)}
    assert await chat.standings("other", [TALK]) == {}
    assert await summaries(chat, "other", [TALK], ADA) == {}
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


# ---- answers, and what becomes of a message ------------------------------------------------------


async def code_of(doing: Awaitable[object]) -> str:
    with pytest.raises(Refusal) as refused:
        await doing
    return refused.value.code


async def test_an_answer_is_to_a_message_that_is_there(chat: Chat) -> None:
    await fill(chat, 2)
    answer = await chat.send(SITE, TALK, BEN, client_id(3), "yes", reply_to=2)
    assert (answer.seq, answer.revision, answer.reply_to) == (3, 3, 2)
    assert await chat.send(SITE, TALK, BEN, client_id(3), "yes", reply_to=2) == answer
    for reply_to in (None, 1):
        again = chat.send(SITE, TALK, BEN, client_id(3), "yes", reply_to=reply_to)
        assert await code_of(again) == "conflict"
    for nowhere in (0, 4, 10**15):
        sent = chat.send(SITE, TALK, BEN, client_id(4), "no", reply_to=nowhere)
        assert await code_of(sent) == "invalid_field"
    await chat.delete(SITE, TALK, ADA, 2)
    sent = chat.send(SITE, TALK, BEN, client_id(4), "no", reply_to=2)
    assert await code_of(sent) == "message_gone"
    assert await chat.send(SITE, TALK, BEN, client_id(3), "yes", reply_to=2) == answer
    assert (await chat.send(SITE, TALK, BEN, client_id(4), "no", reply_to=1)).seq == 4


async def test_a_message_is_edited_so_often_and_no_more(chat: Chat) -> None:
    await chat.send(SITE, TALK, ADA, "message-1", "text 1")
    for number in range(2, VERSIONS_MAX + 1):
        await chat.edit(SITE, TALK, ADA, f"change-{number}", 1, f"text {number}")
    again = await chat.edit(SITE, TALK, ADA, f"change-{VERSIONS_MAX}", 1, f"text {VERSIONS_MAX}")
    assert again.body == f"text {VERSIONS_MAX}"
    assert await code_of(chat.edit(SITE, TALK, ADA, "one-more", 1, "no")) == "too_many_edits"
    assert len(await chat.versions(SITE, TALK, 1)) == VERSIONS_MAX


async def test_an_edit_keeps_what_was_said_before(chat: Chat) -> None:
    await fill(chat, 2)
    first = (await chat.page(SITE, TALK, limit=1, before=2)).messages[0]
    after = first
    for number, body in enumerate(("better", "best"), 1):
        after = await chat.edit(SITE, TALK, ADA, f"change-{number}", 1, body)
        assert (after.body, after.revision, after.edited_us) == (body, number + 2, first.at_us)
        assert await chat.edit(SITE, TALK, ADA, f"change-{number}", 1, body) == after
    # Once more, what is long past, or is so already, changes nothing.
    assert await chat.edit(SITE, TALK, ADA, "change-1", 1, "better") == after
    assert await chat.edit(SITE, TALK, ADA, "change-3", 1, "best") == after
    for seq, body in ((1, "else"), (2, "better")):
        assert await code_of(chat.edit(SITE, TALK, ADA, "change-1", seq, body)) == "conflict"
    read = await chat.versions(SITE, TALK, 1)
    assert [each.body for each in read] == [first.body, "better", "best"]
    assert [each.body for each in await chat.versions(SITE, TALK, 2)] == ["2 "]
    # What was sent is known by what it said first.
    assert (await chat.send(SITE, TALK, ADA, client_id(1), first.body)) == after
    assert await code_of(chat.send(SITE, TALK, ADA, client_id(1), "best")) == "conflict"
    assert await code_of(chat.edit(SITE, TALK, BEN, "change-4", 1, "no")) == "not_yours"
    assert await code_of(chat.edit(SITE, TALK, ADA, "change-4", 1, " ")) == "message_empty"
    for nowhere in (0, 3, 10**15):
        change = chat.edit(SITE, TALK, ADA, "change-4", nowhere, "no")
        assert await code_of(change) == "not_found"
        assert await code_of(chat.versions(SITE, TALK, nowhere)) == "not_found"
    assert await code_of(chat.edit(SITE, "other", ADA, "change-4", 1, "no")) == "not_found"
    assert (await chat.page(SITE, TALK, limit=9)).revision == 4


async def test_what_is_deleted_leaves_its_place_and_no_word(chat: Chat, database: Database) -> None:
    await fill(chat, 3, "canary")
    await chat.edit(SITE, TALK, ADA, "change-1", 2, "another canary")
    await chat.react(SITE, TALK, BEN, 2, "👍", on=True)
    await chat.pin(SITE, TALK, BEN, 2, on=True)
    assert await code_of(chat.delete(SITE, TALK, BEN, 2)) == "not_yours"
    gone = await chat.delete(SITE, TALK, ADA, 2)
    assert (gone.body, gone.revision, gone.reactions, gone.pinned_us) == ("", 7, (), None)
    assert gone.deleted_us is not None
    assert await chat.delete(SITE, TALK, ADA, 2) == gone
    assert (await chat.page(SITE, TALK, limit=9)).messages[1] == gone
    assert await chat.versions(SITE, TALK, 2) == ()
    assert (await chat.pins(SITE, TALK)) == (7, [])
    kept = await database.read(only, select(message_versions).where(
        message_versions.c.site_id == SITE
    ))  # fmt: skip
    assert [(row.version, row.body) for row in kept] == [(1, ""), (2, "")]
    for doing in (
        chat.edit(SITE, TALK, ADA, "change-2", 2, "another canary"),
        chat.react(SITE, TALK, BEN, 2, "👍", on=True),
        chat.pin(SITE, TALK, BEN, 2, on=False),
    ):
        assert await code_of(doing) == "message_gone"
    again = await chat.send(SITE, TALK, ADA, client_id(2), "2 canary")
    assert again == gone
    for other, reply_to in (("another canary", None), ("quite another", None), ("2 canary", 1)):
        sent = chat.send(SITE, TALK, ADA, client_id(2), other, reply_to=reply_to)
        assert await code_of(sent) == "conflict"


async def test_a_change_sent_again_does_nothing_whatever_happened_since(
    chat: Chat, database: Database
) -> None:
    await chat.send(SITE, TALK, ADA, client_id(1), "first")
    other = Chat(database, ManualClock(), LocalBus())  # another node
    await chat.edit(SITE, TALK, ADA, "change-00", 1, "first")  # changes nothing
    await chat.react(SITE, TALK, ADA, 1, "👍", on=False, change_id="change-01")  # nor does this
    await chat.react(SITE, TALK, ADA, 1, "👍", on=True, change_id="change-02")
    await chat.pin(SITE, TALK, ADA, 1, on=True, change_id="change-03")
    await other.pin(SITE, TALK, BEN, 1, on=False, change_id="change-03")
    await other.react(SITE, TALK, ADA, 1, "👍", on=False, change_id="change-04")
    await other.edit(SITE, TALK, ADA, "change-05", 1, "second")
    after = (await chat.page(SITE, TALK, limit=1)).messages[0]
    for node in (other, chat):
        assert await node.edit(SITE, TALK, ADA, "change-00", 1, "first") == after
        again = await node.react(SITE, TALK, ADA, 1, "👍", on=True, change_id="change-02")
        assert again == after
        assert await node.pin(SITE, TALK, ADA, 1, on=True, change_id="change-03") == after
    for doing in (
        chat.edit(SITE, TALK, ADA, "change-00", 1, "other words"),
        chat.edit(SITE, TALK, ADA, "change-03", 1, "first"),
        chat.react(SITE, TALK, ADA, 1, "🔥", on=True, change_id="change-02"),
        chat.pin(SITE, TALK, ADA, 1, on=False, change_id="change-03"),
    ):
        assert await code_of(doing) == "conflict"
    assert (await chat.page(SITE, TALK, limit=1)).messages == (after,)


@pytest.mark.parametrize("older", [False, True])
async def test_what_was_done_to_a_message_that_is_gone_since_is_answered_again(
    chat: Chat, database: Database, older: bool
) -> None:
    """`older`: by a program that kept no trace of an edit. Mutant: whether it can be done is asked
    first."""
    await chat.send(SITE, TALK, ADA, client_id(1), "first")
    await chat.edit(SITE, TALK, ADA, "change-01", 1, "second")
    if older:
        await database.write(only, delete(message_changes).where(message_changes.c.site_id == SITE))
    await chat.react(SITE, TALK, ADA, 1, "👍", on=True, change_id="change-02")
    await chat.pin(SITE, TALK, ADA, 1, on=True, change_id="change-03")
    gone = await chat.delete(SITE, TALK, ADA, 1)
    assert await chat.edit(SITE, TALK, ADA, "change-01", 1, "second") == gone
    assert await chat.react(SITE, TALK, ADA, 1, "👍", on=True, change_id="change-02") == gone
    assert await chat.pin(SITE, TALK, ADA, 1, on=True, change_id="change-03") == gone
    await chat.send(SITE, TALK, ADA, client_id(2), "else")
    others = [
        chat.edit(SITE, TALK, ADA, "change-01", 2, "second"),
        chat.react(SITE, TALK, ADA, 1, "👍", on=True, change_id="change-01"),
    ]
    if not older:
        others.append(chat.edit(SITE, TALK, ADA, "change-01", 1, "third"))
    for doing in others:
        assert await code_of(doing) == "conflict"
    for doing in (
        chat.edit(SITE, TALK, ADA, "change-04", 1, "second"),
        chat.react(SITE, TALK, ADA, 1, "👍", on=True, change_id="change-04"),
        chat.pin(SITE, TALK, ADA, 1, on=True, change_id="change-04"),
    ):
        assert await code_of(doing) == "message_gone"
    assert (await chat.page(SITE, TALK, limit=9)).messages[0] == gone


async def test_an_id_that_named_an_edit_names_no_other_change(chat: Chat) -> None:
    await fill(chat, 2)
    await chat.react(SITE, TALK, ADA, 2, "👍", on=True, change_id="change-01")
    edited = await chat.edit(SITE, TALK, ADA, "change-02", 1, "better")
    for doing in (
        chat.react(SITE, TALK, ADA, 1, "👍", on=True, change_id="change-02"),
        chat.pin(SITE, TALK, ADA, 1, on=True, change_id="change-02"),
        chat.edit(SITE, TALK, ADA, "change-01", 1, "best"),
    ):
        assert await code_of(doing) == "conflict"
    assert await chat.edit(SITE, TALK, ADA, "change-02", 1, "better") == edited
    assert (await chat.pin(SITE, TALK, BEN, 2, on=True, change_id="change-02")).pinned_by == BEN
    unnamed = await chat.react(SITE, TALK, ADA, 1, "👍", on=True)
    assert [each.persons for each in unnamed.reactions] == [(ADA,)]


@pytest.mark.parametrize("shut", [True, False])
async def test_what_was_stored_is_answered_again_whoever_left_or_blocks_since(
    chat: Chat, database: Database, shut: bool
) -> None:
    """`shut`: or that they do has not come to who asks. Mutant: who may not is told so first."""
    first = await chat.send(SITE, TALK, BEN, client_id(1), "hello")
    answer = await chat.send(SITE, TALK, BEN, client_id(2), "answer", 1)
    await chat.edit(SITE, TALK, BEN, "change-01", 2, "better")
    await chat.react(SITE, TALK, BEN, 1, "👍", on=True, change_id="change-02")
    await chat.pin(SITE, TALK, BEN, 1, on=True, change_id="change-03")
    await database.write(Chat.shut, SITE, TALK, {BEN: "not_accepted", ADA: "blocking"}, [ADA])
    log = await chat.page(SITE, TALK, limit=9)
    now, answered = log.messages
    assert (now.seq, answered.seq) == (first.seq, answer.seq)

    async def say(number: int, body: str, reply_to: int | None = None) -> Message:
        return await chat.send(SITE, TALK, BEN, client_id(number), body, reply_to, shut=shut)

    assert await say(1, "hello") == now
    assert await say(2, "answer", 1) == answered
    assert await chat.edit(SITE, TALK, BEN, "change-01", 2, "better") == answered
    assert await chat.react(SITE, TALK, BEN, 1, "👍", on=True, change_id="change-02") == now
    assert await chat.pin(SITE, TALK, BEN, 1, on=True, change_id="change-03") == now
    for code, doing in (
        ("conflict", say(1, "other words")),
        ("conflict", say(2, "answer")),
        ("not_accepted", say(3, "hello")),
        ("not_accepted", say(3, "answer", 1)),
        ("conflict", chat.edit(SITE, TALK, BEN, "change-01", 2, "best")),
        ("not_accepted", chat.edit(SITE, TALK, BEN, "change-04", 2, "best")),
        ("not_accepted", chat.edit(SITE, TALK, BEN, "change-04", 2, "better")),
        ("not_accepted", chat.react(SITE, TALK, BEN, 1, "👍", on=False, change_id="change-05")),
        ("not_accepted", chat.react(SITE, TALK, BEN, 1, "👍", on=True)),
        ("not_accepted", chat.pin(SITE, TALK, BEN, 1, on=False, change_id="change-06")),
        ("blocking", chat.send(SITE, TALK, ADA, client_id(1), "hello", shut=shut)),
    ):
        assert await code_of(doing) == code
    assert await chat.page(SITE, TALK, limit=9) == log


async def test_whoever_is_blocked_writes_nothing_to_be_told_so(database: Database) -> None:
    """What others write waits for none of it, and a full disk is not what they hear of. Mutant: it
    is stored, and taken back."""
    watched = WatchedDatabase(database)
    chat = Chat(watched, ManualClock(), LocalBus())
    before = await chat.send(SITE, TALK, BEN, client_id(1), "hello")
    answer = await chat.send(SITE, TALK, BEN, client_id(2), "answer", 1)
    await database.write(Chat.shut, SITE, TALK, {BEN: "not_accepted"}, ())
    watched.writes_left = 0
    for number, reply_to in ((3, None), (4, 1)):
        sent = chat.send(SITE, TALK, BEN, client_id(number), "harm", reply_to, shut=True)
        assert await code_of(sent) == "not_accepted"
    assert await chat.send(SITE, TALK, BEN, client_id(1), "hello", shut=True) == before
    assert await chat.send(SITE, TALK, BEN, client_id(2), "answer", 1, shut=True) == answer
    sent = chat.send(SITE, TALK, BEN, client_id(1), "other words", shut=True)
    assert await code_of(sent) == "conflict"
    watched.writes_left = None
    await database.write(Chat.shut, SITE, TALK, {}, ())  # who asks has not heard of it
    assert (await chat.send(SITE, TALK, BEN, client_id(3), "hello again", shut=True)).seq == 3


async def test_deleted_messages_are_neither_unread_nor_the_last(chat: Chat) -> None:
    await fill(chat, 4)
    summary = Summary()
    for seq, unread, last in ((4, 3, 3), (2, 2, 3), (3, 1, 1), (1, 0, None)):
        await chat.delete(SITE, TALK, ADA, seq)
        summary = (await summaries(chat, SITE, [TALK], BEN))[TALK]
        assert (summary.head, summary.unread) == (4, unread)
        assert (summary.last and summary.last.seq) == last
    assert summary.revision == 8


async def test_reactions_are_whose_and_in_which_order(chat: Chat) -> None:
    await fill(chat, 2)
    after = (await chat.page(SITE, TALK, limit=1)).messages[0]
    steps: tuple[tuple[str, Emoji, bool], ...] = (
        (BEN, "👍", True), (ADA, "👍", True), (ADA, "✅", True), (BEN, "❤️", True),
        (BEN, "👍", True), (BEN, "👍", False), (BEN, "👍", True), (ADA, "✅", False),
        (ADA, "🔥", False),
    )  # fmt: skip
    for person, emoji, on in steps:
        after = await chat.react(SITE, TALK, person, 2, emoji, on=on)
    assert after.reactions == (
        Reaction(emoji="👍", persons=(ADA, BEN)),
        Reaction(emoji="❤️", persons=(BEN,)),
    )
    assert after.revision == 9
    page = await chat.page(SITE, TALK, limit=9)
    assert (page.revision, page.messages[1]) == (9, after)
    assert page.messages[0].reactions == ()
    assert (await summaries(chat, SITE, [TALK], ADA))[TALK].last == after
    assert await code_of(chat.react(SITE, TALK, ADA, 3, "👍", on=True)) == "not_found"


async def test_fifty_messages_are_pinned_at_most(database: Database) -> None:
    clock = ManualClock()
    chat = Chat(database, clock, LocalBus())
    await fill(chat, PINS_MAX + 1)
    for seq in range(1, PINS_MAX + 1):
        await clock.advance(1)
        await chat.pin(SITE, TALK, BEN, seq, on=True)
    one_more = chat.pin(SITE, TALK, BEN, PINS_MAX + 1, on=True)
    assert await code_of(one_more) == "too_many_pins"
    assert (await chat.pin(SITE, TALK, ADA, 7, on=True)).pinned_by == BEN
    assert (await chat.pin(SITE, TALK, ADA, 7, on=False)).pinned_us is None
    assert (await chat.pin(SITE, TALK, ADA, PINS_MAX + 1, on=True)).pinned_by == ADA
    newest_first = [each for each in range(PINS_MAX + 1, 0, -1) if each != 7]
    revision, pins = await chat.pins(SITE, TALK)
    assert [message.seq for message in pins] == newest_first
    assert revision == PINS_MAX + 1 + PINS_MAX + 2
    found = await summaries(chat, SITE, [TALK, "other"], ADA)
    assert found[TALK].pinned == tuple(newest_first)


async def test_everything_at_once_leaves_no_gap_in_the_revisions(chat: Chat) -> None:
    await fill(chat, 10)
    await asyncio.gather(
        *(chat.send(SITE, TALK, BEN, client_id(n), "more") for n in range(10)),
        *(chat.edit(SITE, TALK, ADA, f"change-{n}", n, "edited") for n in range(1, 6)),
        *(chat.react(SITE, TALK, BEN, n, "👍", on=True) for n in range(1, 11)),
        *(chat.pin(SITE, TALK, ADA, n, on=True) for n in range(4, 9)),
        *(chat.delete(SITE, TALK, ADA, n) for n in (9, 10)),
        return_exceptions=True,
    )
    page = await chat.page(SITE, TALK, limit=200)
    touched = sorted(message.revision for message in page.messages)
    assert len(set(touched)) == 20
    assert (page.head, page.revision) == (20, touched[-1])


# ---- catching up, and looking around -------------------------------------------------------------


async def caught_up(chat: Chat, seq: int, revision: int) -> list[tuple[str, list[int], int]]:
    """What comes to somebody with that cursor: the frames' kind, messages and revision."""
    told = []
    while True:
        missed = await chat.since(SITE, TALK, seq, revision)
        if missed.touched is not None:
            revision = missed.touched.revision
            told.append(("touched", [each.seq for each in missed.touched.messages], revision))
        if missed.messages is not None:
            seq = missed.messages.messages[-1].seq
            told.append(("messages", seqs(missed.messages), missed.messages.revision))
        if (seq, revision) == (missed.head, missed.revision):
            return told


async def test_who_was_away_is_told_what_was_touched_and_what_is_new(chat: Chat) -> None:
    assert await caught_up(chat, 0, 0) == []
    await fill(chat, 6)
    await chat.edit(SITE, TALK, ADA, "change-1", 5, "edited")  # revision 7
    await chat.react(SITE, TALK, BEN, 2, "👍", on=True)
    await chat.react(SITE, TALK, BEN, 5, "👍", on=True)  # revision 9
    everything = list(range(1, 7))
    assert await caught_up(chat, 0, 0) == [("touched", [], 9), ("messages", everything, 9)]
    assert await caught_up(chat, 6, 6) == [("touched", [2, 5], 9)]
    assert await caught_up(chat, 6, 8) == [("touched", [5], 9)]
    assert await caught_up(chat, 6, 9) == []
    assert await caught_up(chat, 3, 3) == [("touched", [2], 9), ("messages", [4, 5, 6], 9)]
    assert await caught_up(chat, 4, 8) == [("touched", [], 9), ("messages", [5, 6], 9)]


async def test_much_that_was_touched_comes_page_by_page(chat: Chat) -> None:
    await fill(chat, 205)
    for seq in range(205, 0, -1):
        await chat.react(SITE, TALK, BEN, seq, "👍", on=True)
    told = await caught_up(chat, 205, 205)
    assert told == [
        ("touched", list(range(205, 5, -1)), 405),
        ("touched", [5, 4, 3, 2, 1], 410),
    ]
    long = [await chat.edit(SITE, TALK, ADA, f"change-{n}", n, "x" * 16_000) for n in range(1, 6)]
    assert await caught_up(chat, 205, 410) == [
        ("touched", [1, 2, 3], long[2].revision),
        ("touched", [4, 5], long[4].revision),
    ]


async def test_whoever_keeps_a_copy_asks_for_what_was_touched(
    chat: Chat, database: Database
) -> None:
    await fill(chat, 3)
    await chat.edit(SITE, TALK, ADA, "change-1", 1, "edited")
    for revision, limit, expected in ((0, 9, [2, 3, 1]), (2, 1, [3]), (3, 9, [1]), (4, 9, [])):
        found = await database.read(tables.touched, SITE, TALK, revision, limit)
        assert [message.seq for message in found] == expected


async def test_pages_around_a_message_or_a_moment(database: Database) -> None:
    clock = ManualClock()
    chat = Chat(database, clock, LocalBus())
    assert seqs(await chat.page(SITE, TALK, around=1, limit=4)) == []
    assert seqs(await chat.page(SITE, TALK, at_us=1, limit=4)) == []
    began_us = clock.wall_us()
    for number in range(1, 11):
        await chat.send(SITE, TALK, ADA, client_id(number), str(number))
        await clock.advance(10)
    for around, expected in (
        (5, [3, 4, 5, 6]), (1, [1, 2, 3, 4]), (0, [1, 2, 3, 4]), (10, [7, 8, 9, 10]),
        (10**15, [7, 8, 9, 10]),
    ):  # fmt: skip
        page = await chat.page(SITE, TALK, around=around, limit=4)
        assert (page.head, page.revision, seqs(page)) == (10, 10, expected)
    for seconds, first in ((-5, 1), (0, 1), (1, 2), (40, 5), (85, 10), (95, 10)):
        page = await chat.page(SITE, TALK, at_us=began_us + seconds * 1_000_000, limit=1)
        assert seqs(page) == [first]
    assert await code_of(chat.page(SITE, TALK, around=1, at_us=1, limit=4)) == "invalid_field"


async def test_a_day_is_found_though_the_clock_was_set_back(database: Database) -> None:
    """To the message of the earliest time at or after: not to what a clock that was fast has
    written before, as long as something nearer is there."""
    clock = ManualClock()
    chat = Chat(database, clock, LocalBus())
    began_us, hour_us = clock.wall_us(), 3_600_000_000
    steps = [0, 0, 2, 0, -1, 0, 1, 1, -3, 0, 4]  # at 0 0 2 2 1 1 2 3 0 0 4 hours
    for number, step in enumerate(steps, 1):
        clock.step_wall(step * hour_us)
        reply_to = 1 if number in (5, 10) else None  # these go by another way
        await chat.send(SITE, TALK, ADA, client_id(number), str(number), reply_to=reply_to)
    await asyncio.gather(
        *(chat.send(SITE, TALK, person, client_id(99), "100") for person in ("eve", "bob"))
    )
    # Those that were stored before it was looked at are found by the migration as they are here.
    falls = text(chat_0006.FALLS).execution_options(all_sites="a migration")
    kept = select(tables.conversations.c.falls).where(tables.conversations.c.site_id == SITE)
    (row,) = await database.read(only, kept)
    before = await database.read(only, falls)
    assert row.falls.split() == [str(each.seq) for each in before] == ["5", "9"]
    for hours, seq in ((-1, 1), (0, 1), (0.5, 5), (1, 5), (1.5, 3), (2.5, 8), (3.5, 11), (5, 13)):
        at_us = began_us + int(hours * hour_us)
        page = await chat.page(SITE, TALK, at_us=at_us, limit=1)
        assert seqs(page) == [seq], hours


async def test_a_page_of_long_messages_is_cut_around_its_middle(chat: Chat) -> None:
    await fill(chat, 9, "x" * 16_000)
    assert seqs(await chat.page(SITE, TALK, around=5, limit=9)) == [4, 5, 6]


async def test_what_was_delivered_is_marked_too(chat: Chat) -> None:
    await fill(chat, 5)
    mark = Mark(person=BEN, delivered=0, read=0)
    for delivered, read, expected in (
        (2, 0, (2, 0)), (1, 0, (2, 0)), (0, 1, (2, 1)), (0, 3, (3, 3)), (10**15, 0, (5, 3)),
        (0, 10**15, (5, 5)),
    ):  # fmt: skip
        await chat.mark(SITE, TALK, BEN, delivered=delivered, read=read)
        (mark,) = (await chat.standings(SITE, [TALK]))[TALK].marks
        assert (mark.delivered, mark.read) == expected
    summary = (await summaries(chat, SITE, [TALK], ADA))[TALK]
    assert (summary.read, summary.marks) == (0, (mark,))
