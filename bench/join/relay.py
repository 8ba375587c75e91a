"""The least that two pages need to find each other: serves pages, passes messages on.

`python -m bench.join.relay PORT`; pages in the same `/ws/ROOM` hear each other.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from http import HTTPStatus
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

HERE = Path(__file__).parent
FILES = {
    "/bare": (HERE / "bare.html", "text/html"),
    "/peerjs": (HERE / "peerjs.html", "text/html"),
    "/peerjs.js": (HERE / "node_modules" / "peerjs" / "dist" / "peerjs.min.js", "text/javascript"),
}

rooms: defaultdict[str, set[ServerConnection]] = defaultdict(set)


async def relay(connection: ServerConnection) -> None:
    assert connection.request is not None
    room = rooms[connection.request.path]
    room.add(connection)
    try:
        async for message in connection:
            for other in room - {connection}:
                await other.send(message)
    finally:
        room.discard(connection)


def page(connection: ServerConnection, request: Request) -> Response | None:
    path = request.path.partition("?")[0]
    if path.startswith("/ws/"):
        return None
    if path not in FILES:
        return connection.respond(HTTPStatus.NOT_FOUND, "")
    file, kind = FILES[path]
    body = file.read_bytes()
    headers = Headers({"Content-Type": kind, "Content-Length": str(len(body))})
    return Response(HTTPStatus.OK, "OK", headers, body)


async def main() -> None:
    async with serve(
        relay, "127.0.0.1", int(sys.argv[1]), process_request=page, compression=None
    ) as server:
        print("serving", flush=True)  # noqa: T201 - whoever started it waits for this
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
