"""New people, secret links, and the whole way with the keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import MENTEE, MENTOR, House

pytestmark = pytest.mark.browser

INVISIBLE = "Ben\u200b"
NO_STORAGE = """
for (const name of ["sessionStorage", "localStorage"]) {
  const get = () => { throw new DOMException("Access is denied.", "SecurityError"); };
  Object.defineProperty(window, name, { get });
}
"""


async def test_a_new_mentorship_gives_two_links_that_work(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    stranger = await house.enter(mentors_browser, house.server.address)
    await stranger.page.get_by_role("link", name="New mentorship").click()
    for role, name, zone in (("mentor", "Ana", "America/Lima"), ("mentee", INVISIBLE, "Nowhere")):
        part = stranger.page.get_by_role("group", name=f"The {role}")
        await part.get_by_label("Name").fill(name)
        await part.get_by_label("Time zone").fill(zone)
    await stranger.button("Make the links").click()
    mentee = stranger.page.get_by_role("group", name="The mentee")
    await expect(mentee.get_by_label("Time zone")).to_be_focused()
    await mentee.get_by_label("Time zone").fill("vienna")
    await stranger.button("Make the links").click()
    await expect(mentee.get_by_label("Time zone")).to_have_value("Europe/Vienna")
    wrong = mentee.get_by_label("Name")  # this the server alone sees
    await expect(wrong).to_have_accessible_description(re.compile("invisible character"))
    await expect(wrong).to_be_focused()
    stranger.refusals.clear()
    await wrong.fill("Ben")
    await stranger.button("Make the links").click()
    await stranger.page.get_by_role("heading", name="Two links").wait_for()
    yours = stranger.page.get_by_role("link", name="open it in a new tab")
    await expect(yours).to_have_count(1)
    assert await yours.get_attribute("href") == (
        await stranger.page.get_by_label("Link for Ana").input_value()
    )
    anas = await stranger.page.get_by_label("Link for Ana").input_value()
    bens = await stranger.page.get_by_label("Link for Ben").input_value()

    ana = await house.enter(mentors_browser, anas)
    ben = await house.enter(mentees_browser, bens)
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("Ben")
    await expect(ben.page.get_by_role("heading", level=1)).to_have_text("Ana")
    await ana.page.get_by_text("Ben has Ithaca open").wait_for()
    await ana.page.get_by_text("for you in Lima").wait_for()
    await ana.join()
    await ben.join()
    await ana.sees(MENTEE)
    await ben.sees(MENTOR)


@pytest.mark.without_call
async def test_the_secret_of_a_link_leaves_the_address_bar_and_the_history(
    house: House, mentors_browser: Browser
) -> None:
    link = house.links["mentor"]
    secret = link.partition("#")[2]
    mentor = await house.enter(mentors_browser, link)
    await mentor.button("Join").wait_for()
    session = await mentor.page.context.new_cdp_session(mentor.page)
    history = await session.send("Page.getNavigationHistory")
    assert len(secret) > 40
    assert not [entry for entry in history["entries"] if secret in entry["url"]]
    kept = await mentor.page.evaluate("JSON.stringify([sessionStorage, localStorage])")
    assert secret not in kept
    await mentor.page.reload()
    await expect(mentor.page.get_by_role("heading", level=1)).to_have_text("Telemachus")


async def test_where_the_browser_keeps_nothing_one_can_still_call_and_write(
    house: House, mentors_browser: Browser
) -> None:
    """As with a browser that forbids site data: only a reload needs the link again."""
    forbidden = await house.window(mentors_browser)
    await forbidden.add_init_script(NO_STORAGE)
    mentor = await house.enter(forbidden, house.links["mentor"])
    await mentor.join()
    await mentor.write("Nothing is kept here.")
    await mentor.reads("Nothing is kept here.")
    await mentor.leave()
    await mentor.page.get_by_role("link", name="Done").click()
    await mentor.page.get_by_role("heading", name="Your mentorships").wait_for()


@pytest.mark.parametrize("secret", ["inv_00000000000000000000000000.x", "nonsense"])
@pytest.mark.without_call
async def test_a_link_that_is_not_known_says_so(
    house: House, mentors_browser: Browser, secret: str
) -> None:
    stranger = await house.enter(mentors_browser, f"{house.server.address}/open#{secret}")
    await stranger.button("To the start").click()
    await stranger.page.get_by_role("heading", name="Use your link first").wait_for()
    stranger.refusals.clear()


@pytest.mark.without_call
async def test_another_link_pasted_over_a_refused_one_opens(
    house: House, mentors_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, f"{house.server.address}/open#nonsense")
    await mentor.button("To the start").wait_for()
    mentor.refusals.clear()
    await mentor.page.evaluate("window.same = true")
    await mentor.page.goto(house.links["mentor"])
    await expect(mentor.page.get_by_role("heading", level=1)).to_have_text("Telemachus")
    assert await mentor.page.evaluate("window.same")  # nothing was loaded anew


@pytest.mark.without_call
async def test_a_replaced_link_can_be_copied_and_the_old_one_is_over(
    house: House, mentors_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    await mentor.page.get_by_role("link", name="Ithaca").click()
    await mentor.button("Replace my link").click()
    await mentor.button("Make a new link").click()
    fresh = await mentor.page.get_by_role("textbox", name="Link").input_value()
    old = await house.enter(mentors_browser, house.links["mentor"])
    await expect(old.page.get_by_role("heading", level=1)).to_have_text("This link has ended.")
    old.refusals.clear()
    again = await house.enter(mentors_browser, fresh)
    await expect(again.page.get_by_role("heading", level=1)).to_have_text("Telemachus")

    await expect(mentor.page.get_by_role("textbox", name="Link")).to_have_value(fresh)
    await mentor.button("Close").click()
    await mentor.page.get_by_role("link", name="Join").click()
    await mentor.write("Still here.")
    await mentor.reads("Still here.")


async def test_join_write_and_leave_with_the_keyboard_alone(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    await mentee.join()
    keys = mentor.page.keyboard
    await mentor.tab_to("Join")
    await keys.press("Enter")
    await mentor.joined()
    await mentor.sees(MENTEE)
    await mentor.tab_to("Message")
    await keys.type("No mouse here.")
    await keys.press("Enter")
    await mentee.reads("No mouse here.")
    await mentor.page.get_by_label("Message", exact=True).press("m")  # writing is not muting
    await expect(mentor.page.get_by_role("button", name="Mute", exact=True)).to_be_visible()
    await mentor.tab_to("Mute")
    await keys.press("Space")
    await mentee.page.get_by_text("No sound from Athena.").wait_for()
    await mentor.tab_to("Leave")
    await keys.press("Enter")
    await mentor.page.get_by_role("heading", name="In the room").wait_for()
    left = re.compile(r"^Athena left at \d\d:\d\d\. You can wait here, or write\.$")
    await mentee.page.get_by_text(left).wait_for()
