"""The OpenAPI 3.1 document, drawn from the table of routes and the models."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from pydantic import TypeAdapter

from rcontrol.errors import FarmUnavailable, RcontrolError, StoreError, StoreFull
from rcontrol.web.models import ErrorBody
from rcontrol.web.problems import statuses
from rcontrol.web.routes import Route

DOCUMENTED: Final = ("GET", "POST")
EVERYWHERE: Final[tuple[type[RcontrolError], ...]] = (FarmUnavailable, StoreError, StoreFull)
"""Errors that every endpoint may answer with."""
BODY_STATUSES: Final = {400, 413}
PARAMETERS: Final[Mapping[str, str]] = {
    "{id}": "A job's id",
    "{frame}": "The number of one of its frames",
    "{name}": "A configured node's name",
}
MEDIA_TYPE: Final = "application/json"
REF: Final = "#/components/schemas/{model}"

Object = dict[str, Any]
Mode = Any
"""`validation` for what comes in, `serialization` for what goes out."""


@cache
def document(routes: tuple[Route, ...]) -> Object:
    """Return the document of an API that has these routes; drawn once, since it takes a while."""
    bodies, answers, components = _schemas(routes)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rcontrol",
            "version": "2.0",
            "description": "A render farm's controller. Every error is an ErrorBody.",
        },
        "paths": {
            route.path: {
                method.lower(): _operation(route, method, bodies, answers)
                for method in _documented(route)
            }
            for route in routes
        },
        "components": {
            "schemas": components,
            "responses": {"Error": _content({"$ref": REF.format(model="ErrorBody")}, "An error")},
        },
    }


def _documented(route: Route) -> Iterable[str]:
    """A body sent by GET is understood, but HTTP gives it no meaning."""
    methods = [method for method in route.methods if method in DOCUMENTED]
    return ["POST"] if route.body and route.body_needed else methods


def _schemas(routes: Sequence[Route]) -> tuple[Object, Object, Object]:
    """Return path -> schema of the body, path -> schema of the answer, and the components."""
    inputs: list[tuple[str, Mode, TypeAdapter[Any]]] = [
        (route.path, "validation", TypeAdapter(route.body)) for route in routes if route.body
    ]
    outputs: list[tuple[str, Mode, TypeAdapter[Any]]] = [
        (route.path, "serialization", TypeAdapter(route.answer))
        for route in routes
        if route.answer is not None
    ]
    error: tuple[str, Mode, TypeAdapter[Any]] = ("", "serialization", TypeAdapter(ErrorBody))
    schemas, definitions = TypeAdapter.json_schemas([*inputs, *outputs, error], ref_template=REF)
    bodies = {path: schemas[path, mode] for path, mode, _ in inputs}
    answers = {path: schemas[path, mode] for path, mode, _ in outputs}
    return bodies, answers, definitions["$defs"]


def _operation(route: Route, method: str, bodies: Object, answers: Object) -> Object:
    summary = (inspect.getdoc(route.handler) or "").partition("\n")[0]
    words = "_".join(part.strip("{}").replace(".", "_") for part in route.parts)
    operation: Object = {
        "operationId": f"{method.lower()}_{words}",
        "summary": summary,
        "tags": [route.parts[0]],
        "responses": _responses(route, answers),
    }
    parameters = [_parameter(part) for part in route.parts if part in PARAMETERS]
    if parameters := [*parameters, *_query(route)]:
        operation["parameters"] = parameters
    if route.body:
        schema = bodies[route.path]
        operation["requestBody"] = {
            "required": route.body_needed,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
    return operation


def _parameter(part: str) -> Object:
    return {
        "name": part.strip("{}"),
        "in": "path",
        "required": True,
        "description": PARAMETERS[part],
        "schema": {"type": "string", "minLength": 1},
    }


def _query(route: Route) -> Iterable[Object]:
    schema = route.query.model_json_schema() if route.query else {"properties": {}}
    for name, described in schema["properties"].items():
        description = described.pop("description")
        yield {"name": name, "in": "query", "description": description, "schema": described}


def _responses(route: Route, answers: Object) -> Object:
    if route.media:
        responses: Object = {
            "200": {"description": "The answer", "content": {route.media: {}}},
        }
    elif route.answer is None:
        responses = {"200": {"description": "Done, durably; the body is empty"}}
    else:
        responses = {"200": _content(answers[route.path], "The answer")}
    found = {status for kind in (*route.errors, *EVERYWHERE) for status in statuses(kind)}
    if route.body:
        found |= BODY_STATUSES
    for status in sorted(found):
        reference = {"$ref": "#/components/responses/Error"}
        responses[str(status)] = reference | {"description": HTTPStatus(status).phrase}
    return responses


def _content(schema: Object, description: str) -> Object:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}
