"""A typed client of the REST API, for scripts and the `rcontrol` command."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from rcontrol.caller import (
    DEFAULT_URL,
    POLL_S,
    ApiError,
    Caller,
    ClientError,
    ServerUnreachable,
)
from rcontrol.notebook import NotebookFarm
from rcontrol.notebook.calls import ENDED, last_state
from rcontrol.web.frame_models import FrameCount, FrameStates, MissingAnswer
from rcontrol.web.log_models import AttemptInfo, LogText
from rcontrol.web.models import (
    AutostartState,
    FarmState,
    Folder,
    JobCreated,
    JobInfo,
    Summary,
    WhyAnswer,
)
from rcontrol.web.node_models import NodeState

__all__ = ["DEFAULT_URL", "ApiError", "Client", "ClientError", "ServerUnreachable", "connect"]

NO_LOG: Final = "No log"
"""Message of the error where an attempt's output is not kept."""
LOG_POLL_S: Final = 0.3
"""Between two looks at a log that is followed."""

JOB_CREATED: Final = TypeAdapter(JobCreated)
SUMMARY: Final = TypeAdapter(Summary)
JOBS: Final = TypeAdapter(list[JobInfo])
JOB: Final = TypeAdapter(JobInfo)
NAMES: Final = TypeAdapter(list[str])
NODES: Final = TypeAdapter(list[NodeState])
AUTOSTART: Final = TypeAdapter(AutostartState)
FARM: Final = TypeAdapter(FarmState)
WHY: Final = TypeAdapter(WhyAnswer)
FRAMES: Final = TypeAdapter(FrameStates)
FRAME_COUNT: Final = TypeAdapter(FrameCount)
MISSING: Final = TypeAdapter(MissingAnswer)
FOLDER: Final = TypeAdapter(Folder)
ATTEMPTS: Final = TypeAdapter(list[AttemptInfo])
LOG: Final = TypeAdapter(LogText)


def connect(url: str = DEFAULT_URL) -> NotebookFarm:
    """Return a server's farm, whose jobs and nodes are objects."""
    return NotebookFarm(Client(url))


class Client(Caller):
    """A server's farm. Every method raises ApiError or ServerUnreachable.

    A context manager; closing it closes its connections.
    """

    # --- jobs ---

    def submit(
        self,
        path: str,
        start_frame: int | None = None,
        end_frame: int | None = None,
        nodes: Sequence[str] | None = None,
        *,
        frames: str | None = None,
        name: str = "",
        engine: str = "",
        output: str = "",
        scene: str = "",
        args: Sequence[str] = (),
        publish: Literal["fenced", "direct"] = "fenced",
        priority: int = 0,
    ) -> str:
        """Queue a job and return its id.

        Args:
            path: project file, absolute or relative to the server's base directory.
            start_frame: first frame.
            end_frame: last frame.
            nodes: names of the nodes that may render it; None: all configured ones.
            frames: an expression such as `1-100x5` or `1,4,10-20`, instead of first and last.
            name: for people; empty: the file's name.
            engine: `blend`, `tgd`, `maya`, or one of the configuration; empty: the file's
                extension decides.
            output: overrides the scene's output path.
            scene: name of the scene; empty: the file's active one.
            args: extra arguments for the renderer's command line.
            publish: `direct` has the renderer write frames in their place, half-written at first.
            priority: higher goes first among rendering jobs.
        """
        body = {
            "path": path,
            "nodes": list(self.node_names() if nodes is None else nodes),
            "args": list(args),
            "publish": publish,
            "priority": priority,
        }
        which = {"start_frame": start_frame, "end_frame": end_frame, "frames": frames}
        body |= {key: value for key, value in which.items() if value is not None}
        words = {"name": name, "render_engine": engine, "output": output, "scene": scene}
        body |= {key: value for key, value in words.items() if value}
        return self._read(JOB_CREATED, "job", "new", body=body)["job_id"]

    def summary(self) -> Summary:
        """Return the whole queue in short."""
        return self._read(SUMMARY, "job", "summary")

    def jobs(self) -> list[JobInfo]:
        """Return every job in queue order."""
        return self._read(JOBS, "job", "info")

    def job(self, job: str) -> JobInfo:
        """Return one job."""
        return self._read(JOB, "job", "info", job)

    def start(self, job: str) -> None:
        """Start or resume a job at once."""
        self._act("job", "start", job)

    def stop(self, job: str) -> None:
        """Kill a job's renders now."""
        self._act("job", "stop", job)

    def enqueue(self, job: str) -> None:
        """Put a Stopped or Failed job back in the queue."""
        self._act("job", "enqueue", job)

    def delete(self, job: str) -> None:
        """Remove a job that is not Rendering."""
        self._act("job", "delete", job)

    def move(self, job: str, before: str | None = None) -> None:
        """Put a job before another one in the queue; None: last."""
        self._send("POST", ("job", "move", job), {"before": before})

    def clear_finished(self) -> None:
        """Remove every job that is Finished."""
        self._act("job", "clear")

    def why_job(self, job: str, frame: int | None = None) -> WhyAnswer:
        """Return in a sentence what a job, or a frame of it, waits for."""
        return self._read(WHY, "job", "why", job, *([] if frame is None else [str(frame)]))

    def wait(self, job: str, *, timeout_s: float | None = None, every_s: float = POLL_S) -> JobInfo:
        """Return a job once it is Finished, Failed or Stopped. Raises WaitTimeout besides."""
        return last_state(self.follow(job, every_s=every_s), timeout_s)

    def follow(self, job: str, *, every_s: float = POLL_S) -> Iterator[JobInfo]:
        """Yield a job again and again; last when it is Finished, Failed or Stopped.

        A server that goes away in between is waited for, a minute at most.
        """
        for info in self._again(lambda: self.job(job), lambda _: every_s):
            yield info
            if info["status"] in ENDED:
                return

    def frames(self, job: str) -> FrameStates:
        """Return the state of every frame of a job, in short."""
        return self._read(FRAMES, "job", "frames", job)

    def count_frames(self, frames: str) -> FrameCount:
        """Return what a frame expression means."""
        return self._read(FRAME_COUNT, "frames", "count", body={"frames": frames})

    def attempts(self, job: str, frame: int) -> list[AttemptInfo]:
        """Return the attempts at a frame as they were made, the running one included."""
        return self._read(ATTEMPTS, "job", "attempts", job, str(frame))

    def log(self, job: str, frame: int, attempt: str = "", position: int = 0) -> LogText:
        """Return a part of what a renderer said; `attempt` empty: in the last one with a log."""
        query = {"attempt": attempt, "position": str(position)}
        return self._read(LOG, "job", "log", job, str(frame), query=query)

    def read_log(self, job: str, frame: int, attempt: str = "") -> Iterator[LogText]:
        """Yield the parts of a log up to what there is now."""
        position = 0
        while True:
            part = self.log(job, frame, attempt, position)
            yield part
            if part["at_end"]:
                return
            attempt, position = part["attempt"], part["next"]

    def follow_log(
        self, job: str, frame: int, attempt: str = "", *, every_s: float = LOG_POLL_S
    ) -> Iterator[LogText]:
        """Yield a log's parts, the last one when the attempt has ended.

        Of a frame that has not begun, parts without text come until it has. A server that goes
        away in between is waited for, a minute at most.
        """
        position = 0

        def ask() -> LogText:
            try:
                return self.log(job, frame, attempt, position)
            except ApiError as error:
                if error.message != NO_LOG or attempt or not self._to_come(job, frame):
                    raise
                return {"attempt": "", "text": "", "next": 0, "at_end": True, "ended": False}

        def pause_s(part: LogText) -> float:
            return every_s if part["at_end"] else 0.0

        for part in self._again(ask, pause_s):
            attempt, position = part["attempt"], part["next"]
            yield part
            if part["ended"]:
                return

    def _to_come(self, job: str, frame: int) -> bool:
        """Whether a frame without a log may soon have one."""
        if self.job(job)["status"] in ENDED:
            return False
        return not any(attempt["time_stop"] for attempt in self.attempts(job, frame))

    # --- nodes ---

    def node_names(self) -> list[str]:
        """Return the configured names in order."""
        return self._read(NAMES, "node", "list")

    def nodes(self) -> list[NodeState]:
        """Return every configured node with what it does."""
        return self._read(NODES, "node", "state")

    def add_node(self, name: str, **settings: Any) -> None:
        """Add a node; `settings` are keys of an entry of `render_nodes`: `host`, `slots`, ..."""
        self._send("POST", ("node", "add"), {"name": name, **settings})

    def remove_node(self, node: str) -> None:
        """Have a node leave; it finishes its frames."""
        self._act("node", "remove", node)

    def pause_node(self, node: str, reason: str = "") -> None:
        """Give a node no more frames of any job; it finishes those it has."""
        self._send("POST", ("node", "pause", node), {"reason": reason})

    def resume_node(self, node: str) -> None:
        """Give a paused node frames again."""
        self._act("node", "resume", node)

    def kill_frames(self, node: str) -> None:
        """Kill the frames a node is at; they go back, first in line."""
        self._act("node", "kill", node)

    def reload_nodes(self) -> None:
        """Have the server take its nodes from its configuration file as it is now."""
        self._act("node", "reload")

    def why_node(self, node: str) -> WhyAnswer:
        """Return in a sentence why a node does nothing, or what it does."""
        return self._read(WHY, "node", "why", node)

    def enable_node(self, job: str, node: str) -> None:
        """Let a node render a job."""
        self._act("node", "enable", node, job)

    def disable_node(self, job: str, node: str) -> None:
        """Give a node no more frames of a job."""
        self._act("node", "disable", node, job)

    # --- config, storage ---

    def autostart(self) -> bool:
        """Return whether waiting jobs start by themselves."""
        return self._read(AUTOSTART, "config", "autostart")["autostart"]

    def farm_state(self) -> FarmState:
        """Return how the farm as a whole is, and what it has to say to people."""
        return self._read(FARM, "farm", "state")

    def set_autostart(self, on: bool) -> None:
        """Switch autostart."""
        self._act("config", "autostart", "enable" if on else "disable")

    def ls(self, path: str = "") -> Folder:
        """List a folder of the shared storage; empty: the base directory."""
        return self._read(FOLDER, "storage", "ls", body={"path": path})

    def missing_frames(
        self,
        path: str,
        *,
        frames: str | None = None,
        start_frame: int | None = None,
        end_frame: int | None = None,
    ) -> MissingAnswer:
        """Return which frames of the sequences in a folder are missing.

        `frames`, or first and last frame: which there should be; else each sequence's own, from
        the first to the last that is there.
        """
        which = {"frames": frames, "start_frame": start_frame, "end_frame": end_frame}
        body = {"path": path} | {key: it for key, it in which.items() if it is not None}
        return self._read(MISSING, "storage", "missing", body=body)
