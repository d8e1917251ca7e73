"""The table of endpoints, from which requests are routed and `/openapi.json` is drawn."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel

from rcontrol.config import NodeKeys
from rcontrol.errors import (
    BadRequest,
    ConfigError,
    FrameNotFound,
    JobNotFound,
    LogNotFound,
    NodeConflict,
    NodeNotFound,
    QueueFull,
    RcontrolError,
    StorageError,
    WrongStatus,
)
from rcontrol.web import frame_handlers, handlers
from rcontrol.web.call import Call
from rcontrol.web.frame_models import (
    FrameCount,
    FrameResults,
    FramesOrder,
    FrameStates,
    MissingAnswer,
    MissingOrder,
    ResultsOrder,
)
from rcontrol.web.log_models import AttemptInfo, LogOrder, LogText
from rcontrol.web.models import (
    AutostartState,
    FarmState,
    Folder,
    JobCreated,
    JobInfo,
    JobStatusAnswer,
    Summary,
    WhyAnswer,
)
from rcontrol.web.node_models import NodeState, PauseOrder
from rcontrol.web.orders import FolderOrder, JobOrder, MoveOrder
from rcontrol.web.problems import Problem

READ: Final = ("GET", "HEAD", "POST")
ACT: Final = ("GET", "POST")
"""Not HEAD: what asks for headers alone must not change the farm."""
POST: Final = ("POST",)

MISSING: Final[Mapping[str, str]] = {
    "{id}": "Job ID not specified",
    "{frame}": "No frame specified",
    "{name}": "No node specified",
}
"""What is said when the path ends before a parameter."""


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint."""

    path: str
    """`{id}` stands for a job, `{frame}` for a frame of it, `{name}` for a node."""
    methods: Sequence[str]
    handler: Callable[[Call], Awaitable[object]]
    """Its docstring describes the endpoint."""
    answer: Any = None
    """Type of the answer; None: 200 and an empty body."""
    body: type[BaseModel] | None = None
    """None: whatever is sent is ignored."""
    query: type[BaseModel] | None = None
    """None: a query is ignored."""
    media: str = ""
    """Media type of an answer that is not JSON; the handler returns the response."""
    body_needed: bool = True
    """Whether a request without a body is refused."""
    errors: tuple[type[RcontrolError], ...] = ()
    """Errors of its own, beside those that every endpoint may answer with."""

    @property
    def parts(self) -> list[str]:
        """The path's segments."""
        return self.path[1:].split("/")


@dataclass(frozen=True, slots=True)
class Match:
    """A route and what the path says to it."""

    route: Route
    parameters: Mapping[str, str]
    """`{name}` -> value."""
    missing: str = ""
    """The first parameter that the path lacks."""


JOB_ACTION: Final = (JobNotFound, WrongStatus)
PICTURE_READ: Final = (BadRequest, JobNotFound, FrameNotFound, StorageError)
FRAME_READ: Final = (BadRequest, JobNotFound, FrameNotFound)
NODE_ACTION: Final = (NodeNotFound, JobNotFound)

ROUTES: Final = (
    Route(
        "/job/new",
        ACT,
        handlers.submit,
        answer=JobCreated,
        body=JobOrder,
        errors=(BadRequest, NodeNotFound, StorageError, QueueFull),
    ),
    Route("/job/summary", READ, handlers.summary, answer=Summary),
    Route(
        "/job/status/{id}",
        READ,
        handlers.job_status,
        answer=JobStatusAnswer,
        errors=(JobNotFound,),
    ),
    Route("/job/info", READ, handlers.jobs_info, answer=list[JobInfo]),
    Route("/job/info/{id}", READ, handlers.job_info, answer=JobInfo, errors=(JobNotFound,)),
    Route("/job/start/{id}", ACT, handlers.start, errors=JOB_ACTION),
    Route("/job/stop/{id}", ACT, handlers.stop, errors=JOB_ACTION),
    Route("/job/enqueue/{id}", ACT, handlers.enqueue, errors=JOB_ACTION),
    Route("/job/reset_status/{id}", ACT, handlers.enqueue, errors=JOB_ACTION),
    Route("/job/delete/{id}", ACT, handlers.delete, errors=JOB_ACTION),
    Route("/job/move/{id}", POST, handlers.move, body=MoveOrder, errors=(BadRequest, JobNotFound)),
    Route("/job/clear", ACT, handlers.clear),
    Route(
        "/job/frames/{id}", READ, frame_handlers.frames, answer=FrameStates, errors=(JobNotFound,)
    ),
    Route(
        "/job/results/{id}",
        READ,
        frame_handlers.results,
        answer=FrameResults,
        query=ResultsOrder,
        errors=(BadRequest, JobNotFound),
    ),
    Route(
        "/job/picture/{id}/{frame}",
        READ,
        frame_handlers.picture,
        media="image/webp",
        errors=PICTURE_READ,
    ),
    Route(
        "/job/thumbnail/{id}/{frame}",
        READ,
        frame_handlers.thumbnail,
        media="image/webp",
        errors=PICTURE_READ,
    ),
    Route("/events", ("GET",), handlers.events, media="text/event-stream"),
    Route(
        "/job/attempts/{id}/{frame}",
        READ,
        frame_handlers.attempts,
        answer=list[AttemptInfo],
        errors=FRAME_READ,
    ),
    Route(
        "/job/log/{id}/{frame}",
        READ,
        frame_handlers.log,
        answer=LogText,
        query=LogOrder,
        errors=(*FRAME_READ, LogNotFound),
    ),
    Route("/job/why/{id}", READ, handlers.why_job, answer=WhyAnswer, errors=(JobNotFound,)),
    Route(
        "/job/why/{id}/{frame}",
        READ,
        frame_handlers.why_frame,
        answer=WhyAnswer,
        errors=FRAME_READ,
    ),
    Route(
        "/frames/count",
        POST,
        frame_handlers.count_frames,
        answer=FrameCount,
        body=FramesOrder,
        errors=(BadRequest,),
    ),
    Route("/node/list", READ, handlers.node_names, answer=list[str]),
    Route("/node/state", READ, handlers.node_states, answer=list[NodeState]),
    Route(
        "/node/state/{name}", READ, handlers.node_state, answer=NodeState, errors=(NodeNotFound,)
    ),
    Route(
        "/node/add",
        ACT,
        handlers.add_node,
        body=NodeKeys,
        errors=(BadRequest, NodeConflict, ConfigError),
    ),
    Route("/node/remove/{name}", ACT, handlers.remove_node, errors=(NodeNotFound,)),
    Route(
        "/node/pause/{name}",
        ACT,
        handlers.pause_node,
        body=PauseOrder,
        body_needed=False,
        errors=(BadRequest, NodeNotFound),
    ),
    Route("/node/resume/{name}", ACT, handlers.resume_node, errors=(NodeNotFound,)),
    Route("/node/kill/{name}", ACT, handlers.kill_frames, errors=(NodeNotFound, NodeConflict)),
    Route("/node/reload", ACT, handlers.reload_nodes, errors=(ConfigError,)),
    Route("/node/why/{name}", READ, handlers.why_node, answer=WhyAnswer, errors=(NodeNotFound,)),
    Route("/node/enable/{name}/{id}", ACT, handlers.enable_node, errors=NODE_ACTION),
    Route("/node/disable/{name}/{id}", ACT, handlers.disable_node, errors=NODE_ACTION),
    Route(
        "/storage/ls",
        POST,
        handlers.list_folder,
        answer=Folder,
        body=FolderOrder,
        errors=(BadRequest, StorageError),
    ),
    Route(
        "/storage/missing",
        POST,
        frame_handlers.missing_frames,
        answer=MissingAnswer,
        body=MissingOrder,
        errors=(BadRequest, StorageError),
    ),
    Route("/config/autostart", READ, handlers.autostart, answer=AutostartState),
    Route("/config/autostart/enable", ACT, handlers.enable_autostart),
    Route("/config/autostart/disable", ACT, handlers.disable_autostart),
    Route("/farm/state", READ, handlers.farm_state, answer=FarmState),
    Route("/metrics", READ, handlers.metrics, media="text/plain"),
    Route("/openapi.json", READ, handlers.openapi, answer=dict[str, Any]),
)


def segments(raw_path: bytes) -> list[str]:
    """Return a request path's segments, each decoded once; one slash at the end is tolerated."""
    parts = raw_path.removeprefix(b"/").split(b"/")
    if parts[-1] == b"":
        parts.pop()
    return [unquote_to_bytes(part).decode("utf-8", "replace") for part in parts]


def find(method: str, wanted: Sequence[str]) -> Match:
    """Return what a path means.

    Raises:
        Problem: no endpoint has this path, or the method is not one of its own.
    """
    near: Sequence[Route] = ROUTES
    for depth, segment in enumerate(wanted):
        if segment == "":
            return _incomplete(method, near, wanted[:depth])
        near = [route for route in near if _accepts(route, depth, segment)]
        if not near:
            message = "Invalid endpoint option" if depth else "Invalid endpoint"
            path = "/".join(wanted)
            raise Problem(404, message, f"there is no endpoint /{path}")
    for route in near:
        if len(route.parts) == len(wanted):
            _check_method(method, [route])
            return Match(route, _parameters(route, wanted))
    return _incomplete(method, near, wanted)


def _accepts(route: Route, depth: int, segment: str) -> bool:
    return depth < len(route.parts) and route.parts[depth] in (segment, *MISSING)


def _incomplete(method: str, near: Sequence[Route], wanted: Sequence[str]) -> Match:
    """Return the match of a path that lacks a parameter. Raises Problem where it lacks more."""
    longer = [route for route in near if len(route.parts) > len(wanted)]
    if not wanted or not longer:
        message = "Invalid endpoint option" if wanted else "Invalid endpoint"
        raise Problem(404, message, f"there is no endpoint /{'/'.join(wanted)}")
    _check_method(method, longer)
    for route in longer:
        part = route.parts[len(wanted)]
        if part in MISSING:
            return Match(route, _parameters(route, wanted), part)
    options = ", ".join(dict.fromkeys(route.parts[len(wanted)] for route in longer))
    raise Problem(400, "Option not specified", f"/{'/'.join(wanted)}/ goes on with: {options}")


def _parameters(route: Route, wanted: Sequence[str]) -> dict[str, str]:
    return {
        part: value for part, value in zip(route.parts, wanted, strict=False) if part in MISSING
    }


def _check_method(method: str, routes: Sequence[Route]) -> None:
    allowed = sorted({method for route in routes for method in route.methods})
    if method not in allowed:
        explanation = f"{method} is not one of {', '.join(allowed)}"
        raise Problem(405, "Method not allowed", explanation, {"Allow": ", ".join(allowed)})
