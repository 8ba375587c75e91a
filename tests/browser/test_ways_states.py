"""Into a call and out of it: the pre-join page and the page of a session, in Chromium. The elements
draw the gallery's canned states; no server takes part."""

import pytest
from playwright.async_api import expect

from tests.support.gallery import Screen

pytestmark = pytest.mark.browser


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


async def test_an_estimated_end_is_said_plainly(desktop: Screen) -> None:
    await desktop.show("account-paid")
    await expect(desktop.page.get_by_text("Your page was not heard to leave")).to_be_visible()


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


@pytest.mark.parametrize(
    "state", ["prejoin", "prejoin-agreed", "prejoin-proposed", "prejoin-offline", "prejoin-denied"]
)
async def test_join_is_seen_at_once_and_covers_nothing_for_good(phone: Screen, state: str) -> None:
    await phone.show(state)
    page = phone.page
    join = page.get_by_role("button", name="Join")
    await expect(join).to_be_in_viewport(ratio=1)
    last = page.get_by_role("button", name="Propose terms")
    await last.focus()  # as by the keyboard
    foot = await page.locator(".go").bounding_box()
    box = await last.bounding_box()
    assert foot is not None
    assert box is not None
    assert box["y"] + box["height"] <= foot["y"]
    await expect(join).to_be_in_viewport(ratio=1)


async def test_terms_that_wait_for_an_answer_have_room(desktop: Screen) -> None:
    page = desktop.page
    for state, answer in (("prejoin-proposed", "Decline"), ("prejoin-waiting", "Withdraw")):
        await desktop.show(state)
        await expect(page.get_by_role("button", name=answer)).to_be_in_viewport(ratio=1)
        card = await page.locator("ith-arrange .card").bounding_box()
        assert card is not None
        assert card["width"] > 800


async def test_ways_to_arrange_stand_in_line_with_the_rest(desktop: Screen) -> None:
    await desktop.show("prejoin")
    page = desktop.page
    left = "e => { const r = document.createRange(); r.selectNodeContents(e);"
    left += " return r.getBoundingClientRect().x }"
    words = await page.get_by_role("button", name="Propose terms").evaluate(left)
    box = await page.get_by_role("region", name="Your picture and sound").bounding_box()
    assert box is not None
    assert abs(words - box["x"]) < 2


async def test_while_the_server_is_away_nothing_is_said_of_who_is_there(phone: Screen) -> None:
    await phone.show("prejoin")
    page = phone.page
    avatar = page.get_by_role("region", name="Who you meet").locator("ith-avatar")
    await expect(avatar).to_have_attribute("here", "")
    await expect(page.get_by_text("Ana Quispe has Ithaca open.").first).to_be_visible()
    away = "app.set({hasNetwork: %s, link: {is: 'offline', retryAt: 0, trouble: null}})"
    for network, words in (("true", "Ithaca cannot be reached."), ("false", "You are offline.")):
        await page.evaluate(away % network)
        await expect(page.locator(".go").get_by_text(words)).to_be_in_viewport(ratio=1)
        await expect(avatar).not_to_have_attribute("here", "")
        await expect(page.get_by_text("Ana Quispe has Ithaca open.")).to_have_count(0)
        unknown = page.get_by_text("Whether Ana Quispe is here is not known.")
        await expect(unknown.first).to_be_visible()
    await page.evaluate("app.set({link: {is: 'online'}})")
    await expect(avatar).to_have_attribute("here", "")
    await expect(page.locator(".go").get_by_text("You are offline.")).to_have_count(0)


async def test_a_long_name_stands_whole_once_on_the_pre_join_page(phone: Screen) -> None:
    await phone.show("prejoin-long")
    other = phone.page.get_by_role("region", name="Who you meet")
    await expect(other.get_by_text("Wolfeschlegelsteinhausenbergerdorff")).to_have_count(1)
    await expect(other.get_by_text("Wolfeschlegelsteinhausenber…")).to_have_count(2)


async def test_a_long_name_over_a_conversation_takes_one_line(phone: Screen) -> None:
    await phone.show("prejoin-long")
    page = phone.page
    await page.get_by_role("button", name="Conversation").click()
    heading = page.get_by_role("dialog").get_by_role("heading", level=2)
    await expect(heading).to_contain_text("Papadimitrakopoulou the Younger")
    title = await heading.bounding_box()
    close = await page.get_by_role("button", name="Close").bounding_box()
    assert title is not None
    assert close is not None
    assert title["height"] < 44  # what is said below needs the room
    assert title["x"] + title["width"] <= close["x"]


async def test_what_is_new_in_the_conversation_is_read_at_first_sight(phone: Screen) -> None:
    page = phone.page
    await page.set_viewport_size({"width": 360, "height": 640})
    await phone.show("prejoin")
    join = page.get_by_role("button", name="Join")
    was = await join.bounding_box()
    turn = "app.set({mentorships: app.state.mentorships.map((m) => ({...m, unread: 3}))})"
    await page.evaluate(turn)
    leads = page.get_by_role("button", name="Conversation · 3 new")
    await expect(leads).to_be_in_viewport(ratio=1)
    assert await join.bounding_box() == was
    await page.evaluate(
        "app.set({link: {is: 'offline', retryAt: 0, trouble: null}, hasNetwork: true})"
    )
    await expect(page.get_by_text("Ithaca cannot be reached.")).to_be_visible()
    assert await join.bounding_box() == was
    await leads.click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()


CONTROLS = """() => {
  const found = [];
  const look = (root) => root.querySelectorAll("*").forEach((each) => {
    if (each.shadowRoot) look(each.shadowRoot);
    const roving = each.closest("[role=log], [role=radiogroup]") && each.tabIndex < 0;
    if (!each.matches("a[href], button, input, select, textarea, summary") || roving) return;
    if (each.disabled || !each.checkVisibility({ visibilityProperty: true })) return;
    if (each.getBoundingClientRect().width > 1) found.push(each);
  });
  look(document);
  return found;
}"""
"""All that one sees and can press."""
REACHED = """() => {
  let it = document.activeElement;
  while (it?.shadowRoot?.activeElement) it = it.shadowRoot.activeElement;
  const first = !window.reached.has(it);
  window.reached.add(it);
  return first && it !== document.body;
}"""


@pytest.mark.parametrize("state", ["home", "prejoin-proposed"])
@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
async def test_all_that_can_be_pressed_is_reached_by_keyboard(
    sized: Screen, state: str, key: str
) -> None:
    await sized.show(state)
    page = sized.page
    await page.evaluate("window.reached = new Set()")
    while True:
        await page.keyboard.press(key)
        if not await page.evaluate(REACHED):
            break
    missed = f"({CONTROLS})().filter((e) => !reached.has(e)).map((e) => e.outerHTML)"
    assert await page.evaluate(missed) == []
