"""The server dies in the middle of a call: those who talk go on talking."""

from __future__ import annotations

import asyncio
import time

import pytest
from playwright.async_api import Browser, expect

from protocol.views import SessionView
from tests.browser.conftest import MENTEE, MENTOR, House
from tests.support.browser import GUARD_S, Person
from tests.support.serving import Api

pytestmark = pytest.mark.browser


async def test_a_call_outlives_the_server_and_stays_one_session(
    demo: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await demo.enter(mentors_browser, demo.links["mentor"])
    mentee = await demo.enter(mentees_browser, demo.links["mentee"])
    began = time.monotonic()
    await mentor.join()
    await mentee.join()
    await mentor.sees(MENTEE)
    api = Api(demo.server, demo.links["mentor"])
    await api.sign_in()
    (before,) = await api.sessions()

    await demo.server.kill()
    for person, other in ((mentor, MENTEE), (mentee, MENTOR)):
        await person.page.get_by_text("Reconnecting, you can keep talking.").wait_for()
        await person.sees(other)
        await person.remote.evaluate("(video) => (window.before = video.srcObject)")
    await mentor.write("Did you notice anything?")
    await expect(mentor.waiting).to_have_text(["Did you notice anything?"])

    await demo.server.start()
    await mentee.reads("Did you notice anything?")
    for person, other in ((mentor, MENTEE), (mentee, MENTOR)):
        await person.page.get_by_text("Reconnecting, you can keep talking.").wait_for(
            state="hidden"
        )
        await person.sees(other)
        assert await person.remote.evaluate("(video) => window.before === video.srcObject")
    (during,) = await api.sessions()
    assert during.id == before.id
    assert during.state == "open"
    assert during.together_since_us is not None
    await mentor.leave()
    await mentee.leave()
    after = await settled(api, mentor)
    assert after.id == before.id
    assert 0 < after.together_us < (time.monotonic() - began) * 1e6


async def settled(api: Api, person: Person) -> SessionView:
    """The session, once the connections that died with the server have lapsed; the page is told."""
    async with asyncio.timeout(GUARD_S):
        while True:
            person.session_changed.clear()
            (session,) = await api.sessions()
            if session.together_since_us is None:
                return session
            await person.session_changed.wait()
