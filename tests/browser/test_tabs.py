"""Identity lives in the tab: two people in one browser, and one person in two tabs."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import MENTEE, MENTOR, House

pytestmark = pytest.mark.browser


async def test_two_people_in_two_tabs_of_one_profile(
    house: House, mentors_browser: Browser
) -> None:
    links = house.links
    profile = await house.window(mentors_browser)
    mentor = await house.enter(profile, links["mentor"])
    mentee = await house.enter(profile, links["mentee"])
    mentors_words = mentor.page.get_by_label("Message", exact=True)
    mentees_words = mentee.page.get_by_label("Message", exact=True)

    await mentors_words.fill("What the mentor has not sent")
    await mentee.page.reload()
    await expect(mentees_words).to_have_value("")
    await mentees_words.fill("What the mentee has not sent")
    await mentor.page.reload()
    await expect(mentors_words).to_have_value("What the mentor has not sent")
    heading = mentor.page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("Telemachus")
    await expect(mentee.page.get_by_role("heading", level=1)).to_have_text("Athena")

    await mentor.join()
    await mentee.join()
    await mentor.page.bring_to_front()
    await mentor.sees(MENTOR)  # the one camera of this browser
    await mentee.page.bring_to_front()
    await mentee.sees(MENTOR)
    await expect(mentors_words).to_have_value("What the mentor has not sent")
    await expect(mentees_words).to_have_value("What the mentee has not sent")


@pytest.mark.without_call
async def test_what_waits_in_two_tabs_goes_out_once_in_one_order(
    demo: House, mentors_browser: Browser
) -> None:
    links = demo.links
    profile = await demo.window(mentors_browser)
    mentor = await demo.enter(profile, links["mentor"])
    mentee = await demo.enter(profile, links["mentee"])
    await mentor.write("before")
    await mentee.reads("before")

    await demo.server.kill()
    for words in ("one", "two", "three"):
        await mentor.write(words)
    for words in ("eins", "zwei"):
        await mentee.write(words)
    await expect(mentor.waiting).to_have_text(["one", "two", "three"])
    await expect(mentee.waiting).to_have_text(["eins", "zwei"])
    await expect(mentor.page.get_by_text("Waiting to be sent")).to_have_count(3)
    await mentor.page.get_by_text("Ithaca cannot be reached. What you write is kept").wait_for()

    await demo.server.start()
    for person in (mentor, mentee):
        await expect(person.said).to_have_count(6)
        await expect(person.waiting).to_have_count(0)
    order = await mentor.said.all_inner_texts()
    assert await mentee.said.all_inner_texts() == order
    assert order[0] == "before"
    assert [words for words in order if words in ("one", "two", "three")] == ["one", "two", "three"]
    assert [words for words in order if words in ("eins", "zwei")] == ["eins", "zwei"]


async def test_a_second_tab_of_the_same_person_takes_the_call_over(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    links = house.links
    profile = await house.window(mentors_browser)
    first = await house.enter(profile, links["mentor"])
    mentee = await house.enter(mentees_browser, links["mentee"])
    await first.join()
    await mentee.join()
    await mentee.sees(MENTOR)

    second = await house.enter(profile, links["mentor"])
    await second.page.get_by_text("You are in this call elsewhere").wait_for()
    await second.join()
    await first.page.get_by_role("heading", name="The call went on elsewhere").wait_for()
    await second.sees(MENTEE)
    await mentee.sees(MENTOR)
    await expect(mentee.remote).to_have_count(1)


async def test_a_call_that_moves_to_another_tab_stays_muted(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    links = house.links
    profile = await house.window(mentors_browser)
    first = await house.enter(profile, links["mentor"])
    mentee = await house.enter(mentees_browser, links["mentee"])
    await first.join()
    await mentee.join()
    await first.button("Mute").click()
    await first.button("Turn camera off").click()
    muted = mentee.page.get_by_text("No sound from Athena.")
    await muted.wait_for()

    second = await house.enter(profile, links["mentor"])
    line = second.page.get_by_text("You are in this call elsewhere")
    await expect(line).to_contain_text("You join with both turned off.")
    await second.join()
    await second.button("Unmute").wait_for()
    await mentee.page.get_by_text("No picture from Athena.").wait_for()
    await muted.wait_for()

    await second.button("Turn camera on").click()
    await mentee.sees(MENTOR)
    await first.page.get_by_role("link", name="Bring it back here").click()
    line = first.page.get_by_text("You are in this call elsewhere")
    await expect(line).to_contain_text("You join with your microphone off.")
    await first.button("Unmute").click()
    await expect(line).to_contain_text("You join with sound and picture.")
    await first.join()
    await muted.wait_for(state="hidden")
    await mentee.sees(MENTOR)
