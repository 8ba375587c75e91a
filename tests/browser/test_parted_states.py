"""Mentorships that one of the two left, or in which one blocks the other; and what others see of
one, in Chromium. The elements draw the gallery's canned states; no server takes part."""

import re

import pytest
from playwright.async_api import expect

from tests.support.gallery import Screen

pytestmark = pytest.mark.browser

LEFT = "app.set({mentorships: app.state.mentorships.map((m) => ({...m, %s}))})"
BLOCKED = LEFT % "blocked_by_me: true"
LIFTED = LEFT % "blocked_by_me: false"
CLOSED = LEFT % "closed_us: 1, closed_by: m.members[1].person.id"


async def test_at_home_a_sentence_stands_where_join_was(phone: Screen) -> None:
    await phone.show("home-parted")
    page = phone.page
    await expect(page.get_by_role("link", name="Join")).to_have_count(0)
    left = page.get_by_role("listitem").filter(has_text="Ana Quispe left this mentorship yesterday")
    await expect(left.get_by_role("button", name="Conversation")).to_be_visible()
    await expect(left.get_by_role("button", name="reach you again")).to_have_count(0)
    lift = page.get_by_role("button", name=re.compile("^Let Wolfe.* reach you again"))
    await page.evaluate("app.refusal = 'unavailable'")
    await lift.click()
    await expect(page.get_by_role("alert")).to_contain_text("Refused: unavailable")
    await lift.click()
    await expect(page.get_by_role("alert")).to_have_count(0)
    await page.evaluate(LIFTED)
    await expect(page.get_by_role("link", name="Join")).to_have_count(1)


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (CLOSED, "Ana Quispe left this mentorship"),
        (BLOCKED, "You have blocked Ana Quispe: neither of you reaches the other until you lift"),
    ],
)
async def test_who_stands_before_the_call_as_it_closes_reads_why_and_is_asked_for_no_camera(
    phone: Screen, turn: str, words: str
) -> None:
    await phone.show("prejoin-agreed")
    page = phone.page
    await page.get_by_role("button", name="Join").focus()
    await page.evaluate(turn)
    told = page.get_by_role("region", name="Who you meet").get_by_role("status")
    await expect(told).to_contain_text(words)
    for name in ("Join", "Propose terms", "Accept", "Mute"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await expect(page.get_by_role("button", name="Cancel the meeting")).to_be_visible()
    calls = [call.split()[0] for call in await phone.calls()]
    assert (calls.count("prepare"), calls.count("unprepare")) == (1, 1)
    await page.get_by_role("button", name="Conversation").click()
    await expect(page.locator("ith-conversation").get_by_text(words)).to_be_visible()
    await expect(page.get_by_role("button", name="Join")).to_have_count(0)


async def test_once_a_block_is_lifted_one_stands_before_the_call_again(phone: Screen) -> None:
    await phone.show("prejoin-blocked")
    page = phone.page
    assert "prepare" not in " ".join(await phone.calls())
    await page.get_by_role("button", name="Cancel the meeting").click()
    await expect(page.get_by_role("button", name="Move it")).to_have_count(0)
    await page.get_by_role("button", name="Keep it").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="Let Ana Quispe reach you again").first.click()
    await page.evaluate(LIFTED)
    await expect(page.get_by_role("button", name="Join")).to_be_visible()
    assert [call.split()[0] for call in await phone.calls()].count("prepare") == 1


async def test_who_is_not_let_in_reads_why_once_and_goes_back(desktop: Screen) -> None:
    await desktop.show("prejoin")
    page = desktop.page
    await page.get_by_role("button", name="Join").click()
    refused = {"code": "not_accepted", "what": "The other takes no calls.", "advice": "Wait."}
    await page.evaluate(
        "(trouble) => app.set({call: {...app.state.call, phase: 'left', ended: null, trouble}})",
        refused,
    )
    await expect(page.get_by_role("alert")).to_have_text("The other takes no calls. Wait.")
    calls = await desktop.calls()
    assert [call for call in calls if call == "join"] == ["join"]
    await page.get_by_role("link", name="Back").click()
    await expect(page.get_by_role("button", name="Join")).to_be_visible()


async def test_a_session_of_what_is_closed_leads_into_no_call(desktop: Screen) -> None:
    await desktop.show("summary-open")
    page = desktop.page
    await page.evaluate(CLOSED)
    await expect(page.get_by_text("Ana Quispe left this mentorship")).to_be_visible()
    await expect(page.get_by_role("button", name="Back to the call")).to_have_count(0)
    await desktop.show("summary-closed")
    await expect(page.get_by_role("link", name="Read what was said")).to_be_visible()


async def test_one_hides_when_one_was_last_here_by_keyboard_and_reads_what_holds(
    sized: Screen,
) -> None:
    await sized.show("home")
    page = sized.page
    await page.evaluate("app.refusal = 'unavailable'")
    await page.get_by_role("button", name="When I was last here").press("Enter")
    await expect(page.get_by_role("dialog", name="When you were last here")).to_be_visible()
    sheet = page.locator("ith-last-seen")
    await expect(sheet.get_by_role("status")).to_contain_text("Refused: unavailable")
    await sheet.get_by_role("button", name="Try again").press("Enter")
    await expect(sheet.get_by_role("status")).to_contain_text("It is shown. While you")
    assert await sized.violations() == []
    turn = sheet.get_by_role("button", name=re.compile("Hide it|Show it again"))
    await page.evaluate("app.refusal = 'unavailable'")
    await turn.press("Enter")
    await expect(sheet.get_by_text("Refused: unavailable")).to_be_visible()
    await expect(sheet.get_by_text("It is shown.")).to_be_visible()  # it holds still
    await turn.press("Enter")
    await expect(sheet.get_by_role("status")).to_contain_text("It is hidden. Nobody is")
    await expect(turn).to_have_text("Show it again")
    await expect(turn).to_be_focused()
    assert await page.evaluate("document.documentElement.scrollWidth") <= sized.width
    await page.keyboard.press("Escape")
    await expect(turn).to_have_count(0)
    await expect(page.get_by_role("button", name="When I was last here")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(sheet.get_by_role("status")).to_contain_text("It is hidden.")
