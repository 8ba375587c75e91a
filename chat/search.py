"""Finds messages by their words, and takes in what is written, in the background."""

from collections.abc import Sequence
from dataclasses import dataclass

from chat import search_tables as tables
from chat.sansio.conversation import fit
from chat.sansio.words import question
from chat.search_tables import Batch, Hit, Looked
from runtime.database import Database, DatabaseError

PATIENCE = 200
"""Batches that a question waits for at most, if its conversations are so far behind."""
ROUND = 80
"""Batches taken in before others have their turn."""
LISTED = 500


@dataclass(frozen=True, slots=True)
class Found:
    """Newest first. `more`: there are older ones. `complete`: all messages were looked at, in the
    form in which was asked."""

    hits: tuple[Hit, ...]
    more: bool
    complete: bool


class Search:
    """The index of messages of all sites. Who may ask for which conversation is decided before it
    gets here."""

    def __init__(
        self, database: Database, *, every: int = 1, changed_most: int = tables.CHANGED_MOST
    ) -> None:
        """`every`: what is written is looked at in every so manieth round only, together with what
        is written meanwhile; a question takes in what it needs by itself. `changed_most`: so many
        words at once."""
        self._database, self._changed_most = database, changed_most
        self._every, self._rounds = every, 0
        self._noted: dict[tuple[str, str], None] = {}
        # What may be behind, by site and conversation, in the order of asking.
        self._waiting: dict[tuple[str, str], None] = {}
        self._listed: tuple[str, str] | None = ("", "")

    def note(self, site_id: str, conversation: str) -> None:
        """Something was written there: it is taken in with the next round."""
        self._noted[site_id, conversation] = None

    @property
    def is_behind(self) -> bool:
        """Whether the next round has anything to look at, as far as is known."""
        return bool(self._noted or self._waiting) or self._listed is not None

    async def round(self) -> None:
        """Takes in what is behind, for as long as one round may take. What was written before this
        server started is found by looking through all conversations, once."""
        self._rounds += 1
        if self._rounds % self._every == 0:
            self._waiting.update(self._noted)
            self._noted.clear()
        for _ in range(ROUND):
            if not self._waiting and not await self._list():
                return
            site_id, conversation = talk = next(iter(self._waiting))
            # What is noted while this one is looked at has to be looked at again.
            del self._waiting[talk]
            try:
                batch = await self._database.read(
                    tables.next_batch, site_id, [conversation], self._changed_most
                )
                if batch is not None:
                    taken = await self._database.write(tables.take_in, batch)
                    if not (taken and batch.last):
                        self._waiting[talk] = None
            except BaseException:
                self._waiting[talk] = None
                raise

    async def _list(self) -> bool:
        """Whether there was anything left to look through."""
        if self._listed is None:
            return False
        found = await self._database.read(tables.behind, self._listed, LISTED)
        self._waiting.update(dict.fromkeys(found))
        self._listed = found[-1] if len(found) == LISTED else None
        return bool(found)

    async def find(
        self,
        site_id: str,
        conversations: Sequence[str],
        words: str,
        *,
        before: int | None = None,
        limit: int,
    ) -> Found:
        """At most `limit` messages that have all the words, the last one at least begun, newest
        first. `before` is a seq, for a single conversation. Refuses with `invalid_field`."""
        asked = question(words)
        if not conversations:
            return Found((), more=False, complete=True)
        wish = (site_id, conversations, asked, before, limit + 1)
        found = await self._database.read(tables.look, *wish, self._changed_most)
        for _ in range(PATIENCE):
            if not isinstance(found, Batch):
                break
            try:
                await self._database.write(tables.take_in, found)
            except DatabaseError:  # a full disk, perhaps: what is in the index can still be read
                break
            found = await self._database.read(tables.look, *wish, self._changed_most)
        if isinstance(found, Batch):
            found = Looked(await self._database.read(tables.find, *wish), whole=False)
        hits = found.hits
        kept = len(fit([hit.message for hit in hits[:limit]], keep_newest=False))
        return Found(tuple(hits[:kept]), more=len(hits) > kept, complete=found.whole)
