"""One of two blocks the other, and leaves, in the midst of a call: what the other's page says, and
what it does not try again."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import House

pytestmark = [pytest.mark.browser, pytest.mark.soak]


async def test_who_is_blocked_in_a_call_reads_so_once_and_who_is_left_too(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    for person in (mentor, mentee):
        await person.join()
    await mentee.remote.wait_for()

    # Blocked: the call ends for both, and joining it again says why, once.
    await mentor.button("More").click()
    await mentor.button(re.compile("^Block .")).click()
    await mentor.button("Block").click()
    await expect(mentor.page.get_by_role("heading", name="together")).to_be_visible()
    await mentee.page.get_by_role("link", name="Write or call again").click()
    await mentee.button("Join").click()
    await expect(mentee.page.get_by_role("alert")).to_contain_text("does not take messages or")
    await mentee.page.get_by_role("link", name="Back").click()
    await expect(mentee.button("Join")).to_be_visible()

    # Lifted, and left while the other stands before the call.
    await mentor.page.get_by_role("link", name="Read what was said").click()
    await expect(mentor.button("Join")).to_have_count(0)
    await mentor.button(re.compile("^Let .* reach you again")).first.click()
    await expect(mentor.button("Join")).to_be_visible()
    await mentor.button("More").click()
    await mentor.button("Leave this mentorship").click()
    await mentor.button("Leave").click()
    for person, who in ((mentor, "You"), (mentee, "Athena")):
        told = person.page.get_by_role("region", name="Who you meet").get_by_role("status")
        await expect(told).to_contain_text(f"{who} left this mentorship today")
        await expect(person.button("Join")).to_have_count(0)


@pytest.mark.without_call
async def test_one_hides_when_one_was_last_here_and_sees_it_of_the_other_no_more(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    seen = mentor.page.get_by_text("Telemachus was here just now.")
    await mentor.page.get_by_text("Telemachus has Ithaca open.").wait_for()
    await mentee.page.close()
    await expect(seen.first).to_be_visible()
    await mentor.page.get_by_role("link", name="Ithaca").click()
    await mentor.button("When I was last here").click()
    sheet = mentor.page.locator("ith-last-seen")
    ways = (("Hide it", "It is hidden.", 0), ("Show it again", "It is shown.", 1))
    for press, holds, times in ways:
        await sheet.get_by_role("button", name=press).click()
        await expect(sheet.get_by_role("status")).to_contain_text(holds)
        await sheet.get_by_role("button", name="Close").last.click()
        await mentor.page.go_back()
        await expect(mentor.button("Join")).to_be_visible()
        await expect(seen).to_have_count(times)
        await mentor.page.get_by_role("link", name="Ithaca").click()
        await mentor.button("When I was last here").click()
        await expect(sheet.get_by_role("status")).to_contain_text(holds)
