"""Mentorships that one of the two left, or in which one blocks the other; and what others see of
one, in Chromium. The elements draw the gallery's canned states; no server takes part."""

import re

import pytest
from playwright.async_api import Locator, expect

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
    await expect(page.get_by_role("alert")).to_contain_text(
        "Ana Quispe does not take messages or calls from you at the moment."
    )
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


HERE = (
    "app.set({mentorships: app.state.mentorships.map((each) => ({...each, members:"
    " each.members.map((member) => ({...member, presence: '%s'}))}))})"
)
TYPES = "app.set({typing: {[m.conversation]: m.members[1].person.id}})"
OFFLINE = "app.set({hasNetwork: false, link: {is: 'offline', retryAt: 0, trouble: null}})"


async def top(where: Locator) -> float:
    box = await where.bounding_box()
    assert box is not None
    return box["y"]


async def test_once_one_left_nothing_says_where_the_other_is(desktop: Screen) -> None:
    await desktop.show("prejoin")
    page = desktop.page
    await page.evaluate("m = app.state.mentorships[0]; " + TYPES)
    await expect(page.get_by_text("Ana Quispe is writing")).to_be_visible()
    avatar = page.get_by_role("region", name="Who you meet").locator("ith-avatar")
    await expect(avatar).to_have_attribute("here", "")
    await page.evaluate(CLOSED)
    await expect(page.get_by_text("Ana Quispe left this mentorship").first).to_be_visible()
    for words in ("is writing", "has Ithaca open", "is not here", "is not known"):
        await expect(page.get_by_text(words)).to_have_count(0)
    await expect(avatar).not_to_have_attribute("here", "")
    await page.get_by_role("link", name="Ithaca").click()
    await expect(page.get_by_role("heading", name="Your mentorships")).to_be_visible()
    await expect(page.get_by_text("has Ithaca open")).to_have_count(0)
    await expect(page.locator("ith-avatar[here]")).to_have_count(0)


async def test_a_call_that_a_block_ended_asks_nobody_how_it_was(desktop: Screen) -> None:
    page = desktop.page
    questions = page.get_by_role("region", name="How was your talk?")
    back = page.get_by_role("button", name="Look back on this talk")
    report = page.get_by_role("button", name="Report Ana Quispe")
    lift = page.get_by_role("button", name="Let Ana Quispe reach you again")
    await desktop.show("summary-ended")
    await expect(back).to_be_visible()
    for absent in (questions, report, lift):
        await expect(absent).to_have_count(0)

    await desktop.show("summary-blocked")
    await expect(page.get_by_text("You have blocked Ana Quispe: neither")).to_be_visible()
    await expect(lift).to_be_visible()
    await expect(questions).to_have_count(0)
    await expect(page.get_by_role("button", name="Leave this mentorship")).to_have_count(0)
    await report.click()
    await expect(page.get_by_role("combobox", name="What is it about?")).to_be_focused()
    await page.keyboard.press("Escape")
    await back.click()
    await expect(questions).to_be_visible()


async def test_what_was_not_taken_is_sent_again_and_says_who_did_not_take_it(
    phone: Screen,
) -> None:
    await phone.show("prejoin")
    page = phone.page
    await page.evaluate(HERE % "away")
    here = page.get_by_role("region", name="Who you meet").get_by_text("Ana Quispe is not here")
    await expect(here).to_have_text("Ana Quispe is not here; you can write.")
    await page.evaluate(
        "const [id, log] = Object.entries(app.state.conversations)[0]; app.set({conversations:"
        " {[id]: {...log, pending: [{id: 'p1', body: 'Are you there?', writtenUs: app.nowUs(),"
        " replyTo: null, refused: {code: 'not_accepted', what: 'The other.', advice: ''}}]}}})"
    )
    await expect(here).to_have_text("Ana Quispe is not here.")
    await page.get_by_role("button", name="Conversation").click()
    sheet = page.locator("ith-sheet[tall]")
    await expect(sheet.get_by_role("status").first).to_have_text("Ana Quispe is not here.")
    refused = sheet.get_by_text("Not sent. Ana Quispe does not take messages or calls from you")
    await expect(refused).to_be_visible()
    await sheet.get_by_role("button", name="Send again").click()
    await expect(refused).to_have_count(0)
    assert "again p1" in await phone.calls()
    await expect(sheet.get_by_role("status").first).to_contain_text("you can write")


async def test_the_log_stays_where_it_is_when_the_connection_goes(phone: Screen) -> None:
    await phone.show("prejoin")
    page = phone.page
    await page.get_by_role("button", name="Conversation").click()
    sheet = page.locator("ith-sheet[tall]")
    log = sheet.get_by_role("log")
    was = await top(log)
    await page.evaluate(HERE % "in_room")
    await expect(sheet.get_by_role("button", name="Join")).to_be_visible()
    assert await top(log) == was
    await page.evaluate(OFFLINE)
    await expect(sheet.get_by_text("Whether Ana Quispe is here is not known.")).to_be_visible()
    assert await top(log) == was


async def test_when_the_connection_goes_nothing_moves_under_the_pointer_nor_is_covered(
    sized: Screen,
) -> None:
    await sized.show("prejoin")
    page = sized.page
    join = page.get_by_role("button", name="Join")
    foot = page.locator(".go.last")
    was = await top(join)
    covers = await top(foot) if await foot.count() else None
    await page.evaluate(OFFLINE)
    await expect(page.locator(".go").get_by_text("You are offline.")).to_be_in_viewport(ratio=1)
    assert await top(join) == was
    assert covers == (await top(foot) if covers is not None else None)
    await sized.show("home")
    join = page.get_by_role("link", name="Join").first
    was = await top(join)
    await page.evaluate(OFFLINE)
    told = page.get_by_text("You are offline: this may be old.")
    await expect(told).to_be_in_viewport(ratio=1)
    assert await top(join) == was


async def test_once_blocked_the_sheet_is_gone_and_the_conversation_says_so(phone: Screen) -> None:
    await phone.show("prejoin")
    page = phone.page
    await page.get_by_role("button", name="Conversation").click()
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("button", name="Block Ana Quispe").click()
    sheet = page.get_by_role("dialog", name="This conversation")
    await page.get_by_role("button", name="Block", exact=True).click()
    await expect(sheet).to_have_count(0)
    await page.evaluate(BLOCKED)
    await expect(page.locator("ith-conversation").get_by_text("You have blocked")).to_be_visible()
    assert await phone.focused() == "More"


async def test_a_report_says_what_it_is_about_before_it_goes(phone: Screen) -> None:
    await phone.show("prejoin")
    page = phone.page
    await page.get_by_role("button", name="Conversation").click()
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("button", name="Report Ana Quispe").click()
    reason = page.get_by_role("combobox", name="What is it about?")
    await expect(reason).to_have_value("")
    send = page.get_by_role("button", name="Send", exact=True).last
    await send.click()
    await expect(page.get_by_text("Choose what it is about.")).to_be_visible()
    await expect(reason).to_be_focused()
    await expect(reason).to_have_attribute("aria-invalid", "true")
    assert await phone.violations() == []
    assert not [call for call in await phone.calls() if call.startswith("report")]
    await reason.select_option("money")
    await expect(page.get_by_text("Choose what it is about.")).to_be_hidden()
    await send.click()
    await expect(page.get_by_text("Thank you. It was sent")).to_be_visible()
    await page.get_by_role("button", name="Close", exact=True).last.click()
    await expect(page.get_by_role("dialog", name="This conversation")).to_have_count(0)


async def test_in_a_tab_that_knows_nobody_the_link_comes_first(phone: Screen) -> None:
    await phone.show("signed-out-start")
    page = phone.page
    await expect(page.get_by_role("heading", name="Use your link first")).to_be_visible()
    begin = page.get_by_role("link", name="New mentorship")
    await expect(begin).to_be_visible()
    await expect(page.locator(".filled")).to_have_count(0)
