"""What the web layer and notebooks may ask of a farm, whatever stands behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rcontrol.config import NodeKeys
from rcontrol.farm.model import JobId, JobOptions
from rcontrol.farm.reasons import Why
from rcontrol.farm.views import AttemptView, FarmView, FrameResult


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A job as its submitter describes it, not yet checked."""

    path: str
    """Project file: absolute, or relative to the base directory."""
    start_frame: int | None
    end_frame: int | None
    """Inclusive; None, both of them: `frames` says which."""
    nodes: tuple[str, ...]
    """Names of the nodes that may render it."""
    engine: str = ""
    """`blend`; empty: the file's extension decides."""
    name: str = ""
    """Empty: the file's name."""
    options: JobOptions = JobOptions()
    priority: int = 0
    frames: str | None = None
    """An expression, as `farm.numbers` reads it; None: all from `start_frame` to `end_frame`."""


class Farm(Protocol):
    """A running farm.

    An action returns once it is durable and `view()` shows it; a failed call raises a
    `RcontrolError`. `Refused` means nothing changed; `FarmUnavailable` means the action may or
    may not have taken effect.
    """

    def view(self) -> FarmView:
        """Return the farm as it is now; never blocks.

        Raises:
            FarmUnavailable: the view is out of date because the JobManager does not answer.
        """
        ...

    async def changed(self, seen: FarmView) -> None:
        """Return once `view` is another one than `seen`."""
        ...

    async def why_job(self, job: JobId, frame: int | None = None) -> Why:
        """Return what a job, or a frame of it, waits for. Raises JobNotFound, FrameNotFound."""
        ...

    async def why_node(self, node: str) -> Why:
        """Return why a node does nothing, if so. Raises NodeNotFound."""
        ...

    async def submit(self, request: JobRequest) -> JobId:
        """Check and queue a job. Raises BadRequest, NodeNotFound, StorageError."""
        ...

    async def start(self, job: JobId) -> None:
        """Start or resume at once. Raises JobNotFound, WrongStatus."""
        ...

    async def stop(self, job: JobId) -> None:
        """Kill its renders; status Stopped. Raises JobNotFound, WrongStatus."""
        ...

    async def enqueue(self, job: JobId) -> None:
        """Put a stopped or failed job back in the queue. Raises JobNotFound, WrongStatus."""
        ...

    async def delete(self, job: JobId) -> None:
        """Remove a job that is not rendering. Raises JobNotFound, WrongStatus."""
        ...

    async def move(self, job: JobId, before: JobId | None) -> None:
        """Put a job before another one in the queue, or last. Raises JobNotFound."""
        ...

    async def clear_finished(self) -> None:
        """Remove every job that is Finished."""
        ...

    async def frame_states(self, job: JobId) -> bytes:
        """Return a job's frames in order, one byte each: a `FrameStatus`. Raises JobNotFound."""
        ...

    async def frame_results(self, job: JobId, after: int, limit: int) -> Sequence[FrameResult]:
        """Return how a job's attempts ended, oldest first, after the one numbered `after`."""
        ...

    async def picture(self, job: JobId, frame: int) -> str:
        """Return the path of a done frame's picture on the nodes; empty: there is none."""
        ...

    async def attempts(self, job: JobId, frame: int) -> Sequence[AttemptView]:
        """Return the begun attempts at a frame as they were made, the running one included.

        Raises JobNotFound, FrameNotFound.
        """
        ...

    async def set_node_enabled(self, job: JobId, node: str, enabled: bool) -> None:
        """Allow or forbid a node for one job. Raises JobNotFound, NodeNotFound."""
        ...

    async def add_node(self, node: NodeKeys) -> None:
        """Add a node as if it stood in the configuration file.

        Raises NodeConflict where there is one of this name, and ConfigError where what the file
        says of all nodes cannot be read.
        """
        ...

    async def remove_node(self, node: str) -> None:
        """Have a node leave once it has finished its frames. Raises NodeNotFound."""
        ...

    async def pause_node(self, node: str, reason: str) -> None:
        """Give a node no more frames, whatever the job. Raises NodeNotFound."""
        ...

    async def resume_node(self, node: str) -> None:
        """Give a paused node frames again. Raises NodeNotFound."""
        ...

    async def kill_frames(self, node: str) -> None:
        """Kill the frames a node is at; they go back, first in line.

        Raises NodeNotFound, and NodeConflict where it renders nothing.
        """
        ...

    async def reload_nodes(self) -> None:
        """Take the nodes from the configuration file as it is now.

        Raises ConfigError where the file has a mistake.
        """
        ...

    async def set_autostart(self, on: bool) -> None:
        """Switch autostart."""
        ...
