"""After a call: each says how it was, sees what the other said, and how much they spoke."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import MENTEE, MENTEES_NAME, MENTORS_NAME, House
from tests.support.browser import Person, soon
from tests.support.serving import Api

pytestmark = pytest.mark.browser

SECRET = "I was afraid to ask"
REPORTS = 2


async def measured(*people: Person) -> None:
    """Each page has reported some stretches of who spoke."""
    for _ in range(REPORTS):
        for person in people:
            person.reported.clear()
        for person in people:
            await soon(person.reported.wait(), 40)


async def test_each_says_how_it_was_and_sees_what_the_other_said(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    await mentor.button("Mute").click()
    await mentor.join()
    await mentee.join()
    await mentor.sees(MENTEE)
    await measured(mentor, mentee)
    await mentor.leave()
    await mentee.leave()

    # The first answers, and sees nothing yet.
    questions = mentor.page.get_by_role("region", name="How was your talk?")
    await questions.get_by_label("What was most useful?").fill("The rehearsal")
    await questions.get_by_label("What will you do next?").fill("Send the second version")
    await questions.get_by_text("Very good").click()
    await questions.get_by_text("A note for yourself").first.click()
    await questions.get_by_role("textbox", name="A note for yourself").fill(SECRET)
    await questions.get_by_role("button", name="Save").click()
    mine = mentor.page.get_by_role("region", name="What you said")
    await expect(mine.get_by_text(SECRET)).to_be_visible()
    await expect(mine).to_contain_text(f"once {MENTEES_NAME} has answered too")
    theirs = mentor.page.get_by_role("region", name=f"What {MENTEES_NAME} said")
    await expect(theirs).to_have_count(0)

    # The other hears of it at once, answers, and both see both; what is private nobody else.
    questions = mentee.page.get_by_role("region", name="How was your talk?")
    await expect(questions).to_contain_text(f"{MENTORS_NAME} has answered")
    await expect(mentee.page.get_by_text("The rehearsal")).to_have_count(0)
    await questions.get_by_label("What will you do next?").fill("Read the chapter")
    await questions.get_by_role("button", name="Save").click()
    seen = mentee.page.get_by_role("region", name=f"What {MENTORS_NAME} said")
    await expect(seen).to_contain_text("The rehearsal")
    await expect(seen).to_contain_text("Very good")
    await expect(theirs).to_contain_text("Read the chapter")
    assert SECRET not in await mentee.page.locator("body").inner_text()
    assert not await mentor.scrolls_sideways()

    # Who was muted did not speak, though the microphone heard all the time.
    balance = mentor.page.get_by_role("region", name="Who spoke")
    await expect(balance).to_contain_text("You spoke 0 % of the time you both were there.")
    api, other = Api(house.server, house.links["mentor"]), Api(house.server, house.links["mentee"])
    await api.sign_in()
    await other.sign_in()
    (session,) = await api.sessions()
    silent, spoke = await api.talk(session.id), await other.talk(session.id)
    assert silent.both_us == spoke.both_us >= 10_000_000
    assert (silent.speaking_us, silent.overlap_us) == (0, 0)
    assert 0 < spoke.speaking_us < spoke.both_us
    assert silent.silence_us == spoke.both_us - spoke.speaking_us

    # The next one begins with what both wanted to do.
    await mentor.page.get_by_role("link", name="Ithaca").click()
    await mentor.page.get_by_role("link", name="Join").click()
    last = mentor.page.get_by_role("complementary", name="Last time")
    await expect(last).to_contain_text(re.compile("your talk (today|yesterday)"))
    await expect(last).to_contain_text("Send the second version")
    await expect(last).to_contain_text("Read the chapter")
