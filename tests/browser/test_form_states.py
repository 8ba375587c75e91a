"""The form of a new mentorship: what is wrong, at which field, and what is filled in, in Chromium.
The elements draw the gallery's canned states; no server takes part."""

import os

import pytest
from playwright.async_api import Browser, expect

from tests.support.gallery import SIZES, Screen, opened

pytestmark = pytest.mark.browser


async def test_a_form_is_accessible_wrong_and_answered(sized: Screen) -> None:
    page = sized.page
    await sized.show("new-signed-out")
    for then in ("Write the name.", "Two links"):
        await page.get_by_role("button", name="Make the links").click()
        await expect(page.get_by_text(then).first).to_be_visible()
        for theme in ("light", "dark"):
            await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            await page.evaluate("settle()")
            if folder := os.environ.get("PICTURES"):
                path = f"{folder}/form-{then[:3]}-{sized.width}-{theme}.png"
                await page.screenshot(path=path, full_page=True)
            assert await sized.violations() == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= sized.width
        for field in await page.get_by_label("Name").all():
            await field.fill("Ana")
        for field in await page.get_by_label("Time zone").all():
            await field.fill("America/Lima")


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
    lima = opened(chromium, gallery, SIZES["desktop"], timezone_id="America/Lima")
    async with lima as screen:
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


async def test_what_cannot_be_copied_says_what_to_do(sized: Screen) -> None:
    page = sized.page
    await sized.show("new")
    await page.evaluate(
        "navigator.clipboard.writeText = async () => { if (window.refuses) throw new Error() }"
    )
    await page.get_by_label("Name").fill("Ana")
    await page.get_by_role("combobox", name="Time zone").fill("Europe/Vienna")
    await page.get_by_role("button", name="Make the links").click()
    copy = page.get_by_role("button", name="Copy").first
    await page.evaluate("window.refuses = true")
    await copy.click()
    words = page.get_by_text("It is selected: press Ctrl+C, or ⌘C on a Mac")
    await expect(words).to_be_visible()
    assert "open#inv_" in await page.evaluate("getSelection().toString()")
    assert await page.evaluate("document.documentElement.scrollWidth") <= sized.width
    assert await sized.violations() == []
    await page.evaluate("window.refuses = false")
    await copy.click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    await expect(words).to_be_hidden()
