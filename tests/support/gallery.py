"""The gallery: every screen in every state, drawn by the elements alone; no server takes part."""

from __future__ import annotations

import asyncio
import fcntl
import functools
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from typing import Any, Literal

from playwright.async_api import Browser, Page

from tests.support.serving import ROOT
from web.hatch_build import digest, install, is_current, quietly, sources
from web.http import CONTENT_SECURITY_POLICY

CLIENT = ROOT / "web" / "client"
BUILT = CLIENT / "node_modules" / ".gallery"
AXE = CLIENT / "node_modules/axe-core/axe.min.js"
SIZES = {"phone": (360, 740), "desktop": (1280, 800)}
COLOURS = ["color-contrast", "link-in-text-block"]  # all that a theme changes
THEMES: tuple[tuple[Literal["light", "dark"], Sequence[str] | None], ...] = (
    ("light", None),
    ("dark", COLOURS),
)
PAGES = 2  # one after the other waits more than it works
ZOOMED = {"phone": (320, 640), "desktop": (640, 400)}  # the narrowest phone; a desktop at 200 %


class _Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        self.path = self.path.removeprefix("/static")
        super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def build() -> None:
    """Bring it up to date with the client; of several processes the first does."""
    install(CLIENT)
    stamp, wanted = BUILT / ".stamp", digest(CLIENT, sources(CLIENT))
    with BUILT.with_name(".gallery.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_current(stamp, wanted):
            quietly(CLIENT, "run", "gallery")
            stamp.write_text(wanted)


@contextmanager
def serving() -> Iterator[str]:
    """Its address, once it is built; `?NAME` shows one state."""
    handler = functools.partial(_Handler, directory=str(BUILT))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/static/gallery.html"
        server.shutdown()
        thread.join()


RING = """() => {
  let it = document.activeElement;
  while (it?.shadowRoot?.activeElement) it = it.shadowRoot.activeElement;
  if (it === document.body) return "";
  const up = (e) => e.assignedSlot ?? e.parentElement ?? e.getRootNode().host ?? null;
  const style = getComputedStyle(it);
  const ring = parseFloat(style.outlineOffset) + parseFloat(style.outlineWidth);
  const box = it.getBoundingClientRect();
  const page = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
  const within = (frame) => box.left - ring > frame.left - 1 && box.top - ring > frame.top - 1 &&
    box.right + ring < frame.right + 1 && box.bottom + ring < frame.bottom + 1;
  const cuts = [];
  for (let e = up(it); e && e !== document.body; e = up(e)) {
    if (getComputedStyle(e).overflow !== "visible") cuts.push(e.getBoundingClientRect());
    if (e.localName === "dialog") break;
  }
  return [page, ...cuts].every(within) ? "" : `${it.localName} ${it.textContent.trim()}`;
}"""
"""What has the focus, if something cuts off the ring around it."""


class Screen:
    """A page on one state of the gallery; what goes wrong in it collects in `errors`."""

    def __init__(self, page: Page, gallery: str) -> None:
        self.page = page
        self.gallery = gallery
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._said)

    def _said(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    async def show(self, state: str) -> None:
        await self.page.goto(f"{self.gallery}?{state}")
        assert await self.page.evaluate("'settle' in window"), (state, self.errors)
        await self.page.evaluate("settle()")

    async def violations(self, rules: Sequence[str] | None = None) -> list[str]:
        """What axe finds on the page as it is, by all its rules or by these."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE.read_text())
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if rules is not None:
            options["runOnly"] = {"type": "rule", "values": rules}
        result = await self.page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{violation['id']} at {node['target']}"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]

    @property
    def width(self) -> int:
        assert self.page.viewport_size is not None
        return self.page.viewport_size["width"]

    async def calls(self) -> list[str]:
        """What the elements asked of the app so far."""
        asked: list[str] = await self.page.evaluate("app.calls")
        return asked

    async def cut(self, key: str, times: int) -> list[str]:
        """Of what gets the focus, when a key is pressed that often, whose ring is cut off."""
        found = []
        for _ in range(times):
            await self.page.keyboard.press(key)
            found.append(await self.page.evaluate(RING))
        return [each for each in found if each]

    async def focused(self) -> str:
        """The text of what has the focus, through all shadow roots."""
        text: str = await self.page.evaluate(
            "{let e = document.activeElement;"
            " while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;"
            " e.textContent.trim()}"
        )
        return text


@asynccontextmanager
async def opened(
    chromium: Browser, gallery: str, size: tuple[int, int], **options: Any
) -> AsyncIterator[Screen]:
    """A screen of a size, in which nothing may go wrong."""
    width, height = size
    context = await chromium.new_context(viewport={"width": width, "height": height}, **options)
    screen = Screen(await context.new_page(), gallery)
    yield screen
    await context.close()
    assert screen.errors == [], screen.errors


async def look_over(
    chromium: Browser, gallery: str, size: str, wanted: Callable[[str], bool]
) -> list[str]:
    """What axe finds in the wanted states in light and dark, what scrolls sideways, what the
    console says. Several pages share the states."""
    width, height = SIZES[size]
    # Half faded is neither state: without motion the controls are there or at rest.
    context = await chromium.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    screens = [Screen(await context.new_page(), gallery) for _ in range(PAGES)]
    await screens[0].show("home")
    states = [state for state in await screens[0].page.evaluate("states") if wanted(state)]
    assert states
    left = iter(states)

    async def look(screen: Screen) -> list[str]:
        return [found for state in left for found in await _look_at(screen, state, size)]

    findings = await asyncio.gather(*map(look, screens))
    await context.close()
    return list(chain(*findings))


async def _look_at(screen: Screen, state: str, size: str) -> list[str]:
    page, (width, height) = screen.page, SIZES[size]
    findings = []
    await page.set_viewport_size({"width": width, "height": height})
    await page.emulate_media(color_scheme="light")
    await screen.show(state)
    folder = os.environ.get("PICTURES")
    # A theme changes colours alone, and those are the same at every size.
    for theme, rules in THEMES if folder or size == "phone" else THEMES[:1]:
        await page.emulate_media(color_scheme=theme)
        await page.evaluate("settle()")
        if folder:
            await page.screenshot(path=f"{folder}/{state}-{size}-{theme}.png")
        findings += [f"{state} {theme}: {found}" for found in await screen.violations(rules)]
    for wide, high in (SIZES[size], ZOOMED[size]):
        await page.set_viewport_size({"width": wide, "height": high})
        if await page.evaluate("document.documentElement.scrollWidth") > wide:
            findings.append(f"{state}: scrolls sideways at {wide} px")
    findings += [f"{state}: {error}" for error in screen.errors]
    screen.errors.clear()
    return findings


async def colours(page: Page) -> Any:
    """Of the text and of the page."""
    return await page.evaluate(
        """() => {
          const canvas = new OffscreenCanvas(1, 1).getContext("2d");
          const rgb = (colour) => {
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            return `rgb(${[...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).join(", ")})`;
          };
          const { color, backgroundColor } = getComputedStyle(document.body);
          return [rgb(color), rgb(backgroundColor)];
        }"""
    )
