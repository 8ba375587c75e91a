"""Every screen in every state, in Chromium, under the server's own content policy: axe, widths,
keys, focus, scrolling. The elements draw the gallery's canned states; no server takes part.

PICTURES=FOLDER keeps a picture of each state, to look at.
"""

import os
import re

import pytest
from playwright.async_api import Browser, expect

from tests.support.gallery import SIZES, Screen, look_over

pytestmark = pytest.mark.browser


# ---- every state -------------------------------------------------------------------------------


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", SIZES)
async def test_every_state_is_accessible_and_fits(
    chromium: Browser, gallery: str, size: str
) -> None:
    """axe finds nothing in light or dark, nothing scrolls sideways, the console stays quiet."""
    elsewhere = ("account-", "statements", "reflect-")  # in files of their own
    assert await look_over(chromium, gallery, size, lambda it: not it.startswith(elsewhere)) == []


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize(
    ("state", "press", "then"),
    [
        ("home", "Conversation", "Message"),
        ("home", "Replace my link", "Make a new link"),
        ("prejoin", "Conversation", "Message"),
        ("prejoin-agreed", "Propose terms", "Rate an hour"),
        ("prejoin-agreed", "Move the meeting", "Cancel the meeting"),
        ("call", "Devices", "Speakers"),
        ("summary-open", "End the session for both", "End it"),
    ],
)
async def test_what_opens_is_accessible_too(
    chromium: Browser, gallery: str, size: str, state: str, press: str, then: str
) -> None:
    width, height = SIZES[size]
    context = await chromium.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    screen = Screen(await context.new_page(), gallery)
    page = screen.page
    await screen.show(state)
    if not (size == "desktop" and state == "prejoin"):  # there it stands open
        await page.get_by_role("button", name=press).first.click()
    shown = page.get_by_role("button", name=then).or_(page.get_by_label(then)).first
    await expect(shown).to_be_visible()
    await page.evaluate("settle()")
    if folder := os.environ.get("PICTURES"):
        await page.screenshot(path=f"{folder}/open-{state}-{press}-{size}.png")
    assert await screen.violations() == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert screen.errors == []
    await context.close()


@pytest.mark.parametrize("size", SIZES)
async def test_a_form_is_accessible_wrong_and_answered(
    chromium: Browser, gallery: str, size: str
) -> None:
    width, height = SIZES[size]
    context = await chromium.new_context(viewport={"width": width, "height": height})
    screen = Screen(await context.new_page(), gallery)
    page = screen.page
    await screen.show("new-signed-out")
    for then in ("Write the name.", "Two links"):
        await page.get_by_role("button", name="Make the links").click()
        await expect(page.get_by_text(then).first).to_be_visible()
        for theme in ("light", "dark"):
            await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            await page.evaluate("settle()")
            if folder := os.environ.get("PICTURES"):
                path = f"{folder}/form-{then[:3]}-{size}-{theme}.png"
                await page.screenshot(path=path, full_page=True)
            assert await screen.violations() == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        for field in await page.get_by_label("Name").all():
            await field.fill("Ana")
        for field in await page.get_by_label("Time zone").all():
            await field.fill("America/Lima")
    assert screen.errors == []
    await context.close()


# ---- agreements and meetings -------------------------------------------------------------------


async def test_terms_are_proposed_in_a_sheet(desktop: Screen) -> None:
    await desktop.show("prejoin-agreed")
    page = desktop.page
    propose = page.get_by_role("button", name="Propose", exact=True)
    await page.get_by_role("button", name="Propose terms").click()
    rate = page.get_by_label("Rate an hour")
    await expect(rate).to_have_value("60.00")
    await rate.fill("sixty")
    await propose.click()
    await expect(rate).to_be_focused()
    await expect(rate).to_have_accessible_description(
        "A price is a number, such as 60 or 59.50. Left empty: free of charge."
    )
    assert await desktop.violations() == []
    await rate.fill("70")
    await page.get_by_label("Currency").select_option("CHF")
    await page.evaluate("app.wrongField = 'terms.currency'")
    await propose.click()
    await expect(page.get_by_label("Currency")).to_be_focused()
    await expect(page.get_by_text("That cannot be.")).to_be_visible()
    cap = page.get_by_label("At most, in minutes")
    await expect(cap).to_be_hidden()
    await page.evaluate("app.wrongField = 'terms.cap_us'")
    await propose.click()
    await expect(cap).to_be_focused()
    await cap.fill("90")
    await expect(cap).to_be_visible()
    assert await desktop.violations() == []
    await page.evaluate("app.wrongField = 'terms.fee_share'")  # which has no field here
    await propose.click()
    await expect(page.get_by_text("That cannot be. Change it.")).to_be_visible()
    await page.evaluate("app.wrongField = null")
    await propose.click()
    await expect(rate).to_have_count(0)
    assert [call for call in await desktop.calls() if call.startswith("propose")] == [
        "propose 7000 CHF"
    ] * 4


async def test_a_meeting_is_planned_moved_and_cancelled_in_a_sheet(desktop: Screen) -> None:
    page = desktop.page
    await desktop.show("prejoin-charging")
    await page.get_by_role("button", name="Move the meeting").click()
    await expect(page.get_by_label("Time")).to_have_value("15:00")
    await page.get_by_label("Time").fill("14:00")
    await page.get_by_role("button", name="Move it").click()
    await expect(page.get_by_text("That is over already.")).to_be_visible()
    await expect(page.get_by_label("Time")).to_be_focused()
    await page.get_by_label("Time").fill("18:00")
    await expect(page.get_by_text("18:00 to 19:00 for you in Vienna")).to_be_visible()
    await page.get_by_role("button", name="Move it").click()
    await expect(page.get_by_label("Time")).to_have_count(0)
    await page.get_by_role("button", name="Move the meeting").click()
    await page.get_by_role("button", name="Cancel the meeting").click()
    await expect(page.get_by_label("Time")).to_have_count(0)
    calls = await desktop.calls()
    assert [call.split()[0] for call in calls if "met_" in call] == ["move", "cancel"]
    six = 1795539600_000000  # 2026-11-24, 18:00 in Vienna
    assert any(call.startswith("move") and call.endswith(f" {six}") for call in calls)
    await desktop.show("prejoin")
    await page.get_by_role("button", name="Plan a meeting").click()
    await page.get_by_label("Day").fill("2026-11-24")
    await page.get_by_label("Time").fill("18:00")
    await page.get_by_label("Minutes").fill("45")
    await page.get_by_role("button", name="Plan it").click()
    await expect(page.get_by_label("Time")).to_have_count(0)
    assert f"plan {six} {45 * 60_000_000}" in await desktop.calls()


async def test_a_proposal_is_accepted_by_the_other_and_withdrawn_by_its_author(
    desktop: Screen,
) -> None:
    page = desktop.page
    await desktop.show("prejoin-proposed")
    await expect(page.get_by_role("heading", name="Ana Quispe proposes")).to_be_visible()
    await expect(page.get_by_role("button", name="Withdraw")).to_have_count(0)
    await page.get_by_role("button", name="Accept").click()
    assert "accept 2" in await desktop.calls()
    await page.evaluate("app.wrongField = 'any'")
    await page.get_by_role("button", name="Accept").click()
    await expect(page.get_by_text("That cannot be.")).to_be_visible()
    await desktop.show("prejoin-waiting")
    await expect(page.get_by_text("Waiting for Ana Quispe to accept.")).to_be_visible()
    await expect(page.get_by_role("button", name="Accept")).to_have_count(0)
    await page.get_by_role("button", name="Withdraw").click()
    assert "withdraw 2" in await desktop.calls()


async def test_who_pays_is_asked_before_it_costs_more(desktop: Screen) -> None:
    page = desktop.page
    go_on = page.get_by_role("button", name="Go on")
    question = page.get_by_text("The booked time ends at 14:15. Going on costs up to €20.00.")
    await desktop.show("call-asks")
    await expect(question).to_be_visible()
    await go_on.click()
    await expect(page.get_by_text("You go on: the time counts until 14:35")).to_be_visible()
    await expect(go_on).to_have_count(0)
    assert any(call.startswith("extendSession") for call in await desktop.calls())
    await desktop.show("call-asks")
    await page.get_by_role("button", name="Keep to the time").click()
    await expect(page.get_by_text("Talking on costs nothing.")).to_be_visible()
    await expect(go_on).to_have_count(0)
    assert not any(call.startswith("extendSession") for call in await desktop.calls())
    await desktop.show("call-asked")  # the other is told, and has nothing to decide
    await expect(page.get_by_text("Ana Quispe is asked whether to go on.")).to_be_visible()
    await expect(go_on).to_have_count(0)


async def test_a_question_does_not_fade(chromium: Browser, gallery: str) -> None:
    context = await chromium.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    await page.clock.install(time=0)
    await page.goto(f"{gallery}?call-asks")
    await expect(page.get_by_role("button", name="Go on")).to_be_visible()
    await page.clock.pause_at(60_000)
    await expect(page.locator(".bottom")).to_have_css("opacity", "1")
    await page.get_by_role("button", name="Keep to the time").click()
    await page.clock.fast_forward(4_000)
    await expect(page.locator(".bottom")).to_have_css("opacity", "0")
    await context.close()


# ---- the conversation --------------------------------------------------------------------------


async def test_enter_sends_and_shift_enter_begins_a_line(desktop: Screen) -> None:
    await desktop.show("conversation-empty")
    box = desktop.page.get_by_role("textbox", name="Message")
    await box.press_sequentially("one")
    await box.press("Shift+Enter")
    await box.press_sequentially("two")
    await expect(box).to_have_value("one\ntwo")
    await box.press("Enter")
    await expect(box).to_have_value("")
    await expect(desktop.page.get_by_text("Waiting to be sent")).to_be_visible()
    assert await desktop.page.locator(".waiting .bubble").inner_text() == "one\ntwo"


async def test_a_message_that_is_too_long_is_refused_and_kept(desktop: Screen) -> None:
    await desktop.show("conversation-empty")
    box = desktop.page.get_by_role("textbox", name="Message")
    await box.fill("é" * 8000)
    await expect(desktop.page.get_by_text("Room for about 190 more characters.")).to_be_visible()
    await box.fill("é" * 8200)
    await expect(desktop.page.get_by_text("8 characters too long")).to_be_visible()
    await desktop.page.get_by_role("button", name="Send").click()
    alert = desktop.page.get_by_role("alert")
    await expect(alert).to_have_text(
        "8 characters too long for one message. Shorten it, or send it in parts."
    )
    await expect(desktop.page.get_by_text("too long")).to_have_count(1)  # said once
    await expect(box).to_have_accessible_description(re.compile("8 characters too long"))
    await expect(box).to_have_value("é" * 8200)
    await box.fill("é" * 8192 + "x")
    await expect(desktop.page.get_by_text("1 character too long")).to_be_visible()
    await expect(alert).to_have_count(0)  # not at each stroke


async def test_a_draft_is_there_when_one_comes_back(desktop: Screen) -> None:
    await desktop.show("home")
    toggle = desktop.page.get_by_role("button", name="Conversation").first
    await toggle.click()
    await desktop.page.get_by_role("textbox", name="Message").fill("half a thought")
    await toggle.click()
    await expect(desktop.page.get_by_role("textbox", name="Message")).to_have_count(0)
    await toggle.click()
    await expect(desktop.page.get_by_role("textbox", name="Message")).to_have_value(
        "half a thought"
    )


async def test_a_refused_message_can_be_edited_or_discarded(desktop: Screen) -> None:
    await desktop.show("conversation-offline")
    await expect(desktop.page.get_by_text("Not sent.")).to_be_visible()
    await desktop.page.get_by_role("button", name="Edit").click()
    await expect(desktop.page.get_by_role("textbox", name="Message")).to_have_value("x" * 300)
    await expect(desktop.page.get_by_text("Not sent.")).to_have_count(0)


async def test_text_is_never_markup(desktop: Screen) -> None:
    await desktop.show("conversation-empty")
    evil = "<img src=x onerror=alert(1)><b>bold</b> ${1} {{2}}"
    box = desktop.page.get_by_role("textbox", name="Message")
    await box.fill(evil)
    await box.press("Enter")
    await expect(desktop.page.locator(".waiting .bubble")).to_have_text(evil)


async def test_what_has_not_been_loaded_does_not_look_erased(desktop: Screen) -> None:
    await desktop.show("conversation-away")
    page = desktop.page
    later = page.get_by_text("Earlier messages come when you are back online.")
    await expect(later).to_be_visible()
    await page.get_by_role("textbox", name="Message").fill("Meanwhile")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".waiting .bubble")).to_have_text("Meanwhile")
    await expect(later).to_be_visible()
    await page.evaluate("app.set({link: {is: 'online'}})")
    await expect(later).to_have_count(0)


async def test_older_messages_come_without_moving_what_is_read(desktop: Screen) -> None:
    await desktop.show("prejoin")
    page = desktop.page
    log = page.get_by_role("log")
    await expect(log.locator(".bubble")).to_have_count(24)
    anchor = log.locator(".bubble").first
    marked = await anchor.element_handle()
    assert marked is not None
    before = await log.evaluate("e => { e.scrollTop = 100; return e.scrollTop }")
    place = await marked.evaluate("e => e.getBoundingClientRect().top")
    await expect(log.locator(".bubble")).to_have_count(40)
    assert await log.evaluate("e => e.scrollTop") > before
    # The author's heading above the first bubble may join the older group: a line or two.
    moved = await marked.evaluate("e => e.getBoundingClientRect().top") - place
    assert abs(moved) < 48


async def test_one_who_reads_above_is_not_pulled_down(desktop: Screen) -> None:
    await desktop.show("conversation-thousand")
    page = desktop.page
    log = page.get_by_role("log")
    await log.evaluate("e => e.scrollTop = e.scrollHeight / 2")
    await page.evaluate(
        """{
        const [id, log] = Object.entries(app.state.conversations)[0];
        const last = log.messages.at(-1);
        const more = {...last, seq: 1001, id: 'fresh-message', body: 'fresh', person:
            app.state.mentorships[0].members[1].person.id};
        app.set({conversations: {[id]: {...log, head: 1001, messages: [...log.messages, more]}}});
        }"""
    )
    fresh = page.get_by_role("button", name="New messages")
    await expect(fresh).to_be_visible()
    assert not any(call.endswith(" 1001") for call in await desktop.calls())
    await fresh.click()
    await expect(page.get_by_text("fresh", exact=True)).to_be_in_viewport()
    await expect(fresh).to_have_count(0)
    await page.wait_for_function("app.calls.some((call) => /^read.* 1001$/.test(call))")


async def test_the_unread_line_stands_before_the_first_new_message(desktop: Screen) -> None:
    await desktop.show("prejoin")
    lines = await desktop.page.get_by_role("log").evaluate(
        "e => [...e.querySelectorAll('.line, .bubble')].map(e => e.className.trim())"
    )
    assert lines.count("line new") == 1
    assert lines[lines.index("line new") :].count("bubble") == 1  # 39 is one's own, 40 is not
    assert any(call.startswith("read") for call in await desktop.calls())


# ---- keys and focus ----------------------------------------------------------------------------


async def test_escape_closes_the_sheet_and_gives_the_focus_back(phone: Screen) -> None:
    await phone.show("prejoin")
    page = phone.page
    await page.get_by_role("button", name="Conversation").click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("textbox", name="Message")).to_have_count(0)
    assert (await phone.focused()).startswith("Conversation")


async def test_the_sheet_says_that_the_other_is_in_the_room_and_one_joins_from_it(
    phone: Screen,
) -> None:
    await phone.show("prejoin")
    page = phone.page
    await page.get_by_role("button", name="Conversation").click()
    sheet = page.locator("ith-sheet[tall]")
    await expect(sheet.get_by_role("status")).to_contain_text("Ana Quispe has Ithaca open.")
    await expect(sheet.get_by_role("button", name="Join")).to_have_count(0)
    await page.evaluate(
        "app.set({mentorships: app.state.mentorships.map((each) => ({...each, members:"
        " each.members.map((member) => ({...member, presence: 'in_room'}))}))})"
    )
    await expect(sheet.get_by_role("status")).to_contain_text("Ana Quispe is in the room.")
    await sheet.get_by_role("button", name="Join").click()
    await expect(page.get_by_role("button", name="Leave")).to_be_visible()
    calls = [call.split()[0] for call in await phone.calls()]
    assert "join" in calls
    assert "unprepare" not in calls


async def test_m_and_v_switch_unless_one_writes(desktop: Screen) -> None:
    await desktop.show("call")
    page = desktop.page
    await page.keyboard.press("m")
    await expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    await page.keyboard.press("v")
    await expect(page.get_by_role("button", name="Turn camera on")).to_be_visible()
    await page.get_by_role("textbox", name="Message").press_sequentially("mv")
    assert [call for call in await desktop.calls() if call.startswith("set")] == [
        "setMicrophone false",
        "setCamera false",
    ]


async def test_sound_that_the_browser_holds_back_comes_with_a_click(desktop: Screen) -> None:
    await desktop.show("call-sound")
    picture = desktop.page.locator("video[data-peer]")
    await expect(picture).to_have_js_property("muted", True)
    await expect(picture).to_have_js_property("paused", False)  # the picture at least
    turn_on = desktop.page.get_by_role("button", name="Turn on sound")
    await turn_on.click()
    await expect(picture).to_have_js_property("muted", False)
    await expect(picture).to_have_js_property("paused", False)
    await expect(turn_on).to_have_count(0)


async def test_the_controls_rest_and_come_back(chromium: Browser, gallery: str) -> None:
    context = await chromium.new_context(viewport={"width": 1280, "height": 800})
    screen = Screen(await context.new_page(), gallery)
    page = screen.page
    await page.clock.install(time=0)
    await page.goto(f"{gallery}?call")
    bar = page.locator(".bottom")
    await expect(page.locator("video[data-peer]")).to_be_visible()
    await page.clock.pause_at(60_000)
    await expect(bar).to_have_css("opacity", "0")
    await page.mouse.move(300, 300)
    await expect(bar).to_have_css("opacity", "1")
    await page.clock.fast_forward(2_900)
    await page.evaluate("document.querySelector('ith-app').updateComplete")
    await expect(bar).to_have_css("opacity", "1")
    await page.clock.fast_forward(200)
    await expect(bar).to_have_css("opacity", "0")
    await page.keyboard.press("Shift")  # a key brings it back
    await expect(bar).to_have_css("opacity", "1")
    await page.clock.fast_forward(4_000)
    await expect(bar).to_have_css("opacity", "0")
    await page.evaluate("app.set({link: {is: 'offline', retryAt: 0, trouble: null}})")
    await expect(bar).to_have_css("opacity", "1")  # there is something to say
    await page.evaluate("app.set({link: {is: 'online'}})")
    await expect(bar).to_have_css("opacity", "0")
    await page.get_by_role("button", name="Mute").focus()
    await page.clock.fast_forward(4_000)
    await expect(bar).to_have_class("bottom resting")
    await expect(bar).to_have_css("opacity", "1")  # never while the keyboard is in it
    await context.close()
    assert screen.errors == []


async def test_a_tap_on_controls_at_rest_only_brings_them_back(
    chromium: Browser, gallery: str
) -> None:
    """One taps where nothing is to be seen: what lies there must not be pressed."""
    context = await chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    screen = Screen(await context.new_page(), gallery)
    page = screen.page
    await page.clock.install(time=0)
    await page.goto(f"{gallery}?call-read")
    bar = page.locator(".bottom")
    await expect(page.locator("video[data-peer]")).to_be_visible()
    leave = await page.get_by_role("button", name="Leave").bounding_box()
    mute = await page.get_by_role("button", name="Mute").bounding_box()
    assert leave is not None
    assert mute is not None
    for box in (leave, mute):
        await page.clock.fast_forward(4_000)
        await expect(bar).to_have_css("opacity", "0")
        await page.touchscreen.tap(box["x"] + 10, box["y"] + 10)
        await expect(bar).to_have_css("opacity", "1")
        assert not {"leave", "setMicrophone false"} & set(await screen.calls())
    await page.touchscreen.tap(mute["x"] + 10, mute["y"] + 10)
    await expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    await page.touchscreen.tap(leave["x"] + 10, leave["y"] + 10)
    await expect(page.get_by_role("button", name="Leave")).to_have_count(0)
    await context.close()
    assert screen.errors == []


@pytest.mark.parametrize(
    ("state", "width"),
    [
        *(("call-gone", width) for width in (1280, 1024, 960)),
        *(("call-denied", width) for width in (1280, 1180, 1179)),
    ],
)
async def test_the_conversation_opens_and_closes_under_a_pointer_that_stays(
    desktop: Screen, state: str, width: int
) -> None:
    """However often one clicks there: *Leave* does not come to lie under it."""
    page = desktop.page
    await page.set_viewport_size({"width": width, "height": 800})
    await desktop.show(state)
    toggle = page.get_by_role("button", name="Conversation")
    box = await toggle.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    for is_open in (False, True, False):
        await page.mouse.down()
        await page.mouse.up()
        await expect(page.get_by_role("complementary")).to_have_count(int(is_open))
        assert await toggle.bounding_box() == box
        leave = await page.get_by_role("button", name="Leave").bounding_box()
        assert leave is not None
        assert leave["x"] > box["x"] + box["width"] + 8
        assert leave["x"] + leave["width"] <= width - 360 * is_open


async def test_who_loses_the_other_can_write_to_them(phone: Screen) -> None:
    await phone.show("call-lost")
    page = phone.page
    await expect(page.locator("video[data-peer]")).to_have_css("filter", re.compile("brightness"))
    await page.get_by_role("button", name="Write to Ana").click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    await phone.show("call")
    await expect(page.locator("video[data-peer]")).to_have_css("filter", "none")
    await expect(page.get_by_role("button", name="Write to")).to_have_count(0)


async def test_a_new_page_takes_the_focus_to_its_heading_and_names_itself(desktop: Screen) -> None:
    await desktop.show("home")
    page = desktop.page
    await page.get_by_role("link", name="New mentorship").click()
    await expect(page.get_by_role("heading", name="New mentorship")).to_be_focused()
    await expect(page).to_have_title("(2) New mentorship · Ithaca")
    await page.go_back()
    await expect(page.get_by_role("heading", name="Your mentorships")).to_be_focused()


async def test_who_is_in_the_room_stands_first_at_home(desktop: Screen) -> None:
    await desktop.show("home")
    people = desktop.page.get_by_role("heading", level=2)
    await expect(people).to_have_text([re.compile("ליאורה"), "Ana Quispe", re.compile("^Wolfe")])


async def test_what_stands_alone_stands_in_line(phone: Screen) -> None:
    await phone.show("home")
    page = phone.page
    words = page.get_by_text("This tab speaks for")
    button = page.get_by_role("button", name="Replace my link")
    left = "e => { const r = document.createRange(); r.selectNodeContents(e);"
    left += " return r.getBoundingClientRect().x }"
    assert abs(await words.evaluate(left) - await button.evaluate(left)) < 2


async def test_each_thing_to_press_in_a_call_is_large_enough_for_a_finger(desktop: Screen) -> None:
    for state in ("call-denied", "call-lost", "call-read"):
        await desktop.show(state)
        for button in await desktop.page.get_by_role("button").all():
            box = await button.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44, (state, await button.inner_text())


async def test_an_estimated_end_is_said_plainly(desktop: Screen) -> None:
    await desktop.show("summary-open")
    await expect(desktop.page.get_by_text("An end was not said but inferred")).to_be_visible()


async def test_the_own_picture_moves_by_mouse_and_keys(desktop: Screen) -> None:
    await desktop.show("call")
    page = desktop.page
    card = page.get_by_role("group", name="Your picture")
    box = await card.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 20, box["y"] + 60)
    await page.mouse.down()
    await page.mouse.move(100, 150, steps=4)
    await page.mouse.up()
    moved = await card.bounding_box()
    assert moved is not None
    assert (moved["x"], moved["y"]) < (100, 100)
    await card.press("ArrowRight")
    await card.press("ArrowDown")
    assert await card.bounding_box() == box


# ---- ways in and out ---------------------------------------------------------------------------


async def test_join_takes_what_was_prepared_along(desktop: Screen) -> None:
    await desktop.show("prejoin")
    page = desktop.page
    await page.get_by_role("button", name="Join").click()
    await expect(page.get_by_role("button", name="Leave")).to_be_visible()
    await expect(page.get_by_text("Joining…")).to_be_visible()
    calls = [call.split()[0] for call in await desktop.calls()]
    assert calls.count("prepare") == 1
    assert calls.count("join") == 1
    assert "unprepare" not in calls


async def test_going_elsewhere_puts_the_preparations_away(desktop: Screen) -> None:
    await desktop.show("prejoin")
    await desktop.page.get_by_role("link", name="Ithaca").click()
    await expect(desktop.page.get_by_role("heading", name="Your mentorships")).to_be_visible()
    assert "unprepare" in await desktop.calls()


async def test_leave_leads_to_the_summary_and_going_back_leaves(desktop: Screen) -> None:
    await desktop.show("prejoin")
    page = desktop.page
    await page.get_by_role("button", name="Join").click()
    await page.evaluate(
        "app.set({call: {...app.state.call, phase: 'joined', session: {id: 'ses_1', mentorship:"
        " app.state.mentorships[0].id, room: app.state.call.room, version: 1, state: 'open',"
        " created_us: 1, started_us: 1, as_of_us: 1, together_us: 90000000, people: [],"
        " interruptions: [], estimated: false}}})"
    )
    await page.go_back()
    assert "leave" in await desktop.calls()
    await page.get_by_role("button", name="Join").click()
    await page.get_by_role("button", name="Leave").click()
    await expect(page.get_by_role("button", name="Join")).to_be_visible()  # no session came of it


async def test_back_to_the_call_needs_no_second_join(desktop: Screen) -> None:
    await desktop.show("summary-open")
    page = desktop.page
    await page.get_by_role("button", name="Write").click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    await page.get_by_role("button", name="Write").click()
    await expect(page.get_by_role("textbox", name="Message")).to_have_count(0)
    await page.get_by_role("button", name="Back to the call").click()
    await expect(page.get_by_role("button", name="Leave")).to_be_visible()
    asked = [call.split()[0] for call in await desktop.calls()]
    assert asked.index("prepare") < asked.index("join")


async def test_write_on_the_page_of_a_session_brings_nothing_dangerous_under_the_pointer(
    desktop: Screen,
) -> None:
    page = desktop.page
    for part in (0.1, 0.5, 0.9):
        await desktop.show("summary-open")
        button = page.get_by_role("button", name="Write")
        await button.scroll_into_view_if_needed()
        write = await button.bounding_box()
        assert write is not None
        for _ in range(2):
            x, y = write["x"] + write["width"] * part, write["y"] + write["height"] / 2
            await page.mouse.click(x, y)
            await expect(page.get_by_role("textbox", name="Message")).to_be_visible()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_role("button", name="Back to the call")).to_be_visible()


async def test_a_form_says_all_that_is_wrong_at_once_each_at_its_field(desktop: Screen) -> None:
    await desktop.show("new-signed-out")
    page = desktop.page
    await page.get_by_role("group", name="The mentee").get_by_label("E-mail").fill("ben")
    await page.get_by_role("button", name="Make the links").click()
    told = {
        (role, label): await page.get_by_role("group", name=f"The {role}")
        .get_by_label(label)
        .evaluate("e => [e.ariaInvalid, e.nextElementSibling.textContent]")
        for role in ("mentor", "mentee")
        for label in ("Name", "Time zone", "E-mail")
    }
    assert told == {
        ("mentor", "Name"): ["true", "Write the name."],
        ("mentor", "Time zone"): [None, ""],  # the maker's own is there
        ("mentor", "E-mail"): [None, ""],
        ("mentee", "Name"): ["true", "Write the name."],
        ("mentee", "Time zone"): ["true", "Choose the time zone."],
        ("mentee", "E-mail"): [
            "true",
            "An e-mail address looks like ana@example.org; it may also be left empty.",
        ],
    }
    name = page.get_by_role("group", name="The mentor").get_by_label("Name")
    await expect(name).to_be_focused()
    await expect(name).to_have_accessible_description("Write the name.")
    await name.fill("Ana")
    await expect(name).not_to_have_attribute("aria-invalid", "true")
    assert "startMentorship" not in await desktop.calls()


async def test_a_form_prefills_the_time_zone_of_who_writes_it_alone(
    chromium: Browser, gallery: str
) -> None:
    context = await chromium.new_context(timezone_id="America/Lima")
    screen = Screen(await context.new_page(), gallery)
    page = screen.page
    await screen.show("new-signed-out")
    mentors, mentees = (
        page.get_by_role("group", name=f"The {role}").get_by_label("Time zone")
        for role in ("mentor", "mentee")
    )

    async def zones() -> list[str]:
        return [await mentors.input_value(), await mentees.input_value()]

    assert await zones() == ["America/Lima", ""]
    await page.get_by_label("I am the mentee").click()
    assert await zones() == ["", "America/Lima"]
    await page.get_by_label("I am neither").click()
    assert await zones() == ["", ""]
    await mentors.fill("Europe/Vienna")
    await page.get_by_label("I am the mentor").click()
    assert await zones() == ["Europe/Vienna", ""]  # what was written stays
    await screen.show("new")  # somebody whom the server knows
    assert await mentees.input_value() == ""
    await context.close()
    assert screen.errors == []


async def test_a_form_says_at_the_field_what_the_server_refuses(desktop: Screen) -> None:
    await desktop.show("new")
    page = desktop.page
    await page.evaluate("app.wrongField = 'mentee.zone'")
    zone = page.get_by_role("combobox", name="Time zone")
    await page.get_by_label("Name").fill("Ana")
    await zone.fill("europe/vienna")
    await page.get_by_role("button", name="Make the links").click()
    await expect(zone).to_be_focused()
    await expect(zone).to_have_attribute("aria-invalid", "true")
    await expect(zone).to_have_accessible_description(
        "There is no such time zone. Choose one from the list."
    )
    await page.evaluate("app.wrongField = 'i_am'")  # no field of the page
    await page.get_by_role("button", name="Make the links").click()
    await expect(page.get_by_role("status")).to_contain_text("There is no such time zone.")
    await page.evaluate("app.wrongField = null")
    await page.get_by_role("button", name="Make the links").click()
    await expect(page.get_by_role("heading", name="Two links")).to_be_focused()
    await expect(page.get_by_role("button", name="Copy")).to_have_count(2)


async def test_what_keeps_a_device_from_working_is_said_and_can_be_tried_again(
    desktop: Screen,
) -> None:
    await desktop.show("prejoin-denied")
    page = desktop.page
    await expect(
        page.get_by_text("does not let Ithaca use the camera and microphone")
    ).to_be_visible()
    await expect(page.get_by_text("You join to watch and write.")).to_be_visible()
    await expect(page.get_by_role("button", name="Join")).to_be_enabled()
    await page.get_by_role("button", name="Try again").click()
    assert "retryDevices" in await desktop.calls()


async def test_who_cannot_send_is_told_why_by_the_switch(phone: Screen) -> None:
    await phone.show("call-denied")
    page = phone.page
    own = page.get_by_role("group", name="Your picture")
    await expect(own).to_contain_text("Camera not allowed")
    for name in ("No microphone", "No camera"):
        await page.get_by_role("button", name=name).click()
        await expect(page.get_by_role("dialog", name="Devices")).to_be_visible()
        sheet = page.locator("ith-sheet[heading=Devices]")
        await expect(sheet.get_by_text("Press the sign beside the address")).to_be_visible()
        await sheet.get_by_role("button", name="Try again").click()
        await sheet.get_by_role("button", name="Close").click()
    await page.keyboard.press("m")
    await expect(page.get_by_role("dialog", name="Devices")).to_be_visible()
    asked = [call.split()[0] for call in await phone.calls()]
    assert asked.count("retryDevices") == 2
    assert "setMicrophone" not in asked
    await phone.show("call-missing")
    await expect(page.get_by_role("button", name="Mute")).to_be_visible()
    await expect(page.get_by_role("group", name="Your picture")).to_contain_text("No camera")


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("prejoin", ["Mute", "Turn camera off"]),
        ("prejoin-asking", ["Mute", "Turn camera off"]),
        ("prejoin-missing", ["Mute"]),
        ("prejoin-busy", ["Turn camera off"]),
        ("prejoin-insecure", []),
    ],
)
async def test_a_switch_is_there_for_a_device_that_runs_or_starts(
    desktop: Screen, state: str, offered: list[str]
) -> None:
    await desktop.show(state)
    words = desktop.page.get_by_role("region", name="Your picture and sound").locator(".word")
    await expect(words).to_have_text(offered)


async def test_a_long_name_stands_whole_once_on_the_pre_join_page(phone: Screen) -> None:
    await phone.show("prejoin-long")
    other = phone.page.get_by_role("region", name="Who you meet")
    await expect(other.get_by_text("Wolfeschlegelsteinhausenbergerdorff")).to_have_count(1)
    await expect(other.get_by_text("Wolfeschlegelsteinhausenber…")).to_have_count(2)
