"""After a session and before the next: the questions, what was said, who spoke, the reminder, in
all their states, in Chromium. The elements draw states of the gallery; no server takes part."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.support.gallery import SIZES, Screen, look_over

pytestmark = pytest.mark.browser


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", SIZES)
async def test_every_state_is_accessible_and_fits(
    chromium: Browser, gallery: str, size: str
) -> None:
    assert await look_over(chromium, gallery, size, lambda it: it.startswith("reflect-")) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_it_is_accessible_unfolded_and_wrong_too(phone: Screen, theme: str) -> None:
    await phone.show("reflect-left")
    page = phone.page
    await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    await page.get_by_text("A note for yourself").first.click()
    await page.get_by_role("textbox", name="A note for yourself").fill("x" * 2001)
    await page.get_by_label("Good", exact=True).check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("1 character too long.")).to_be_visible()
    await page.evaluate("settle()")
    assert await phone.violations() == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_questions_stand_open_for_who_just_left_and_can_be_put_away(desktop: Screen) -> None:
    page = desktop.page
    questions = page.get_by_role("region", name="How was your talk?")
    await desktop.show("reflect-left")
    await expect(questions).to_be_visible()
    await expect(page.get_by_role("heading", name="45 min 29 s together")).to_be_visible()
    await questions.get_by_role("button", name="Not now").click()
    await expect(questions).to_have_count(0)
    await page.get_by_role("button", name="Look back on this talk").click()
    await expect(questions).to_be_visible()
    await desktop.show("reflect-later")  # some other day
    await expect(page.get_by_role("button", name="Look back on this talk")).to_be_visible()
    await expect(questions).to_have_count(0)


async def test_an_answer_goes_as_it_was_written(phone: Screen) -> None:
    await phone.show("reflect-left")
    page = phone.page
    questions = page.get_by_role("region", name="How was your talk?")
    await questions.get_by_role("button", name="Save").click()
    await expect(questions.get_by_role("status")).to_contain_text("nothing to save yet")
    await questions.get_by_label("What was most useful?").fill(" one\ntwo ")
    await questions.get_by_label("All right").check()
    await questions.get_by_text("A note for yourself").first.click()
    await questions.get_by_role("textbox", name="A note for yourself").fill("mine alone")
    await questions.get_by_role("button", name="Save").click()
    said = page.get_by_role("heading", name="What you said")
    await expect(said).to_be_focused()
    await expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    above = await said.bounding_box()
    room = await page.get_by_role("heading", name="In the room").bounding_box()
    assert above
    assert room
    assert above["y"] < room["y"]  # where one answered
    (sent,) = [call for call in await phone.calls() if call.startswith("reflect ")]
    assert sent.endswith('{"useful":" one\\ntwo ","next":"","rating":3,"private":"mine alone"}')
    await expect(page.get_by_text("at the latest tomorrow")).to_be_visible()
    await page.get_by_role("button", name="Change it").click()
    await expect(questions.get_by_label("All right")).to_be_checked()
    await expect(questions.get_by_role("textbox", name="A note for yourself")).to_have_value(
        "mine alone"
    )


async def test_who_answered_some_other_day_begins_at_the_top(phone: Screen) -> None:
    """What they said is loaded only then, and goes to its place below the account."""
    await phone.show("reflect-said")
    page = phone.page
    await page.evaluate(
        "{ const { reflections } = app.state;"
        " app.reflect.load = async () => { await null; app.set({ reflections }); };"
        " app.set({ reflections: {} }); }"
    )
    await page.evaluate("settle()")
    said = page.get_by_role("heading", name="What you said")
    await expect(said).to_be_visible()
    await page.evaluate("settle()")
    await expect(said).not_to_be_focused()
    assert await page.evaluate("scrollY") == 0


async def test_a_text_that_is_too_long_is_said_at_its_field_and_kept(desktop: Screen) -> None:
    await desktop.show("reflect-left")
    page = desktop.page
    field = page.get_by_label("What will you do next?")
    await field.fill("é" * 2003)
    await expect(field).to_have_accessible_description("3 characters too long.")
    await page.get_by_role("button", name="Save").click()
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("aria-invalid", "true")
    assert not [call for call in await desktop.calls() if call.startswith("reflect ")]
    await field.fill("é" * 2000)
    await expect(field).not_to_have_attribute("aria-invalid", "true")
    await page.evaluate("app.wrongField = 'private'")  # what only the server sees
    await page.get_by_role("button", name="Save").click()
    note = page.get_by_role("textbox", name="A note for yourself")
    await expect(note).to_be_focused()
    await expect(note).to_have_accessible_description("That cannot be.")


async def test_what_was_begun_is_there_again_but_for_what_is_private(desktop: Screen) -> None:
    await desktop.show("reflect-left")
    page = desktop.page
    await page.get_by_label("What was most useful?").fill("half a thought")
    await page.get_by_text("A note for yourself").first.click()
    await page.get_by_role("textbox", name="A note for yourself").fill("canary")
    kept = "[...app.chat.drafts.values()].map(({ text }) => text).join('')"
    assert "canary" not in await page.evaluate(kept)
    await page.get_by_role("link", name="Done").click()
    await page.go_back()
    await expect(page.get_by_label("What was most useful?")).to_have_value("half a thought")
    await page.get_by_role("button", name="Not now").click()
    assert await page.evaluate(kept) == ""


async def test_once_shared_only_the_note_can_be_changed(desktop: Screen) -> None:
    await desktop.show("reflect-shared")
    page = desktop.page
    await page.get_by_role("button", name="Change your note").click()
    form = page.get_by_role("region", name="Your note")
    await expect(form.get_by_role("textbox")).to_have_count(1)
    await expect(form.get_by_role("radio")).to_have_count(0)
    await form.get_by_role("textbox").fill("calmer now")
    await form.get_by_role("button", name="Save").click()
    (sent,) = [call for call in await desktop.calls() if call.startswith("reflect ")]
    assert '"useful":"Saying the first' in sent
    assert '"rating":4,"private":"calmer now"' in sent


async def test_one_is_asked_once_and_never_in_a_call(desktop: Screen) -> None:
    await desktop.show("reflect-reminder")
    page = desktop.page
    asks = page.get_by_role("group", name="How was your talk?")
    await expect(asks).to_contain_text("How was your talk on Saturday? Two minutes.")
    await page.evaluate("app.set({call: {...app.state.call, phase: 'joined'}})")
    await expect(asks).to_have_count(0)
    await page.evaluate("app.set({call: null})")
    await asks.get_by_role("button", name="Not now").click()
    await expect(asks).to_have_count(0)
    assert len([call for call in await desktop.calls() if call.startswith("dismiss ")]) == 1
    await desktop.show("reflect-reminder")
    await asks.get_by_role("button", name="Reflect").click()
    await expect(page.get_by_role("heading", name="How was your talk?")).to_be_focused()
    await expect(page.get_by_role("heading", name="How was your talk?")).to_be_in_viewport()


async def test_who_spoke_is_drawn_as_it_is_said(desktop: Screen) -> None:
    await desktop.show("reflect-said")
    spoke = desktop.page.get_by_role("region", name="Who spoke")
    await expect(spoke).to_contain_text(
        "You spoke 40 % of the time you both were there: "
        "35 % alone and 5 % at once with Ana Quispe. "
        "Ana Quispe alone spoke 40 %, and 20 % was silence."
    )
    bar = spoke.locator("svg.bar rect")
    drawn = await bar.evaluate_all(
        "all => all.map((e) => [e.className.baseVal, Number(e.getAttribute('x'))])"
    )
    assert drawn == [["mine", 0], ["both", 35], ["theirs", 40], ["silence", 80]]
    key = spoke.locator(".key").first
    await expect(key).to_have_text(
        re.compile(r"you alone\s+both at once\s+Ana Quispe alone\s+silence")
    )
    fills = await spoke.locator("rect").evaluate_all(
        "all => all.map((e) => [e.className.baseVal, getComputedStyle(e).fill])"
    )
    by = dict(fills)
    assert len(set(by.values())) >= 5  # the other's colour is nobody else's
    assert by["before"] != by["theirs"]
