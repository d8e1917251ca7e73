"""One server over HTTP: requests, answers that are checked, and errors that are understood.

ClientError                the request did not succeed
├── ApiError               the server answered with an error
└── ServerUnreachable      nothing answers at the URL, or it is no rcontrol server
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from rcontrol.errors import RcontrolError
from rcontrol.web.models import ErrorBody

DEFAULT_URL: Final = "http://localhost:2020"
POLL_S: Final = 0.5
PATIENCE_S: Final = 60.0
"""How long a wait puts up with a server that does not answer: it may be restarting."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

ERROR: Final = TypeAdapter(ErrorBody)

Answer = TypeVar("Answer")


class ClientError(RcontrolError):
    """The request did not succeed."""


class ApiError(ClientError):
    """The server answered with an error."""

    def __init__(self, status: int, message: str, explanation: str) -> None:
        super().__init__(status, message, explanation)
        self.status, self.message, self.explanation = status, message, explanation

    def __str__(self) -> str:
        return f"{self.message}: {self.explanation}" if self.explanation else self.message


class ServerUnreachable(ClientError):
    """Nothing answers at the URL, or what answers is no rcontrol server."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(url, cause)
        self.url, self.cause = url, cause

    def __str__(self) -> str:
        return f"no rcontrol server at {self.url} ({self.cause}); start one with `rcontrol serve`"


class Caller:
    """One server. Every method raises ApiError or ServerUnreachable.

    A context manager; closing it closes its connections.
    """

    def __init__(self, url: str = DEFAULT_URL, *, timeout_s: float = 30.0) -> None:
        self.url = url.rstrip("/")
        try:
            host = httpx.URL(self.url).host
        except httpx.InvalidURL as error:
            raise ServerUnreachable(url, str(error)) from error
        self._http = httpx.Client(timeout=timeout_s, trust_env=host not in LOOPBACK)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _read(
        self,
        answer: TypeAdapter[Answer],
        *segments: str,
        body: Any = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        method = "GET" if body is None else "POST"
        response = self._send(method, segments, body, query)
        with self._understood():
            return answer.validate_json(response.content)

    def _again(
        self, ask: Callable[[], Answer], pause_s: Callable[[Answer], float]
    ) -> Iterator[Answer]:
        """Yield answers for ever; a server that does not answer is asked again for a while."""
        answered = -math.inf
        while True:
            try:
                answer = ask()
            except ClientError as error:
                passing = isinstance(error, ServerUnreachable) or _unavailable(error)
                if not passing or time.monotonic() - answered > PATIENCE_S:
                    raise
                time.sleep(POLL_S)
            else:
                answered = time.monotonic()
                yield answer
                time.sleep(pause_s(answer))

    def _act(self, *segments: str) -> None:
        self._send("POST", segments, None)

    def _send(
        self,
        method: str,
        segments: Sequence[str],
        body: Any,
        query: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        path = "/".join(quote(segment, safe="") for segment in segments)
        try:
            response = self._http.request(method, f"{self.url}/{path}", json=body, params=query)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            cause = str(error) or type(error).__name__
            raise ServerUnreachable(self.url, cause) from error
        if response.is_success:
            return response
        with self._understood():
            problem = ERROR.validate_json(response.content)
        raise ApiError(response.status_code, problem["message"], problem["explanation"])

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except ValidationError as error:
            cause = "what answers there speaks another language"
            raise ServerUnreachable(self.url, cause) from error


def _unavailable(error: ClientError) -> bool:
    return isinstance(error, ApiError) and error.status == 503
