"""The farm for a Python notebook: plain calls to the same actors, without HTTP."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from actors.cluster import join, join_local
from rcontrol.config import NodeKeys, load, node_of
from rcontrol.farm.model import JobId, JobOptions, JobStatus, Publish
from rcontrol.farm.views import EMPTY_VIEW, AttemptView, FarmView, JobView
from rcontrol.framelogs import LogPart
from rcontrol.gateway import JobRequest
from rcontrol.web.bodies import check


def connect(config: str | Path | None = None, *, address: str = "") -> "NotebookFarm":
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

    return NotebookFarm(find_job_manager(), place)


class NotebookFarm:
    """A running farm; every call blocks until it is durable and raises what was refused."""

    def __init__(self, manager: Any, config: Path) -> None:
        """`config`: the configuration file, which is read where nodes are added or reloaded."""
        self._manager, self._config = manager, config

    def view(self) -> FarmView:
        """Return the whole farm as it is now."""
        delta = self._call("changes_since", 0, 0)
        return EMPTY_VIEW.with_changes(delta)

    def job(self, job: str) -> JobView:
        """Return one job as it is now. Raises KeyError."""
        return self.view().jobs[JobId(job)]

    def submit(
        self,
        path: str,
        start_frame: int,
        end_frame: int,
        *,
        nodes: Sequence[str] | None = None,
        name: str = "",
        output: str = "",
        scene: str = "",
        args: Sequence[str] = (),
        publish: Publish = Publish.FENCED,
        priority: int = 0,
    ) -> JobId:
        """Queue a job and return its id; `nodes` None: all of them."""
        if nodes is None:
            nodes = [node.name for node in self.view().members]
        options = JobOptions(output, scene, tuple(args), Publish(publish))
        request = JobRequest(
            path=path,
            start_frame=start_frame,
            end_frame=end_frame,
            nodes=tuple(nodes),
            name=name,
            options=options,
            priority=priority,
        )
        job, _ = self._call("submit", request)
        return JobId(job)

    def start(self, job: str) -> None:
        """Start or resume a job at once."""
        self._call("start_job", job)

    def stop(self, job: str) -> None:
        """Stop a job; its renders are killed."""
        self._call("stop_job", job)

    def enqueue(self, job: str) -> None:
        """Put a stopped or failed job back in the queue."""
        self._call("enqueue_job", job)

    def delete(self, job: str) -> None:
        """Remove a job that is not rendering."""
        self._call("delete_job", job)

    def move(self, job: str, before: str | None = None) -> None:
        """Put a job before another one in the queue, or last."""
        self._call("move_job", job, before)

    def clear_finished(self) -> None:
        """Remove every job that is Finished."""
        self._call("clear_finished")

    def attempts(self, job: str, frame: int) -> Sequence[AttemptView]:
        """Return the attempts at a frame as they were made."""
        found: Sequence[AttemptView] = self._call("attempts", job, frame)
        return found

    def log(self, job: str, frame: int, attempt: str = "") -> str:
        """Return what the renderer has said so far at a frame: in one attempt, or in the last.

        Raises:
            LogNotFound: no output of it is kept.
        """
        text, position, at_end = "", 0, False
        while not at_end:
            part: LogPart = self._call("read_log", job, frame, attempt, position)
            text, position, at_end = text + part.text, part.next, part.at_end
            attempt = part.attempt
        return text

    def add_node(self, name: str, **settings: Any) -> None:
        """Add a node; `settings` are keys of an entry of `render_nodes`: `host`, `slots`, ...

        What the configuration file says of all nodes holds for it as well.
        """
        entry = check(NodeKeys, {"name": name, **settings})
        self._call("add_node", node_of(self._config, entry))

    def remove_node(self, node: str) -> None:
        """Have a node leave; it finishes its frames."""
        self._call("remove_node", node)

    def pause_node(self, node: str, reason: str = "") -> None:
        """Give a node no more frames of any job; it finishes those it has."""
        self._call("pause_node", node, reason)

    def resume_node(self, node: str) -> None:
        """Give a paused node frames again."""
        self._call("resume_node", node)

    def kill_frames(self, node: str) -> None:
        """Kill the frames a node is at; they go back, first in line."""
        self._call("kill_frames", node)

    def reload_nodes(self) -> None:
        """Take the nodes from the configuration file as it is now. Raises ConfigError."""
        self._call("list_nodes", load(self._config).nodes, True)

    def watch(self, job: str, *, timeout_s: float | None = None) -> Iterator[JobView]:
        """Yield the job whenever it has changed, until it no longer waits or renders.

        Raises:
            KeyError: there is no such job.
            TimeoutError: `timeout_s` seconds are over.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        view = self.view()
        shown = None
        while True:
            now = view.jobs[JobId(job)]
            if now != shown:
                shown = now
                yield now
            if now.job.status not in (JobStatus.WAITING, JobStatus.RENDERING):
                return
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"job {job} is still {now.job.status}")
            view = view.with_changes(self._call("changes_since", view.epoch, view.version))

    def _call(self, method: str, *arguments: Any) -> Any:
        from actors.handles import answer_now

        return answer_now(getattr(self._manager, method).remote(*arguments))
