"""Every page, in light and dark, on a phone and on a desk: readable by all, nothing sticks out."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import MENTEE, House, span
from tests.support.browser import look_over
from tests.support.serving import Api

pytestmark = pytest.mark.browser


async def test_pages_before_one_is_known(house: House, mentors_browser: Browser) -> None:
    stranger = await house.enter(mentors_browser, house.server.address)
    await stranger.page.get_by_role("link", name="New mentorship").wait_for()
    await look_over(stranger, "signed out")
    await stranger.page.get_by_role("link", name="New mentorship").click()
    await look_over(stranger, "new mentorship")
    await stranger.button("Make the links").click()
    await stranger.page.locator("[aria-invalid=true]").first.wait_for()
    await look_over(stranger, "new mentorship, wrong")
    refused = await house.enter(mentors_browser, f"{house.server.address}/open#nonsense")
    await look_over(refused, "refused link")
    refused.refusals.clear()


async def test_pages_of_a_mentorship(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    await mentor.page.get_by_role("meter").wait_for()
    await look_over(mentor, "pre-join")
    await mentor.page.set_viewport_size({"width": 1280, "height": 800})
    await mentor.write("A word with https://example.org/" + "very-long-" * 20 + " in it")
    await mentee.write("שלום, and a second line\nfrom right to left")
    await mentor.reads("שלום, and a second line\nfrom right to left")
    await look_over(mentor, "conversation beside the pre-join page")
    await mentor.button("Conversation").click()
    await mentor.page.get_by_role("dialog").wait_for()
    await look_over(mentor, "conversation")
    await mentor.button("Close").click()

    await mentor.join()
    await look_over(mentor, "call, alone")
    await mentee.join()
    await mentor.sees(MENTEE)
    await look_over(mentor, "call")
    await expect(mentor.page.get_by_role("timer")).not_to_have_text(re.compile("^0:0[01]$"))
    await mentor.leave()
    headline = mentor.page.get_by_role("heading", level=1)
    await expect(headline).to_have_text(re.compile(r"\d s together so far$"))
    await mentor.page.get_by_text("Telemachus is still in the room.").wait_for()
    await look_over(mentor, "summary, the other still there")
    await mentee.leave()
    await expect(headline).to_have_text(re.compile(r"\d s together$"))
    await mentor.page.get_by_text("Until then either of you may come back.").wait_for()
    await look_over(mentor, "summary")
    await mentor.page.get_by_role("link", name="Ithaca").click()
    sessions = mentor.page.get_by_role("region", name="Sessions with").get_by_role("listitem")
    api = Api(house.server, house.links["mentor"])
    await api.sign_in()
    (session,) = await api.sessions()
    await expect(sessions).to_contain_text([f"{span(session.together_us)} together"])
    await look_over(mentor, "home")
    await mentor.page.goto(f"{house.server.address}/m/men_{'0' * 26}")
    await mentor.page.get_by_role("heading", name="There is nothing here").wait_for()
    await look_over(mentor, "nothing here")
