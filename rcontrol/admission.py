"""Decides whether a submitted job makes sense, before it may enter the queue."""

from collections.abc import Collection
from pathlib import PurePosixPath

from rcontrol.engines.base import Engine
from rcontrol.engines.registry import engine_for, engine_named
from rcontrol.errors import BadRequest, NodeNotFound
from rcontrol.farm.model import MAX_FRAMES, JobId, JobSpec
from rcontrol.gateway import JobRequest
from rcontrol.storage import Storage

LONGEST_NAME = 200
"""Characters of a job's name."""


def admit(
    request: JobRequest, job: JobId, at: float, *, nodes: Collection[str], storage: Storage
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
    engine = engine_named(request.engine) if request.engine else engine_for(path)
    _check_frames(request, engine)
    if len(request.name) > LONGEST_NAME or not request.name.isprintable():
        raise BadRequest("name", f"must be printable and at most {LONGEST_NAME} characters long")
    spec = JobSpec(
        id=job,
        name=request.name or _shown(PurePosixPath(path).name),
        path=path,
        engine=engine.name,
        start_frame=request.start_frame,
        end_frame=request.end_frame,
        options=request.options,
        priority=request.priority,
        created_at=at,
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


def _check_frames(request: JobRequest, engine: Engine) -> None:
    if request.start_frame < 0:
        raise BadRequest("start_frame", "must be 0 or more")
    if request.end_frame < request.start_frame:
        raise BadRequest("end_frame", f"must not be before start_frame ({request.start_frame})")
    if request.end_frame > engine.last_frame:
        raise BadRequest("end_frame", f"{engine.name} renders no frame beyond {engine.last_frame}")
    if request.end_frame - request.start_frame + 1 > MAX_FRAMES:
        raise BadRequest("end_frame", f"a job has at most {MAX_FRAMES} frames")


def _shown(file_name: str) -> str:
    """Return a file's name as a job's name."""
    return "".join(c if c.isprintable() else "?" for c in file_name)[:LONGEST_NAME]
