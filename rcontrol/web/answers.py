"""Responses as old clients expect them."""

import json
from typing import Any, Final

from starlette.responses import Response

NO_STORE: Final = {"Cache-Control": "no-store"}
"""Actions can be asked for by GET; no cache may answer in the farm's place."""


class Json(Response):
    """An answer with a body."""

    media_type = "application/json; charset=UTF-8"

    def __init__(
        self, content: Any, status_code: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(content, status_code, {**NO_STORE, **(headers or {})})

    def render(self, content: Any) -> bytes:
        """Return ASCII, because file names may hold what UTF-8 cannot say."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def empty(status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return the answer to an action."""
    return Response(b"", status, {**NO_STORE, **(headers or {})})
