"""Less than a camera and a microphone: the page says what happened, and one joins with what is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Playwright, expect

from tests.browser.conftest import MENTEE, MENTOR, House, hears
from tests.support.browser import enter, launch, window
from tests.support.clips import Clip
from tests.support.serving import Server

pytestmark = pytest.mark.browser


async def test_without_a_camera_one_is_heard(
    house: House, playwright: Playwright, mentees_browser: Browser, clips: dict[int, Clip]
) -> None:
    blind = house.closes(await launch(playwright, clips[MENTOR], cameras=0))
    mentor = await house.enter(blind, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    await mentor.page.get_by_text("No camera was found.").wait_for()
    await mentor.page.get_by_text("You join with sound only.").wait_for()
    await mentor.join()
    await mentee.join()
    await mentor.sees(MENTEE)
    await mentee.page.get_by_text("No picture from Athena.").wait_for()
    await hears(mentee, MENTOR, clips)


async def test_without_permission_one_watches_and_writes(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"], allowed=False)
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    await mentor.page.get_by_text("does not let Ithaca use the camera and microphone").wait_for()
    await mentor.page.get_by_text("You join to watch and write.").wait_for()
    await mentor.join()
    await mentee.join()
    await mentor.sees(MENTEE)
    await expect(mentor.own).to_have_count(0)
    await mentor.write("I can only write.")
    await mentee.reads("I can only write.")

    # Permission given during the call: the picture comes without joining again.
    await mentor.page.context.grant_permissions(["camera", "microphone"])
    await mentor.button("Try again").click()
    await mentee.sees(MENTOR)


async def test_the_camera_goes_off_and_on_in_the_call(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    await mentor.join()
    await mentee.join()
    await mentee.sees(MENTOR)
    await mentor.button("Turn camera off").click()
    await mentee.page.get_by_text("No picture from Athena.").wait_for()
    await mentor.button("Mute").click()
    await mentee.page.get_by_text("No sound from Athena.").wait_for()
    await mentor.button("Turn camera on").click()
    await mentee.sees(MENTOR)
    await mentor.button("Unmute").click()
    await mentee.page.get_by_text("No sound from Athena.").wait_for(state="hidden")


@pytest.fixture
async def plain_server(tmp_path: Path) -> AsyncIterator[Server]:
    """Reached by http under a name that is not this machine to a browser: an insecure origin."""
    server = Server(tmp_path / "plain", "ithaca.test")
    await server.start()
    yield server
    await server.stop()
    assert not server.errors()


async def test_over_plain_http_one_is_told_why_and_can_write(
    plain_server: Server, playwright: Playwright
) -> None:
    links = await plain_server.invite("Ana", "Ben")
    browser = await launch(playwright, None, "--host-resolver-rules=MAP ithaca.test 127.0.0.1")
    ana = await enter(await window(browser), links["mentor"])
    ben = await enter(await window(browser), links["mentee"])
    await ana.page.get_by_text("This page did not come over https").wait_for()
    await ana.page.get_by_text("You join to watch and write.").wait_for()
    await ana.join()
    await ben.join()
    await ana.write("No picture, but words.")
    await ben.reads("No picture, but words.")
    await ben.leave()
    await browser.close()
    # The browser says of a header that it counts over https only; nothing else is wrong.
    complaints = ana.complaints + ben.complaints + ana.network + ben.network
    assert not [each for each in complaints if "Cross-Origin-Opener-Policy" not in each]
