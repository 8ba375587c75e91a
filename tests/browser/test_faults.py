"""Browsers that stop, die, lose the network or lie in the middle of a call, and what is on record
then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Playwright, expect

from protocol.views import SessionAccount
from tests.browser.conftest import MENTEE, MENTOR, House
from tests.support.browser import GUARD_S, Person, kill, launch, paused
from tests.support.clips import Clip
from tests.support.serving import Api, Server

pytestmark = pytest.mark.browser

VANISHED_S = 5.0
"""How much of someone's time may be missing when they vanish."""
AGREE_S = 1.0
BEGINNING_S = 6.0
"""A call connects, and two beats pass, before anything can be proven."""
TALK_S = 5.0
Process = Literal["renderer", "network"]
CUT_S, STOPPED_S = 12.0, 30.0
LONG_STOPPED_S, PAIRS = 90.0, 4
"""In the soak; so many sit at once: two cores draw no more."""

WITHHOLDS = """
RTCDataChannel.prototype.send = () => {};
"""
INFLATES = """
const { sign } = SubtleCrypto.prototype;
const { send } = RTCDataChannel.prototype;
const LATER_US = 3_600_000_000;
SubtleCrypto.prototype.sign = function (algorithm, key, bytes) {
  const lines = new TextDecoder().decode(bytes).split("\\n");
  lines.push(Number(lines.pop()) + LATER_US);
  window.lied = true;
  return sign.call(this, algorithm, key, new TextEncoder().encode(lines.join("\\n")));
};
RTCDataChannel.prototype.send = function (text) {
  const said = JSON.parse(text);
  if ("to_us" in said) said.to_us += LATER_US;
  send.call(this, JSON.stringify(said));
};
"""


class Pair:
    """The two of a house in a call, in browsers of their own that may be hurt."""

    def __init__(self, house: House, mentor: Person, mentee: Person) -> None:
        self.house, self.mentor, self.mentee = house, mentor, mentee
        self.api = Api(house.server, house.links["mentor"])
        self.session = self.mentees_id = ""
        self.began = 0.0

    async def begin(self) -> None:
        await self.mentor.join()
        before = time.monotonic()
        await self.mentee.join()
        self.began = (before + time.monotonic()) / 2
        await self.api.sign_in()
        (session,) = await self.api.sessions()
        self.session = session.id
        signed_in = await Api(self.house.server, self.house.links["mentee"]).sign_in()
        self.mentees_id = signed_in.person.id

    async def account(self) -> SessionAccount:
        return await self.api.session(self.session)

    async def together_again(self, gaps: int) -> SessionAccount:
        """The account, once both are back after so many gaps."""
        async with asyncio.timeout(3 * GUARD_S):
            while True:
                self.mentor.session_changed.clear()
                seen = await self.account()
                if seen.together_since_us is not None and len(seen.interruptions) == gaps:
                    return seen
                await self.mentor.session_changed.wait()


async def seated(house: House, mentors: Browser, mentees: Browser) -> Pair:
    pair = Pair(
        house,
        await house.enter(mentors, house.links["mentor"]),
        await house.enter(mentees, house.links["mentee"]),
    )
    await pair.begin()
    return pair


async def stopped(
    pair: Pair, mentees: Browser, seconds: float, process: Process, times: int
) -> None:
    """A process of the mentee's browser stops, again and again; each time is one gap in the one
    session, as long as it was."""
    spans = []
    for n in range(1, times + 1):
        await asyncio.sleep(TALK_S)
        began = time.monotonic()
        async with paused(mentees, process):
            await asyncio.sleep(seconds)
        ended = time.monotonic()
        await pair.together_again(gaps=n)
        spans.append((ended - began - AGREE_S, time.monotonic() - began + VANISHED_S))
    (listed,) = await pair.api.sessions()
    seen = await pair.account()
    assert listed.id == seen.id == pair.session
    for gap, (least, most) in zip(seen.interruptions, spans, strict=True):
        assert gap.absent == (pair.mentees_id,), seen.interruptions
        assert least <= (gap.to_us - gap.from_us) / 1e6 <= most, seen.interruptions
    print(
        f"{times} times {seconds:.0f} s: gaps {[g.to_us - g.from_us for g in seen.interruptions]}"
    )


@asynccontextmanager
async def apart(
    folder: Path, playwright: Playwright, clips: dict[int, Clip], cameras: int = 1
) -> AsyncIterator[tuple[Pair, Browser, Browser]]:
    """A pair at a server and in browsers of their own."""
    server = Server(folder)
    await server.start()
    house = House(server, server.links)
    mentors = house.closes(await launch(playwright, clips[MENTOR], cameras=cameras))
    mentees = house.closes(await launch(playwright, clips[MENTEE], cameras=cameras))
    try:
        yield await seated(house, mentors, mentees), mentors, mentees
    finally:
        await house.close()
        await server.stop()
    house.check()


@pytest.fixture(scope="module", autouse=True)
async def stopping(
    tmp_path_factory: pytest.TempPathFactory, playwright: Playwright, clips: dict[int, Clip]
) -> AsyncIterator[asyncio.Task[None]]:
    """A page that stops for so long that the other tests of this file pass meanwhile."""

    async def sit() -> None:
        async with apart(tmp_path_factory.mktemp("stopping"), playwright, clips) as (pair, _, its):
            await stopped(pair, its, STOPPED_S, "renderer", times=1)
            await see_and_leave(pair)

    task = asyncio.create_task(sit())
    yield task
    task.cancel()
    await asyncio.wait([task])


async def see_and_leave(pair: Pair) -> None:
    await pair.mentor.sees(MENTEE)
    await pair.mentee.sees(MENTOR)
    await pair.mentee.leave()
    await pair.mentor.leave()


@pytest.mark.timeout(180)
async def test_a_cut_of_the_network_is_one_gap_in_one_session(
    demo: House, playwright: Playwright, mentors_browser: Browser, clips: dict[int, Clip]
) -> None:
    mentees = demo.closes(await launch(playwright, clips[MENTEE]))
    pair = await seated(demo, mentors_browser, mentees)
    await pair.mentor.sees(MENTEE)
    await stopped(pair, mentees, CUT_S, "network", times=1)
    await see_and_leave(pair)


async def both_killed(pair: Pair, mentors: Browser, mentees: Browser) -> None:
    """Nobody says goodbye: each was there until the last sign of life, and the record says so."""
    await asyncio.sleep(TALK_S)
    await asyncio.gather(kill(mentors), kill(mentees))
    sat_s = time.monotonic() - pair.began
    async with asyncio.timeout(3 * GUARD_S):
        seen = await pair.account()
        while any(person.since_us is not None for person in seen.people):
            seen = await pair.account()
    assert seen.state == "open"
    assert seen.estimated
    for said_us in (*(person.present_us for person in seen.people), seen.together_us):
        assert sat_s - VANISHED_S <= said_us / 1e6 <= sat_s + AGREE_S + GUARD_S / 10, seen
    assert sat_s - VANISHED_S <= seen.together_us / 1e6 <= sat_s + AGREE_S, seen
    assert seen.contact_us / 1e6 >= sat_s - BEGINNING_S - VANISHED_S, seen
    assert (await pair.api.end(pair.session)).settlement is not None


async def test_both_browsers_are_killed(
    demo: House, playwright: Playwright, clips: dict[int, Clip]
) -> None:
    mentors = await launch(playwright, clips[MENTOR])
    mentees = await launch(playwright, clips[MENTEE])
    await both_killed(await seated(demo, mentors, mentees), mentors, mentees)


async def test_a_page_that_dies_while_the_server_is_away_hands_in_what_it_had(
    demo: House, mentors_browser: Browser, mentees_browser: Browser
) -> None:
    pair = await seated(demo, mentors_browser, mentees_browser)
    await asyncio.sleep(TALK_S)
    gone_us = time.time_ns() // 1000
    await demo.server.kill()
    await asyncio.sleep(TALK_S)
    died_us = time.time_ns() // 1000
    address = pair.mentee.page.url
    for person in (pair.mentor, pair.mentee):
        await person.page.goto("about:blank")
    await demo.server.start()
    await pair.mentee.page.goto(address)
    await pair.mentee.joined()
    async with asyncio.timeout(3 * GUARD_S):
        while True:
            seen = await pair.account()
            proven = [part for part in seen.stretches if part.state == "contact"]
            if proven and proven[-1].to_us >= died_us - VANISHED_S * 1e6:
                break
            pair.mentee.handed_in.clear()
            await pair.mentee.handed_in.wait()
    assert proven[-1].from_us < gone_us
    assert proven[-1].to_us <= died_us + (AGREE_S + 2.5) * 1e6  # a signature speaks so long


@pytest.mark.parametrize("lie", [INFLATES, WITHHOLDS], ids=["inflates", "withholds"])
async def test_who_lies_adds_nothing_and_takes_nothing(
    demo: House, mentors_browser: Browser, mentees_browser: Browser, lie: str
) -> None:
    liars = await demo.window(mentors_browser)
    await liars.add_init_script(lie)
    pair = Pair(
        demo,
        await demo.enter(liars, demo.links["mentor"]),
        await demo.enter(mentees_browser, demo.links["mentee"]),
    )
    await pair.begin()
    await pair.mentee.sees(MENTOR)
    await asyncio.sleep(2 * TALK_S)
    await pair.mentee.leave()
    await pair.mentor.leave()
    sat_s = time.monotonic() - pair.began
    seen = await pair.account()
    assert seen.together_us / 1e6 == pytest.approx(sat_s, abs=2 * AGREE_S)
    await pair.api.end(pair.session)
    page = pair.mentee.page
    if lie == INFLATES:
        assert await pair.mentor.page.evaluate("window.lied")
        assert seen.together_us - BEGINNING_S * 1e6 <= seen.contact_us <= seen.together_us
        assert {proof.signer for proof in seen.proofs} == {pair.mentees_id}  # of the other, no word
    else:
        assert (seen.contact_us, seen.unknown_us) == (0, seen.together_us)
        assert not seen.proofs
        assert (await pair.account()).bill.billed_us == 0
        await expect(page.get_by_text("not proven to be in contact").first).to_be_visible()


@pytest.mark.timeout(300)
async def test_a_page_that_stops_is_one_gap_in_one_session(stopping: asyncio.Task[None]) -> None:
    await stopping


# ---- again and again ---------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_pages_stop_fifty_times(
    tmp_path: Path, playwright: Playwright, clips: dict[int, Clip]
) -> None:
    async def sit(number: int) -> None:
        # What slept has much to do when it goes on: one pair after the other.
        await asyncio.sleep(number * LONG_STOPPED_S / PAIRS)
        folder = tmp_path / str(number)
        async with apart(folder, playwright, clips, cameras=0) as (pair, _, mentees):
            await stopped(pair, mentees, LONG_STOPPED_S, "renderer", times=13)

    async with asyncio.TaskGroup() as pairs:
        for number in range(PAIRS):
            pairs.create_task(sit(number))


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_both_browsers_are_killed_fifty_times(
    tmp_path: Path, playwright: Playwright, clips: dict[int, Clip]
) -> None:
    for number in range(50):
        async with apart(tmp_path / str(number), playwright, clips) as (pair, mentors, mentees):
            await both_killed(pair, mentors, mentees)
