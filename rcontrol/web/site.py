"""The web page's files as the server answers with them: read once, never by the path asked for.

`/` is the page, `/page/...` is what it is made of. Browsers keep the files and ask whether they
are still the same, so that a page is never older than its server.
"""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

METHODS: Final = ["GET", "HEAD"]

MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
"""Files of other kinds are not served."""

HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "object-src 'none'",
        )
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file of the page."""

    content: bytes
    media_type: str
    etag: str


def page_routes() -> list[Route]:
    """Return the routes of the page, for `create_app`."""
    known = dict(_files(files("rcontrol.web").joinpath("page")))
    routes = [Route("/", _answering(known.pop("index.html")), methods=METHODS)]
    routes += [
        Route(f"/page/{path}", _answering(file), methods=METHODS) for path, file in known.items()
    ]
    return [*routes, Route("/page/{path:path}", _nothing, methods=METHODS)]


def _files(folder: Traversable, above: str = "") -> Iterator[tuple[str, File]]:
    for entry in folder.iterdir():
        path = f"{above}{entry.name}"
        if entry.is_dir():
            yield from _files(entry, f"{path}/")
        elif media_type := MEDIA_TYPES.get(f".{entry.name.rpartition('.')[2]}"):
            content = entry.read_bytes()
            etag = f'"{blake2b(content, digest_size=12).hexdigest()}"'
            yield path, File(content, media_type, etag)


def _answering(file: File) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    headers = {**HEADERS, "ETag": file.etag}

    async def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)

    return answer


async def _nothing(request: Request) -> Response:
    raise HTTPException(404, f"the page has no file {request.path_params['path']}")
