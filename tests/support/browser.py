"""Real Chromium, a process per person, and what can be seen, heard and done in its pages."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    WebSocket,
    expect,
)

from tests.support.clips import STEP_S, Clip, Floats, bar_in, code_in
from tests.support.serving import ROOT

CHROMIUM = "/usr/bin/chromium"
HEADLESS_SHELL = "/usr/bin/chromium-headless-shell"
"""The same engine without the window around it: draws pages in two thirds of the time."""
GUARD_S = 20
"""How long a test waits for what never comes before it says so."""

FLAGS = (
    "--no-sandbox",  # runs as root too
    "--disable-gpu",  # there is none; imitating one costs more than half of a call
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--mute-audio",
    # Several browsers share this screenless machine; none is in the background.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # Addresses as they are: not every machine resolves the .local names that stand in for them.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)

RUNS = {"renderer": b"--type=renderer", "network": b"network.mojom.NetworkService"}

T = TypeVar("T")

expect.set_options(timeout=GUARD_S * 1000)


async def soon(what: Awaitable[T], seconds: float = GUARD_S) -> T:
    async with asyncio.timeout(seconds):
        return await what


async def launch(
    playwright: Playwright, clip: Clip | None, *more: str, cameras: int = 1
) -> Browser:
    """A browser of one's own: `clip` stands before its camera and microphone. With no `cameras`
    there is the microphone alone."""
    flags = [*FLAGS, *more, f"--use-fake-device-for-media-stream=device-count={cameras}"]
    if clip is not None:
        flags.append(f"--use-file-for-fake-audio-capture={clip.sound}")
    if clip is not None and cameras:
        flags.append(f"--use-file-for-fake-video-capture={clip.video}")
    return await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)


async def kill(browser: Browser) -> None:
    """As when the machine dies: no page says goodbye, and no process for another one (the one that
    keeps the network says so for a page that dies before it)."""
    session = await browser.new_browser_cdp_session()
    found = await session.send("SystemInfo.getProcessInfo")
    gone = asyncio.Event()
    browser.once("disconnected", lambda _: gone.set())
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for process in found["processInfo"]:
            os.kill(process["id"], number)
    await soon(gone.wait())


def _command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@asynccontextmanager
async def paused(browser: Browser, kind: Literal["renderer", "network"]) -> AsyncIterator[None]:
    """Its pages, or what keeps its network, stop where they are, and go on afterwards."""
    session = await browser.new_browser_cdp_session()
    found = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
    pids = [each["id"] for each in found if RUNS[kind] in _command_of(each["id"])]
    assert pids
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


# ---- seeing and hearing ------------------------------------------------------------------------

SEE = """
async (video) => {
  const frame = new Promise((painted) => video.requestVideoFrameCallback(() => painted(true)));
  if (!(await Promise.race([frame, new Promise((late) => setTimeout(late, 1000))]))) return null;
  const canvas = new OffscreenCanvas(64, 48);
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 64, 48);
  const { data } = context.getImageData(0, 0, 64, 48);
  const luma = [];
  for (let i = 0; i < data.length; i += 4)
    luma.push(Math.round(0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]));
  return luma;
}
"""
HEAR = """
async (video, [seconds, step]) => {
  const track = video.srcObject.getAudioTracks()[0].clone();
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  const loudness = [];
  let sum = 0, count = 0;
  while (loudness.length < seconds / step) {
    const { value, done } = await reader.read();
    if (done) break;
    const samples = new Float32Array(value.numberOfFrames);
    value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
    for (const sample of samples) {
      sum += sample * sample;
      if (++count < value.sampleRate * step) continue;
      loudness.push(Math.sqrt(sum / count));
      sum = count = 0;
    }
    value.close();
  }
  track.stop();
  return loudness;
}
"""
COMPLAIN = """
addEventListener("securitypolicyviolation", (event) =>
  console.error("CSP", event.violatedDirective, event.blockedURI, event.sourceFile));
"""
REFUSAL = re.compile(r"the server responded with a status of 4\d\d")
NETWORK = re.compile(r"net::ERR_|WebSocket connection to .* failed")


FOCUSED = """
() => {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  if (!focused) return "";
  const label = focused.labels?.[0]?.innerText ?? focused.innerText ?? "";
  return (focused.getAttribute("aria-label") ?? label).trim();
}
"""
TABS_MOST = 60
CHANGED = b"\xafsession.changed"
HANDED_IN = b"\xacroom.contact"
VOICE = b"\xaaroom.voice"


def exactly(text: str) -> re.Pattern[str]:
    return re.compile(f"^{re.escape(text)}$")


class Person:
    """Someone in a window (or a tab) of their own. `complaints` are the errors on its console and
    violations of the page's security policy; `refusals` what the browser says there of 4xx answers,
    `network` of a server that is not there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.refusals: list[str] = []
        self.network: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"{error}"))
        self._beaten, self._out = asyncio.Event(), asyncio.Event()
        self.session_changed, self.handed_in = asyncio.Event(), asyncio.Event()
        self.reported = asyncio.Event()
        page.on("websocket", self._connected)

    def _connected(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: self._passed(frame, b"\xa4beat", self._beaten))
        socket.on("framesent", lambda frame: self._passed(frame, HANDED_IN, self.handed_in))
        socket.on("framesent", lambda frame: self._passed(frame, VOICE, self.reported))
        socket.on("framereceived", lambda frame: self._passed(frame, b"\xa9room.left", self._out))
        socket.on("framereceived", lambda frame: self._passed(frame, CHANGED, self.session_changed))

    def _passed(self, frame: bytes | str, tag: bytes, event: asyncio.Event) -> None:
        if isinstance(frame, bytes) and tag in frame:
            event.set()

    async def beat(self) -> None:
        """Returns just after the page's next sign of life."""
        self._beaten.clear()
        await soon(self._beaten.wait())

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "assert"):
            return
        if NETWORK.search(message.text):
            kind = self.network
        else:
            kind = self.refusals if REFUSAL.search(message.text) else self.complaints
        kind.append(f"{message.text} ({message.location.get('url')})")

    # ---- doing -----------------------------------------------------------------------------------

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def join(self) -> None:
        """From the pre-join page into the room; the server has said so when this returns."""
        await self.button("Join").click()
        await self.joined()

    async def joined(self) -> None:
        await self.page.get_by_role("timer", name="Time together").wait_for()
        await self.page.get_by_text("Joining…").wait_for(state="hidden")

    async def leave(self) -> None:
        """Out of the room, to the page about the session; the server has said so when this
        returns."""
        self._out.clear()
        await self.button("Leave").click()
        await soon(self._out.wait())
        await self.page.wait_for_url("**/s/*")
        await self.page.get_by_role("heading", name="In the room", exact=True).wait_for()

    async def write(self, text: str) -> None:
        await self.page.get_by_label("Message", exact=True).fill(text)
        await self.button("Send").click()

    @property
    def said(self) -> Locator:
        """The log, bubble by bubble."""
        return self.page.get_by_role("log").locator(".entry:not(.waiting) .bubble")

    @property
    def waiting(self) -> Locator:
        """What was written and is on its way, below the log."""
        return self.page.get_by_role("log").locator(".waiting .bubble")

    async def reads(self, text: str) -> None:
        """Waits until this has been said and is in the log, once."""
        await expect(self.said.filter(has_text=exactly(text))).to_have_count(1)

    async def tab_to(self, name: str) -> None:
        """With the keyboard alone, to the control of this name."""
        for _ in range(TABS_MOST):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate(FOCUSED) == name:
                return
        raise AssertionError(f"no way to {name} with the Tab key")

    async def scrolls_sideways(self) -> bool:
        sideways: bool = await self.page.evaluate(
            "document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"
        )
        return sideways

    # ---- seeing and hearing ----------------------------------------------------------------------

    @property
    def remote(self) -> Locator:
        return self.page.locator("video[data-peer]")

    @property
    def own(self) -> Locator:
        return self.page.locator("video[data-self]")

    async def look(self, video: Locator) -> Floats:
        """The next painted frame, as luma (rows, columns). An element that a page takes away paints
        none any more: it is looked for anew."""
        luma: Any = None
        async with asyncio.timeout(GUARD_S):
            while luma is None:
                luma = await video.evaluate(SEE)
        return np.array(luma, dtype=np.float64).reshape(48, 64)

    async def sees(self, code: int, video: Locator | None = None) -> None:
        """Waits until the picture (the other's, if not said) is this person's and moves."""
        shown, places = None, set[int]()
        try:
            async with asyncio.timeout(GUARD_S):
                while shown != code or len(places) < 3:
                    picture = await self.look(video or self.remote)
                    shown = code_in(picture)
                    places.add(round(bar_in(picture) * 10) if shown == code else -1)
        except TimeoutError:
            raise AssertionError(f"wanted {code}, saw {shown} at {places}") from None

    async def hear(self, seconds: float = 5) -> Floats:
        """How loud the other was over the next seconds, a value each STEP_S."""
        heard: Any = await soon(self.remote.evaluate(HEAR, [seconds, STEP_S]), seconds + GUARD_S)
        return np.array(heard)


# ---- judging -----------------------------------------------------------------------------------

AXE = ROOT / "web" / "client" / "node_modules" / "axe-core" / "axe.min.js"
LOOKS: tuple[tuple[Literal["light", "dark"], int, int], ...] = (
    ("light", 1280, 800),
    ("dark", 1280, 800),
    ("dark", 360, 780),
    ("light", 360, 780),
)
RUN = """
async () => {
  await Promise.all(document.getAnimations({ subtree: true }).map((each) => each.finished));
  const { violations } = await axe.run(document);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary}`));
}
"""


async def look_over(person: Person, page: str) -> None:
    """Axe has nothing to say, and nothing needs scrolling sideways, in any look."""
    await person.page.evaluate(AXE.read_text())
    for scheme, width, height in LOOKS:
        await person.page.set_viewport_size({"width": width, "height": height})
        await person.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found: Any = await soon(person.page.evaluate(RUN))
        assert not found, (page, scheme, width)
        assert not await person.scrolls_sideways(), (page, scheme, width)


async def enter(context: BrowserContext, url: str) -> Person:
    """Opens a link in a new tab, up to where one could press *Join* or read why not."""
    page = await context.new_page()
    person = Person(page)
    await page.goto(url)
    await page.locator("h1").first.wait_for()
    return person


async def window(browser: Browser, *, allowed: bool = True, **options: Any) -> BrowserContext:
    """A profile of its own in this browser; `allowed`: the camera and the microphone are."""
    context = await browser.new_context(**options)
    await context.grant_permissions(["camera", "microphone"] if allowed else [])
    await context.add_init_script(COMPLAIN)
    context.set_default_timeout(GUARD_S * 1000)
    return context
