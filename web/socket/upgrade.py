"""The WebSocket endpoint `/ws`: who may connect, and in which form they speak."""

import structlog
from starlette.types import Receive, Scope, Send

from protocol.codec import Format
from protocol.frames import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK
from web.services import Services
from web.socket.endpoint import Live
from web.socket.hub import Hub

log = structlog.get_logger(__name__)

FORMATS: dict[str, Format] = {SUBPROTOCOL_MSGPACK: "msgpack", SUBPROTOCOL_JSON: "json"}


class Endpoint:
    """ASGI application for WebSocket scopes. Refuses the upgrade (403) to foreign pages."""

    def __init__(self, services: Services, hub: Hub) -> None:
        self._services, self._hub = services, hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        chosen = next((name for name in scope["subprotocols"] if name in FORMATS), None)
        if chosen is None or not self._is_ours(scope):
            code = "bad_request" if chosen is None else "origin_forbidden"
            self._services.metrics.refusals.labels(code).inc()
            log.info("upgrade refused", code=code)
            await send({"type": "websocket.close", "code": 1008})
            return
        await send({"type": "websocket.accept", "subprotocol": chosen})
        scope["headers"] = []  # they would be kept for as long as the connection lasts
        live = Live(
            self._services, self._hub, FORMATS[chosen], receive, send, scope["state"]["line"]
        )
        await live.run()

    def _is_ours(self, scope: Scope) -> bool:
        """Whether a page of ours asks."""
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        scheme = "https" if scope["scheme"] == "wss" else "http"
        origin, host = headers.get("origin", ""), headers.get("host", "")
        return self._services.origins.origin_allowed(origin, scheme, host)
