"""Looks at every screen in every state: 360 and 1280 px, light and dark, under the server's own
content policy. Finds axe violations, sideways scroll, console errors; keeps the pictures.

    npx vite build -c tests/ui/gallery.vite.ts
    python tests/ui/look.py FOLDER [STATE ...]
"""

import asyncio
import functools
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.async_api import Browser, async_playwright

CLIENT = Path(__file__).resolve().parents[2]
GALLERY = CLIENT / "node_modules/.gallery"
AXE = CLIENT / "node_modules/axe-core/axe.min.js"
SIZES = {"phone": (360, 780), "desktop": (1280, 800)}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self' ws: wss:; worker-src 'self'; font-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types lit-html ithaca"
)


class Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        self.path = self.path.removeprefix("/static")
        super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    handler = functools.partial(Handler, directory=str(GALLERY))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/static/gallery.html"
        server.shutdown()


async def look(browser: Browser, url: str, folder: Path, only: list[str]) -> list[str]:
    """All findings, one line each."""
    findings = []
    for size, (width, height) in SIZES.items():
        for theme in ("light", "dark"):
            context = await browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if theme == "dark" else "light",
            )
            page = await context.new_page()
            where = ""
            page.on("pageerror", lambda e: findings.append(f"{where}: {e}"))  # noqa: B023
            page.on(
                "console",
                lambda m: m.type == "error" and findings.append(f"{where}: {m.text}"),  # noqa: B023
            )
            await page.goto(url)
            for state in only or await page.evaluate("window.states"):
                where = f"{state} {size} {theme}"
                await page.goto(f"{url}?{state}")
                await page.evaluate("window.settled")
                await page.screenshot(path=folder / f"{state}-{size}-{theme}.png")
                cdp = await context.new_cdp_session(page)
                await cdp.send(
                    "Runtime.evaluate", {"expression": AXE.read_text(), "awaitPromise": False}
                )
                result = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
                for violation in result["violations"]:
                    for node in violation["nodes"]:
                        findings.append(f"{where}: {violation['id']}: {node['target']}")
                scroll = await page.evaluate("document.documentElement.scrollWidth")
                if scroll > width:
                    findings.append(f"{where}: scrolls sideways, {scroll} px wide")
            await context.close()
    return findings


async def main(folder: Path, only: list[str]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    with served() as url:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path="/usr/bin/chromium",
                args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
            )
            findings = await look(browser, url, folder, only)
            await browser.close()
    print(*findings, sep="\n")
    print(f"{len(findings)} findings, pictures in {folder}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]), sys.argv[2:])))
