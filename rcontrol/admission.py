"""Decides whether a submitted job makes sense, before it may enter the queue."""

from collections.abc import Collection
from pathlib import PurePosixPath

from rcontrol.engines.base import Engine
from rcontrol.engines.registry import Engines
from rcontrol.errors import BadRequest, NodeNotFound
from rcontrol.farm.model import JobId, JobSpec
from rcontrol.farm.numbers import MAX_FRAMES, FrameNumbers, frames_between, read_frames
from rcontrol.gateway import JobRequest
from rcontrol.storage import Storage

LONGEST_NAME = 200
"""Characters of a job's name."""


def admit(
    request: JobRequest,
    job: JobId,
    at: float,
    *,
    nodes: Collection[str],
    storage: Storage,
    engines: Engines,
) -> JobSpec:
    """Return the job as it enters the queue.

    Raises:
        BadRequest: a field makes no sense; it names the field.
        NodeNotFound: a node is not configured.
        StorageError: the file or the output lies outside the base directory.
    """
    for node in request.nodes:
        if node not in nodes:
            raise NodeNotFound(node)
    path = storage.resolve_file(request.path)
    engine = engines.named(request.engine) if request.engine else engines.for_file(path)
    frames = _frames(request, engine)
    if len(request.name) > LONGEST_NAME or not request.name.isprintable():
        raise BadRequest("name", f"must be printable and at most {LONGEST_NAME} characters long")
    spec = JobSpec(
        id=job,
        name=request.name or _shown(PurePosixPath(path).name),
        path=path,
        engine=engine.name,
        start_frame=frames.first,
        end_frame=frames.last,
        options=request.options,
        priority=request.priority,
        created_at=at,
        # All frames of a range need no words: clients of old know them by the first and the last.
        expression="" if len(frames) == frames.last - frames.first + 1 else str(frames),
    )
    engine.check(spec)
    _check_output(spec, storage)
    return spec


def _check_output(spec: JobSpec, storage: Storage) -> None:
    output = spec.options.output
    if output.startswith("//"):
        output = f"{PurePosixPath(spec.path).parent}/{output}"
    if output:
        storage.resolve(output)


def _frames(request: JobRequest, engine: Engine) -> FrameNumbers:
    start, end = request.start_frame, request.end_frame
    if request.frames is not None:
        if start is not None or end is not None:
            raise BadRequest("frames", "say either this or start_frame and end_frame, not both")
        frames = read_frames(request.frames)
        if frames.first < 0:
            raise BadRequest("frames", f"begins with {frames.first}; 0 is the lowest frame")
        if frames.last > engine.last_frame:
            last = f"{engine.name} renders no frame beyond {engine.last_frame}"
            raise BadRequest("frames", f"ends with {frames.last}; {last}")
        return frames
    if start is None:
        raise BadRequest("start_frame", "is missing; say start_frame and end_frame, or frames")
    if end is None:
        raise BadRequest("end_frame", "is missing; say start_frame and end_frame, or frames")
    if start < 0:
        raise BadRequest("start_frame", "must be 0 or more")
    if end < start:
        raise BadRequest("end_frame", f"must not be before start_frame ({start})")
    if end > engine.last_frame:
        raise BadRequest("end_frame", f"{engine.name} renders no frame beyond {engine.last_frame}")
    if end - start + 1 > MAX_FRAMES:
        raise BadRequest("end_frame", f"a job has at most {MAX_FRAMES} frames")
    return frames_between(start, end)


def _shown(file_name: str) -> str:
    """Return a file's name as a job's name."""
    return "".join(c if c.isprintable() else "?" for c in file_name)[:LONGEST_NAME]
