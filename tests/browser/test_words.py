"""What is written: kept, refused in place, counted while unread, and never more than text."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import House
from tests.support.serving import new_mentorship

pytestmark = pytest.mark.browser

LIMIT = 16 * 1024
HOSTILE = '<img src=x onerror="window.hit = 1"><script>window.hit = 1</script> & "quotes"'
NAME = "<img src=x onerror=hit=1> & Co"


@pytest.mark.without_call
async def test_a_message_that_is_too_long_is_refused_in_the_composer_and_kept(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    composer = mentor.page.get_by_label("Message", exact=True)
    await mentor.write("ä" * (LIMIT // 2) + "x")  # in bytes, not in letters
    await mentor.page.get_by_role("alert").filter(has_text="1 character too long").wait_for()
    await expect(composer).to_have_value("ä" * (LIMIT // 2) + "x")
    await expect(mentor.waiting).to_have_count(0)

    await mentor.write("ä" * (LIMIT // 2))
    await mentee.reads("ä" * (LIMIT // 2))
    await expect(composer).to_have_value("")
    await expect(mentee.said).to_have_count(1)


@pytest.mark.without_call
async def test_unread_messages_are_counted_until_they_are_seen(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    await mentor.page.get_by_role("link", name="Ithaca").click()
    await mentor.page.get_by_role("heading", name="Your mentorships").wait_for()
    await mentee.write("Are you there?")
    await mentee.write("Hello?")
    conversation = mentor.page.get_by_role("button", name="Conversation")
    await expect(conversation).to_contain_text("2 unread")
    await expect(mentor.page).to_have_title("(2) Ithaca")
    await expect(mentor.page.get_by_role("listitem").first).to_contain_text("Hello?")

    await conversation.click()
    await mentor.reads("Hello?")
    await expect(conversation).not_to_contain_text("unread")
    await expect(mentor.page).to_have_title("Ithaca")


@pytest.mark.without_call
async def test_what_was_said_while_away_is_there_on_return(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    said = [f"line {number}" for number in range(1, 71)]  # more than one page of history
    for line in said:
        await mentor.write(line)
    await expect(mentor.waiting).to_have_count(0)
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    await mentee.page.get_by_text("line 70", exact=True).wait_for()
    log = mentee.page.get_by_role("log")
    seen: dict[str, None] = {}
    while "line 1" not in seen:  # only what is near is in the page
        await log.evaluate("(log) => log.scrollBy(0, -200)")
        seen = dict.fromkeys([*await mentee.said.all_inner_texts(), *seen])
    assert list(seen) == said


@pytest.mark.without_call
async def test_a_web_address_opens_in_a_tab_of_its_own(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    address = f"{house.server.address}/new?a=b"
    text = f"See ({address}), and\nnever javascript:alert(1)."
    await mentor.write(text)
    await mentee.reads(text)
    assert await mentee.said.inner_text() == text
    links = mentee.said.get_by_role("link")
    await expect(links).to_have_text([address])
    await expect(links).to_have_attribute("rel", "noopener noreferrer nofollow")
    async with mentee.page.context.expect_page() as opening:
        await links.click()
    opened = await opening.value
    await expect(opened).to_have_url(address)
    assert await opened.evaluate("[window.opener, document.referrer]") == [None, ""]
    await mentee.reads(text)


async def test_names_and_messages_are_text_and_nothing_else(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    links = await new_mentorship(house.server, NAME, "Ben")
    mentor = await house.enter(mentors_browser, links["mentor"])
    mentee = await house.enter(mentees_browser, links["mentee"])
    await expect(mentee.page.get_by_role("heading", level=1)).to_have_text(NAME)
    await mentor.write(HOSTILE)
    await mentee.reads(HOSTILE)
    await mentor.join()
    await mentee.join()
    await mentor.leave()
    await mentee.leave()
    await mentee.page.get_by_role("link", name="Ithaca").click()
    await mentee.page.get_by_role("heading", name=NAME).wait_for()
    for person in (mentor, mentee):
        assert await person.page.evaluate("window.hit === undefined")
        assert await person.page.locator("img").count() == 0
