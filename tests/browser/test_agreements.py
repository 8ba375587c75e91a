"""Two people agree on a price and plan to meet, each in their own browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import MENTEES_NAME, MENTORS_NAME, House
from tests.support.browser import look_over

pytestmark = [pytest.mark.browser, pytest.mark.without_call]


async def test_terms_are_proposed_and_accepted_and_stand_on_both_pages(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    await mentor.button("Join").wait_for()
    await mentee.button("Join").wait_for()

    await mentor.button("Plan a meeting").click()
    await mentor.page.get_by_label("Minutes").fill("45")
    await mentor.button("Plan it").click()
    await expect(mentor.button("Plan it")).to_have_count(0)
    tomorrow = re.compile(r"Tomorrow, \d\d:\d\d to \d\d:\d\d for")
    for person in (mentor, mentee):
        await person.page.get_by_text(tomorrow).wait_for()

    await mentor.button("Propose terms").click()
    await mentor.page.get_by_label("Rate an hour").fill("60")
    await mentor.page.get_by_label("Going on past the end").select_option("20")
    await mentor.button("Propose").click()
    await mentor.page.get_by_text(f"Waiting for {MENTEES_NAME} to accept.").wait_for()
    await mentee.page.get_by_role("heading", name=f"{MENTORS_NAME} proposes").wait_for()
    await look_over(mentor, "own proposal")
    await look_over(mentee, "the other's proposal")

    await mentee.button("Accept").click()
    theirs = mentee.page.get_by_text(f"{MENTORS_NAME} charges €60.00 an hour. The clock starts")
    await expect(theirs).to_contain_text("unless you say to go on.")
    own = mentor.page.get_by_text("You charge €60.00 an hour. The clock starts")
    await expect(own).to_contain_text(f"unless {MENTEES_NAME} says to go on.")
    for person in (mentor, mentee):
        await expect(person.page.get_by_role("heading", name="propos")).to_have_count(0)
    await expect(mentee.button("Propose terms")).to_be_focused()  # where *Accept* was pressed
    await look_over(mentee, "the price")

    # Both stand there again after a reload.
    await mentee.page.reload()
    await theirs.wait_for()
