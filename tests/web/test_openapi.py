"""The document says what the router does."""

import re
from typing import Any

import pytest
from pydantic import TypeAdapter

from rcontrol.web import routes
from tests.fakes.farm import FakeFarm
from tests.fakes.logs import keep_log
from tests.web.conftest import Api

METHODS = {"get", "post"}


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/openapi.json").json()
    return found


def test_every_route_is_in_it(document: dict[str, Any]) -> None:
    assert list(document["paths"]) == [route.path for route in routes.ROUTES]
    for route in routes.ROUTES:
        documented = set(document["paths"][route.path])
        expected = {method.lower() for method in route.methods} & METHODS
        assert documented == ({"post"} if route.body and route.body_needed else expected)


def test_it_is_well_formed(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(document["info"])
    operations = [
        (path, operation)
        for path, methods in document["paths"].items()
        for operation in methods.values()
    ]
    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)
    for path, operation in operations:
        assert operation["summary"]
        assert "200" in operation["responses"]
        named = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        for response in operation["responses"].values():
            assert response["description"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(_references(document))
    assert "#/components/schemas/JobInfo" in references
    for reference in references:
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert target


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for inner in node.values() for found in _references(inner)]
    if isinstance(node, list):
        return [found for inner in node for found in _references(inner)]
    return []


@pytest.mark.parametrize("route", [route for route in routes.ROUTES if route.answer])
def test_answers_are_as_documented(api: Api, farm: FakeFarm, job: str, route: routes.Route) -> None:
    keep_log(farm.logs_dir, job, 1, "1-1", b"said")
    path = route.path.replace("{id}", job).replace("{name}", "hex1").replace("{frame}", "1")
    body: dict[str, Any] = {}
    if route.path == "/job/new":
        body = {"path": "a.blend", "start_frame": 1, "end_frame": 1, "nodes": []}
    if route.path == "/frames/count":
        body = {"frames": "1-9x2"}
    if route.path == "/storage/missing":
        body = {"path": "films"}
    answer = api.post(path, json=body)
    assert answer.status_code == 200
    assert TypeAdapter(route.answer).validate_python(answer.json()) == answer.json()
