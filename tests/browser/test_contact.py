"""The pages prove to each other that they are in contact, and the record shows it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from playwright.async_api import Browser

from protocol.views import SessionAccount
from tests.browser.conftest import MENTEE, MENTOR, House
from tests.support.browser import GUARD_S, Person
from tests.support.serving import Api

pytestmark = pytest.mark.browser

PROVEN_US = 10_000_000
AWAY_US = 12_000_000
BEGINNING_US = 6_000_000
"""A call connects, and two beats pass, before anything can be proven."""
BRIDGED = """
([until]) => {
  const sessions = Object.values(JSON.parse(sessionStorage.getItem("ithaca.contact") ?? "{}"));
  return sessions.some(({ contacts }) => contacts.some(({ to_us }) => to_us >= until));
}
"""


async def test_time_together_is_proven_also_while_the_server_is_away(
    demo: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await demo.enter(mentors_browser, demo.links["mentor"])
    mentee = await demo.enter(mentees_browser, demo.links["mentee"])
    await mentor.join()
    for name in ("Mute", "Unmute"):  # who comes then is told with which key it signs
        await mentor.button(name).click()
    await mentee.join()
    await mentor.sees(MENTEE)
    api = Api(demo.server, demo.links["mentor"])
    await api.sign_in()
    (session,) = await api.sessions()

    before = await account(api, session.id, mentor, lambda seen: seen.contact_us >= PROVEN_US)
    assert before.contact_us >= together_us(before) - BEGINNING_US
    assert before.unknown_us <= BEGINNING_US
    assert before.impaired_us == 0
    assert {(proof.person, proof.signer) for proof in before.proofs} == {
        (one.person, other.person)
        for one in before.people
        for other in before.people
        if one != other
    }

    gone_us = time.time_ns() // 1000
    await demo.server.kill()
    for person in (mentor, mentee):
        until = gone_us + AWAY_US
        await person.page.wait_for_function(
            BRIDGED, arg=[until], timeout=(AWAY_US / 1e6 + GUARD_S) * 1e3
        )
    mentor.handed_in.clear()
    await demo.server.start()
    back_us = time.time_ns() // 1000

    def bridged(seen: SessionAccount) -> bool:
        return (
            seen.together_since_us is not None  # both are back
            and not seen.interruptions
            and any(
                part.state == "contact" and part.from_us < gone_us and part.to_us > back_us
                for part in seen.stretches
            )
        )

    after = await account(api, session.id, mentor, bridged)
    assert back_us - gone_us >= AWAY_US
    assert after.contact_us >= together_us(after) - BEGINNING_US
    assert len(await api.sessions()) == 1
    for person, other in ((mentor, MENTEE), (mentee, MENTOR)):
        await person.sees(other)

    await mentor.leave()
    await mentee.leave()
    final = await api.session(session.id)
    assert final.together_since_us is None
    assert final.unknown_us <= BEGINNING_US
    assert final.contact_us >= final.together_us - BEGINNING_US


async def account(
    api: Api, session: str, person: Person, enough: Callable[[SessionAccount], bool]
) -> SessionAccount:
    """The session's account, looked at again only when the page has handed in more."""
    async with asyncio.timeout(2 * GUARD_S):
        while True:
            seen = await api.session(session)
            if enough(seen):
                return seen
            person.handed_in.clear()
            await person.handed_in.wait()


def together_us(seen: SessionAccount) -> int:
    """With what still runs."""
    since = seen.together_since_us
    return seen.together_us + (seen.as_of_us - since if since is not None else 0)
