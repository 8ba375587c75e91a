"""`./run bench join [--rounds N]`: ours beside a bare prepared call and PeerJS, round by round.

Two Chromium processes on this machine, 640x480 at 30 pictures a second, over loopback. One waits in
the room; the other presses *Join*. Measured in the pages: from the click to the first painted
picture of the other, for who joined and for who waited; `both` is the later of the two.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from tests.support.browser import launch, soon, window
from tests.support.clips import make_clip
from tests.support.serving import Server, free_port, new_mentorship
from web.hatch_build import install, npm_command

HERE = Path(__file__).parent
WARM_UP = 2
SETTLE_S = 1.0
"""Between being ready and the click: a person looks at the page first. The same for all."""

PROBE = """
{
  const now = () => performance.timeOrigin + performance.now();
  window.clicked = null;
  addEventListener("click", (event) => {
    window.clicked ??= performance.timeOrigin + event.timeStamp;
  }, true);
  window.painted = new Promise((painted) => {
    const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
    Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
      get,
      set(stream) {
        set.call(this, stream);
        if (!stream || !this.hasAttribute("data-peer")) return;
        this.requestVideoFrameCallback((_, { width, height }) =>
          painted({ at: now(), size: `${width}x${height}` }));
      },
    });
  });
}
"""


@dataclass(frozen=True)
class Sample:
    """Milliseconds from the click to the first painted picture; `size` of it (an encoder may begin
    smaller than the camera is)."""

    joiner: float
    waiter: float
    size: str

    @property
    def both(self) -> float:
        return max(self.joiner, self.waiter)


Contender = Callable[[Page, Page], Awaitable[None]]
"""Brings both pages to where pressing *Join* on the second is all that is left."""


async def run(browsers: tuple[Browser, Browser], contender: Contender) -> Sample:
    contexts = [await window(browser) for browser in browsers]
    try:
        for context in contexts:
            await context.add_init_script(PROBE)
        waiter, joiner = [await context.new_page() for context in contexts]
        await contender(waiter, joiner)
        await asyncio.sleep(SETTLE_S)
        await joiner.get_by_role("button", name="Join", exact=True).click()
        seen: list[Any] = [await soon(page.evaluate("painted")) for page in (joiner, waiter)]
        clicked: Any = await joiner.evaluate("clicked")
        sizes = "/".join(sorted({each["size"] for each in seen}))
        at_joiner, at_waiter = (each["at"] - clicked for each in seen)
        return Sample(at_joiner, at_waiter, sizes)
    finally:
        for context in contexts:
            await context.close()


# ---- the contenders ------------------------------------------------------------------------------


def ours(server: Server) -> Contender:
    async def prepare(waiter: Page, joiner: Page) -> None:
        links = await new_mentorship(server, "Athena", "Telemachus")
        for page, role in ((waiter, "mentor"), (joiner, "mentee")):
            await page.goto(links[role])
            await page.locator("video[data-self]").wait_for()
        await waiter.get_by_role("button", name="Join", exact=True).click()
        await waiter.get_by_text("Waiting for").wait_for()

    return prepare


def pages(address: str, rest: str = "") -> Contender:
    rooms = count()

    async def prepare(waiter: Page, joiner: Page) -> None:
        room = next(rooms)
        await waiter.goto(f"{address}?room={room}&waits{rest}")
        await joiner.goto(f"{address}?room={room}{rest}")
        for page in (waiter, joiner):
            await soon(page.evaluate("ready"))

    return prepare


@asynccontextmanager
async def process(*command: str, until: str) -> AsyncIterator[Process]:
    """A helper process, once it has printed what it prints when it serves."""
    started = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    assert started.stdout is not None
    try:
        async for line in started.stdout:
            if until in line.decode():
                break
        yield started
    finally:
        started.terminate()
        await started.wait()


async def measure(rounds: int) -> dict[str, list[Sample]]:
    install(HERE)
    node = npm_command()[0][0]
    relay_port, peer_port = str(free_port()), str(free_port())
    peer_server = str(HERE / "node_modules" / "peer" / "dist" / "bin" / "peerjs.js")
    samples: dict[str, list[Sample]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = [make_clip(folder, code, ("One, two, three.",), (0.5,)) for code in (5, 9)]
        server = Server(folder / "ours")
        await server.start()
        async with (
            process(sys.executable, "-m", "bench.join.relay", relay_port, until="serving"),
            process(node, peer_server, "--port", peer_port, until="Started"),
            async_playwright() as playwright,
        ):
            waits, joins = [await launch(playwright, clip) for clip in clips]
            relay = f"http://127.0.0.1:{relay_port}"
            contenders = {
                "ours": ours(server),
                "bare": pages(f"{relay}/bare"),
                "PeerJS": pages(f"{relay}/peerjs", f"&port={peer_port}"),
            }
            for number in range(WARM_UP + rounds):
                # Whoever comes first in one round comes last in the next.
                for title in list(contenders)[:: 1 if number % 2 else -1]:
                    sample = await run((waits, joins), contenders[title])
                    if number >= WARM_UP:
                        samples.setdefault(title, []).append(sample)
            await waits.close()
            await joins.close()
        await server.stop()
    return {title: samples[title] for title in contenders}


def report(samples: dict[str, list[Sample]]) -> str:
    best = median(sample.both for sample in samples["ours"])
    lines = [
        "ms from the click to the first picture; median (fastest-slowest)",
        f"{'':8}{'who joined':>18}{'who waited':>18}{'both':>18}{'ours / this':>13}",
    ]
    for title, taken in samples.items():
        cells = ""
        for part in ("joiner", "waiter", "both"):
            values = sorted(getattr(sample, part) for sample in taken)
            cells += f"{f'{median(values):.0f} ({values[0]:.0f}-{values[-1]:.0f})':>18}"
        ratio = best / median(sample.both for sample in taken)
        sizes = ", ".join(f"{n} x {s}" for s, n in Counter(each.size for each in taken).items())
        lines.append(f"{title:8}{cells}{ratio:13.2f}  first pictures: {sizes}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench join", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="measured rounds of each [15]")
    rounds = parser.parse_args().rounds
    print(report(asyncio.run(measure(rounds))))  # noqa: T201


if __name__ == "__main__":
    main()
