"""The OpenAPI document: valid, and complete against the registry."""

import json
import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from protocol.errors import ERRORS
from protocol.registry import ROUTES, Route
from web.openapi import document, error_codes

DOCUMENT = document("1.2.3")


def test_it_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT
    assert document("1.2.3") == DOCUMENT
    assert DOCUMENT["info"]["version"] == "1.2.3"


def test_a_broken_one_would_be_noticed() -> None:
    broken = json.loads(json.dumps(DOCUMENT).replace('"required": true', '"required": "very"'))
    assert next(OpenAPIV31SpecValidator(broken).iter_errors(), None) is not None


def test_it_has_every_route_and_no_other() -> None:
    operations = {
        (path, method): operation["operationId"]
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }
    assert operations == {(route.path, route.method.lower()): route.name for route in ROUTES}


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    used = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert used <= set(DOCUMENT["components"]["schemas"])
    assert '"$ref": "#/components/schemas/' in text


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_an_operation_says_what_the_registry_says(route: Route) -> None:
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    assert set(operation["responses"]) == {str(route.status)} | {
        str(ERRORS[code].status) for code in error_codes(route)
    }
    assert ("requestBody" in operation) == (route.request is not None)
    assert ("429" in operation["responses"]) >= (operation["security"] != [])
    assert (operation["security"] == []) == (route.right in ("public", "local"))
    names = {each["name"]: each["in"] for each in operation.get("parameters", [])}
    in_path = {name for name, where in names.items() if where == "path"}
    assert in_path == set(re.findall(r"{(\w+)}", route.path))
    assert route.scope is None or route.scope in in_path
    assert {name for name, where in names.items() if where == "query"} == (
        set(route.query.__struct_fields__) if route.query else set()
    )
    assert ("Idempotency-Key" in names) == route.idempotency_key
    assert set(route.errors) <= set(error_codes(route)) <= set(ERRORS)


def test_a_version_is_a_number_and_all_else_in_a_path_an_id() -> None:
    operation = DOCUMENT["paths"]["/v1/mentorships/{mentorship}/agreements/{version}/accept"][
        "post"
    ]
    types = {each["name"]: each["schema"]["type"] for each in operation["parameters"]}
    assert types == {"mentorship": "string", "version": "integer"}
