"""A job as an object."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rcontrol.errors import RcontrolError
from rcontrol.farm.numbers import read_frames
from rcontrol.notebook.calls import Calls, last_state
from rcontrol.notebook.display import followed, job_html, job_line
from rcontrol.web.log_models import AttemptInfo
from rcontrol.web.models import JobInfo

WORDS: Final = {"p": "pending", "r": "rendering", "d": "done", "f": "given up"}
"""Letters of `FrameStates` -> what they mean."""


@dataclass(frozen=True, slots=True, repr=False)
class NotebookJob:
    """One job. Knows only its id: whatever it is asked, it asks the farm."""

    calls: Calls
    id: str

    def info(self) -> JobInfo:
        """Return all that the farm says of it at the moment."""
        return self.calls.job(self.id)

    @property
    def status(self) -> str:
        """`Waiting`, `Rendering`, `Stopped`, `Finished` or `Failed`."""
        return self.info()["status"]

    @property
    def reason(self) -> str:
        """Why it Failed, or what its last failed attempt said."""
        return self.info()["reason"]

    def why(self, frame: int | None = None) -> str:
        """Return in a sentence what it, or a frame of it, waits for, and the remedy."""
        return self.calls.why_job(self.id, frame)["why"]

    # --- its frames ---

    def frames(self) -> dict[int, str]:
        """Return frame -> `pending`, `rendering`, `done` or `given up`."""
        found = self.calls.frames(self.id)
        runs = re.findall(r"([a-z])(\d+)", found["states"])
        words = (WORDS[letter] for letter, length in runs for _ in range(int(length)))
        return dict(zip(read_frames(found["frames"]), words, strict=True))

    def attempts(self, frame: int) -> list[AttemptInfo]:
        """Return the attempts at a frame as they were made, the running one included."""
        return self.calls.attempts(self.id, frame)

    def log(self, frame: int, attempt: str = "") -> str:
        """Return what the renderer has said so far at a frame; `attempt` empty: in the last."""
        return "".join(part["text"] for part in self.calls.read_log(self.id, frame, attempt))

    # --- what is done with it ---

    def wait(self, timeout_s: float | None = None) -> JobInfo:
        """Return its last state once it is Finished, Failed or Stopped.

        A notebook shows its progress meanwhile. To interrupt the cell, or to end the kernel, stops
        the waiting and not the job.

        Raises:
            WaitTimeout: it had not ended after `timeout_s` seconds.
        """
        return last_state(followed(self.calls.follow(self.id)), timeout_s)

    def start(self) -> None:
        """Start or resume it at once."""
        self.calls.start(self.id)

    def stop(self) -> None:
        """Stop it; its renders are killed."""
        self.calls.stop(self.id)

    def enqueue(self) -> None:
        """Put it back in the queue, when it is Stopped or Failed."""
        self.calls.enqueue(self.id)

    def delete(self) -> None:
        """Remove it, unless it is Rendering."""
        self.calls.delete(self.id)

    def move(self, before: "NotebookJob | None" = None) -> None:
        """Put it before another one in the queue; None: last."""
        self.calls.move(self.id, before.id if before else None)

    def enable(self, node: str) -> None:
        """Let a node render it."""
        self.calls.enable_node(self.id, node)

    def disable(self, node: str) -> None:
        """Give a node no more of its frames; it finishes the one it has."""
        self.calls.disable_node(self.id, node)

    def __repr__(self) -> str:
        return f"NotebookJob({self.id!r})"

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        """Show it in Jupyter."""
        try:
            info = self.info()
        except RcontrolError as error:
            return {"text/plain": f"{self!r}: {error}"}
        return {"text/plain": job_line(info), "text/html": job_html(info)}
