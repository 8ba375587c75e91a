"""The server dies in the middle of a call: those who talk go on talking."""

from __future__ import annotations

import asyncio
import time

import pytest
from playwright.async_api import Browser, expect

from protocol.views import SessionView
from tests.browser.conftest import MENTEE, MENTOR, House, span
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
        await person.page.get_by_text("You can keep talking.").wait_for()
        await person.sees(other)
        await person.remote.evaluate("(video) => (window.before = video.srcObject)")
    await mentor.write("Did you notice anything?")
    await expect(mentor.waiting).to_have_text(["Did you notice anything?"])

    await demo.server.start()
    await mentee.reads("Did you notice anything?")
    for person, other in ((mentor, MENTEE), (mentee, MENTOR)):
        await person.page.get_by_text("You can keep talking.").wait_for(state="hidden")
        await person.sees(other)
        assert await person.remote.evaluate("(video) => window.before === video.srcObject")
    (during,) = await api.sessions()
    assert during.id == before.id
    assert during.state == "open"
    assert during.together_since_us is not None
    await mentor.leave()
    await mentee.leave()
    after = await settled(api, mentor)
    headline = mentor.page.get_by_role("heading", level=1)
    await expect(headline).to_have_text(f"{span(after.together_us)} together")
    assert after.id == before.id
    assert 0 < after.together_us < (time.monotonic() - began) * 1e6


async def test_what_was_said_is_there_though_the_network_went_before_it_was_looked_at(
    demo: House, mentors_browser: Browser
) -> None:
    small = {"width": 360, "height": 740}
    mentor = await demo.enter(mentors_browser, demo.links["mentor"], viewport=small)
    await mentor.button("Conversation").click()
    await mentor.write("Before the call.")
    await mentor.reads("Before the call.")
    await mentor.button("Close").click()
    await mentor.join()
    await mentor.page.reload()
    await mentor.joined()
    await mentor.beat()  # whatever joining asks for has been answered
    await demo.server.kill()
    away = mentor.page.get_by_text("Ithaca cannot be reached. Reconnecting…")
    await away.wait_for()
    await mentor.button("Conversation").click()
    await mentor.reads("Before the call.")
    await demo.server.start()
    await away.wait_for(state="hidden")


async def test_a_page_is_told_of_a_presence_that_died_with_the_server(
    demo: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await demo.enter(mentors_browser, demo.links["mentor"])
    await mentor.join()
    api = Api(demo.server, demo.links["mentor"])
    await api.sign_in()
    while True:
        mentee = await demo.enter(mentees_browser, demo.links["mentee"])
        await mentee.join()
        await mentor.sees(MENTEE)
        await demo.server.kill()
        await mentee.page.close()
        away = mentor.page.get_by_text("Ithaca cannot be reached. What you write is kept")
        await away.wait_for()
        await demo.server.start()
        await mentor.page.evaluate("dispatchEvent(new Event('online'))")  # no need to wait longer
        await away.wait_for(state="hidden")
        mentor.session_changed.clear()
        (session,) = await api.sessions()
        if session.together_since_us is not None:
            break  # else it lapsed before the page was back, and was in what the page got then
    # From here on nobody comes or goes: nothing but the lapse can be the page's news.
    after = await settled(api, mentor)
    timer = mentor.page.get_by_role("timer", name="Time together")
    await expect(timer).to_have_text(count(after.together_us))


async def settled(api: Api, person: Person) -> SessionView:
    """The session, once the connections that died with the server have lapsed; looked at again
    only when the page has been told of a change."""
    async with asyncio.timeout(GUARD_S):
        while True:
            person.session_changed.clear()
            (session,) = await api.sessions()
            if session.together_since_us is None:
                return session
            await person.session_changed.wait()


def count(us: int) -> str:
    """65 s -> `1:05`, as the call's clock says it."""
    minutes, rest = divmod(us // 1_000_000, 60)
    return f"{minutes}:{rest:02}"
