"""The farm for a Python notebook: plain calls to the same actors, without HTTP."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from actors.cluster import join, join_local
from rcontrol.config import NodeKeys, load, node_of
from rcontrol.errors import FarmUnavailable, JobNotFound
from rcontrol.farm.model import JobId, JobOptions, Publish
from rcontrol.farm.views import EMPTY_VIEW, FarmView, JobView
from rcontrol.framelogs import LogPart
from rcontrol.gateway import JobRequest
from rcontrol.notebook import NotebookFarm
from rcontrol.notebook.calls import ENDED
from rcontrol.sequences import find_missing_in, wanted
from rcontrol.storage import Storage
from rcontrol.web import wire
from rcontrol.web.bodies import check
from rcontrol.web.frame_models import FrameStates, MissingAnswer
from rcontrol.web.frames import runs
from rcontrol.web.log_models import AttemptInfo, LogText
from rcontrol.web.models import JobInfo, WhyAnswer
from rcontrol.web.node_models import NodeState

PATIENCE_S: Final = 60.0
"""How long a wait puts up with a JobManager that does not answer: it may be started again."""


def connect(config: str | Path | None = None, *, address: str = "") -> NotebookFarm:
    """Join a running farm.

    `config` is the configuration file that `rcontrol serve` was started with, or its
    `work_dir`; `address` that of the Ray cluster, instead.

    Raises:
        ConfigError: the configuration file has a mistake.
        FarmUnavailable: no farm runs there.
    """
    place = Path(config or "conf/rcontrol.yaml").expanduser()
    if address:
        join(address)
    elif place.is_dir():
        place = join_local(place)
    else:
        settings = load(place)
        if settings.ray.address:
            join(settings.ray.address)
        else:
            join_local(settings.work_dir)
    from actors.handles import find_job_manager

    return NotebookFarm(ActorCalls(find_job_manager(), place))


class ActorCalls:
    """`notebook.Calls` to the JobManager's handle. Raises what it refused, and FarmUnavailable."""

    def __init__(self, manager: Any, config: Path) -> None:
        """`config`: the configuration file, for what a notebook looks up there itself."""
        self._manager, self._config = manager, config
        self._view = EMPTY_VIEW

    def __repr__(self) -> str:
        return f"ActorCalls({str(self._config)!r})"

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
        """See `client.Client.submit`."""
        if nodes is None:
            nodes = [node.name for node in self._look().members]
        request = JobRequest(
            path=path,
            start_frame=start_frame,
            end_frame=end_frame,
            nodes=tuple(nodes),
            engine=engine,
            name=name,
            options=JobOptions(output, scene, tuple(args), Publish(publish)),
            priority=priority,
            frames=frames,
        )
        job, _ = self._call("submit", request)
        return str(job)

    def jobs(self) -> list[JobInfo]:
        """See `notebook.Calls`."""
        view, now = self._look(), time.time()
        return [wire.job_info(job, view.members, now) for job in view.jobs.values()]

    def job(self, job: str) -> JobInfo:
        """See `notebook.Calls`. Raises JobNotFound."""
        return _info(self._look(), job)

    def follow(self, job: str) -> Iterator[JobInfo]:
        """See `notebook.Calls`. A JobManager that goes away is waited for, `PATIENCE_S` at most."""
        from actors.handles import answer_now, arrived

        view, news = self._look(), None
        answered = time.monotonic()
        while True:
            info = _info(view, job)
            yield info
            if info["status"] in ENDED:
                return
            try:
                news = news or self._ask("changes_since", view.epoch, view.version)
                if arrived(news, 1.0):
                    news, delta = None, answer_now(news)
                    view = view.with_changes(delta)
                    answered = time.monotonic()
            except FarmUnavailable:
                if time.monotonic() - answered > PATIENCE_S:
                    raise
                news = None
                time.sleep(1.0)

    def start(self, job: str) -> None:
        """See `notebook.Calls`."""
        self._call("start_job", job)

    def stop(self, job: str) -> None:
        """See `notebook.Calls`."""
        self._call("stop_job", job)

    def enqueue(self, job: str) -> None:
        """See `notebook.Calls`."""
        self._call("enqueue_job", job)

    def delete(self, job: str) -> None:
        """See `notebook.Calls`."""
        self._call("delete_job", job)

    def move(self, job: str, before: str | None = None) -> None:
        """See `notebook.Calls`."""
        self._call("move_job", job, before)

    def clear_finished(self) -> None:
        """See `notebook.Calls`."""
        self._call("clear_finished")

    def why_job(self, job: str, frame: int | None = None) -> WhyAnswer:
        """See `notebook.Calls`."""
        return wire.why(self._call("why_job", job, frame))

    # --- frames ---

    def frames(self, job: str) -> FrameStates:
        """See `notebook.Calls`."""
        view = _found(self._look(), job)
        return wire.frame_states(view, runs(self._call("frame_states", job)))

    def missing_frames(
        self,
        path: str,
        *,
        frames: str | None = None,
        start_frame: int | None = None,
        end_frame: int | None = None,
    ) -> MissingAnswer:
        """See `notebook.Calls`. Looks itself, where the configuration file says."""
        asked, settings = wanted(frames, start_frame, end_frame), load(self._config)
        storage, filetypes = Storage(settings.base_dir), settings.allowed_filetypes
        folder, found = find_missing_in(storage, path, asked, filetypes)
        return wire.missing(folder, asked, found)

    def attempts(self, job: str, frame: int) -> list[AttemptInfo]:
        """See `notebook.Calls`."""
        return [wire.attempt_info(attempt) for attempt in self._call("attempts", job, frame)]

    def read_log(self, job: str, frame: int, attempt: str = "") -> Iterator[LogText]:
        """See `notebook.Calls`. Raises LogNotFound where no output is kept."""
        position = 0
        while True:
            part: LogPart = self._call("read_log", job, frame, attempt, position)
            yield wire.log_text(part, running=False)
            if part.at_end:
                return
            attempt, position = part.attempt, part.next

    # --- nodes ---

    def nodes(self) -> list[NodeState]:
        """See `notebook.Calls`."""
        return [wire.node_state(node) for node in self._look().nodes]

    def why_node(self, node: str) -> WhyAnswer:
        """See `notebook.Calls`."""
        return wire.why(self._call("why_node", node))

    def enable_node(self, job: str, node: str) -> None:
        """See `notebook.Calls`."""
        self._call("set_node_enabled", job, node, True)

    def disable_node(self, job: str, node: str) -> None:
        """See `notebook.Calls`."""
        self._call("set_node_enabled", job, node, False)

    def add_node(self, name: str, **settings: Any) -> None:
        """See `notebook.Calls`. What the file says of all nodes holds for it as well."""
        entry = check(NodeKeys, {"name": name, **settings})
        self._call("add_node", node_of(self._config, entry))

    def remove_node(self, node: str) -> None:
        """See `notebook.Calls`."""
        self._call("remove_node", node)

    def pause_node(self, node: str, reason: str = "") -> None:
        """See `notebook.Calls`."""
        self._call("pause_node", node, reason)

    def resume_node(self, node: str) -> None:
        """See `notebook.Calls`."""
        self._call("resume_node", node)

    def kill_frames(self, node: str) -> None:
        """See `notebook.Calls`."""
        self._call("kill_frames", node)

    def reload_nodes(self) -> None:
        """See `notebook.Calls`. Raises ConfigError."""
        self._call("list_nodes", load(self._config).nodes, True)

    # --- autostart ---

    def autostart(self) -> bool:
        """See `notebook.Calls`."""
        return self._look().autostart

    def set_autostart(self, on: bool) -> None:
        """See `notebook.Calls`."""
        self._call("set_autostart", on)

    # --- Ray ---

    def _look(self) -> FarmView:
        """Return the farm as it is now, at the cost of what has changed since the last look."""
        seen = self._view
        # The version before the one that was seen, lest the answer wait for a newer one.
        delta = self._call("changes_since", seen.epoch, seen.version - 1)
        self._view = seen.with_changes(delta)
        return self._view

    def _call(self, method: str, *arguments: Any) -> Any:
        from actors.handles import answer_now

        return answer_now(self._ask(method, *arguments))

    def _ask(self, method: str, *arguments: Any) -> Any:
        # Kept out of Ray's task table, which is to show frames.
        remote = getattr(self._manager, method).options(enable_task_events=False).remote
        return remote(*arguments)


def _info(view: FarmView, job: str) -> JobInfo:
    return wire.job_info(_found(view, job), view.members, time.time())


def _found(view: FarmView, job: str) -> JobView:
    try:
        return view.jobs[JobId(job)]
    except KeyError:
        raise JobNotFound(job) from None
