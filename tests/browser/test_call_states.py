"""In a call: keys, controls that rest, the own picture, what is lost, in Chromium. The elements
draw the gallery's canned states; no server takes part."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.support.gallery import Screen

pytestmark = pytest.mark.browser


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
    bar = page.get_by_role("toolbar", name="Call")
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
    await expect(page.locator(".bottom")).to_have_class("bottom resting")
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
    bar = page.get_by_role("toolbar", name="Call")
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


async def test_the_time_and_what_is_said_stay_when_the_controls_rest(
    chromium: Browser, gallery: str
) -> None:
    context = await chromium.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    await page.clock.install(time=0)
    await page.goto(f"{gallery}?call-asked")
    await page.evaluate(
        "app.set({call: {...app.state.call,"
        " peers: app.state.call.peers.map(p => ({...p, audio: false}))}})"
    )
    await expect(page.locator("video[data-peer]")).to_be_visible()
    await page.clock.pause_at(60_000)
    await expect(page.get_by_role("toolbar", name="Call")).to_have_css("opacity", "0")
    seen = "e => { for (let n = e; n; n = n.parentElement ?? n.getRootNode().host)"
    seen += " if (getComputedStyle(n).opacity !== '1') return false; return true }"
    for words in (
        page.get_by_role("timer", name="Time together"),
        page.get_by_text("No sound from Ana Quispe."),
        page.get_by_text("The booked time ends at 14:15."),
    ):
        await expect(words).to_be_visible()
        assert await words.evaluate(seen)
    await context.close()


async def test_that_the_time_is_not_proven_is_said_beside_it_where_that_matters(
    phone: Screen,
) -> None:
    page = phone.page
    await phone.show("call-unproven")
    words = page.get_by_text("This time is not proven at the moment and may not be billed.")
    await expect(page.locator(".top").filter(has=words)).to_be_visible()
    await expect(words).to_be_in_viewport(ratio=1)
    await page.get_by_role("button", name="Conversation").click()
    await expect(words).to_have_count(1)
    await expect(words).to_be_in_viewport(ratio=1)
    await page.get_by_role("button", name="Close").click()
    await page.evaluate(
        "app.set({call: {...app.state.call,"
        " peers: app.state.call.peers.map(p => ({...p, unproven: false}))}})"
    )
    await expect(words).to_be_hidden()


async def test_a_server_that_does_not_answer_is_said_though_its_socket_is_open(
    desktop: Screen,
) -> None:
    page = desktop.page
    await desktop.show("call")
    words = page.get_by_text(
        "Ithaca cannot be reached. You can keep talking. The time is still on record."
    )
    await expect(words).to_have_count(0)
    await page.evaluate("app.set({link: {is: 'online', silent: true}})")
    await expect(words).to_be_visible()
    await expect(page.get_by_role("toolbar", name="Call")).to_have_css("opacity", "1")
    await page.evaluate("app.set({link: {is: 'offline', retryAt: 0, trouble: null}})")
    await expect(words).to_be_visible()  # the same, until it is over
    await page.evaluate("app.set({link: {is: 'online'}})")
    await expect(words).to_be_hidden()


async def test_the_time_runs_on_while_the_two_can_talk(desktop: Screen) -> None:
    """Also when the server has lost one of them."""
    page = desktop.page
    await desktop.show("call")
    timer = page.get_by_role("timer", name="Time together")
    await expect(timer).to_have_text("45:29")
    await page.evaluate(
        "{const start = app.nowUs(); window.later = 0; app.nowUs = () => start + window.later}"
    )
    await page.evaluate(
        "app.set({call: {...app.state.call,"
        " session: {...app.state.call.session, together_us: 2725e6, together_since_us: null},"
        " peers: app.state.call.peers.map(p => ({...p, here: false}))}})"
    )
    await page.evaluate("window.later = 7e6")
    await expect(timer).to_have_text("45:36")
    await page.evaluate(  # it is back, and the server has the last word
        "app.set({call: {...app.state.call,"
        " peers: app.state.call.peers.map(p => ({...p, here: true}))}})"
    )
    await expect(timer).to_have_text("45:25")


async def test_a_question_is_asked_in_the_sheet_that_covers_the_page(phone: Screen) -> None:
    page = phone.page
    question = page.get_by_text("The booked time ends at 14:15. Going on costs up to €20.00 for")
    for sheet, name in (("Conversation", "Ana Quispe"), ("Devices", "Devices")):
        await phone.show("call-asks")
        await page.get_by_role("button", name=sheet).click()
        dialog = page.locator(f"ith-sheet[heading='{name}']" if sheet == "Devices" else "ith-side")
        await expect(page.get_by_role("dialog", name=name)).to_be_visible()
        await expect(question).to_have_count(1)
        await dialog.get_by_role("button", name="Keep to the time").click()
        await dialog.get_by_role("button", name="Go on after all").click()
        await expect(dialog.get_by_text("You said to go on")).to_be_in_viewport(ratio=1)
        await page.get_by_role("button", name="Close").click()
        await expect(page.locator(".bottom").get_by_text("You said to go on")).to_be_visible()


async def test_devices_lie_over_the_conversation_on_a_page_that_was_made_narrow(
    desktop: Screen,
) -> None:
    page = desktop.page
    await desktop.show("call")
    await page.get_by_role("button", name="Devices").click()
    await page.set_viewport_size({"width": 360, "height": 740})
    camera = page.get_by_label("Camera", exact=True)
    await camera.click(trial=True)  # nothing lies over it
    await page.get_by_role("button", name="Close").click()
    await expect(camera).to_be_hidden()
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()


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


async def test_each_thing_to_press_in_a_call_is_large_enough_for_a_finger(desktop: Screen) -> None:
    for state in ("call-denied", "call-lost", "call-read"):
        await desktop.show(state)
        for button in await desktop.page.get_by_role("button").all():
            box = await button.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44, (state, await button.inner_text())


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


async def test_who_cannot_send_is_told_why_by_the_switch(phone: Screen) -> None:
    await phone.show("call-denied")
    page = phone.page
    own = page.get_by_role("group", name="Your picture")
    await expect(own).to_contain_text("Camera not allowed")
    advice = page.get_by_text("Press the sign beside the address")
    await expect(page.locator(".bottom").filter(has=advice)).to_be_visible()  # without a press
    for name in ("No microphone", "No camera"):
        await page.get_by_role("button", name=name).click()
        await expect(page.get_by_role("dialog", name="Devices")).to_be_visible()
        sheet = page.locator("ith-sheet[heading=Devices]")
        await expect(sheet.get_by_text("Press the sign beside the address")).to_be_visible()
        await sheet.get_by_role("button", name="Try again").click()
        await sheet.get_by_role("button", name="Close").click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("m")
    await expect(page.get_by_role("dialog", name="Devices")).to_be_visible()
    asked = [call.split()[0] for call in await phone.calls()]
    assert asked.count("retryDevices") == 2
    assert "setMicrophone" not in asked
    await phone.show("call-missing")
    await expect(page.get_by_role("button", name="Mute")).to_be_visible()
    await expect(page.get_by_role("group", name="Your picture")).to_contain_text("No camera")
