"""Two people with a browser each, and a server of their own for every test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright

from tests.support.browser import HEADLESS_SHELL, Person, enter, launch, window
from tests.support.clips import Clip, likeness, make_clip
from tests.support.gallery import SIZES, Screen, build, opened, serving
from tests.support.serving import Server, new_mentorship

MENTOR, MENTEE = 5, 9
MENTORS_NAME, MENTEES_NAME = "Athena", "Telemachus"
LISTEN_S = 40
SPEECH = {  # one speaks in long sentences, the other in single words
    MENTOR: (
        ("The wind has turned, we sail at dawn, and nobody sleeps until we are gone.",),
        (2.5,),
    ),
    MENTEE: (("Ask.", "Where?", "Who?", "Now.", "Speak."), (0.5, 0.7, 0.6, 0.8, 0.5)),
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """A call needs both cores, so those tests run by themselves; the others run side by side."""
    for item in items:
        if "playwright" in item.fixturenames and not item.get_closest_marker("without_call"):
            item.add_marker(pytest.mark.call)


@pytest.fixture(scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Clip]:
    folder = tmp_path_factory.mktemp("clips")
    return {code: make_clip(folder, code, *speech) for code, speech in SPEECH.items()}


@pytest.fixture(scope="session")
async def mentors_browser(playwright: Playwright, clips: dict[int, Clip]) -> AsyncIterator[Browser]:
    browser = await launch(playwright, clips[MENTOR])
    yield browser
    await browser.close()


@pytest.fixture(scope="session")
async def mentees_browser(playwright: Playwright, clips: dict[int, Clip]) -> AsyncIterator[Browser]:
    browser = await launch(playwright, clips[MENTEE])
    yield browser
    await browser.close()


class House:
    """A mentorship at a server. Opens windows and tabs; when the test is over, it closes them and
    asks for complaints."""

    def __init__(self, server: Server, links: dict[str, str]) -> None:
        self.server, self.links = server, links
        self._people: list[Person] = []
        self._windows: list[BrowserContext] = []
        self._browsers: list[Browser] = []

    async def window(self, browser: Browser, **options: Any) -> BrowserContext:
        context = await window(browser, **options)
        self._windows.append(context)
        return context

    async def enter(self, where: Browser | BrowserContext, url: str, **options: Any) -> Person:
        """Opens a link: in a new window of the browser, or in a new tab of that window."""
        context = await self.window(where, **options) if isinstance(where, Browser) else where
        person = await enter(context, url)
        self._people.append(person)
        return person

    def closes(self, browser: Browser) -> Browser:
        """Takes care of a browser that the test launched itself."""
        self._browsers.append(browser)
        return browser

    async def close(self) -> None:
        for context in self._windows:
            await context.close()
        for browser in self._browsers:
            await browser.close()

    def check(self) -> None:
        for person in self._people:
            assert not person.complaints
            assert not person.refusals
            assert self.server.was_away or not person.network
        assert not self.server.errors()


@pytest.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    await server.start()
    yield server
    await server.stop()
    assert not server.errors()


@pytest.fixture
async def house(server: Server) -> AsyncIterator[House]:
    """A mentorship of this test's own."""
    house = House(server, await new_mentorship(server, MENTORS_NAME, MENTEES_NAME))
    yield house
    await house.close()
    house.check()


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[House]:
    """A server of this test's own, and the links that it prints."""
    server = Server(tmp_path)
    await server.start()
    house = House(server, server.links)
    yield house
    await house.close()
    await server.stop()
    house.check()


async def hears(person: Person, other: int, clips: dict[int, Clip]) -> None:
    """It is the other's speech that arrives, and nobody else's. Levels and buffers settle in the
    first seconds of a call: listens again until it is plain."""
    (own,) = clips.keys() - {other}
    like: dict[int, float] = {}
    try:
        async with asyncio.timeout(LISTEN_S):
            while not (like and like[other] > 0.8 > 0.65 > like[own]):
                heard = await person.hear()
                like = {code: likeness(heard, clip.envelope) for code, clip in clips.items()}
    except TimeoutError:
        raise AssertionError(f"wanted to hear {other}: {like}") from None


def span(us: int) -> str:
    """A duration as pages say it: 65 s -> `1 min 5 s`."""
    h, rest = divmod(us // 1_000_000, 3600)
    parts = [f"{h} h"] * (h > 0) + [f"{rest // 60} min"] * (rest >= 60 or h > 0)
    return " ".join([*parts, f"{rest % 60} s"])


# ---- the gallery -------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def gallery() -> Iterator[str]:
    """Its address; `?NAME` shows one state."""
    build()
    with serving() as address:
        yield address


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=HEADLESS_SHELL,
            args=["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"],
        )
        yield browser
        await browser.close()


@pytest.fixture
async def desktop(chromium: Browser, gallery: str) -> AsyncIterator[Screen]:
    async with opened(chromium, gallery, SIZES["desktop"]) as screen:
        yield screen


@pytest.fixture
async def phone(chromium: Browser, gallery: str) -> AsyncIterator[Screen]:
    async with opened(chromium, gallery, SIZES["phone"]) as screen:
        yield screen


@pytest.fixture(params=["phone", pytest.param("desktop", marks=pytest.mark.soak)])
async def sized(
    request: pytest.FixtureRequest, chromium: Browser, gallery: str
) -> AsyncIterator[Screen]:
    """One of each size, with nothing that moves."""
    size = SIZES[request.param]
    async with opened(chromium, gallery, size, reduced_motion="reduce") as screen:
        yield screen
