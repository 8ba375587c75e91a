"""Two browsers, two links: a call that is seen, heard, written in, and accounted for."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Playwright, expect

from protocol.views import SessionView
from tests.browser.conftest import MENTEE, MENTOR, House, hears
from tests.support.browser import Person, kill, launch
from tests.support.clips import Clip
from tests.support.serving import Api

pytestmark = pytest.mark.browser

AGREE_S = 2.0
LISTEN = """
(bottom) => {
  window.lines = [];
  const look = () => window.lines.push(bottom.innerText);
  const all = { subtree: true, childList: true, characterData: true };
  new MutationObserver(look).observe(bottom, all);
}
"""
Stretch = tuple[float, float]


class Stopwatch:
    """Someone's stretches in the room, in monotonic seconds, as seen from outside: it happened at
    some time while we did what made it happen, so there is a shortest and a longest."""

    def __init__(self) -> None:
        self.shortest: list[Stretch] = []
        self.longest: list[Stretch] = []
        self._began: Stretch = (0, 0)

    @contextmanager
    def starting(self) -> Iterator[None]:
        before = time.monotonic()
        yield
        self._began = (before, time.monotonic())

    @contextmanager
    def stopping(self) -> Iterator[None]:
        before = time.monotonic()
        yield
        self.shortest.append((self._began[1], before))
        self.longest.append((self._began[0], time.monotonic()))

    def agrees(self, us: int) -> bool:
        """Whether that much presence is right."""
        return within(self.shortest, us / 1e6, self.longest)

    def agrees_together(self, other: Stopwatch, us: int) -> bool:
        """Whether both were present for that long at the same time."""
        shortest = overlaps(self.shortest, other.shortest)
        return within(shortest, us / 1e6, overlaps(self.longest, other.longest))


def overlaps(one: list[Stretch], other: list[Stretch]) -> list[Stretch]:
    pairs = [(max(a, c), min(b, d)) for a, b in one for c, d in other]
    return [(since, to) for since, to in pairs if since < to]


def within(shortest: list[Stretch], s: float, longest: list[Stretch]) -> bool:
    least, most = (sum(to - since for since, to in each) for each in (shortest, longest))
    print(f"{least:.2f} s <= {s:.2f} s <= {most:.2f} s")  # shown when the test fails
    return least - AGREE_S <= s <= most + AGREE_S


async def test_a_call_with_a_reload_and_a_crash_is_on_record(
    demo: House,
    playwright: Playwright,
    mentors_browser: Browser,
    mentees_browser: Browser,
    clips: dict[int, Clip],
) -> None:
    links = demo.links
    mentors_time, mentees_time = Stopwatch(), Stopwatch()
    fragile = demo.closes(await launch(playwright, clips[MENTEE]))
    mentor = await demo.enter(mentors_browser, links["mentor"])
    mentee = await demo.enter(fragile, links["mentee"])

    await expect(mentee.page.get_by_role("heading", level=1)).to_have_text("Athena (demo)")
    with mentors_time.starting():
        await mentor.join()
    with mentees_time.starting():
        await mentee.join()
    await mentor.sees(MENTEE)
    await mentee.sees(MENTOR)
    await mentor.sees(MENTOR, mentor.own)
    await mentee.sees(MENTEE, mentee.own)
    await hears(mentor, MENTEE, clips)
    await hears(mentee, MENTOR, clips)

    await mentor.write("Can you hear me?")
    await mentee.reads("Can you hear me?")
    await mentee.write("As if you were here.")
    await mentor.reads("As if you were here.")

    with mentors_time.stopping():
        await mentor.page.reload()
    with mentors_time.starting():
        await mentor.joined()
    await mentor.sees(MENTEE)
    await mentee.sees(MENTOR)

    await mentee.beat()
    await mentor.page.locator(".bottom").evaluate(LISTEN)
    with mentees_time.stopping():
        await kill(fragile)
    await mentor.page.get_by_text("The connection to Telemachus (demo) is lost.").wait_for()
    await expect(mentor.remote).to_have_css("filter", re.compile("brightness"))
    assert not [line for line in await mentor.page.evaluate("lines") if "keep talking" in line]
    mentee = await demo.enter(mentees_browser, links["mentee"])
    with mentees_time.starting():
        await mentee.join()
    await mentee.sees(MENTOR)
    await mentor.sees(MENTEE)
    await hears(mentor, MENTEE, clips)
    await expect(mentor.page.get_by_text(re.compile("connect|waiting"))).to_have_count(0)
    await mentor.reads("As if you were here.")

    with mentees_time.stopping():
        await mentee.leave()
    with mentors_time.stopping():
        await mentor.leave()

    api = Api(demo.server, links["mentee"])
    signed_in = await api.sign_in()
    (listed,) = await api.sessions()
    session = await api.session(urlsplit(mentor.page.url).path.removeprefix("/s/"))
    assert listed.id == session.id
    mentees_id = signed_in.person.id
    (mentors_id,) = {time.person for time in session.people} - {mentees_id}
    present_us = {time.person: time.present_us for time in session.people}
    assert mentors_time.agrees(present_us[mentors_id])
    assert mentees_time.agrees(present_us[mentees_id])
    assert mentors_time.agrees_together(mentees_time, session.together_us)
    assert [gap.absent for gap in session.interruptions] == [(mentors_id,), (mentees_id,)]
    assert session.estimated  # the crash left no goodbye

    await tells(mentor, session, mentors_id, "Telemachus (demo) was away for")
    await tells(mentee, session, mentees_id, "You were away for")


async def test_back_to_the_call_from_its_page_with_the_devices_as_they_were(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    for person in (mentor, mentee):
        await person.join()
    await mentor.button("Mute").click()
    await mentor.leave()
    await mentor.button("Write").click()
    await mentor.write("I am coming back.")
    await mentee.reads("I am coming back.")
    await mentor.button("Back to the call").click()
    await mentor.joined()
    await mentor.sees(MENTEE)
    await mentee.sees(MENTOR)
    await mentor.button("Unmute").wait_for()
    await mentee.page.get_by_text("No sound from Athena.").wait_for()


async def test_a_session_that_both_have_left_is_ended_from_its_page(
    house: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    mentor = await house.enter(mentors_browser, house.links["mentor"])
    mentee = await house.enter(mentees_browser, house.links["mentee"])
    for person in (mentor, mentee):
        await person.join()
    for person in (mentor, mentee):
        await person.leave()
    await mentor.page.reload()
    await mentor.page.get_by_text("Until then either of you may come back.").wait_for()
    await mentor.button("End the session for both").click()
    await mentor.button("End it").click()
    for person, who in ((mentor, "You"), (mentee, "Athena")):
        await person.page.get_by_text(f"{who} ended it for both.").wait_for()
        await person.page.get_by_role("link", name="Done").wait_for()
        await expect(person.button("End the session for both")).to_have_count(0)


async def tells(person: Person, session: SessionView, me: str, gap: str) -> None:
    """The page about the session says what the API says."""
    page = person.page
    await page.reload()
    headline = await page.get_by_role("heading", level=1, name="together").inner_text()
    assert seconds(headline) == session.together_us // 1_000_000
    rows = page.get_by_role("region", name="In the room").locator("dl > div")
    own = await rows.filter(has_text="You").locator("dd").inner_text()
    assert seconds(own) == next(t.present_us for t in session.people if t.person == me) // 1_000_000
    gaps = page.get_by_role("region", name="Away in between").get_by_role("listitem")
    noticed = [each for each in session.interruptions if each.to_us - each.from_us >= 1_000_000]
    await expect(gaps).to_have_count(len(noticed))
    await expect(gaps.filter(has_text=gap)).to_have_count(1)


def seconds(words: str) -> int:
    """`1 min 5 s together` -> 65."""
    units = {"h": 3600, "min": 60, "s": 1}
    return sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+) (h|min|s)\b", words))
