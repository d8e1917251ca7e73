"""Request bodies: read within a limit, decoded without surprises, checked against a model."""

import json
from typing import Any, Final, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from rcontrol.errors import BadRequest
from rcontrol.web.problems import Problem

MIB: Final = 1024 * 1024

Model = TypeVar("Model", bound=BaseModel)


def check_length(request: Request, limit: int) -> None:
    """Refuse a request whose headers announce too large a body. Raises Problem."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        _too_large(limit)


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body, never holding more than `limit` bytes of it. Raises Problem."""
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > limit:
            _too_large(limit)
        body += chunk
    return bytes(body)


def _too_large(limit: int) -> NoReturn:
    raise Problem(413, "Request body too large", f"a body may have {limit} bytes at most")


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a body holds. Raises Problem."""
    if not body.strip():
        raise Problem(400, "No data", "the request needs a JSON object as its body")
    try:
        parsed = json.loads(
            body.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_duplicates
        )
    except (ValueError, RecursionError) as error:
        cause = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise Problem(400, "Failed to decode JSON", f"the body is not JSON: {cause}") from None
    if not isinstance(parsed, dict):
        raise Problem(400, "Failed to decode JSON", "the body is JSON, but not an object")
    return parsed


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} is there twice")
        found[key] = value
    return found


def check(model: type[Model], values: dict[str, Any]) -> Model:
    """Return the values as a model. Raises BadRequest, naming the first field that is wrong."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadRequest(field, first["msg"]) from None
