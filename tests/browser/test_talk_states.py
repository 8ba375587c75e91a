"""What one does with what was said: answers, changes, reactions, pins, finding, long histories; in
Chromium. The elements draw the gallery's canned states; no server takes part."""

from __future__ import annotations

import os
import re

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.support.gallery import SIZES, Screen, look_over, opened

pytestmark = pytest.mark.browser


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", SIZES)
async def test_every_state_is_accessible_and_fits(
    chromium: Browser, gallery: str, size: str
) -> None:
    assert await look_over(chromium, gallery, size, lambda it: it.startswith("talk-")) == []


def entry(screen: Screen, text: str) -> Locator:
    """The message that says this; others may quote it."""
    said = screen.page.locator(".bubble > :not(.quote)").filter(has_text=text)
    return screen.page.get_by_role("log").locator(".entry").filter(has=said)


async def actions(screen: Screen, text: str) -> Locator:
    """Opens what one can do with a message."""
    await entry(screen, text).hover()
    await entry(screen, text).get_by_role("button", name="Answer, react and more").click()
    return screen.page.get_by_role("dialog", name="What to do with this message")


async def called(screen: Screen, call: str) -> None:
    """Waits until the elements have asked for this."""
    await screen.page.evaluate(
        """(wanted) => new Promise((done) => {
          const look = () => app.calls.some((call) => call.startsWith(wanted))
            ? done(null) : setTimeout(look, 20);
          look();
        })""",
        call,
    )


@pytest.mark.parametrize(
    ("opens", "shown"),
    [
        ("actions", "Copy text"),
        ("Edited", "Earlier versions"),
        ("Pinned", "Take the pin off"),
        ("More", "Go to a day"),
        ("Find", "Find words"),
        ("Delete", "Keep it"),
        ("Leave", "Not now"),
        ("Block", "Not now"),
        ("Report", "What is it about?"),
    ],
)
async def test_what_opens_is_accessible_too(sized: Screen, opens: str, shown: str) -> None:
    await sized.show("talk-all")
    page = sized.page
    if opens == "actions":
        await actions(sized, "second version")
    elif opens == "Delete":
        dialog = await actions(sized, "printed pages")
        await dialog.get_by_role("button", name="Delete for both").click()
    elif opens in ("Leave", "Block", "Report"):
        await page.get_by_role("button", name="More", exact=True).click()
        await page.get_by_role("button", name=re.compile(f"^{opens} ")).click()
    else:
        await page.get_by_role("button", name=re.compile(f"^{opens}\\b")).click()
    found = page.get_by_role("button", name=shown).or_(page.get_by_label(shown))
    await expect(found.or_(page.get_by_role("heading", name=shown)).first).to_be_visible()
    await page.evaluate("settle()")
    if folder := os.environ.get("PICTURES"):
        await page.screenshot(path=f"{folder}/talk-open-{opens}-{sized.width}.png")
    assert await sized.violations() == []
    await page.keyboard.press("Escape")
    await expect(found.first).not_to_be_visible()


async def test_one_answers_and_sees_what_is_answered(desktop: Screen) -> None:
    await desktop.show("talk-all")
    page = desktop.page
    dialog = await actions(desktop, "printed pages")
    await dialog.get_by_role("button", name="Answer").click()
    box = page.get_by_role("textbox", name="Message")
    await expect(box).to_be_focused()
    await expect(box).to_have_accessible_description(re.compile("^Answering I will bring"))
    await box.fill("Thank you")
    await box.press("Enter")
    await called(desktop, f"send con_{'0' * 25}1 9 37")
    await expect(page.locator(".about")).to_have_count(0)
    await expect(page.locator(".waiting .quote")).to_contain_text("I will bring the printed")


async def test_what_is_answered_is_named_once_it_is_there(desktop: Screen) -> None:
    await desktop.show("talk-all")
    page = desktop.page
    dialog = await actions(desktop, "printed pages")
    await dialog.get_by_role("button", name="Answer").click()
    box = page.get_by_role("textbox", name="Message")
    await page.evaluate(
        """{
          const [id, log] = Object.entries(app.state.conversations)[0];
          window.held = log.messages;
          app.set({ conversations: { [id]: { ...log, messages: [] } } });
        }"""
    )
    await box.fill("Thank")  # as after a reload: the draft is there, the log comes
    await expect(box).to_have_accessible_description(re.compile("^Answering An earlier message"))
    await page.evaluate(
        """{
          const [id, log] = Object.entries(app.state.conversations)[0];
          app.set({ conversations: { [id]: { ...log, messages: held } } });
        }"""
    )
    await expect(box).to_have_accessible_description(re.compile("^Answering I will bring"))


async def test_what_is_answered_is_read_from_where_it_begins(desktop: Screen) -> None:
    await desktop.show("talk-all")
    page = desktop.page
    await page.evaluate(
        """{
          const [id, log] = Object.entries(app.state.conversations)[0];
          const body = "تمام، نلتقي يوم الجمعة ".repeat(9);
          const last = { ...log.messages.at(-1), revision: 99, body };
          const messages = [...log.messages.slice(0, -1), last];
          app.set({ conversations: { [id]: { ...log, messages } } });
        }"""
    )
    dialog = await actions(desktop, "تمام، نلتقي يوم الجمعة تمام")
    await dialog.get_by_role("button", name="Answer").click()
    await expect(page.locator(".about")).to_contain_text("تمام")
    begins = await page.locator("#about").evaluate(
        """(e) => {
          const words = e.lastElementChild;
          const range = document.createRange();
          const text = document.createTreeWalker(words, NodeFilter.SHOW_TEXT).nextNode();
          range.setStart(text, 0);
          range.setEnd(text, 1);
          const [letter, box] = [range.getBoundingClientRect(), e.getBoundingClientRect()];
          return letter.left >= box.left && letter.right <= box.right;
        }"""
    )
    assert begins


async def test_a_quote_leads_to_what_it_quotes(desktop: Screen) -> None:
    await desktop.show("talk-all")
    page = desktop.page
    await called(desktop, f"quoted con_{'0' * 25}1 3")  # it is not held, so it is asked for
    await entry(desktop, "I did, see").get_by_role("button", name="In answer to").click()
    await expect(entry(desktop, "Before Friday")).to_be_focused()
    await expect(entry(desktop, "Before Friday")).to_be_in_viewport()
    await entry(desktop, "second version").get_by_role("button", name="In answer to").click()
    await called(desktop, f"goTo con_{'0' * 25}1 3")
    there = page.locator(".entry.shown")
    await expect(there).to_be_in_viewport()
    await page.get_by_role("button", name="To the newest").click()
    await expect(entry(desktop, "printed pages")).to_be_in_viewport()


async def test_one_edits_with_the_arrow_up_and_leaves_it_with_escape(desktop: Screen) -> None:
    await desktop.show("talk-all")
    box = desktop.page.get_by_role("textbox", name="Message")
    await box.press("ArrowUp")
    await expect(box).to_have_value("I will bring the printed pages.")
    await box.press("Escape")
    await expect(box).to_have_value("")
    await box.press("ArrowUp")
    await box.fill("I will bring both.")
    await box.press("Enter")
    await expect(box).to_have_value("")
    await called(desktop, "edit 37 I will bring both.")
    await expect(entry(desktop, "I will bring both.")).to_contain_text("Edited")


async def test_what_was_begun_is_there_again_after_an_edit(desktop: Screen) -> None:
    await desktop.show("talk-all")
    box = desktop.page.get_by_role("textbox", name="Message")
    await box.fill("half a thought")
    dialog = await actions(desktop, "printed pages")
    await dialog.get_by_role("button", name="Edit").click()
    await box.fill("other words")
    await desktop.page.get_by_role("button", name="Save").click()
    await expect(box).to_have_value("half a thought")


async def test_one_reacts_with_the_keyboard_alone(desktop: Screen) -> None:
    await desktop.show("talk-all")
    page = desktop.page
    await page.get_by_role("log").focus()
    await page.keyboard.press("ArrowUp")
    await expect(entry(desktop, "printed pages")).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    await expect(entry(desktop, "نلتقي")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Shift+Tab")  # from the list to the reactions
    await expect(page.get_by_role("button", name="done")).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await called(desktop, "react 35 🤔 true")
    chip = entry(desktop, "نلتقي").get_by_role("button", name="thinking: you")
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await expect(entry(desktop, "نلتقي")).to_be_focused()
    await chip.click()
    await called(desktop, "react 35 🤔 false")
    await expect(chip).to_have_count(0)


DRAWN = """(on) => { CanvasRenderingContext2D.prototype.getImageData = () => {
  const data = new Uint8ClampedArray(4); data[0] = on ? 255 : 0; return { data } } }"""


@pytest.mark.parametrize(("font", "shown"), [(True, "👍"), (False, "thumbs up")])
async def test_without_a_font_for_them_reactions_are_words(
    phone: Screen, font: bool, shown: str
) -> None:
    await phone.page.add_init_script(f"({DRAWN})({str(font).lower()})")
    await phone.show("talk-all")
    chip = entry(phone, "I did, see").get_by_role("button", name="thumbs up: you")
    await expect(chip).to_have_text(shown)
    dialog = await actions(phone, "printed pages")
    await expect(dialog.get_by_role("button", name="thumbs up")).to_have_text(shown)


async def test_what_is_closed_is_read_and_nothing_of_it_deleted(desktop: Screen) -> None:
    await desktop.show("talk-closed")
    dialog = await actions(desktop, "printed pages")
    await expect(dialog.get_by_role("button")).to_have_text(["Copy text"])
    await desktop.page.keyboard.press("Escape")
    chip = entry(desktop, "I did, see").get_by_role("button", name="thumbs up: you")
    await expect(chip).to_be_disabled()


async def test_by_touch_one_sees_when_and_what_one_can_do_and_begins_lines(
    chromium: Browser, gallery: str
) -> None:
    touch = opened(chromium, gallery, SIZES["phone"], has_touch=True, is_mobile=True)
    async with touch as screen:
        await screen.show("talk-all")
        page = screen.page
        log = page.get_by_role("log")
        for height, least in ((640, 0.55), (380, 0.5)):  # and with the keyboard
            await page.set_viewport_size({"width": 360, "height": height})
            await page.get_by_role("textbox", name="Message").focus()
            await page.evaluate("settle()")
            assert await log.evaluate("e => e.clientHeight") >= least * height
        await page.set_viewport_size({"width": 360, "height": 740})
        said = entry(screen, "printed pages")
        await expect(said.locator(".more")).to_have_css("opacity", "1")
        box = await said.locator(".bubble").bounding_box()
        assert box is not None
        finger = [{"x": box["x"] + 20, "y": box["y"] + 20}]
        devtools = await page.context.new_cdp_session(page)
        at = {"type": "touchStart", "touchPoints": finger}
        await devtools.send("Input.dispatchTouchEvent", at)
        dialog = page.get_by_role("dialog", name="What to do with this message")
        await expect(dialog).to_be_visible()
        await devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        await expect(dialog.get_by_text("Tuesday 24 November 2026, 13:44:20")).to_be_visible()
        await dialog.get_by_role("button", name="Pin for both").tap()
        await called(screen, "pin 37 true")
        await said.locator(".more").tap()
        await page.touchscreen.tap(180, 20)  # beside it
        await expect(dialog).to_have_count(0)
        field = page.get_by_role("textbox", name="Message")
        await expect(field).to_have_attribute("enterkeyhint", "enter")
        await field.press_sequentially("one")
        await field.press("Enter")
        await field.press_sequentially("two")
        await expect(field).to_have_value("one\ntwo")
        await page.get_by_role("button", name="Send", exact=True).tap()
        await called(screen, f"send con_{'0' * 25}1 7")


async def test_nothing_moves_under_the_finger_of_who_writes(
    chromium: Browser, gallery: str
) -> None:
    touch = opened(chromium, gallery, (360, 340), has_touch=True, is_mobile=True)
    async with touch as screen:
        await screen.show("talk-all")
        page = screen.page
        more = entry(screen, "printed pages").locator(".more")
        find = page.get_by_role("button", name="Find")
        dialog = page.get_by_role("dialog", name="What to do with this message")
        await expect(find).to_be_visible()
        await page.get_by_role("textbox", name="Message").tap()
        await expect(find).to_be_hidden()
        await page.evaluate("settle()")
        box = await more.bounding_box()
        assert box is not None
        await page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 4)
        await expect(dialog).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(find).to_be_visible()
        await page.get_by_role("textbox", name="Message").tap()
        await expect(find).to_be_hidden()
        await page.evaluate("settle()")
        box = await more.bounding_box()
        assert box is not None
        await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 4)
        await page.mouse.down()
        await page.evaluate("settle()")
        assert await more.bounding_box() == box
        await page.mouse.up()
        await expect(dialog).to_be_visible()


async def test_deleting_asks_first(desktop: Screen) -> None:
    await desktop.show("talk-all")
    page = desktop.page
    dialog = await actions(desktop, "printed pages")
    await dialog.get_by_role("button", name="Delete for both").click()
    await page.get_by_role("button", name="Keep it").click()
    assert not any(call.startswith("delete") for call in await desktop.calls())
    dialog = await actions(desktop, "printed pages")
    await dialog.get_by_role("button", name="Delete for both").click()
    asked = page.locator("ith-erase")
    await expect(asked).to_contain_text("I will bring the printed pages.")
    await page.get_by_role("button", name="Delete for both").click()
    await called(desktop, "delete 37")
    await expect(page.get_by_text("You deleted this message")).to_be_visible()


async def test_of_a_deleted_answer_no_quote_stays(desktop: Screen) -> None:
    await desktop.show("talk-all")
    page = desktop.page
    await expect(entry(desktop, "second version").locator(".quote")).to_have_count(1)
    dialog = await actions(desktop, "second version")
    await dialog.get_by_role("button", name="Delete for both").click()
    await page.get_by_role("button", name="Delete for both").click()
    gone = page.get_by_role("log").locator(".entry").filter(has_text="You deleted this message")
    await expect(gone).to_be_visible()
    await expect(gone.locator(".quote")).to_have_count(0)


async def test_what_one_had_begun_to_write_stays_to_be_copied_when_the_other_leaves(
    phone: Screen,
) -> None:
    await phone.show("talk-all")
    page = phone.page
    await page.evaluate("navigator.clipboard.writeText = async (text) => { window.took = text }")
    field = page.get_by_role("textbox", name="Message", exact=True)
    await field.fill("Half a thought,\nand more")
    turn = "app.set({mentorships: app.state.mentorships.map((m) => ({...m, %s}))})"
    await page.evaluate(turn % "closed_us: 1, closed_by: m.members[1].person.id")
    kept = page.get_by_role("textbox", name="What you had begun to write")
    await expect(kept).to_have_value("Half a thought,\nand more")
    await expect(kept).not_to_be_editable()
    await expect(field).to_have_count(0)
    assert await phone.violations() == []
    await page.get_by_role("button", name="Copy", exact=True).click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("took") == "Half a thought,\nand more"
    await page.evaluate(turn % "closed_us: null")
    await expect(field).to_have_value("Half a thought,\nand more")


async def test_what_another_deleted_or_changed_says_so(desktop: Screen) -> None:
    await desktop.show("talk-all")
    log = desktop.page.get_by_role("log")
    await expect(log.get_by_text("Ana Quispe deleted this message")).to_be_visible()
    await log.get_by_role("button", name="Edited").click()
    await expect(desktop.page.get_by_role("dialog", name="Earlier versions")).to_be_visible()
    versions = desktop.page.locator("ith-versions .said-so")
    await expect(versions).to_have_text([re.compile("first"), re.compile("second")])


async def test_how_far_it_got_stands_below_the_last_alone(desktop: Screen) -> None:
    await desktop.show("talk-all")
    marks = desktop.page.get_by_role("log").locator(".entry > .mark")
    await expect(marks).to_have_text(["Read", "Delivered"])
    await expect(desktop.page.get_by_text("Ana Quispe is writing")).to_be_visible()


async def test_words_are_found_hit_by_hit(desktop: Screen) -> None:
    await desktop.show("talk-all")
    page = desktop.page
    log = page.get_by_role("log")
    await log.evaluate("e => e.scrollTop -= 300")
    await page.evaluate("settle()")
    read = entry(desktop, "second version").first
    place = await read.evaluate("e => e.getBoundingClientRect().top")
    await page.get_by_role("button", name="Find").click()
    field = page.get_by_role("searchbox", name="Find words")
    await expect(field).to_be_focused()
    await page.evaluate("settle()")
    assert abs(await read.evaluate("e => e.getBoundingClientRect().top") - place) < 1
    before = await log.bounding_box()
    await field.fill("the")
    await field.press("Enter")
    status = page.get_by_role("search").get_by_role("status")
    await expect(status).to_have_text("1 of 2 or more")
    await expect(page.locator(".shown")).to_contain_text("printed pages")
    await expect(log.locator("mark")).to_have_text(["the"])
    assert await log.bounding_box() == before
    await field.press("Enter")
    await field.press("Enter")
    await expect(status).to_have_text(re.compile("3 of 4"))
    await expect(field).to_be_focused()
    older = page.get_by_role("button", name="Older hit")
    looks = "e => [getComputedStyle(e).color, getComputedStyle(e).opacity].join()"
    enabled = await older.evaluate(looks)
    await field.fill("no such words")  # as one types
    await expect(status).to_have_text("Nothing found")
    await expect(older).to_be_disabled()
    assert await older.evaluate(looks) != enabled
    await expect(page.locator(".shown")).to_have_count(0)
    await field.press("Escape")
    await expect(page.get_by_role("button", name="Find")).to_be_focused()


async def test_one_goes_to_a_day_and_back_to_the_newest(desktop: Screen) -> None:
    await desktop.show("talk-aside")
    page = desktop.page
    await page.get_by_role("button", name="To the newest").click()
    await expect(page.get_by_role("button", name="To the newest")).to_have_count(0)
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_label("Go to a day").fill("1999-12-31")  # before all: to the nearest
    await page.get_by_role("button", name="Go there").click()
    first = 1_787_695_200_000_000  # midnight in Vienna
    await called(desktop, f"goTo con_{'0' * 25}1 {first}")
    await expect(page.locator(".shown")).to_be_in_viewport()
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_label("Go to a day").fill("2026-11-20")
    await page.get_by_role("button", name="Go there").click()
    await called(desktop, f"goTo con_{'0' * 25}1 {1_795_129_200_000_000}")


async def test_the_first_new_message_is_one_press_away(desktop: Screen) -> None:
    await desktop.show("talk-unread")
    page = desktop.page
    await page.set_viewport_size({"width": 1280, "height": 500})
    first_new = page.get_by_role("button", name="First new message")
    leads, log = await first_new.bounding_box(), await page.get_by_role("log").bounding_box()
    assert leads is not None
    assert log is not None
    assert leads["y"] >= log["y"] + log["height"]  # it lies over nothing that was said
    await first_new.click()
    await expect(page.get_by_text("New messages", exact=True)).to_be_in_viewport()
    await page.get_by_role("button", name="To the newest").click()
    await expect(entry(desktop, "printed pages")).to_be_in_viewport()
    await expect(first_new).to_have_count(0)  # one has been there


async def test_after_a_long_absence_it_leads_to_what_is_not_held(desktop: Screen) -> None:
    await desktop.show("talk-absence")
    page = desktop.page
    await page.get_by_role("button", name="First new message").click()
    await called(desktop, f"goTo con_{'0' * 25}1 1501")
    line = page.get_by_text("New messages", exact=True)
    await expect(line).to_be_in_viewport()
    below = line.locator("xpath=following-sibling::*[1]")
    await expect(below).to_have_attribute("data-key", re.compile("msg-001501$"))
    await desktop.show("talk-absence")
    box = page.get_by_role("textbox", name="Message")
    await expect(page.get_by_role("button", name="First new message")).to_be_visible()
    await box.fill("I am back.")
    await box.press("Enter")
    await expect(page.get_by_role("button", name="First new message")).to_have_count(0)


async def test_nothing_in_the_log_moves_when_what_waits_is_accepted(desktop: Screen) -> None:
    await desktop.show("talk-all")
    page = desktop.page
    box = page.get_by_role("textbox", name="Message")
    await box.fill("one\ntwo")
    await box.press("Enter")
    await page.evaluate("settle()")
    places = """() => {
      const all = (root) => [...root.querySelectorAll("*")].flatMap((e) =>
        [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
      return Object.fromEntries(all(document).filter((e) => e.matches(".entry"))
        .map((e) => [e.dataset.key, e.getBoundingClientRect().toJSON()]));
    }"""
    before = await page.evaluate(places)
    await page.evaluate(
        """{
        const [id, log] = Object.entries(app.state.conversations)[0];
        const { body, id: of } = log.pending[0];
        const seq = log.head + 1;
        const last = log.messages.at(-1);
        const said = { ...last, seq, id: of, body, at_us: log.pending[0].writtenUs, revision: seq };
        app.set({conversations: {[id]: {...log, head: seq, pending: [],
          messages: [...log.messages, said]}}});
        }"""
    )
    await expect(page.locator(".waiting")).to_have_count(0)
    await page.evaluate("settle()")
    after = await page.evaluate(places)
    assert len(before) > 5
    assert {key: after[key] for key in before} == before


async def test_a_hundred_thousand_messages_are_a_few_in_the_page(desktop: Screen) -> None:
    """Scrolled through from end to end and back: what is in sight is drawn, in order, without a
    gap, and only what is near is in the page."""
    await desktop.show("talk-100000")
    page = desktop.page
    log = page.get_by_role("log")
    look = """(log, [to, of]) => {
      if (to !== null) log.scrollTop = to * log.scrollHeight;
      return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
        const { top, bottom } = log.getBoundingClientRect();
        const rows = [...log.querySelectorAll('.rows > *')];
        const boxes = rows.map((e) => e.getBoundingClientRect());
        const gaps = boxes.slice(1).filter((b, i) => Math.abs(b.top - boxes[i].bottom) > 1).length;
        done({ rows: rows.length, gaps,
          above: boxes[0].top - top, below: bottom - boxes.at(-1).bottom,
          first: rows[0].className, high: log.scrollHeight });
      })));
    }"""
    seen: dict[str, float] = {}
    for to in (1, 0.75, 0.5, 0.25, 0.001, 0.3, 0.999, 1):
        seen = await log.evaluate(look, [to, 0])
        assert seen["rows"] < 150
        assert seen["gaps"] == 0
        assert seen["above"] <= 0 or to < 0.01
        assert seen["below"] <= 16, (to, seen)
    assert seen["high"] > 5_000_000
    # A wheel moves by what it turns, though rows turn out higher than they were thought to be.
    await log.evaluate("e => { e.scrollTop = e.scrollHeight / 2 }")
    await page.evaluate("settle()")
    moved = """(log) => new Promise((done) => {
      const at = () => [...log.querySelectorAll('.entry')].map((e) =>
        [e.dataset.key, e.getBoundingClientRect().top]);
      const before = new Map(at());
      log.scrollTop -= 300;
      requestAnimationFrame(() => requestAnimationFrame(() => done(at()
        .filter(([key]) => before.has(key)).map(([key, top]) => top - before.get(key)))));
    })"""
    for _ in range(10):
        assert all(abs(by - 300) < 2 for by in await log.evaluate(moved))


async def test_newer_pages_come_below_and_leave_what_is_read_where_it_is(desktop: Screen) -> None:
    await desktop.show("talk-aside")
    page = desktop.page
    log = page.get_by_role("log")
    await log.evaluate("e => { e.scrollTop = e.scrollHeight }")
    last = await log.locator(".entry").last.element_handle()
    assert last is not None
    place = await last.evaluate("e => e.getBoundingClientRect().top")
    await called(desktop, "loadNewer")
    await expect(log.locator(".entry").last).to_be_attached()
    await page.evaluate("settle()")
    assert abs(await last.evaluate("e => e.getBoundingClientRect().top") - place) < 2
    assert not any(call.startswith("read ") for call in await desktop.calls())


async def test_one_reports_and_blocks_the_other_in_one_step(desktop: Screen) -> None:
    await desktop.show("talk-all")
    page = desktop.page
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("button", name="Report Ana Quispe").click()
    await page.get_by_label("What is it about?").select_option(label="Money, or a trick")
    await page.get_by_label("What happened?").fill("Asked me for a gift card.")
    await page.get_by_label("Block Ana Quispe too").check()
    await page.get_by_role("button", name="Send", exact=True).last.click()
    await called(desktop, f"report men_{'0' * 25}1 money 17 block")
    await expect(page.get_by_text("Thank you. It was sent")).to_be_visible()


async def test_who_left_or_blocked_cannot_write_and_reads_why(desktop: Screen) -> None:
    conversation = desktop.page.locator("ith-conversation")
    for state, words in (
        ("talk-closed", "Ana Quispe left this mentorship yesterday. What was said stays for both"),
        ("talk-blocked", "You have blocked Ana Quispe: neither of you reaches the other until"),
    ):
        await desktop.show(state)
        await expect(conversation.get_by_text(words)).to_be_visible()
        await expect(desktop.page.get_by_role("textbox", name="Message")).to_be_hidden()
    lift = conversation.get_by_role("button", name="Let Ana Quispe reach you again")
    await desktop.page.evaluate("app.refusal = 'unavailable'")
    await lift.click()
    await expect(conversation.get_by_role("alert")).to_have_text(re.compile("^Refused: unavail"))
    await lift.click()
    await called(desktop, f"block men_{'0' * 25}1 false")
    await desktop.page.evaluate(
        "app.set({mentorships: app.state.mentorships.map((m) => ({...m, blocked_by_me: false}))})"
    )
    await expect(desktop.page.get_by_role("textbox", name="Message")).to_be_focused()
