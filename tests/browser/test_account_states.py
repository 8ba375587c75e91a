"""The account of a session in every state, in Chromium: drawn, said, pressed, printed. The
elements draw the gallery's canned states; no server takes part."""

import re
from itertools import pairwise

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.support.gallery import SIZES, Screen, colours, look_over, opened

pytestmark = pytest.mark.browser


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", SIZES)
async def test_every_state_is_accessible_and_fits(
    chromium: Browser, gallery: str, size: str
) -> None:
    assert await look_over(chromium, gallery, size, lambda it: it.startswith("account-")) == []


@pytest.mark.parametrize(
    ("state", "press", "then"),
    [
        ("account-paid", "Contest", "What is not right?"),
        ("account-contested-by-other", "Give in", "Minutes to be billed"),
    ],
)
async def test_what_opens_is_accessible_too_also_when_it_is_wrong(
    sized: Screen, state: str, press: str, then: str
) -> None:
    page = sized.page
    await sized.show(state)
    await button(page, press).click()
    await expect(page.get_by_label(then)).to_be_visible()
    for _ in ("as it opens", "with all that is wrong"):
        for theme in ("light", "dark"):
            await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            await page.evaluate("settle()")
            assert await sized.violations() == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= sized.width
        await page.locator("form button.filled").click()
        await expect(page.get_by_text("Say why, in a few words.")).to_be_visible()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


# ---- the timeline ------------------------------------------------------------------------------


def chart(page: Page) -> Locator:
    return page.get_by_role("slider", name="Stretches of the session")


def explained(page: Page) -> Locator:
    return page.locator(".words p").first


async def test_the_arrow_keys_go_through_the_stretches_at_one_tab_stop(desktop: Screen) -> None:
    await desktop.show("account-paid")
    page = desktop.page
    await button(page, "All stretches").focus()
    await page.keyboard.press("Shift+Tab")
    await expect(chart(page)).to_be_focused()
    first = "13:25:20–13:27:30 you alone, 2 min 10 s."
    await expect(explained(page)).to_have_text(first)
    await expect(chart(page)).to_have_attribute("aria-valuetext", first)
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowDown")
    gap = "gap 13:45:31–13:45:59, Ana Quispe was away, 28 s, "
    gap += "counts: your terms allow gaps of 1 min 30 s."
    await expect(explained(page)).to_have_text(gap)
    await expect(chart(page)).to_have_attribute("aria-valuetext", gap)
    await expect(chart(page)).to_have_attribute("aria-valuenow", "3")
    await page.keyboard.press("ArrowLeft")
    await expect(explained(page)).to_contain_text("18 min 1 s, proven by both pages")
    await page.keyboard.press("End")
    await page.keyboard.press("ArrowRight")  # there is no further one
    await expect(explained(page)).to_contain_text("Ana Quispe alone, 1 min 35 s")
    await expect(page.locator(".words")).to_contain_text("08:11:38–08:13:13 for Ana Quispe")
    await page.keyboard.press("Home")
    await page.keyboard.press("ArrowUp")
    await expect(explained(page)).to_have_text(first)
    await page.keyboard.press("Tab")
    await expect(button(page, "All stretches")).to_be_focused()


async def at(part: Locator, share: float) -> tuple[float, float]:
    box = await part.bounding_box()
    assert box is not None
    return box["x"] + box["width"] * share, box["y"] + box["height"] / 2


async def test_a_stretch_is_explained_under_the_pointer(desktop: Screen) -> None:
    await desktop.show("account-paid")
    page = desktop.page
    await page.mouse.move(*await at(page.locator("svg.lanes .unknown"), 0.5))
    await expect(explained(page)).to_contain_text("2 min 51 s, but not proven to be in contact")
    await page.mouse.move(*await at(page.locator("svg.lanes .impaired"), 0.5))
    await expect(explained(page)).to_contain_text("no sound or picture travelled")
    await page.mouse.move(0, 0)
    await expect(explained(page)).to_contain_text("Point at a stretch")


async def test_a_stretch_is_explained_by_a_tap(chromium: Browser, gallery: str) -> None:
    touched = opened(chromium, gallery, SIZES["phone"], has_touch=True, is_mobile=True)
    async with touched as screen:
        await screen.show("account-paid")
        await expect(explained(screen.page)).to_have_text("Tap a stretch to read what it was.")
        await screen.page.locator("svg.lanes .impaired").scroll_into_view_if_needed()
        await screen.page.touchscreen.tap(
            *await at(screen.page.locator("svg.lanes .impaired"), 0.5)
        )
        await expect(explained(screen.page)).to_contain_text("no sound or picture travelled")
        await expect(explained(screen.page)).to_be_in_viewport()


async def test_each_kind_of_stretch_is_drawn_in_its_own_way(desktop: Screen) -> None:
    await desktop.show("account-paid")
    looks = await desktop.page.locator("svg.lanes").evaluate(
        """(svg) => Object.fromEntries(
          ["present", "contact", "unknown", "impaired", "bridged", "gap", "inferred", "booked"]
            .map((kind) => [kind, svg.querySelectorAll("." + kind)])
            .map(([kind, all]) => [kind, [all.length, ...["fill", "stroke", "strokeDasharray"]
              .map((name) => getComputedStyle(all[0])[name])].join("|")]))"""
    )
    assert len({look.split("|", 1)[1] for look in looks.values()}) == len(looks)
    drawn = {kind: int(look.split("|")[0]) for kind, look in looks.items()}
    assert drawn == {
        "present": 5, "contact": 5, "unknown": 1, "impaired": 1, "bridged": 2, "gap": 3,
        "inferred": 1, "booked": 1,
    }  # fmt: skip


@pytest.mark.parametrize("state", ["account-paid", "account-flapping"])
async def test_all_stretches_are_a_table_for_screen_readers_and_on_demand(
    desktop: Screen, state: str
) -> None:
    await desktop.show(state)
    page = desktop.page
    stretches = await chart(page).get_attribute("aria-valuemax")
    table = page.get_by_role("table", name="All stretches")
    rows = table.get_by_role("row")
    await expect(rows).to_have_count(int(stretches or 0) + 1)
    box = await page.locator("ith-timeline .hidden").bounding_box()
    assert box is not None
    assert box["width"] <= 1
    await button(page, "All stretches").click()
    await expect(rows.nth(2)).to_be_visible()
    assert await page.locator("ith-timeline .hidden").count() == 0
    if state == "account-paid":
        await expect(rows.nth(3)).to_have_text(
            re.compile(
                r"13:45:31–13:45:59\s+07:45:31–07:45:59\s+28 s\s+"
                r"Ana Quispe was away; counts: your terms allow gaps of 1 min 30 s"
            )
        )
        await expect(rows.nth(10)).to_contain_text(
            "Your page was last heard at 14:11:38, which was noticed at 14:11:44."
        )
    await button(page, "Hide the list").click()
    await expect(page.locator("ith-timeline .hidden")).to_have_count(1)


async def test_a_row_of_the_list_has_one_line_a_clock_where_there_is_room(desktop: Screen) -> None:
    await desktop.show("account-paid")
    await button(desktop.page, "All stretches").click()
    heights = await desktop.page.locator("ith-timeline td time").evaluate_all(
        "all => all.map((time) => time.getClientRects().length)"
    )
    assert set(heights) == {1}


async def test_nothing_is_kept_free_for_words_before_one_reads_any(desktop: Screen) -> None:
    await desktop.show("account-paid")
    page = desktop.page
    words = page.locator(".words")
    before = await words.bounding_box()
    await page.mouse.move(*await at(page.locator("svg.lanes .unknown"), 0.5))
    await expect(explained(page)).to_contain_text("2 min 51 s")
    read = await words.bounding_box()
    await page.mouse.move(0, 0)
    await expect(explained(page)).to_contain_text("Point at a stretch")
    after = await words.bounding_box()
    assert before
    assert read
    assert after
    assert before["height"] < 40 < read["height"] == after["height"]  # then it keeps still


async def test_on_paper_an_account_is_black_on_white_with_its_table_and_no_controls(
    desktop: Screen,
) -> None:
    await desktop.show("account-paid")
    page = desktop.page
    await page.emulate_media(media="print", color_scheme="dark")
    table = page.get_by_role("table", name="All stretches")
    box = await table.bounding_box()
    assert box is not None
    assert box["width"] > 600
    await expect(page.get_by_role("button")).to_have_count(0)
    await expect(page.get_by_role("link")).to_have_count(0)
    await expect(page.locator("svg.lanes")).to_be_visible()
    assert await colours(page) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


@pytest.mark.parametrize("state", ["account-short", "account-paid", "account-day"])
async def test_the_times_below_the_drawing_can_be_read_on_a_phone(
    phone: Screen, state: str
) -> None:
    await phone.show(state)
    for width in (360, 320):
        await phone.page.set_viewport_size({"width": width, "height": 740})
        boxes = await phone.page.locator("svg.axis text").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect()).map(r => [r.top, r.left, r.right])"
        )
        assert len(boxes) >= 4
        for (top, _, right), (below, left, _) in pairwise(sorted(boxes)):
            assert below > top or left > right + 4, (width, boxes)


async def test_how_it_came_about_is_folded_on_a_phone_and_never_on_paper(
    phone: Screen, desktop: Screen
) -> None:
    await desktop.show("account-paid")
    await expect(desktop.page.get_by_text("Proven contact")).to_be_visible()
    await phone.show("account-paid")
    steps = phone.page.get_by_text("Proven contact")
    await expect(steps).to_be_hidden()
    await phone.page.get_by_text("How it came about").click()
    await expect(steps).to_be_visible()
    await phone.show("account-paid")
    await phone.page.emulate_media(media="print")
    await phone.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    await expect(steps).to_be_visible()
    await expect(phone.page.get_by_text(re.compile("· ses_"))).to_be_visible()


async def test_an_account_stands_in_the_same_order_however_one_comes_to_it(
    desktop: Screen,
) -> None:
    """Questions that wait for an answer first; what was said after the account."""
    page = desktop.page
    for state, first in (("reflect-left", True), ("reflect-later", True), ("reflect-said", False)):
        await desktop.show(state)
        said = page.locator("ith-reflection").get_by_role("button").first
        room = page.get_by_role("heading", name="In the room")
        await expect(said).to_be_visible()
        above, below = await said.bounding_box(), await room.bounding_box()
        assert above is not None
        assert below is not None
        assert (above["y"] < below["y"]) is first, state


# ---- what both say -----------------------------------------------------------------------------

CONFIRMED_BY_THE_OTHER = """{
  const [id, [session]] = Object.entries(app.state.sessions)[0];
  const other = session.people.find(({ person }) => person !== app.state.me.id).person;
  const settlement = { ...session.settlement, revision: 2, confirmed_by: [other] };
  app.set({ sessions: { [id]: [{ ...session, version: session.version + 1, settlement }] } });
}"""


async def said(screen: Screen) -> list[str]:
    """What was said to the ledger, without the session."""
    calls = [re.sub(r" ses_\S+", "", call) for call in await screen.calls()]
    return [call for call in calls if call.split()[0] in ("confirm", "contest", "correct")]


async def test_confirming_names_the_revision_that_one_sees_and_the_others_word_comes_live(
    desktop: Screen,
) -> None:
    await desktop.show("account-paid")
    page = desktop.page
    await expect(page.get_by_text("It is settled at 38 min: €45.60.")).to_be_visible()
    await page.evaluate("app.calls.length = 0")
    await page.evaluate(CONFIRMED_BY_THE_OTHER)
    await expect(page.get_by_text("Ana Quispe confirmed 38 min: €45.60.")).to_be_visible()
    await expect(button(page, "Confirm")).to_be_enabled()
    assert [call.split()[0] for call in await desktop.calls()] == ["loadAccount"]
    await button(page, "Confirm").click()
    assert await said(desktop) == ["confirm 2"]


async def test_what_has_changed_meanwhile_is_shown_and_nothing_that_was_written_is_lost(
    desktop: Screen,
) -> None:
    await desktop.show("account-paid")
    page = desktop.page
    await button(page, "Contest").click()
    reason = page.get_by_label("What is not right?")
    await reason.fill("Not that long.")
    await page.evaluate("app.refusal = 'stale_revision'; app.calls.length = 0")
    await button(page, "Contest it").click()
    await expect(page.get_by_text("Refused: stale_revision.")).to_be_visible()
    await expect(reason).to_have_value("Not that long.")
    assert [call.split()[0] for call in await desktop.calls()] == ["contest", "loadAccount"]
    await button(page, "Contest it").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert await said(desktop) == ["contest 1 Not that long."] * 2


async def test_who_confirms_or_ends_it_is_led_to_what_it_came_to(desktop: Screen) -> None:
    page = desktop.page
    for state in ("account-paid", "account-contested-by-me"):
        await desktop.show(state)
        await button(page, "Confirm").click()
        await expect(page.get_by_role("heading", name="Is that right?")).to_be_focused()
    await desktop.show("summary-open")
    await button(page, "End the session for both").click()
    await expect(button(page, "Keep it open")).to_be_focused()
    await button(page, "End it").click()
    await expect(page.get_by_role("heading", level=1)).to_be_focused()


async def test_a_reason_has_1_to_1000_characters_and_says_how_many(desktop: Screen) -> None:
    await desktop.show("account-paid")
    page = desktop.page
    await button(page, "Contest").click()
    reason = page.get_by_label("What is not right?")
    await expect(reason).to_have_accessible_description(
        re.compile("Ana Quispe reads this. 0 of 1000 characters")
    )
    await button(page, "Contest it").click()
    await expect(reason).to_be_focused()
    await expect(reason).to_have_attribute("aria-invalid", "true")
    await reason.fill("x" * 1001)
    await expect(reason).to_have_accessible_description(
        re.compile("1 character too long. 1001 of 1000 characters")
    )
    await button(page, "Contest it").click()
    assert await said(desktop) == []
    await reason.fill("x" * 1000)
    await button(page, "Contest it").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert await said(desktop) == [f"contest 1 {'x' * 1000}"]


async def test_one_gives_in_to_less_as_the_mentor_and_sees_what_that_costs(
    phone: Screen,
) -> None:
    await phone.show("account-contested-by-other")
    page = phone.page
    quoted = page.get_by_role("figure", name="Wolfeschlegelsteinhausenber… says:")
    await expect(quoted).to_contain_text("We talked until the hour")
    await expect(button(page, "Confirm")).to_have_count(0)
    await expect(button(page, "Contest")).to_have_count(1)  # each may: the other's is the other's
    await button(page, "Give in").click()
    minutes = page.get_by_label("Minutes to be billed instead of 38 min")
    await minutes.fill("40")
    await page.get_by_label("Your reason").fill("You are right.")
    await button(page, "Change the amount").click()
    await expect(minutes).to_be_focused()
    await expect(minutes).to_have_accessible_description(
        "Write less than 38 min: as the mentor you can only give in."
    )
    await minutes.fill("30")
    await expect(minutes).to_have_accessible_description("That is €36.00.")
    await button(page, "Change the amount").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert await said(phone) == ["correct 1800000000 You are right."]


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        ("account-paid", ["Confirm", "Contest"]),
        ("account-contested-by-me", ["Confirm"]),
        ("account-contested-by-other", ["Contest", "Give in"]),
        ("account-contested-by-both", ["Confirm", "Give in"]),
        ("account-gave-in", ["Confirm"]),
        ("account-confirmed", []),
        ("account-running", []),
    ],
)
async def test_there_is_a_button_for_what_can_be_said_and_for_nothing_else(
    desktop: Screen, state: str, buttons: list[str]
) -> None:
    await desktop.show(state)
    shown = desktop.page.locator("ith-settle > *, ith-settle").get_by_role("button")
    await expect(shown).to_have_text(buttons)


async def test_the_evidence_is_a_file_or_the_page_says_that_there_is_none(
    desktop: Screen,
) -> None:
    await desktop.show("account-paid")
    page = desktop.page
    await expect(page.get_by_text("3fa9 1c2d 77e0 b1c4", exact=True)).to_be_visible()
    async with page.expect_download() as download:
        await button(page, "Download the evidence").click()
    assert (await download.value).suggested_filename == "evidence.json"
    await expect(page.get_by_text('ithaca verify FILE --fingerprint "')).to_be_visible()
    for code in ("not_found", "method_not_allowed"):
        await page.evaluate(f"app.refusal = '{code}'")
        await button(page, "Download the evidence").click()
        await expect(page.get_by_text("does not hand out evidence files yet")).to_be_visible()
    await page.evaluate("app.refusal = 'unavailable'")
    await button(page, "Download the evidence").click()
    await expect(page.get_by_text("Refused: unavailable.")).to_be_visible()
