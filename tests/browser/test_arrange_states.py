"""Terms and meetings: proposed, answered, moved, and what going on costs, in Chromium. The elements
draw the gallery's canned states; no server takes part."""

import pytest
from playwright.async_api import expect

from tests.support.gallery import Screen

pytestmark = pytest.mark.browser


async def test_terms_are_proposed_in_a_sheet(desktop: Screen) -> None:
    await desktop.show("prejoin-agreed")
    page = desktop.page
    propose = page.get_by_role("button", name="Propose", exact=True)
    await page.get_by_role("button", name="Propose terms").click()
    await expect(page.get_by_role("heading", name="Propose terms")).to_be_focused()
    rate = page.get_by_label("Rate an hour")
    await expect(rate).to_have_value("60.00")
    await rate.fill("sixty")
    await propose.click()
    await expect(rate).to_be_focused()
    await expect(rate).to_have_accessible_description(
        "A price is a number, such as 60 or 59.50. 0: free of charge."
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
    await page.get_by_text("More terms").click()
    await expect(cap).to_be_in_viewport(ratio=1)
    foot = await page.locator(".actions").bounding_box()
    field = await cap.bounding_box()
    assert foot
    assert field
    assert field["y"] + field["height"] < foot["y"]
    await page.get_by_text("More terms").click()
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
    await page.get_by_role("button", name="Move or cancel the meeting").click()
    await expect(page.get_by_label("Time")).to_have_value("15:00")
    await page.get_by_label("Time").fill("14:00")
    await page.get_by_role("button", name="Move it").click()
    await expect(page.get_by_text("That is over already.")).to_be_visible()
    await expect(page.get_by_label("Time")).to_be_focused()
    await page.get_by_label("Time").fill("18:00")
    await expect(page.get_by_text("18:00 to 19:00 for you in Vienna")).to_be_visible()
    await page.get_by_role("button", name="Move it").click()
    await expect(page.get_by_label("Time")).to_have_count(0)
    await page.get_by_role("button", name="Move or cancel the meeting").click()
    cancel = page.get_by_role("button", name="Cancel the meeting", exact=True)
    await cancel.click()
    await expect(page.get_by_text("reads it in your conversation")).to_be_visible()
    await expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(cancel).to_be_focused()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Yes, cancel it").click()
    await expect(page.get_by_label("Time")).to_have_count(0)
    calls = await desktop.calls()
    assert [call.split()[0] for call in calls if "met_" in call] == ["move", "cancel"]
    six = 1795539600_000000  # 2026-11-24, 18:00 in Vienna
    assert any(call.startswith("move") and call.endswith(f" {six}") for call in calls)
    await desktop.show("prejoin")
    await page.get_by_role("button", name="Plan a meeting").click()
    await page.get_by_label("Day", exact=True).fill("2026-11-24")
    await page.get_by_label("Time").fill("18:00")
    await page.get_by_label("Minutes").fill("45")
    await page.get_by_role("button", name="Plan it").click()
    await expect(page.get_by_label("Time")).to_have_count(0)
    assert f"plan {six} {45 * 60_000_000}" in await desktop.calls()


async def test_a_form_is_read_by_the_clock_by_which_it_was_opened(phone: Screen) -> None:
    """Another tab of one's own takes another zone, while it is open."""
    page = phone.page
    await phone.show("prejoin")
    await page.get_by_role("button", name="Plan a meeting").click()
    await page.get_by_label("Day", exact=True).fill("2026-11-24")
    await page.get_by_label("Time").fill("18:00")
    said = page.get_by_text("18:00 to 19:00 for you in Vienna")
    await expect(said).to_be_visible()
    await page.evaluate("app.zones.use('Asia/Tokyo')")
    await expect(page.get_by_text("Day and time here are for Vienna")).to_be_visible()
    await expect(said).to_be_visible()
    await page.get_by_role("button", name="Plan it").click()
    await expect(page.get_by_label("Time")).to_have_count(0)
    six = 1795539600_000000  # in Vienna
    assert f"plan {six} {60 * 60_000_000}" in await phone.calls()
    await page.get_by_role("button", name="Plan a meeting").click()
    await page.get_by_label("Time").fill("18:00")
    await expect(page.get_by_text("18:00 to 19:00 for you in Tokyo")).to_be_visible()
    await expect(page.get_by_text("Day and time here are for")).to_have_count(0)


async def test_what_is_to_be_free_of_charge_is_said_to_be(desktop: Screen) -> None:
    await desktop.show("prejoin")
    page = desktop.page
    await page.get_by_role("button", name="Propose terms").click()
    rate = page.get_by_label("Rate an hour")
    await page.get_by_role("button", name="Propose", exact=True).click()
    await expect(rate).to_be_focused()
    await expect(rate).to_have_accessible_description(
        "Write a price, or 0 if it is to be free of charge. 0: free of charge."
    )
    assert not [call for call in await desktop.calls() if call.startswith("propose")]
    await rate.fill("0")
    await page.get_by_role("button", name="Propose: free of charge").click()
    await expect(rate).to_have_count(0)
    assert "propose 0 EUR" in await desktop.calls()


async def test_the_form_of_terms_stands_in_line_and_can_be_sent_however_long_it_is(
    sized: Screen,
) -> None:
    page = sized.page
    await sized.show("prejoin-agreed")
    await page.get_by_role("button", name="Propose terms").click()
    await page.get_by_text("More terms").click()
    await expect(page.get_by_label("At most, in minutes")).to_be_visible()
    propose = page.get_by_role("button", name="Propose", exact=True)
    await expect(propose).to_be_in_viewport(ratio=1)
    below = """e => {
      const r = e.getBoundingClientRect();
      const found = e.getRootNode().elementFromPoint(r.x + r.width / 2, r.bottom + 12);
      return found?.closest("input, select, label");
    }"""
    assert await propose.evaluate(below) is None  # nothing shows through under it
    rows = await page.locator("ith-terms-form .pair").evaluate_all(
        """pairs => pairs.map(pair => {
          const fields = [...pair.querySelectorAll(".field")].map(field =>
            [field, field.querySelector("input, select")].map(e => e.getBoundingClientRect().top));
          return fields.every(([top]) => top === fields[0][0])
            ? new Set(fields.map(([, entry]) => Math.round(entry))).size : 1;
        })"""
    )
    assert rows == [1] * 5
    cut = await page.locator("ith-terms-form select").evaluate_all(
        """all => all.filter(e => {
          const has = e.offsetWidth;
          e.style.width = "auto";
          return e.offsetWidth > has;
        }).map(e => e.id)"""
    )
    assert cut == []


async def test_a_proposal_is_answered_by_the_other_and_withdrawn_by_its_author(
    desktop: Screen,
) -> None:
    page = desktop.page
    await desktop.show("prejoin-proposed")
    await expect(page.get_by_role("heading", name="Ana Quispe proposes")).to_be_visible()
    await expect(page.get_by_role("button", name="Withdraw")).to_have_count(0)
    await page.get_by_role("button", name="Accept").click()
    await page.get_by_role("button", name="Decline").click()
    assert {"accept 2", "decline 2"} <= set(await desktop.calls())
    await page.evaluate("app.wrongField = 'any'")
    await page.get_by_role("button", name="Accept").click()
    await expect(page.get_by_text("That cannot be.")).to_be_visible()
    await desktop.show("prejoin-waiting")
    await expect(page.get_by_text("Waiting for Ana Quispe to accept.")).to_be_visible()
    for name in ("Accept", "Decline"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await page.get_by_role("button", name="Withdraw").click()
    assert "withdraw 2" in await desktop.calls()


async def test_that_terms_were_declined_is_said_to_both(desktop: Screen) -> None:
    page = desktop.page
    await desktop.show("prejoin-declined")
    mine = "Ana Quispe declined the terms that you proposed. What you agreed on before stays."
    await expect(page.get_by_text(mine)).to_be_visible()
    await desktop.show("prejoin-declined-by-me")
    theirs = "You declined what Ana Quispe proposed. No terms are in force."
    await expect(page.get_by_text(theirs)).to_be_visible()
    for name in ("Accept", "Decline", "Withdraw"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)


async def test_who_pays_is_asked_before_it_costs_more(desktop: Screen) -> None:
    page = desktop.page
    go_on = page.get_by_role("button", name="Go on")
    question = page.get_by_text("The booked time ends at 14:15. Going on costs up to €20.00 for")
    await desktop.show("call-asks")
    await expect(question).to_be_visible()
    asked = await question.bounding_box()
    answers = [await b.bounding_box() for b in (go_on, page.get_by_text("Keep to the time"))]
    assert asked is not None
    assert {box["y"] for box in answers if box} == {answers[0]["y"] if answers[0] else None}
    assert asked["height"] < 40  # one line, its answers beside it
    await go_on.click()
    await expect(page.get_by_text("You said to go on: the time counts until 14:35")).to_be_visible()
    await expect(go_on).to_have_count(0)
    assert any(call.startswith("extendSession") for call in await desktop.calls())
    await desktop.show("call-asks")
    await page.get_by_role("button", name="Keep to the time").click()
    unless = "Talking on costs nothing unless you go on after all, for up to €20.00."
    await expect(page.get_by_text(unless)).to_be_visible()
    await expect(page.get_by_role("button", name="Keep to the time")).to_have_count(0)
    assert not any(call.startswith("extendSession") for call in await desktop.calls())
    await page.get_by_role("button", name="Go on after all").click()
    await expect(page.get_by_text("You said to go on: the time counts until 14:35")).to_be_visible()
    await desktop.show("call-asked")  # the other is told, and has nothing to decide
    unless = "Talking on costs nothing unless Ana Quispe says to go on."
    await expect(page.get_by_text(unless)).to_be_visible()
    await expect(go_on).to_have_count(0)


async def test_a_question_does_not_fade(desktop: Screen) -> None:
    page = desktop.page
    await page.clock.install(time=0)
    await page.goto(f"{desktop.gallery}?call-asks")
    await expect(page.get_by_role("button", name="Go on")).to_be_visible()
    await page.clock.pause_at(60_000)
    await expect(page.get_by_role("toolbar", name="Call")).to_have_css("opacity", "1")
    await page.get_by_role("button", name="Keep to the time").click()
    await page.clock.fast_forward(4_000)
    await expect(page.get_by_role("toolbar", name="Call")).to_have_css("opacity", "0")
