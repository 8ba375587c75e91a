"""The one list of what is served, and the right that each needs."""

import re
from typing import get_args, get_type_hints

import pytest

from protocol.errors import ERRORS
from protocol.frames import ClientFrame
from protocol.registry import FRAMES, ROUTES, FrameRule, Route
from protocol.types import Id


def name_of(route: Route) -> str:
    return route.name


def test_every_client_frame_has_exactly_one_rule() -> None:
    assert sorted(rule.frame.__name__ for rule in FRAMES) == sorted(
        frame.__name__ for frame in get_args(ClientFrame)
    )


def test_every_route_is_there_once() -> None:
    assert len({route.name for route in ROUTES}) == len(ROUTES)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_a_route_names_errors_that_exist(route: Route) -> None:
    assert [code for code in route.errors if code not in ERRORS] == []
    assert len(set(route.errors)) == len(route.errors)


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_a_member_route_says_of_what(route: Route) -> None:
    assert (route.right == "member") == (route.scope is not None)
    named = re.findall(r"{(\w+)}", route.path)
    assert named[:1] == ([route.scope] if route.scope else [])
    assert named[1:] in ([], ["version"], ["meeting"], ["seq"])  # the parts of a mentorship


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_a_route_reads_by_query_and_writes_by_body(route: Route) -> None:
    if route.method == "GET":
        assert route.request is None
        assert not route.idempotency_key
    else:
        assert route.query is None
        assert route.right in ("public", "starter", "site", "member")
    assert route.status in ((200,) if route.method == "GET" else (200, 201))


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_only_what_must_be_is_open_to_anyone(route: Route) -> None:
    if route.right == "public":
        assert route.name in (
            "health", "ready", "openapi", "about", "exchange_invitation", "renew_grant",
            "ledger_keys",
        )  # fmt: skip
    assert (route.right == "local") == (route.name == "metrics")


@pytest.mark.parametrize("rule", FRAMES, ids=lambda rule: rule.frame.__name__)
def test_a_member_frame_says_of_what(rule: FrameRule) -> None:
    assert (rule.right == "member") == (rule.scope is not None)
    if rule.scope is not None:
        assert get_type_hints(rule.frame, include_extras=True)[rule.scope] == Id


@pytest.mark.parametrize("rule", FRAMES, ids=lambda rule: rule.frame.__name__)
def test_who_names_a_room_or_conversation_must_be_a_member_of_it(rule: FrameRule) -> None:
    named = {"conversation", "room"} & set(rule.frame.__struct_fields__)
    assert named == ({rule.scope} if rule.scope else set())


def test_only_signing_in_needs_no_grant() -> None:
    assert [rule.frame.__name__ for rule in FRAMES if rule.right == "public"] == ["AuthOpen"]
