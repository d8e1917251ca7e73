"""What the endpoints about frames do, between a checked request and the answer's content."""

from typing import Final

from anyio import to_thread
from starlette.responses import Response

from rcontrol.errors import FrameNotFound, LogNotFound
from rcontrol.farm.numbers import read_frames
from rcontrol.sequences import find_missing_in, wanted
from rcontrol.web import wire
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
from rcontrol.web.models import WhyAnswer
from rcontrol.web.problems import RETRY_LATER, Problem

THUMBNAIL_PIXELS: Final = 256
PICTURE_PIXELS: Final = 1280


async def frames(call: Call) -> FrameStates:
    """Return the state of every frame of a job, in short."""
    view = call.job_view()
    return wire.frame_states(view, await call.frames.states(view))


async def count_frames(call: Call) -> FrameCount:
    """Read a frame expression and count its frames."""
    text = call.order(FramesOrder).frames
    # On a thread: a large one that makes no sense takes a while.
    return wire.frame_count(await to_thread.run_sync(read_frames, text))


async def missing_frames(call: Call) -> MissingAnswer:
    """Return which frames of a folder's sequences are missing, or have empty files."""
    order = call.order(MissingOrder)
    return await to_thread.run_sync(_missing, call, order)


def _missing(call: Call, order: MissingOrder) -> MissingAnswer:
    asked = wanted(order.frames, order.start_frame, order.end_frame)
    folder, found = find_missing_in(call.storage, order.path, asked, call.filetypes)
    return wire.missing(folder, asked, found)


async def results(call: Call) -> FrameResults:
    """Return node, seconds and outcome of a job's attempts; `?after=N` leaves out the first N."""
    return await call.frames.results(call.job_view(), call.order(ResultsOrder).after)


async def picture(call: Call) -> Response:
    """Return a frame's picture as WebP, as large as a page shows it."""
    return await _picture(call, PICTURE_PIXELS)


async def thumbnail(call: Call) -> Response:
    """Return a frame's picture as WebP, as small as in a filmstrip."""
    return await _picture(call, THUMBNAIL_PIXELS)


async def _picture(call: Call, pixels: int) -> Response:
    if call.frame not in call.job_view().job.spec.frames:
        raise FrameNotFound(call.job, call.frame)
    found = await call.pictures.get(call.job, call.frame, pixels)
    headers = {"ETag": found.etag, "Cache-Control": "private, no-cache"}
    if call.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    return Response(found.webp, media_type="image/webp", headers=headers)


async def attempts(call: Call) -> list[AttemptInfo]:
    """Return the attempts at a frame, the running one included."""
    found = await call.farm.attempts(call.job, call.frame)
    return [wire.attempt_info(attempt) for attempt in found]


async def log(call: Call) -> LogText:
    """Return a part of what the renderer said at a frame; `?position=NEXT` reads on."""
    order, job = call.order(LogOrder), call.job_view()
    if call.frame not in job.job.spec.frames:
        raise FrameNotFound(call.job, call.frame)
    wanted = (call.job, call.frame, order.attempt, order.position)
    try:
        part = await to_thread.run_sync(call.logs.read, *wanted, limiter=call.log_readers)
    except OSError as error:
        cause = f"the server's disk says: {error.strerror}"
        raise Problem(503, "Log cannot be read", cause, RETRY_LATER) from error
    if part is None:
        raise LogNotFound(call.frame, order.attempt)
    running = {one.attempt for one in call.job_view().running}
    return wire.log_text(part, part.attempt in running)


async def why_frame(call: Call) -> WhyAnswer:
    """Return in a sentence what a frame of a job waits for."""
    return wire.why(await call.farm.why_job(call.job, call.frame))
