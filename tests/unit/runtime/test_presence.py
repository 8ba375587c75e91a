from __future__ import annotations

from runtime.bus import GAP, Inbox, LocalBus
from runtime.presence import GONE, HERE, Presence, presence_topic
from runtime.roster import Roster


async def drained(inbox: Inbox, bus: LocalBus) -> list[bytes]:
    """What has been published so far; a mark of our own tells where it ends."""
    inbox.add("end")
    bus.publish("end", b"")
    seen: list[bytes] = []
    while True:
        item = await inbox.get()
        assert item is not GAP
        if item.topic == "end":
            return seen
        seen.append(item.payload)


async def test_only_the_edges_are_published() -> None:
    bus = LocalBus()
    inbox = bus.subscribe()
    inbox.add(presence_topic("site", "ada"))
    presence = Presence(bus, Roster(bus, "node"))
    presence.depart("site", "ada", "never came")
    presence.arrive("site", "ada", "tab 1")
    presence.arrive("site", "ada", "tab 1")
    presence.arrive("site", "ada", "tab 2")
    assert await drained(inbox, bus) == [HERE]
    presence.depart("site", "ada", "tab 1")
    presence.depart("site", "ada", "tab 1")
    assert presence.here("site", "ada")
    assert await drained(inbox, bus) == []
    presence.depart("site", "ada", "tab 2")
    assert not presence.here("site", "ada")
    assert await drained(inbox, bus) == [GONE]


async def test_persons_and_sites_are_apart() -> None:
    bus = LocalBus()
    inbox = bus.subscribe()
    inbox.add(presence_topic("site", "ada"))
    presence = Presence(bus, Roster(bus, "node"))
    presence.arrive("other", "ada", "tab 1")
    presence.arrive("site", "bob", "tab 1")
    assert not presence.here("site", "ada")
    assert await drained(inbox, bus) == []
