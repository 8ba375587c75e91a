"""Search on both engines: the same answers, whatever is taken in already."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select, update

from chat import search, search_tables
from chat.sansio.words import FORM
from chat.search import Found, Search
from chat.service import Chat
from protocol.errors import Refusal
from runtime.bus import LocalBus
from runtime.database import Database, Plan
from tests.support.app import WatchedDatabase
from tests.support.clock import ManualClock

SITE, TALK, OTHER, ADA = "site", "cnv", "cnv-other", "ada"


class Talks:
    """Conversations and their index; every message a second after the one before."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock = database, ManualClock()
        self.search = Search(database)
        self.chat = Chat(database, self.clock, LocalBus(), self.search.note)
        self._sent = 0

    async def say(self, *bodies: str, talk: str = TALK, site: str = SITE) -> None:
        for body in bodies:
            self._sent += 1
            self.clock.step_wall(1_000_000)
            await self.chat.send(site, talk, ADA, f"message-{self._sent:06}", body)

    async def find(
        self,
        words: str,
        *,
        talks: Sequence[str] = (TALK,),
        site: str = SITE,
        before: int | None = None,
        limit: int = 50,
    ) -> list[int]:
        """The seqs of the messages that are found, in their order."""
        found = await self.found(words, talks=talks, site=site, before=before, limit=limit)
        assert found.complete
        return [hit.message.seq for hit in found.hits]

    async def found(
        self, words: str, *, talks: Sequence[str], site: str = SITE,
        before: int | None = None, limit: int = 50,
    ) -> Found:  # fmt: skip
        return await self.search.find(site, talks, words, before=before, limit=limit)

    async def indexed(self) -> dict[tuple[str, str], int]:
        """How many messages of each conversation are in the index; its tables agree on that."""

        def plan() -> Plan[dict[tuple[str, str], int]]:
            counted: list[dict[tuple[str, str], set[int]]] = []
            for table in (search_tables.search_words, search_tables.search_places):
                rows = yield select(table).execution_options(all_sites="a test")
                seqs: dict[tuple[str, str], set[int]] = {}
                for row in rows:
                    seqs.setdefault((row.site_id, row.conversation_id), set()).add(row.seq)
                counted.append(seqs)
            assert counted[0] == counted[1]
            return {talk: len(each) for talk, each in counted[0].items()}

        return await self.database.read(plan)


@pytest.fixture
def talks(database: Database) -> Talks:
    return Talks(database)


async def test_a_message_is_found_by_its_words_newest_first(talks: Talks) -> None:
    await talks.say(
        "Shall we meet on Thursday?",
        "Yes, Thursday at the Café",
        "これは日本語です",
        "thursdays are fine 👍🏽",
        "100% of it_works",
        "Łódź, straße, ISTANBUL",
    )
    for words, expected in {
        "thursday": [4, 2, 1],
        "THURSDAY meet": [1],
        "thursday cafe": [2],
        "cafe thursday": [2],
        "cafe thurs": [2],
        "thurs cafe": [],
        "日本語": [3],
        "本": [3],
        "日 です": [3],
        "👍": [4],
        "fine 👍": [4],
        "100%": [5],
        "it_works": [5],
        "it%": [5],
        "%": None,
        "lodz strasse istanbul": [6],
        "monday": [],
        "it orks": [],
        "s": [6, 1],
        "t": [4, 2, 1],
    }.items():
        if expected is None:
            with pytest.raises(Refusal, match="Say what"):
                await talks.find(words)
        else:
            assert await talks.find(words) == expected, words
    assert await talks.found("thursday " * 9, talks=[TALK]) == await talks.found(
        "thursday thursday", talks=[TALK]
    )


async def test_pages_have_no_gap_and_no_double(talks: Talks) -> None:
    await talks.say(*(f"round {n}{' odd' if n % 2 else ''}" for n in range(1, 22)))
    for words, every in (("round", 1), ("round od", 2), ("odd round", 2)):
        seqs: list[int] = []
        before = None
        while True:
            page = await talks.found(words, talks=[TALK], before=before, limit=4)
            seqs += [hit.message.seq for hit in page.hits]
            if not page.more:
                break
            before = seqs[-1]
        assert seqs == list(range(21, 0, -every)), words
    assert await talks.find("round", before=1) == []
    assert await talks.find("round", before=10**15, limit=1) == [21]


async def test_long_messages_are_cut_off_where_the_next_page_begins(talks: Talks) -> None:
    await talks.say(*("wide " + "x" * 16_000 for _ in range(5)))
    page = await talks.found("wide", talks=[TALK])
    assert ([hit.message.seq for hit in page.hits], page.more) == ([5, 4, 3], True)
    assert await talks.find("wide", before=3) == [2, 1]


async def test_several_conversations_by_time(talks: Talks) -> None:
    for talk in (TALK, OTHER, TALK, "cnv-foreign", OTHER):
        await talks.say("hello", talk=talk)
    page = await talks.found("hello", talks=[TALK, OTHER], limit=3)
    places = [(hit.conversation, hit.message.seq) for hit in page.hits]
    assert places == [(OTHER, 2), (TALK, 2), (OTHER, 1)]
    assert page.more
    assert not (await talks.found("hello", talks=[TALK, OTHER])).more
    assert (await talks.found("hello", talks=[])) == Found((), more=False, complete=True)
    assert await talks.find("hello", talks=["none"]) == []


async def test_a_site_finds_its_own(talks: Talks) -> None:
    await talks.say("hello")
    await talks.say("hello", "hello", site="other")
    assert await talks.find("hello") == [1]
    assert await talks.find("hello", site="other") == [2, 1]
    assert await talks.find("hello", site="third") == []


async def test_in_the_background_everything_is_taken_in_once(talks: Talks) -> None:
    await talks.say(*(f"one {n}" for n in range(150)))
    await talks.say("two", talk=OTHER)
    await talks.say("three", site="other")
    assert await talks.indexed() == {}
    await asyncio.gather(
        talks.search.round(), talks.find("one"), talks.find("one"), talks.search.round()
    )
    await talks.search.round()
    everything = {(SITE, TALK): 150, (SITE, OTHER): 1, ("other", TALK): 1}
    assert await talks.indexed() == everything
    await talks.say("four")
    await talks.search.round()
    assert await talks.indexed() == everything | {(SITE, TALK): 151}


async def test_what_a_server_before_this_one_left_is_taken_in(
    talks: Talks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LISTED", 2)
    for number in range(5):
        await talks.say("hello", talk=f"cnv-{number}")
    again = Search(talks.database)
    await again.round()
    assert len(await talks.indexed()) == 5
    await again.round()


async def test_a_round_ends_and_the_next_goes_on(
    talks: Talks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "ROUND", 2)
    monkeypatch.setattr(search_tables, "TAKEN_AT_ONCE", 10)
    await talks.say(*(f"{n} hello" for n in range(35)))
    for taken in (20, 35):
        await talks.search.round()
        assert await talks.indexed() == {(SITE, TALK): taken}


async def test_who_is_far_behind_is_told_so(talks: Talks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PATIENCE", 2)
    monkeypatch.setattr(search_tables, "TAKEN_AT_ONCE", 10)
    await talks.say(*("hello" for n in range(35)))
    found = await talks.found("hello", talks=[TALK])
    assert (len(found.hits), found.complete) == (20, False)
    found = await talks.found("hello", talks=[TALK])
    assert (len(found.hits), found.complete) == (35, True)


async def test_what_is_edited_is_found_by_what_it_says_now(talks: Talks) -> None:
    await talks.say("meet on monday", "meet on tuesday")
    assert await talks.find("meet") == [2, 1]
    await talks.chat.edit(SITE, TALK, ADA, "change-00001", 1, "meet on friday")
    for words, expected in {"monday": [], "friday": [1], "meet": [2, 1], "tuesday": [2]}.items():
        assert await talks.find(words) == expected, words
    # Twice before it is taken in, and back to what it was.
    await talks.chat.edit(SITE, TALK, ADA, "change-00002", 1, "no more")
    await talks.chat.edit(SITE, TALK, ADA, "change-00003", 1, "meet on friday")
    await talks.chat.edit(SITE, TALK, ADA, "change-00004", 2, "...")
    await talks.search.round()
    assert await talks.indexed() == {(SITE, TALK): 1}
    assert await talks.find("meet") == [1]
    await talks.chat.edit(SITE, TALK, ADA, "change-00005", 2, "meet again")
    assert await talks.find("meet") == [2, 1]


async def test_what_is_long_goes_in_and_out_by_parts(talks: Talks) -> None:
    """Two take turns, one with what it read before; and it is edited half way. Mutant: a part is
    put in without a look at what is there."""
    talks.search = Search(talks.database, changed_most=5)
    long = [" ".join(f"{letter}{n}" for n in range(12)) for letter in "abc"]

    async def next_batch() -> search_tables.Batch:
        batch = await talks.database.read(search_tables.next_batch, SITE, [TALK], 5)
        assert batch is not None
        changed = [set(place.words) ^ set(place.before) for place in batch.places]
        assert 0 < sum(map(len, changed)) <= 5
        return batch

    async def take_in(*batches: search_tables.Batch) -> None:
        for batch in batches:
            await talks.database.write(search_tables.take_in, batch)

    await talks.say("one two", long[0], long[1], "three four")
    await take_in(await next_batch())
    first = await next_batch()
    await take_in(first, first)
    late = await next_batch()
    await take_in(late, first, late)
    assert first.part
    assert late.part
    await talks.chat.edit(SITE, TALK, ADA, "change-00001", 2, long[2])
    assert await talks.find("b0 b11") == [3]
    await take_in(late, first)
    for word, found in (("a0", []), ("a11", []), ("c11 c0", [2]), ("three four", [4])):
        assert await talks.find(word) == found
    await talks.database.write(form, 0)  # an older one's goes by parts too
    for seq in (2, 3):
        await talks.chat.delete(SITE, TALK, ADA, seq)
    for _ in range(20):
        batch = await talks.database.read(search_tables.next_batch, SITE, [TALK], 5)
        if batch is None:
            break
        assert sum(len(set(each.words) ^ set(each.before)) for each in batch.places) <= 5
        await take_in(batch, batch)
    assert await talks.indexed() == {(SITE, TALK): 2}
    assert await talks.find("four") == [4]


@pytest.mark.parametrize(("most", "steps"), [(1, 6), (4, 2), (100, 1)])
async def test_so_much_is_taken_in_at_once_as_who_opens_the_index_says(
    talks: Talks, most: int, steps: int
) -> None:
    """By a question and by a round. Mutant: a round takes as much as ever."""
    watched = WatchedDatabase(talks.database)
    search = Search(watched, changed_most=most)
    await talks.say("a b c d e f")
    await talks.say("a b c d e f", talk=OTHER)
    watched.writes_left = 2 * steps
    assert (await search.find(SITE, [TALK], "f", limit=1)).complete
    assert watched.writes_left == steps
    await search.round()
    assert watched.writes_left == 0
    assert await talks.indexed() == {(SITE, TALK): 1, (SITE, OTHER): 1}


async def test_what_is_deleted_leaves_nothing_in_the_index(talks: Talks) -> None:
    await talks.say("a secret", "no secret", "a third")
    await talks.search.round()
    await talks.chat.delete(SITE, TALK, ADA, 1)
    await talks.chat.delete(SITE, TALK, ADA, 3)
    await talks.chat.react(SITE, TALK, "ben", 2, "🎉", on=True)
    await talks.chat.react(SITE, TALK, "ben", 2, "🎉", on=False)
    assert await talks.find("secret") == [2]
    assert await talks.indexed() == {(SITE, TALK): 1}
    await talks.chat.delete(SITE, TALK, ADA, 2)
    await talks.search.round()
    assert await talks.indexed() == {}
    assert not talks.search.is_behind


async def test_a_hit_comes_with_what_belongs_to_the_message(talks: Talks) -> None:
    await talks.say("hello", "hello")
    await talks.say("hello", talk=OTHER)
    await talks.chat.react(SITE, TALK, "ben", 2, "🎉", on=True)
    page = await talks.found("hello", talks=[TALK, OTHER])
    assert [len(hit.message.reactions) for hit in page.hits] == [0, 1, 0]


def form(mark: int) -> Plan[None]:
    """As if a program of that form had taken it all in."""
    marks = search_tables.search_marks
    yield update(marks).where(marks.c.site_id == SITE).values(form=mark)


async def test_with_a_newer_form_of_words_all_is_taken_in_anew(
    talks: Talks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In steps. Mutant: what the older form put in goes at once."""
    monkeypatch.setattr(search_tables, "TAKEN_AT_ONCE", 10)
    monkeypatch.setattr(search, "ROUND", 2)
    monkeypatch.setattr(search, "PATIENCE", 4)
    await talks.say(*(f"hello {n}" for n in range(35)))
    while talks.search.is_behind:
        await talks.search.round()
    await talks.database.write(form, 0)
    again = Search(talks.database)
    counts = []
    while again.is_behind:
        await again.round()
        counts.append((await talks.indexed()).get((SITE, TALK), 0))
    assert counts == [15, 0, 10, 30, 35]
    await talks.database.write(form, 0)
    found = await talks.found("hello", talks=[TALK])
    assert not found.complete
    other = Search(talks.database)
    for _ in range(4):
        await asyncio.gather(other.round(), talks.found("hello", talks=[TALK]))
    assert await talks.find("hello") == list(range(35, 0, -1))
    assert await talks.indexed() == {(SITE, TALK): 35}


async def test_what_another_node_took_in_meanwhile_is_looked_at_again(
    talks: Talks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: with the last batch a conversation is in, whatever became of it."""
    await talks.search.round()  # has looked through all conversations
    await talks.say("one")
    earlier = await talks.database.read(search_tables.next_batch, SITE, [TALK])
    assert earlier is not None
    await talks.say("two")
    take_in, of_another = search_tables.take_in, [earlier]

    def meanwhile(batch: search_tables.Batch) -> Plan[bool]:
        while of_another:
            yield from take_in(of_another.pop())
        return (yield from take_in(batch))

    monkeypatch.setattr(search_tables, "take_in", meanwhile)
    while talks.search.is_behind:
        await talks.search.round()
    assert await talks.indexed() == {(SITE, TALK): 2}


async def test_what_an_older_form_adds_meanwhile_goes_too(talks: Talks) -> None:
    await talks.say("one", "two")
    batch = await talks.database.read(search_tables.next_batch, SITE, [TALK])
    assert batch is not None
    await talks.search.round()
    await talks.database.write(form, 0)
    await talks.say("three")
    first = await talks.database.read(search_tables.next_batch, SITE, [TALK])
    assert first is not None
    # By whoever has the older form, before the first step of the newer.
    await talks.database.write(form, FORM)
    await talks.search.round()
    await talks.database.write(form, 0)
    await talks.database.write(search_tables.take_in, first)
    # And after it: a batch that was read before.
    await talks.database.write(search_tables.take_in, batch)
    assert await talks.indexed() == {(SITE, TALK): 1}
    assert await talks.find("three") == [3]
    assert await talks.indexed() == {(SITE, TALK): 3}


async def test_what_a_newer_form_took_in_is_left_alone(talks: Talks) -> None:
    """Mutant: any other form is taken in anew; two programs do so against each other for ever."""
    await talks.say("hello", "hello there")
    await talks.search.round()
    await talks.database.write(form, FORM + 1)
    await talks.say("hello again")
    await talks.search.round()
    await Search(talks.database).round()
    assert not talks.search.is_behind
    assert await talks.indexed() == {(SITE, TALK): 2}
    found = await talks.found("hello", talks=[TALK])
    assert ([hit.message.seq for hit in found.hits], found.complete) == ([2, 1], False)
