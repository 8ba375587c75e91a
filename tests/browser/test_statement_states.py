"""The statement of a month in every state, in Chromium: summed, kept as a file, printed. The
elements draw the gallery's canned states; no server takes part."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.support.gallery import SIZES, Screen, colours, look_over

pytestmark = pytest.mark.browser


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", SIZES)
async def test_every_state_is_accessible_and_fits(
    chromium: Browser, gallery: str, size: str
) -> None:
    def is_ours(state: str) -> bool:
        # A thousand rows are no more than some of them, but to axe ten seconds.
        return state.startswith("statements") and state != "statements-thousand"

    assert await look_over(chromium, gallery, size, is_ours) == []


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


async def asked(screen: Screen) -> list[str]:
    return [call for call in await screen.calls() if call.startswith("statement")]


async def test_a_statement_is_picked_by_month_and_role_and_found_again(desktop: Screen) -> None:
    await desktop.show("home")
    page = desktop.page
    await page.get_by_role("link", name="Statements").click()
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("Statement for November 2026")
    await expect(heading).to_be_focused()
    await expect(button(page, "Month after")).to_be_disabled()
    await button(page, "Month before").click()
    await page.get_by_label("My sessions").select_option("as mentee")
    await expect(heading).to_have_text("Statement for October 2026")
    await page.get_by_role("row").get_by_role("link").first.click()
    await expect(page).to_have_url(re.compile("/s/ses_"))
    await page.go_back()
    await expect(heading).to_have_text("Statement for October 2026")
    assert await asked(desktop) == [
        "statement mentor 2026-11",
        "statement mentor 2026-10",
        "statement mentee 2026-10",
        "statement mentee 2026-10",
    ]


async def test_a_statement_sums_each_currency_and_holds_what_is_contested(
    desktop: Screen,
) -> None:
    await desktop.show("statements")
    page = desktop.page
    sums = [page.get_by_role("region", name=f"Sum in {name}") for name in ("EUR", "JPY")]
    await expect(sums[0]).to_contain_text("€366.00")
    await expect(sums[1]).to_contain_text("JP¥9,180")
    await expect(page.get_by_role("columnheader", name="Billed").first).to_be_attached()
    counted, held = await page.get_by_role("table").all()
    await expect(counted.get_by_role("row")).to_have_count(10)
    await expect(held.get_by_role("row")).to_have_count(2)
    await expect(held).to_contain_text("contested")
    await expect(counted).not_to_contain_text("contested")
    row = counted.get_by_role("row").nth(1)
    await expect(row.get_by_role("cell")).to_have_text(
        ["Sun 1, 14:13", "Ana Quispe", "30 min", "€36.00", "settled"], use_inner_text=True
    )
    title = await row.get_by_role("link").get_attribute("title")
    assert title == "Sunday 1 November 2026, 14:13:20; 08:13 for Ana Quispe"


@pytest.mark.parametrize("kind", ["csv", "json"])
async def test_a_statement_is_downloaded_in_ones_own_name(
    desktop: Screen, tmp_path: Path, kind: str
) -> None:
    await desktop.show("statements")
    page = desktop.page
    async with page.expect_download() as download:
        await button(page, f"Download {kind.upper()}").click()
    file = await download.value
    assert file.suggested_filename == f"ithaca-mentor-2026-11.{kind}"
    await file.save_as(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "session\n"
    await page.evaluate("app.refusal = 'unavailable'")
    await button(page, f"Download {kind.upper()}").click()
    await expect(page.get_by_text("Refused: unavailable.")).to_be_visible()
    await expect(page.get_by_role("row")).to_have_count(12)  # what is there stays


async def test_a_statement_is_printed_and_leads_back(phone: Screen) -> None:
    await phone.show("statements")
    page = phone.page
    await page.evaluate("window.print = () => { window.printed = true; }")
    await button(page, "Print").click()
    assert await page.evaluate("window.printed")
    await page.get_by_role("link", name="Done").click()
    await expect(page.get_by_role("heading", name="Your mentorships")).to_be_focused()


CONTESTED = """{
  const settlement = { state: "contested" };
  const session = { id: "ses_1", version: 7, state: "ended", created_us: 1, settlement };
  app.set({ sessions: { m: [session] } });
}"""


async def test_a_statement_follows_what_is_said_to_a_session(desktop: Screen) -> None:
    """And asks again after an outage; what is shown stays meanwhile, and where no answer comes:
    then it is said that it may be old, and asked again by itself."""
    await desktop.show("statements")
    page = desktop.page
    await expect(page.get_by_role("row")).to_have_count(12)
    await page.evaluate("app.statement = { ...app.statement, lines: app.statement.lines.slice(1) }")
    await page.evaluate(CONTESTED)
    await expect(page.get_by_role("row")).to_have_count(11)
    assert await asked(desktop) == ["statement mentor 2026-11"] * 2
    await page.evaluate(CONTESTED)  # the same again is no news
    link = "app.set({ link: { is: '%s', retryAt: 0, trouble: null } })"
    old = page.get_by_text("What is shown may be out of date.")

    async def missed(code: str) -> None:
        await page.evaluate(link % "offline")
        await page.evaluate(f"app.refusal = '{code}'")
        await page.evaluate(link % "online")
        await page.evaluate("settle()")

    await missed("forbidden")  # for good
    assert await asked(desktop) == ["statement mentor 2026-11"] * 3
    await expect(old).to_be_visible()
    await expect(page.get_by_text("Refused: forbidden.")).to_be_visible()
    await expect(page.get_by_role("row")).to_have_count(11)
    await page.emulate_media(media="print")
    await expect(old).to_be_visible()
    await expect(button(page, "Try again")).to_be_hidden()
    await page.emulate_media(media="screen")
    await button(page, "Try again").click()
    await expect(old).to_have_count(0)
    assert await asked(desktop) == ["statement mentor 2026-11"] * 4
    await missed("unavailable")
    await expect(old).to_have_count(0)
    assert await asked(desktop) == ["statement mentor 2026-11"] * 6


async def test_the_ways_through_the_months_share_a_row_on_a_phone(
    phone: Screen, desktop: Screen
) -> None:
    await phone.show("statements")
    boxes = [
        await part.bounding_box()
        for part in (
            phone.page.get_by_label("My sessions"),
            button(phone.page, "Month before"),
            button(phone.page, "Month after"),
        )
    ]
    role, before, after = (box for box in boxes if box)
    assert before["y"] == after["y"] > role["y"] + role["height"]
    assert abs(before["width"] - after["width"]) < 1
    await desktop.show("statements")
    states = await desktop.page.locator("td.state").evaluate_all(
        """all => all.map((cell) => {
          const words = document.createRange();
          words.selectNodeContents(cell);
          return words.getBoundingClientRect().height;
        })"""
    )
    assert len(set(states)) == 1  # none breaks


async def test_a_statement_that_does_not_come_can_be_asked_for_again(desktop: Screen) -> None:
    await desktop.show("statements")
    page = desktop.page
    await page.evaluate("app.refusal = 'unavailable'")
    await button(page, "Month before").click()
    await expect(page.get_by_text("Refused: unavailable.")).to_be_visible()
    await button(page, "Try again").click()
    await expect(page.get_by_role("row").nth(1)).to_be_visible()


async def test_a_month_without_sessions_is_a_sentence(phone: Screen) -> None:
    await phone.show("statements-empty")
    await expect(
        phone.page.get_by_text("No session of yours as mentor has ended in November 2026")
    ).to_be_visible()
    await expect(phone.page.get_by_role("table")).to_have_count(0)
    await expect(button(phone.page, "Download CSV")).to_have_count(0)


async def test_a_thousand_lines_are_all_there_and_drawn_once(desktop: Screen) -> None:
    await desktop.show("statements-thousand")
    page = desktop.page
    rows = page.get_by_role("row")
    await expect(rows).to_have_count(1001)
    formatted = await page.evaluate(
        """async () => {
          const page = document.querySelector("ith-app").shadowRoot.querySelector("ith-statements");
          const { formatToParts } = Intl.DateTimeFormat.prototype;
          let count = 0;
          Intl.DateTimeFormat.prototype.formatToParts = function (...args) {
            count += 1;
            return formatToParts.apply(this, args);
          };
          page.requestUpdate();
          await page.updateComplete;
          return count;
        }"""
    )
    assert 0 < formatted < 100  # the months to pick from, not the lines
    await rows.last.scroll_into_view_if_needed()
    await expect(rows.last).to_be_in_viewport()


async def test_on_paper_a_statement_names_whose_it_is_and_has_no_controls(
    desktop: Screen,
) -> None:
    await desktop.show("statements")
    page = desktop.page
    before = await page.title()
    titles = await page.evaluate(
        """() => {
          const titles = [];
          dispatchEvent(new Event("beforeprint"));
          titles.push(document.title);
          dispatchEvent(new Event("afterprint"));
          return [...titles, document.title];
        }"""
    )
    assert titles == ["Statement November 2026, Bruno Wagner", before]
    record = page.get_by_text(re.compile(r"^ses_\w{26}, terms v1$")).first
    await expect(record).to_be_hidden()
    await page.emulate_media(media="print", color_scheme="dark")
    await expect(
        page.get_by_text("Bruno Wagner, as mentor. Times in Europe/Vienna.")
    ).to_be_visible()
    await expect(record).to_be_visible()
    await expect(page.get_by_role("button")).to_have_count(0)
    await expect(page.get_by_role("combobox")).to_have_count(0)
    await expect(page.get_by_role("link", name="Ithaca")).to_have_count(0)
    assert await colours(page) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
