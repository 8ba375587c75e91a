"""Every screen in every state, in Chromium, under the server's own content policy: axe, widths,
headings, focus. The elements draw the gallery's canned states; no server takes part. What one
presses is in the files beside this one, by theme.

PICTURES=FOLDER keeps a picture of each state, to look at.
"""

import os
import re
from zlib import crc32

import pytest
from playwright.async_api import Browser, expect

from tests.support.gallery import SIZES, Screen, look_over

pytestmark = pytest.mark.browser
SHARES = 3
"""All states at once would keep one worker busy while the others have done."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("share", range(SHARES))
async def test_every_state_is_accessible_and_fits(
    chromium: Browser, gallery: str, size: str, share: int
) -> None:
    """axe finds nothing in light or dark, nothing scrolls sideways, the console stays quiet."""
    elsewhere = ("account-", "statements", "reflect-", "talk-")  # in files of their own

    def is_ours(state: str) -> bool:
        return not state.startswith(elsewhere) and crc32(state.encode()) % SHARES == share

    assert await look_over(chromium, gallery, size, is_ours) == []


@pytest.mark.parametrize("size", ["phone", pytest.param("desktop", marks=pytest.mark.soak)])
@pytest.mark.parametrize(
    ("state", "press", "then"),
    [
        ("home", "Conversation", "Message"),
        ("home", "Replace my link", "Make a new link"),
        ("home", "Sign out of this tab", "Stay signed in"),
        ("prejoin", "Conversation", "Message"),
        ("prejoin-agreed", "Propose terms", "Rate an hour"),
        ("prejoin-agreed", "Move or cancel the meeting", "Move it"),
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


async def test_a_new_page_takes_the_focus_to_its_heading_and_names_itself(desktop: Screen) -> None:
    await desktop.show("home")
    page = desktop.page
    await page.get_by_role("link", name="New mentorship").click()
    await expect(page.get_by_role("heading", name="New mentorship")).to_be_focused()
    await expect(page).to_have_title("(2) New mentorship · Ithaca")
    await page.go_back()
    await expect(page.get_by_role("heading", name="Your mentorships")).to_be_focused()


IN_ROOM = """(names) => app.set({mentorships: app.state.mentorships.map((each) => ({...each,
  members: each.members.map((member) => ({...member,
    presence: names.includes(member.person.name) ? "in_room" : "here"}))}))})"""


async def test_who_is_in_the_room_stands_first_at_home(desktop: Screen) -> None:
    await desktop.show("home")
    people = desktop.page.get_by_role("heading", level=2)
    leyla, ana, wolfe = re.compile("ליאורה"), "Ana Quispe", re.compile("^Wolfe")
    await expect(people).to_have_text([leyla, ana, wolfe])
    # Nobody moves away from who is about to press.
    join = desktop.page.get_by_role("link", name="Join").nth(1)
    for at_it in (join.hover, join.focus):
        await at_it()
        await desktop.page.evaluate(IN_ROOM, [ana])
        await expect(join).to_have_class(re.compile("filled"))
        await expect(people).to_have_text([leyla, ana, wolfe])
        if at_it == join.focus:
            await expect(join).to_be_focused()
        await desktop.page.mouse.move(1, 1)
        await join.blur()
        await expect(people).to_have_text([ana, leyla, wolfe])
        await desktop.page.evaluate(IN_ROOM, ["ליאורה בן־דוד"])
        await expect(people).to_have_text([leyla, ana, wolfe])


async def test_what_one_presses_at_home_stays_where_it_was_shown(phone: Screen) -> None:
    """Sessions are asked for once one has signed in, and come later than the people."""
    page = phone.page
    await page.clock.install(time=0)
    await phone.show("home-contested")
    await page.clock.pause_at(60_000)
    held = "{ window.had = app.state.sessions; app.set({ sessions: {}, listed: {} });"
    held += " app.sessionsCome = new Promise((come) => (window.come = come)); 0 }"
    join = page.get_by_role("link", name="Join")
    for come in (True, False):
        await page.get_by_role("link", name="New mentorship").click()
        await page.evaluate(held)
        await page.go_back()
        await expect(page.get_by_role("heading", name="Your mentorships")).to_be_focused()
        if come:  # drawn with them
            await expect(page.get_by_text("Looking who is here…")).to_be_visible()
            await expect(join).to_have_count(0)
            await page.evaluate("app.set({ sessions: had }); come()")
            await expect(page.get_by_text("it waits for your answer")).to_be_visible()
            assert await join.is_visible()
        else:  # they take too long: what comes then stands below
            await page.clock.fast_forward(1000)
            await expect(join).to_be_visible()
            before = await join.bounding_box()
            await page.evaluate("app.set({ sessions: had }); come()")
            await expect(page.get_by_text("it waits for your answer")).to_be_visible()
            assert await join.bounding_box() == before
    # Who does not hear the server sees at once what there is.
    await page.get_by_role("link", name="New mentorship").click()
    await page.evaluate(held)
    await page.evaluate("app.set({link: {is: 'online', silent: true}})")
    await page.go_back()
    await expect(join).to_be_visible()


async def test_the_home_page_says_that_it_may_be_old_while_nothing_is_heard(
    desktop: Screen,
) -> None:
    await desktop.show("home")
    old = desktop.page.get_by_text("this may be old.")
    await expect(old).to_have_count(0)
    for network, words in (("true", "Ithaca cannot be reached:"), ("false", "You are offline:")):
        away = "app.set({hasNetwork: %s, link: {is: 'offline', retryAt: 0, trouble: null}})"
        await desktop.page.evaluate(away % network)
        await expect(old).to_be_visible()
        await expect(desktop.page.get_by_text(words)).to_be_visible()
    await desktop.page.evaluate("app.set({link: {is: 'online'}})")
    await expect(old).to_have_count(0)


async def test_who_asks_for_all_sessions_goes_on_at_the_first_of_those(desktop: Screen) -> None:
    await desktop.show("home")
    await desktop.page.evaluate(
        "{const [id, [one]] = Object.entries(app.state.sessions).find(([, all]) => all.length);"
        " const many = Array.from({length: 8}, (_, n) => ({...one, id: `ses_${n}`}));"
        " app.set({sessions: {...app.state.sessions, [id]: many}})}"
    )
    sessions = desktop.page.locator(".sessions").filter(has_text="Show all 8")
    before = await sessions.get_by_role("listitem").count()
    await sessions.get_by_role("button", name="Show all 8").press("Enter")
    item = desktop.page.locator(f"a[href$='/ses_{before}']")
    await expect(item).to_be_focused()


async def test_the_home_page_says_what_is_held_and_waits_for_an_answer(phone: Screen) -> None:
    await phone.show("home-contested")
    page = phone.page
    asks = "Ana Quispe contests the session today at 13:25: it waits for your answer"
    await expect(page.get_by_role("link", name=asks)).to_have_attribute(
        "href", re.compile("^/s/ses_")
    )
    sessions = page.get_by_role("region", name="Sessions with Ana Quispe").get_by_role("link")
    await expect(sessions.first).to_contain_text("43 min 26 s together")
    await expect(sessions.first).to_contain_text("€45.60, held until you two agree")
    await expect(sessions.nth(1)).not_to_contain_text("held")


async def test_a_tab_that_knows_nobody_says_what_to_do(desktop: Screen) -> None:
    await desktop.show("signed-out-session")
    page = desktop.page
    await expect(page.get_by_role("heading", name="Use your link first")).to_be_visible()
    await page.get_by_role("link", name="Ithaca").click()
    await expect(page.get_by_role("heading", name="Use your link first")).to_be_focused()


async def test_what_stands_alone_stands_in_line(phone: Screen) -> None:
    await phone.show("home")
    page = phone.page
    words = page.get_by_text("This tab speaks for")
    button = page.get_by_role("button", name="Replace my link")
    left = "e => { const r = document.createRange(); r.selectNodeContents(e);"
    left += " return r.getBoundingClientRect().x }"
    assert abs(await words.evaluate(left) - await button.evaluate(left)) < 2


async def test_who_travels_takes_the_zone_of_where_they_are(phone: Screen) -> None:
    await phone.show("home-travelling")
    page = phone.page
    hint = page.locator("ith-zone-hint")
    await hint.get_by_role("button", name="Use Lisbon").click()
    await expect(hint.get_by_text("Times here are for Lisbon now.")).to_be_visible()
    await expect(page.get_by_text("13:13 for you in Lisbon")).to_be_visible()
    await page.get_by_role("button", name="Time zone: Lisbon").click()
    field = page.get_by_role("combobox", name="Time zone")
    await field.fill("Nowhere")
    await field.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("There is no such time zone.")
    await field.fill("athens")
    await field.press("Enter")
    await expect(page.get_by_role("button", name="Time zone: Athens")).to_be_visible()
    asked = [each for each in await phone.calls() if each.startswith("zone ")]
    assert asked == ["zone Europe/Lisbon", "zone Europe/Athens"]


async def test_a_tab_is_signed_out_of_only_once_one_has_said_so_twice(desktop: Screen) -> None:
    await desktop.show("home")
    page = desktop.page
    await page.get_by_role("button", name="Sign out of this tab").click()
    await expect(page.get_by_text("only your link opens Ithaca in it again")).to_be_visible()
    await page.get_by_role("button", name="Stay signed in").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert "signOut" not in await desktop.calls()
    await page.get_by_role("button", name="Sign out of this tab").click()
    await page.get_by_role("button", name="Sign out", exact=True).click()
    assert "signOut" in await desktop.calls()


async def test_a_new_link_that_was_closed_too_soon_can_be_seen_again(phone: Screen) -> None:
    await phone.show("home")
    page = phone.page
    await page.get_by_role("button", name="Replace my link").click()
    make = page.get_by_role("button", name="Make a new link")
    keep = page.get_by_role("button", name="Keep the one I have")
    box = await make.bounding_box()
    assert box
    assert box["width"] < 200
    await keep.click()
    assert "replaceLink" not in await phone.calls()
    await page.get_by_role("button", name="Replace my link").click()
    await make.click()
    link = page.get_by_role("textbox", name="Link")
    await expect(link).to_have_value("https://ithaca.example/open#inv_new")
    await expect(page.get_by_text("until you leave this page, and not again")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(link).to_have_count(0)
    await page.get_by_role("button", name="Show my new link").click()
    await expect(link).to_have_value("https://ithaca.example/open#inv_new")


async def test_statements_stand_in_line_with_their_heading_on_a_phone(phone: Screen) -> None:
    await phone.show("home")
    left = "e => { const r = document.createRange(); r.selectNodeContents(e);"
    left += " return r.getBoundingClientRect().x }"
    link = phone.page.get_by_role("link", name="Statements")
    heading = phone.page.get_by_role("heading", name="Your mentorships")
    assert abs(await link.evaluate(left) - await heading.evaluate(left)) < 2
