"""Two people settle what a session comes to, on its page, through a real server."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.async_api import Browser, expect

from protocol.evidence import EvidencePack
from tests.browser.conftest import House
from tests.support.browser import look_over
from tests.support.serving import Api

pytestmark = pytest.mark.browser


@pytest.mark.timeout(180)
async def test_a_session_is_contested_given_in_to_and_confirmed(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    for person in (mentor, mentee):
        await person.join()
    await expect(mentor.page.get_by_role("timer")).not_to_have_text(re.compile("^0:0[0-3]$"))
    for person in (mentor, mentee):
        await person.leave()
    await mentor.button("End the session for both").click()
    await mentor.button("End it").click()

    # Both see the same: drawn, in words, step by step.
    api = Api(house.server, house.links["mentor"])
    await api.sign_in()
    account = await api.session(urlsplit(mentor.page.url).path.removeprefix("/s/"))
    for person in (mentor, mentee):
        await person.page.get_by_text("Nothing is billed for it.").wait_for()  # seconds, no minute
        chart = person.page.get_by_role("slider", name="Stretches of the session")
        await expect(chart).to_have_attribute("aria-valuemax", str(len(account.stretches)))
        await chart.focus()
        await expect(chart).to_have_attribute("aria-valuetext", re.compile(r"\d\d:\d\d:\d\d"))
        await expect(person.page.get_by_role("heading", name="How it came about")).to_be_visible()
    await look_over(mentor, "account")
    await mentor.page.set_viewport_size({"width": 1280, "height": 800})

    # The mentor wants more, and each step shows on the other's page by itself.
    await mentor.button("Contest").click()
    await mentor.page.get_by_label("What is not right?").fill("We met for a minute.\nGenau!")
    await mentor.button("Contest it").click()
    await mentor.page.get_by_text("You contest that nothing is billed.").wait_for()
    await mentee.page.get_by_text("Athena contests that nothing is billed.").wait_for()
    await mentee.page.get_by_text("We met for a minute.\nGenau!").wait_for()
    await expect(mentee.button("Confirm")).to_have_count(0)
    for person in (mentor, mentee):
        headline = person.page.get_by_role("heading", level=1)
        await expect(headline).to_have_text(re.compile("together, held until you two agree$"))

    await mentee.button("Give in").click()
    await mentee.page.get_by_label("Minutes to count").fill("1")
    await mentee.page.get_by_label("Your reason").fill("So be it.")
    await mentee.button("Change the amount").click()
    await mentee.page.get_by_text("You gave in: now it comes to 1 min.").wait_for()
    await mentor.page.get_by_text("Telemachus gave in: now it comes to 1 min.").wait_for()
    await mentor.page.get_by_text("Telemachus corrected it: “So be it.”").wait_for()

    await mentor.button("Confirm").click()
    await mentor.page.get_by_text("You confirmed 1 min.").wait_for()
    await mentee.page.get_by_text("Athena confirmed 1 min.").wait_for()
    await mentee.button("Confirm").click()
    for person in (mentor, mentee):
        await person.page.get_by_text("You both confirmed 1 min.").wait_for()
        headline = person.page.get_by_role("heading", level=1)
        await expect(headline).to_have_text(re.compile("together, corrected to 1 min$"))
    settled = await api.session(account.id)
    assert settled.settlement is not None
    assert settled.settlement.state == "confirmed"
    head = re.findall("....", settled.settlement.head)[:4]
    await mentor.page.get_by_text(" ".join(head), exact=True).wait_for()
    async with mentor.page.expect_download() as download:
        await mentor.button("Download the evidence").click()
    packed = (await (await download.value).path()).read_text()
    assert msgspec.json.decode(packed, type=EvidencePack).session == account.id

    # And it is a line of the month.
    await mentor.page.get_by_role("link", name="Ithaca").click()
    await mentor.page.get_by_role("link", name="Statements").click()
    line = mentor.page.get_by_role("row").nth(1)
    await expect(line).to_contain_text("confirmed by both")
    await look_over(mentor, "statement")
    async with mentor.page.expect_download() as download:
        await mentor.button("Download CSV").click()
    file = await download.value
    assert re.fullmatch(r"ithaca-mentor-\d{4}-\d\d\.csv", file.suggested_filename)
    assert account.id in (await file.path()).read_text()
    await line.get_by_role("link").click()
    await mentor.page.get_by_text("You both confirmed 1 min.").wait_for()
    await mentor.page.reload()
    await mentor.page.get_by_text("You both confirmed 1 min.").wait_for()

    # Where the two talk stands what became of it.
    await mentor.page.set_viewport_size({"width": 1280, "height": 800})
    await mentor.page.get_by_role("link", name="Write or call again").click()
    log = mentor.page.get_by_role("log")
    await log.get_by_role("link", name=re.compile("was corrected: 1 min$")).click()
    await mentor.page.get_by_text("You both confirmed 1 min.").wait_for()


@pytest.mark.without_call
async def test_a_statement_of_a_month_without_sessions(
    house: House, mentors_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    await mentor.button("Join").wait_for()  # signed in
    await mentor.page.goto(f"{house.server.address}/statements")
    await mentor.page.get_by_text("No session of yours as mentor").wait_for()
    await look_over(mentor, "empty statement")
