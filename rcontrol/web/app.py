"""The Starlette application.

    request -> Guard (Host, origin) -> Cors -> Api (route, body, handler) -> answer
                                          └──> extra routes: the web page

Every exception ends as a JSON error inside `Api`, so that errors carry CORS headers too.
"""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus
from typing import Final

from anyio import CapacityLimiter
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from rcontrol.errors import NodeNotFound
from rcontrol.farm.model import JobId
from rcontrol.framelogs import Logs
from rcontrol.gateway import Farm
from rcontrol.storage import Storage
from rcontrol.web import bodies, openapi, problems, routes
from rcontrol.web.answers import Json, empty
from rcontrol.web.call import Call
from rcontrol.web.frame_models import FrameOfPath
from rcontrol.web.frames import JobFrames
from rcontrol.web.guard import Cors, Guard
from rcontrol.web.live import Live
from rcontrol.web.pictures import Pictures
from rcontrol.web.problems import Problem

log = logging.getLogger(__name__)

LOG_READERS: Final = 4
"""Logs that are read at a time. With threads of their own, so that a slow disk delays no more than
that."""


def create_app(
    farm: Farm,
    storage: Storage,
    logs: Logs,
    *,
    cors_origin: str | Sequence[str] = (),
    hosts: Collection[str] = (),
    max_body: int = bodies.MIB,
    filetypes: Sequence[str] = (),
    extra_routes: Sequence[BaseRoute] = (),
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """Return the front end of a farm.

    Args:
        farm: what is shown and acted on.
        storage: the shared storage, listed in a thread.
        logs: the output of attempts, read in a thread.
        cors_origin: origins whose pages may use the API; `*`: any; empty: only its own.
        hosts: names with dots by which clients may call this server.
        max_body: bytes a request body may have.
        filetypes: endings of the files that are frames; empty: those of images.
        extra_routes: looked at before the API's own.
        clock: Unix seconds.
    """
    origins = [cors_origin] if isinstance(cors_origin, str) else list(cors_origin)
    origins = [origin.rstrip("/") for origin in origins if origin]
    app = Starlette(
        routes=extra_routes,
        middleware=[
            Middleware(Guard, origins=origins, hosts=hosts),
            Middleware(Cors, origins=origins),
        ],
        exception_handlers={HTTPException: _refuse, Exception: _give_up},
    )
    # Not a catch-all route: no pattern of Starlette's matches a path that holds a newline.
    api = Api(farm, storage, logs, filetypes, max_body, clock)
    app.router.default = api
    app.state.live = api.live
    app.router.redirect_slashes = False
    return app


async def _refuse(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Answer what an extra route raised, or a method that it does not have."""
    status = error.status_code if isinstance(error, HTTPException) else 400
    phrase = HTTPStatus(status).phrase
    return problems.answer(Problem(status, phrase, getattr(error, "detail", phrase)))


async def _give_up(request: Request, error: Exception) -> Response:
    """Answer a defect of an extra route."""
    return _answer_to(request, error)


def _answer_to(request: Request, error: Exception) -> Response:
    problem = problems.problem_of(error)
    if problem.status >= 500:
        fields = {"method": request.method, "path": request.url.path}
        log.error("request.failed", extra=fields, exc_info=error)
    return problems.answer(problem)


class Api:
    """The ASGI application behind every endpoint of `routes.ROUTES`."""

    def __init__(
        self,
        farm: Farm,
        storage: Storage,
        logs: Logs,
        filetypes: Sequence[str],
        max_body: int,
        clock: Callable[[], float],
    ) -> None:
        self._farm = farm
        self._storage = storage
        self._logs = logs
        self._filetypes = filetypes
        self._log_readers = CapacityLimiter(LOG_READERS)
        self._max_body = max_body
        self._clock = clock
        self._document = openapi.document(routes.ROUTES)
        self._frames = JobFrames(farm)
        self._pictures = Pictures(farm, storage)
        self.live = Live(farm, clock)
        """To be closed before the server ends: its streams would be waited for."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._serve(request)
        except ClientDisconnect:
            return empty(400)
        except Exception as error:
            return _answer_to(request, error)

    async def _serve(self, request: Request) -> Response:
        found = routes.find(request.method, routes.segments(_raw_path(request.scope)))
        bodies.check_length(request, self._max_body)
        call = Call(
            farm=self._farm,
            storage=self._storage,
            filetypes=self._filetypes,
            logs=self._logs,
            log_readers=self._log_readers,
            document=self._document,
            frames=self._frames,
            pictures=self._pictures,
            live=self.live,
            headers=request.headers,
            at=self._clock(),
            node=self._known_node(found),
            job=JobId(found.parameters.get("{id}", "")),
            frame=bodies.check(FrameOfPath, {"frame": frame}).frame
            if (frame := found.parameters.get("{frame}"))
            else 0,
            query=bodies.check(found.route.query, dict(request.query_params))
            if found.route.query
            else None,
            body=await self._body(found.route, request),
        )
        content = await found.route.handler(call)
        if isinstance(content, Response):
            return content
        return empty() if found.route.answer is None else Json(content)

    def _known_node(self, found: routes.Match) -> str:
        """Return the path's node, checked before anything after it is missed."""
        name = found.parameters.get("{name}", "")
        if name and all(node.name != name for node in self._farm.view().nodes):
            raise NodeNotFound(name)
        if found.missing:
            path = found.route.path
            raise Problem(400, routes.MISSING[found.missing], f"the endpoint is {path}")
        return name

    async def _body(self, route: routes.Route, request: Request) -> BaseModel | None:
        if route.body is None:
            return None
        body = await bodies.read_body(request, self._max_body)
        if not body.strip() and not route.body_needed:
            return route.body()
        return bodies.check(route.body, bodies.parse_object(body))


def _raw_path(scope: Scope) -> bytes:
    """Return the path before any decoding, so that `%2F` does not split a segment."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0]
