"""The OpenAPI 3.1 description of the HTTP API, built from `protocol.registry.ROUTES` alone."""

import inspect
import json
import re
from typing import Any

import msgspec

from protocol import rest
from protocol.errors import ERRORS
from protocol.registry import REACHING, ROUTES, Right, Route
from protocol.types import VERSION_MAX, Id

PROBLEM_TYPE = "application/problem+json"
PLAIN_TEXT = {"text/plain": {"schema": {"type": "string"}}}
ANY_OBJECT = {"application/json": {"schema": {"type": "object"}}}
NO_STRUCT = {"metrics": PLAIN_TEXT, "openapi": ANY_OBJECT}
"""What those routes answer with that have no Struct."""

EVERYWHERE = ("host_forbidden", "internal")
WITH_BODY = ("bad_request", "body_too_large", "media_type")
OF_RIGHT: dict[Right, tuple[str, ...]] = {
    "public": (),
    "local": ("forbidden",),
    "starter": ("unauthenticated", "revoked", "forbidden", "rate_limited", "unavailable"),
    "person": ("unauthenticated", "revoked", "rate_limited", "unavailable"),
    "site": ("unauthenticated", "revoked", "forbidden", "rate_limited", "unavailable"),
    "member": ("unauthenticated", "revoked", "not_found", "rate_limited", "unavailable"),
}
SECURITY: dict[Right, list[dict[str, list[str]]]] = {
    "public": [],
    "local": [],
    "starter": [{}, {"grant": []}],
    "person": [{"grant": []}],
    "site": [{"grant": []}],
    "member": [{"grant": []}],
}
EXAMPLES: dict[type[msgspec.Struct], dict[str, Any]] = {
    rest.NewMentorship: {
        "mentor": {"name": "Ana", "zone": "America/Lima", "email": ""},
        "mentee": {"name": "Ben", "zone": "Europe/Vienna", "email": "ben@example.org"},
    },
    rest.NewAgreement: {
        "terms": {
            "currency": "EUR",
            "rate_minor": 6_000,
            "unit_us": 300_000_000,
            "overrun_us": 1_200_000_000,
        },
        "valid_from_us": None,
    },
    rest.NewMeeting: {
        "start_us": 1_800_000_000_000_000,
        "length_us": 3_600_000_000,
        "zone": "Europe/Vienna",
    },
    rest.SendMessage: {"id": "m-4f0c2a9b81", "body": "See you on Thursday."},
    rest.Confirm: {"revision": 1},
    rest.Block: {"on": True},
    rest.SeenSetting: {"hidden": True},
    rest.ZoneSetting: {"zone": "Europe/Lisbon"},
    rest.NewReport: {
        "reason": "money",
        "words": "Asked me three times to pay outside of Ithaca.",
        "seqs": [17, 18, 21],
        "also": ["leave"],
    },
    rest.Contest: {"revision": 1, "reason": "The picture was gone for the last ten minutes."},
    rest.NewCorrection: {"billed_us": 2_100_000_000, "reason": "Ten minutes were lost."},
}

Components = dict[str, dict[str, Any]]


def document(version: str) -> dict[str, Any]:
    """The whole document, as plain JSON values; the same for the same version."""
    structs: list[type[msgspec.Struct]] = [rest.Problem]
    for route in ROUTES:
        structs += [each for each in (route.request, route.response, route.query) if each]
    _, found = msgspec.json.schema_components(
        dict.fromkeys(structs), ref_template="#/components/schemas/{name}"
    )
    schemas: dict[str, dict[str, Any]] = json.loads(json.dumps(found))  # a default may be a tuple
    for name, schema in schemas.items():
        schema["description"] = inspect.cleandoc(schema.get("description", name))
    used_as_query = {route.query.__name__ for route in ROUTES if route.query}
    queries = {name: schemas.pop(name) for name in sorted(used_as_query)}
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        query = queries[route.query.__name__] if route.query else None
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, query)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ithaca",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "Calls, a conversation and a record of session time for a mentor and a "
            "mentee. A field that ends in `_us` is an integer of microseconds; instants count from "
            "the Unix epoch in UTC. A person may ask 200 times at once and 50 times a second. The "
            "WebSocket at `/ws` is described in docs/protocol.md.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "grant": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A grant, from POST /v1/grants or /v1/grants/renew.",
                }
            },
        },
    }


def error_codes(route: Route) -> tuple[str, ...]:
    """Every error code that this route may answer with, in the order of the error table."""
    codes = {*EVERYWHERE, *OF_RIGHT[route.right], *route.errors}
    if route.reaches != "no":
        codes.update(REACHING)
    if route.request:
        codes.update(WITH_BODY)
    if route.query:
        codes.add("bad_request")
    return tuple(code for code in ERRORS if code in codes)


def _operation(route: Route, query: dict[str, Any] | None) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": f"Right: `{route.right}`.",
        "security": SECURITY[route.right],
        "responses": {str(route.status): _answer(route), **_problems(route)},
    }
    parameters = _parameters(route, query)
    if parameters:
        operation["parameters"] = parameters
    if route.request:
        media: dict[str, Any] = {"schema": _reference(route.request)}
        if route.request in EXAMPLES:
            media["example"] = EXAMPLES[route.request]
        operation["requestBody"] = {"required": True, "content": {"application/json": media}}
    return operation


def _reference(struct: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{struct.__name__}"}


def _answer(route: Route) -> dict[str, Any]:
    content = NO_STRUCT.get(route.name)
    if route.response:
        content = {"application/json": {"schema": _reference(route.response)}}
    return {"description": route.summary, "content": content}


def _problems(route: Route) -> dict[str, Any]:
    """One response for each status, whose description lists the codes that share it."""
    by_status: dict[int, list[str]] = {}
    for code in error_codes(route):
        by_status.setdefault(ERRORS[code].status, []).append(f"`{code}`: {ERRORS[code].meaning}")
    return {
        str(status): {
            "description": "\n\n".join(by_status[status]),
            "content": {PROBLEM_TYPE: {"schema": _reference(rest.Problem)}},
        }
        for status in sorted(by_status)
    }


def _parameters(route: Route, query: dict[str, Any] | None) -> list[dict[str, Any]]:
    identifier = msgspec.json.schema(Id)
    version = {"type": "integer", "minimum": 1, "maximum": VERSION_MAX}
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": version if name == "version" else identifier,
        }
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    for name, schema in (query or {"properties": {}})["properties"].items():
        options = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
        parameters.append({"name": name, "in": "query", "required": False, "schema": options[0]})
    if route.idempotency_key:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "Chosen at random: a repeat with the same key and the same body "
                "answers as the first time did, with another body it is a `conflict`.",
                "schema": {"type": "string", "minLength": 8, "maxLength": 64},
            }
        )
    return parameters
