"""Keeps pages of other sites from acting through a visitor's browser, and answers CORS.

Old clients act through GET, so a page anywhere could stop a job with an `<img>`. Browsers say
where a request comes from: a foreign `Origin`, or without one a `Sec-Fetch-Site` that tells of
another page, is refused, save for a link to the web page itself. A name that somebody else pointed
at this address (DNS rebinding) shows in `Host`; it has a dot, since nobody can own one without.
Other clients send none of these.
"""

from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rcontrol.web import problems
from rcontrol.web.problems import Problem

METHODS: Final = ("GET", "HEAD", "POST", "OPTIONS")
PAGE: Final = "/"
HEADERS: Final = ("content-type", "authorization")
FOREIGN: Final = ("cross-site", "same-site")
"""Values of `Sec-Fetch-Site`; to a browser, another port of the same machine is the same site."""


class Guard:
    """Refuses requests by their `Host` and their origin."""

    def __init__(self, app: ASGIApp, *, origins: Collection[str], hosts: Collection[str]) -> None:
        self._app = app
        self._origins = origins
        self._hosts = {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] in ("http", "websocket"):
            try:
                self._check(scope["path"], Headers(scope=scope))
            except Problem as problem:
                await problems.answer(problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, path: str, headers: Headers) -> None:
        host = headers.get("host", "").lower()
        if not self._answers_to(_name(host)):
            explanation = f"this server does not answer to {host!r}; see server_names"
            raise Problem(403, "Host not allowed", explanation)
        if "*" in self._origins:
            return
        origin = headers.get("origin")
        if origin is None:
            if headers.get("sec-fetch-site") in FOREIGN and path != PAGE:
                raise Problem(403, "Origin not allowed", "the request comes from another page")
        elif origin not in self._origins and _authority(origin) != host:
            raise Problem(403, "Origin not allowed", f"{origin} is not the configured cors_origin")

    def _answers_to(self, name: str) -> bool:
        return name in self._hosts or "." not in name or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _name(host: str) -> str:
    """Return a `Host` header without its port."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


class Cors(CORSMiddleware):
    """Starlette's, with refusals in JSON."""

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        super().__init__(app, allow_origins=origins, allow_methods=METHODS, allow_headers=HEADERS)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer an `OPTIONS` that asks for leave."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        kept = {k: v for k, v in response.headers.items() if not k.startswith("content-")}
        explanation = bytes(response.body).decode()
        return problems.answer(Problem(400, "Request not allowed", explanation, kept))
