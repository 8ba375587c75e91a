"""The conversation: writing, what waits, what was said before, in Chromium. The elements draw the
gallery's canned states; no server takes part."""

import re

import pytest
from playwright.async_api import expect

from tests.support.gallery import Screen

pytestmark = pytest.mark.browser


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
    later = page.get_by_text("Earlier messages come when the connection is back.")
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
    await log.evaluate("e => { e.scrollTop = 0 }")
    anchor = log.locator(".entry", has=page.locator(".bubble")).nth(2)
    marked = await anchor.element_handle()
    assert marked is not None
    place = await marked.evaluate("e => e.getBoundingClientRect().top")
    await desktop.page.evaluate(
        """() => new Promise((done) => {
          const look = () => Object.values(app.state.conversations)[0].messages.length === 40
            ? done(null) : setTimeout(look, 20);
          look();
        })"""
    )
    await page.evaluate("settle()")
    assert await log.evaluate("e => e.scrollTop") > 0
    assert abs(await marked.evaluate("e => e.getBoundingClientRect().top") - place) < 2


COME = """(count) => {
  const [id, log] = Object.entries(app.state.conversations)[0];
  const [{ members, ...view }, ...others] = app.state.mentorships;
  const last = log.messages.at(-1);
  const person = members[1].person.id;
  const fresh = Array.from({ length: count }, (_, i) => {
    const seq = log.head + i + 1;
    return { ...last, seq, revision: seq, id: `fresh-${seq}`, body: `fresh ${seq}`, person };
  });
  const head = log.head + count;
  app.set({
    conversations: { [id]: { ...log, head, messages: [...log.messages, ...fresh] } },
    mentorships: [{ ...view, members, head, unread: view.unread + count }, ...others],
  });
}"""


async def test_one_who_reads_above_is_not_pulled_down(desktop: Screen) -> None:
    await desktop.show("conversation-thousand")
    page = desktop.page
    log = page.get_by_role("log")
    await log.evaluate("e => e.scrollTop = e.scrollHeight / 2")
    await expect(page.get_by_role("button", name="To the newest")).to_be_visible()
    await page.evaluate(COME, 1)
    fresh = page.get_by_role("button", name="New messages")
    await expect(fresh).to_be_visible()
    assert not any(call.endswith(" 1001") for call in await desktop.calls())
    await fresh.click()
    await expect(page.get_by_text("fresh 1001", exact=True)).to_be_in_viewport()
    await expect(fresh).to_have_count(0)
    await page.wait_for_function("app.calls.some((call) => /^read.* 1001$/.test(call))")
    await page.evaluate(COME, 1)  # who is at the end stays there
    await expect(page.get_by_text("fresh 1002", exact=True)).to_be_in_viewport()


async def test_the_way_down_leads_to_the_first_new_message_and_then_to_the_newest(
    desktop: Screen,
) -> None:
    await desktop.show("conversation-thousand")
    page = desktop.page
    await page.get_by_role("log").evaluate("e => e.scrollTop = e.scrollHeight / 2")
    await expect(page.get_by_role("button", name="To the newest")).to_be_visible()
    await page.evaluate(COME, 25)
    await page.evaluate(
        """{
          const [id, log] = Object.entries(app.state.conversations)[0];
          const own = { ...log.messages.at(-1), seq: 1026, revision: 1026, id: "own", body: "own",
            person: app.state.me.id };
          const messages = [...log.messages, own];
          app.set({ conversations: { [id]: { ...log, head: 1026, messages } } });
        }"""
    )
    await page.get_by_role("button", name="New messages").click()
    await expect(page.get_by_text("New messages", exact=True)).to_be_in_viewport()
    await expect(page.get_by_text("fresh 1001", exact=True)).to_be_in_viewport()
    await expect(page.get_by_text("fresh 1025", exact=True)).not_to_be_in_viewport()
    newest = page.get_by_role("button", name="To the newest")
    await expect(newest).to_be_visible()
    await page.wait_for_function("app.calls.some((call) => /^read.* 10[01].$/.test(call))")
    unread = await page.evaluate("app.state.mentorships[0].unread")
    shown = await page.get_by_role("log").evaluate(
        """(e) => [...e.querySelectorAll(".bubble")].filter((each) => {
          const [at, log] = [each.getBoundingClientRect(), e.getBoundingClientRect()];
          return /fresh/.test(each.textContent) && at.top + at.height / 2 < log.bottom;
        }).length"""
    )
    assert 0 < unread == 25 - shown
    await newest.click()
    await expect(page.get_by_text("own", exact=True)).to_be_in_viewport()
    await expect(newest).to_have_count(0)
    await page.wait_for_function("app.state.mentorships[0].unread === 0")


CONTESTED = """{
  const [id, [session, ...more]] = Object.entries(app.state.sessions)[0];
  const by = { contested_by: [app.state.me.id], said_us: app.nowUs() };
  const settlement = { ...session.settlement, ...by };
  app.set({ sessions: { [id]: [{ ...session, settlement }, ...more] } });
}"""


async def test_the_conversation_tells_of_sessions_and_of_what_is_contested(desktop: Screen) -> None:
    await desktop.show("conversation-marks")
    page = desktop.page
    marks = page.get_by_role("log").get_by_role("link", name=re.compile("session", re.IGNORECASE))
    contested = "Wolfeschlegelsteinhausenber… contests the session today at 13:25 (38 min: €45.60)"
    await expect(marks).to_have_text(
        [
            # an earlier one comes with the messages around it
            re.compile(r"^Session 13:25 to 14:\d\d: 43 min 26 s together"),
            re.compile(f"^{re.escape(contested)}: held until you two agree$"),
        ]
    )
    await expect(marks.last).to_have_attribute("href", re.compile("^/s/ses_"))
    await page.evaluate(CONTESTED)  # by me too: it comes live
    await expect(marks.last).to_have_text(re.compile("^You contest the session today"))
    await expect(marks.last).to_be_in_viewport()
    # In a call a way out of it stands in nobody's way.
    await page.evaluate("app.set({call: {phase: 'joined', peers: []}})")
    await expect(marks).to_have_count(0)
    await expect(page.get_by_role("log").get_by_text("You contest the session")).to_be_visible()


@pytest.mark.parametrize("sized", ["phone"], indirect=True)
async def test_who_goes_back_from_an_account_finds_the_conversation_where_they_were(
    sized: Screen,
) -> None:
    await sized.show("conversation-marks")
    page = sized.page
    open_it = page.get_by_role("button", name="Conversation")
    await open_it.click()
    log = page.get_by_role("log")
    mark = log.get_by_role("link", name=re.compile("^Session 13:25"))
    await mark.scroll_into_view_if_needed()
    await log.evaluate("e => e.scrollTop -= 150")
    await page.evaluate("settle()")
    top = "e => e.getBoundingClientRect().top"
    place = await mark.evaluate(top)
    name = page.get_by_role("dialog").get_by_role("heading", level=2)
    for way in ("the browser's", "the page's"):
        await mark.click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("together")
        if way == "the browser's":
            await page.go_back()
        else:
            await page.get_by_role("link", name="Done").click()
        await expect(mark).to_be_in_viewport()
        await page.evaluate("settle()")
        assert abs(await mark.evaluate(top) - place) < 2
        await expect(name).to_be_focused()  # of the sheet, which covers what is of the page
    # Closed is closed.
    await page.get_by_role("button", name="Close").click()
    await expect(open_it).to_be_focused()
    await page.get_by_role("link", name="Ithaca", exact=True).click()
    await page.go_back()
    await expect(open_it).to_be_visible()
    await expect(log).to_have_count(0)


async def test_earlier_sessions_that_load_are_not_read_out_and_a_new_word_is(
    desktop: Screen,
) -> None:
    await desktop.show("conversation-marks")
    page, log = desktop.page, desktop.page.get_by_role("log")
    said = page.locator(".announced")
    await page.evaluate("{ window.had = app.state.sessions; app.set({ sessions: {} }); }")
    await page.evaluate("settle()")
    await page.evaluate("app.set({ sessions: window.had })")
    await expect(log.get_by_role("link", name=re.compile("contests the session"))).to_be_visible()
    await page.evaluate(CONTESTED)
    await expect(said).to_have_text(re.compile("^You contest the session today"))


async def test_several_new_messages_are_read_out_in_one_breath(desktop: Screen) -> None:
    await desktop.show("conversation-thousand")
    page = desktop.page
    said = page.locator(".announced")
    await expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")
    await expect(said).to_have_text("")
    for seq in (1001, 1002, 1003):
        await page.evaluate(
            """(seq) => {
            const [id, log] = Object.entries(app.state.conversations)[0];
            const more = {...log.messages.at(-1), seq, revision: seq, id: `fresh-${seq}`,
              body: `**fresh** ${seq}`, person: app.state.mentorships[0].members[1].person.id};
            const messages = [...log.messages, more];
            app.set({conversations: {[id]: {...log, head: seq, messages}}});
            }""",
            seq,
        )
    await expect(said).to_have_text("3 new messages from Ana Quispe. The last: fresh 1003")


async def test_a_long_conversation_makes_no_page_longer(desktop: Screen) -> None:
    await desktop.show("conversation-thousand")
    high = await desktop.page.evaluate("document.documentElement.scrollHeight")
    assert high == 800


async def test_the_unread_line_stands_before_the_first_new_message(desktop: Screen) -> None:
    await desktop.show("prejoin")
    lines = await desktop.page.get_by_role("log").evaluate(
        "e => [...e.querySelectorAll('.line, .bubble')].map(e => e.className.trim())"
    )
    assert lines.count("line new") == 1
    assert lines[lines.index("line new") :].count("bubble") == 1  # 39 is one's own, 40 is not
    assert any(call.startswith("read") for call in await desktop.calls())


async def test_escape_closes_the_sheet_and_gives_the_focus_back(phone: Screen) -> None:
    await phone.show("home")
    page = phone.page
    assert await phone.cut("Tab", 12) == []
    assert await phone.cut("Shift+Tab", 12) == []
    await phone.show("prejoin")
    await page.get_by_role("button", name="Conversation").click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    assert await phone.cut("Tab", 6) == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("textbox", name="Message")).to_have_count(0)
    assert (await phone.focused()).startswith("Conversation")
    await page.get_by_role("link", name="Ithaca", exact=True).click()
    await page.get_by_role("button", name="Conversation").click()
    await page.get_by_role("button", name="Close").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Conversation")).to_be_focused()


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


async def test_that_the_server_was_put_back_is_said_until_one_has_read_it(phone: Screen) -> None:
    await phone.show("conversation-restored")
    page = phone.page
    await page.get_by_role("button", name="Conversation").click()
    said = page.get_by_text("The server was put back to an earlier copy of its data")
    await expect(said).to_be_in_viewport(ratio=1)
    await expect(said).to_contain_text("write it again")
    await page.get_by_role("button", name="Understood").click()
    await expect(said).to_have_count(0)
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
