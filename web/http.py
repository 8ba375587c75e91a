"""The HTTP side: every route of the registry, every error as problem+json, the pages."""

import ipaddress
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mentoring.tables import Mentorship
from people.service import Caller
from protocol import registry
from protocol.errors import Refusal
from protocol.registry import ROUTES
from protocol.rest import Problem
from runtime.database import DatabaseError, StorageFull
from web.access import refuses_first
from web.services import Services

log = structlog.get_logger(__name__)

BODY_MAX_BYTES = 64 * 1024
BODY_QUICK_US = 500_000
"""Who takes longer over a body may have lost the right meanwhile: it is looked at again."""
PAGE_PATHS = ("/", "/open", "/new", "/statements", "/m/{rest:path}", "/s/{rest:path}")
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types lit-html ithaca"
)
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), display-capture=(self)",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request whose right has been checked: what a handler needs to answer it."""

    request: Request
    caller: Caller | None
    mentorship: Mentorship | None
    body: Any
    query: Any
    idempotency_key: str | None

    @property
    def me(self) -> Caller:
        assert self.caller is not None
        return self.caller

    @property
    def theirs(self) -> Mentorship:
        assert self.mentorship is not None
        return self.mentorship


Handler = Callable[[Asked], Awaitable[msgspec.Struct | Response]]


class Http:
    """Binds handlers to the registry's routes. `start` is who may begin a mentorship without a
    link: `anyone`, or only people who have one."""

    def __init__(
        self, services: Services, handlers: Mapping[str, Handler], static: Path, *, start: str
    ) -> None:
        self._services, self._handlers, self._start = services, handlers, start
        self._static = static

    def app(self, socket: ASGIApp) -> ASGIApp:
        """The whole ASGI application; `socket` answers `/ws`."""
        routes: list[Any] = [
            Route(
                route.path,
                _Operation(self, route),
                methods=[route.method],
                name=route.name,
            )
            for route in ROUTES
        ]
        routes += [Route(path, self._page, methods=["GET"]) for path in PAGE_PATHS]
        routes.append(Mount("/static", StaticFiles(directory=self._static, check_dir=False)))
        http = Starlette(
            routes=routes,
            exception_handlers={HTTPException: self._http_exception, Exception: _broken},
        )
        http.router.redirect_slashes = False  # what is not documented is not found
        return _Edge(self._services, http, socket)

    async def _page(self, request: Request) -> Response:
        return FileResponse(self._static / "index.html", headers={"cache-control": "no-cache"})

    # ---- one operation -------------------------------------------------------------------------

    async def answer(self, route: registry.Route, request: Request) -> Response:
        """Checks the right, reads the body, calls the handler. Refusals become problem+json."""
        try:
            asked = await self._ask(route, request)
            result = await self._handlers[route.name](asked)
        except Refusal as refusal:
            return refuse(self._services, refusal, route.name)
        except StorageFull:
            return refuse(self._services, Refusal("storage_full"), route.name)
        except DatabaseError:
            return refuse(self._services, Refusal("unavailable"), route.name)
        if isinstance(result, Response):
            return result
        return Response(
            msgspec.json.encode(result),
            route.status,
            {"cache-control": "no-store"},
            "application/json",
        )

    async def _ask(self, route: registry.Route, request: Request) -> Asked:
        caller, mentorship = await self._admit(route, request)
        clock, body = self._services.clock, None
        if route.request:
            began_us = clock.monotonic_us()
            body = await _body(request, route.request)
            if clock.monotonic_us() - began_us > BODY_QUICK_US:
                caller, mentorship = await self._admit(route, request)
        return Asked(
            request=request,
            caller=caller,
            mentorship=mentorship,
            body=body,
            query=_query(request, route.query) if route.query else None,
            idempotency_key=_key(request) if route.idempotency_key else None,
        )

    async def _admit(
        self, route: registry.Route, request: Request
    ) -> tuple[Caller | None, Mentorship | None]:
        """Who asks, and in which mentorship of theirs, as it stands now."""
        caller = await self._caller(route, request)
        mentorship = None
        if route.right == "member":
            assert route.scope is not None
            assert caller is not None
            id_ = request.path_params[route.scope]
            mentorship = await self._services.access.member(caller, route.scope, id_)
            if refuses_first(route):
                await self._services.access.reaches(caller, mentorship)
        return caller, mentorship

    async def _caller(self, route: registry.Route, request: Request) -> Caller | None:
        if route.right == "public":
            return None
        if route.right == "local":
            if not _is_local(request):
                raise Refusal("forbidden", "Only callers on the server's own machine may ask that.")
            return None
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if route.right == "starter" and not token and self._start == "anyone":
            return None
        if scheme.lower() != "bearer":
            raise Refusal("unauthenticated")
        services = self._services
        caller = await services.people.authenticate(token.strip())
        key, now_us = f"{caller.site_id}:{caller.person}", services.clock.monotonic_us()
        if wait_us := services.requests.allow(key, now_us, route.cost):
            raise Refusal("rate_limited", retry_after_us=wait_us)
        if route.right in ("site", "starter") and caller.mentorship is not None:
            raise Refusal("forbidden", "This grant is narrowed to one mentorship.")
        return caller

    async def _http_exception(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404 and "text/html" in request.headers.get("accept", ""):
            page = await self._page(request)  # a person's page says so in words
            page.status_code = 404
            return page
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "bad_request")
        return refuse(self._services, Refusal(code), "none")


class _Operation:
    """An ASGI endpoint for one route of the registry."""

    def __init__(self, http: Http, route: registry.Route) -> None:
        self._http, self._route = http, route
        self.name = route.name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._http.answer(self._route, Request(scope, receive))
        await response(scope, receive, send)


def refuse(services: Services, refusal: Refusal, route: str) -> Response:
    """A refusal, counted and logged once: its code, never what was asked."""
    services.metrics.refusals.labels(refusal.code).inc()
    log.info("request refused", code=refusal.code, route=route)
    return problem(refusal)


def problem(refusal: Refusal) -> Response:
    """A refusal as problem+json (RFC 9457)."""
    error = refusal.error
    body = Problem(
        type=f"urn:ithaca:error:{error.code}",
        title=error.meaning,
        status=error.status,
        code=error.code,
        detail=refusal.detail,
        field=refusal.field,
        retry_after_us=refusal.retry_after_us,
    )
    headers = {"cache-control": "no-store"}
    if refusal.retry_after_us is not None:
        headers["retry-after"] = str(-(-refusal.retry_after_us // 1_000_000))
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    return Response(msgspec.json.encode(body), error.status, headers, "application/problem+json")


async def _broken(request: Request, error: Exception) -> Response:
    return problem(Refusal("internal"))


def _is_local(request: Request) -> bool:
    if any(name.startswith("x-forwarded") or name == "forwarded" for name in request.headers):
        return False
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (8 <= len(key) <= 64 and key.isascii()):
        raise Refusal("bad_request", "Idempotency-Key has 8 to 64 characters.")
    return key


async def _body(request: Request, type_: type[msgspec.Struct]) -> msgspec.Struct:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal("media_type")
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > BODY_MAX_BYTES:
                raise Refusal("body_too_large", f"At most {BODY_MAX_BYTES} bytes.")
    except ClientDisconnect:
        raise Refusal("bad_request", "The body ended early.") from None
    try:
        return msgspec.json.decode(bytes(data), type=type_)
    except msgspec.ValidationError as error:
        raise Refusal("bad_request", str(error)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Refusal("bad_request", "The body is not JSON.") from None


def _query(request: Request, type_: type[msgspec.Struct]) -> msgspec.Struct:
    integers = {
        name for name, hint in get_type_hints(type_).items() if int in (hint, *get_args(hint))
    }
    given: dict[str, object] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise Refusal("bad_request", f"`{name}` is given twice.", field=name)
        digits = value.isascii() and value.isdigit() and len(value) <= 16
        given[name] = int(value) if name in integers and digits else value
    try:
        return msgspec.convert(given, type_)
    except msgspec.ValidationError as error:
        raise Refusal("bad_request", str(error)) from None


class _Edge:
    """Before anything else: the host name, the origin of writes; after everything: security headers
    and figures. `/ws` goes to the socket, which answers for itself."""

    def __init__(self, services: Services, http: ASGIApp, socket: ASGIApp) -> None:
        self._services, self._http, self._socket = services, http, socket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            if scope["path"] == "/ws":
                await self._socket(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._http(scope, receive, send)
            return
        # Nothing here is large enough to be had in parts.
        scope["headers"] = [header for header in scope["headers"] if header[0] != b"range"]
        started = time.perf_counter()
        status = 500

        async def send_secured(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [
                    (name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()
                ]
                if scope["path"].startswith("/static/assets/") and status == 200:
                    headers.append((b"cache-control", b"public, max-age=31536000, immutable"))
                said = [header for header in message["headers"] if header[0] != b"accept-ranges"]
                message = {**message, "headers": [*said, *headers]}
            await send(message)

        refusal = self._turned_away(Request(scope))
        try:
            if refusal is not None:
                answer = refuse(self._services, refusal, "none")
                await answer(scope, receive, send_secured)
            else:
                await self._http(scope, receive, send_secured)
        finally:
            route = getattr(scope.get("endpoint"), "name", None) or "page"
            metrics = self._services.metrics
            metrics.requests.labels(route, str(status)).inc()
            metrics.request_seconds.labels(route).observe(time.perf_counter() - started)

    def _turned_away(self, request: Request) -> Refusal | None:
        origins = self._services.origins
        host = request.headers.get("host", "")
        if not origins.host_allowed(host):
            return Refusal("host_forbidden")
        origin = request.headers.get("origin")
        if request.method in ("GET", "HEAD") or origin is None:
            return None
        allowed = origins.origin_allowed(origin, request.url.scheme, host)
        return None if allowed else Refusal("origin_forbidden")
