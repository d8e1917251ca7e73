"""What is asked of a farm from outside, whatever carries it; see `client.Client` for each."""

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Literal, Protocol

from typing_extensions import TypedDict, Unpack

from rcontrol.errors import WaitTimeout
from rcontrol.web.frame_models import FrameStates, MissingAnswer
from rcontrol.web.log_models import AttemptInfo, LogText
from rcontrol.web.models import JobInfo, WhyAnswer
from rcontrol.web.node_models import NodeState

ENDED: Final = frozenset({"Finished", "Failed", "Stopped"})
"""Statuses in which a job renders nothing until a person acts."""


class SubmitOptions(TypedDict, total=False):
    """What may be said of a job beside its file, its range and its nodes."""

    frames: str | None
    name: str
    engine: str
    output: str
    scene: str
    args: Sequence[str]
    publish: Literal["fenced", "direct"]
    priority: int


class Calls(Protocol):
    """A farm. Jobs and nodes are named by id and name; answers are those of the REST API."""

    def submit(
        self,
        path: str,
        start_frame: int | None = None,
        end_frame: int | None = None,
        nodes: Sequence[str] | None = None,
        **options: Unpack[SubmitOptions],
    ) -> str:
        """Queue a job and return its id."""
        ...

    def jobs(self) -> list[JobInfo]:
        """Return every job in queue order."""
        ...

    def job(self, job: str) -> JobInfo:
        """Return one job."""
        ...

    def follow(self, job: str) -> Iterator[JobInfo]:
        """Yield a job again and again, each second at least; last when it has ended."""
        ...

    def start(self, job: str) -> None:
        """Start or resume a job at once."""
        ...

    def stop(self, job: str) -> None:
        """Kill a job's renders now."""
        ...

    def enqueue(self, job: str) -> None:
        """Put a Stopped or Failed job back in the queue."""
        ...

    def delete(self, job: str) -> None:
        """Remove a job that is not Rendering."""
        ...

    def move(self, job: str, before: str | None = None) -> None:
        """Put a job before another one in the queue; None: last."""
        ...

    def clear_finished(self) -> None:
        """Remove every job that is Finished."""
        ...

    def why_job(self, job: str, frame: int | None = None) -> WhyAnswer:
        """Return in a sentence what a job, or a frame of it, waits for."""
        ...

    def frames(self, job: str) -> FrameStates:
        """Return the state of every frame of a job, in short."""
        ...

    def missing_frames(
        self,
        path: str,
        *,
        frames: str | None = None,
        start_frame: int | None = None,
        end_frame: int | None = None,
    ) -> MissingAnswer:
        """Return which frames of the sequences in a folder are missing."""
        ...

    def attempts(self, job: str, frame: int) -> list[AttemptInfo]:
        """Return the attempts at a frame as they were made."""
        ...

    def read_log(self, job: str, frame: int, attempt: str = "") -> Iterator[LogText]:
        """Yield the parts of a log up to what there is now."""
        ...

    def nodes(self) -> list[NodeState]:
        """Return every node with what it does."""
        ...

    def why_node(self, node: str) -> WhyAnswer:
        """Return in a sentence why a node does nothing, or what it does."""
        ...

    def enable_node(self, job: str, node: str) -> None:
        """Let a node render a job."""
        ...

    def disable_node(self, job: str, node: str) -> None:
        """Give a node no more frames of a job."""
        ...

    def add_node(self, name: str, **settings: Any) -> None:
        """Add a node; `settings` are keys of an entry of `render_nodes`."""
        ...

    def remove_node(self, node: str) -> None:
        """Have a node leave; it finishes its frames."""
        ...

    def pause_node(self, node: str, reason: str = "") -> None:
        """Give a node no more frames of any job; it finishes those it has."""
        ...

    def resume_node(self, node: str) -> None:
        """Give a paused node frames again."""
        ...

    def kill_frames(self, node: str) -> None:
        """Kill the frames a node is at; they go back, first in line."""
        ...

    def reload_nodes(self) -> None:
        """Take the nodes from the configuration file as it is now."""
        ...

    def autostart(self) -> bool:
        """Return whether waiting jobs start by themselves."""
        ...

    def set_autostart(self, on: bool) -> None:
        """Switch autostart."""
        ...


def last_state(states: Iterable[JobInfo], timeout_s: float | None) -> JobInfo:
    """Return the last of a job's states.

    Raises:
        WaitTimeout: the job had not ended `timeout_s` seconds from now.
    """
    deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
    for info in states:
        if info["status"] not in ENDED and time.monotonic() >= deadline:
            raise WaitTimeout(info["id"], info["status"], timeout_s or 0.0)
    return info
