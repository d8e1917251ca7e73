"""A farm in memory behind `gateway.Farm`: the real core, with nodes that do as a test says."""

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from actors.log_room import attempts_at
from rcontrol import admission
from rcontrol.config import NodeKeys, load, node_of
from rcontrol.config.renderers import shipped
from rcontrol.engines.registry import Engines
from rcontrol.errors import FrameNotFound, RcontrolError
from rcontrol.farm import events as ev
from rcontrol.farm.model import Blame, JobId
from rcontrol.farm.reasons import Why
from rcontrol.farm.settings import NodeSettings
from rcontrol.farm.viewlog import ViewLog
from rcontrol.farm.views import EMPTY_VIEW, AttemptView, FarmView, FrameResult
from rcontrol.farm.why import inquire
from rcontrol.framelogs import Logs
from rcontrol.gateway import JobRequest
from rcontrol.storage import Storage
from tests.farm.simulated import Simulation

T = TypeVar("T")

ENGINES = Engines(shipped())


class FakeFarm:
    """Answers at once. May be driven from another thread than the server's."""

    def __init__(
        self,
        storage: Storage,
        nodes: Iterable[str] = ("hex1", "hex2", "mac1"),
        logs_dir: Path = Path("/no/logs"),
        since: float = 1000.0,
    ) -> None:
        """`since`: Unix seconds at which it begins."""
        self.storage = storage
        self.logs_dir, self.logs = logs_dir, Logs(logs_dir)
        base = storage.list("").current
        self.config = Path(f"{base}.yaml")
        """Beside the storage; names the nodes the farm begins with."""
        nodes = list(nodes)
        self.config.write_text(f"fileserver_base_dir: {base}\nrender_nodes: {nodes}\n")
        self.trouble: RcontrolError | Exception | None = None
        """Raised by every call while set."""
        self.questions = 0
        """Asked about frames."""
        self.picture_of = ""
        """Path of the picture of the next frame that is done."""
        self._lock = threading.RLock()
        self._sim = Simulation([NodeSettings(name) for name in nodes])
        self._sim.now = since
        self._sim.open()
        self._log = ViewLog(self._sim.epoch)
        self._view = EMPTY_VIEW
        self._publish()

    # --- gateway.Farm ---

    def view(self) -> FarmView:
        self._fail()
        return self._view

    async def changed(self, seen: FarmView) -> None:
        while self._view is seen:
            await asyncio.sleep(0.01)

    async def why_job(self, job: JobId, frame: int | None = None) -> Why:
        self._fail()
        asked = inquire(self._sim.farm, self.now)
        return asked.job(job) if frame is None else asked.frame(job, frame)

    async def why_node(self, node: str) -> Why:
        self._fail()
        return inquire(self._sim.farm, self.now).node(node)

    async def submit(self, request: JobRequest) -> JobId:
        self._fail()
        job = JobId(uuid.uuid4().hex)
        spec = admission.admit(
            request,
            job,
            self.now,
            nodes=self._sim.farm.state.member_names(),
            storage=self.storage,
            engines=ENGINES,
        )
        self._send(ev.JobSubmitted(self.now, spec, frozenset(request.nodes)))
        return job

    async def start(self, job: JobId) -> None:
        self._send(ev.JobStarted(self.now, job))

    async def stop(self, job: JobId) -> None:
        self._send(ev.JobStopped(self.now, job))

    async def enqueue(self, job: JobId) -> None:
        self._send(ev.JobEnqueued(self.now, job))

    async def delete(self, job: JobId) -> None:
        self._send(ev.JobDeleted(self.now, job))

    async def move(self, job: JobId, before: JobId | None) -> None:
        self._send(ev.JobMoved(self.now, job, before))

    async def clear_finished(self) -> None:
        self._send(ev.FinishedCleared(self.now))

    async def frame_states(self, job: JobId) -> bytes:
        self._fail()
        self.questions += 1
        with self._lock:
            self._sim.farm.state.job(job)
            return self._sim.farm.state.frames(job).statuses()

    async def frame_results(self, job: JobId, after: int, limit: int) -> Sequence[FrameResult]:
        self._fail()
        ended = enumerate(self._sim.store.attempts, start=1)
        found = [
            FrameResult(number, one.attempt.frame, one.attempt.node, one.seconds, one.blame is None)
            for number, one in ended
            if one.attempt.job == job and number > after and (one.blame or not one.error)
        ]
        return found[:limit]

    async def picture(self, job: JobId, frame: int) -> str:
        self._fail()
        self.questions += 1
        for one in reversed(self._sim.store.attempts):
            if (one.attempt.job, one.attempt.frame, one.error) == (job, frame, ""):
                return one.picture
        return ""

    async def attempts(self, job: JobId, frame: int) -> Sequence[AttemptView]:
        self._fail()
        state = self._sim.farm.state
        if frame not in state.job(job).spec.frames:
            raise FrameNotFound(job, frame)
        running = [one for one in state.attempts_of(job) if one.frame == frame and one.running]
        wanted = (job, frame)
        saved = self._sim.store.attempts
        ended = [one for one in saved if (one.attempt.job, one.attempt.frame) == wanted]
        return attempts_at(running, ended, self.logs.attempts(job, frame))

    async def set_node_enabled(self, job: JobId, node: str, enabled: bool) -> None:
        kind = ev.NodeEnabled if enabled else ev.NodeDisabled
        self._send(kind(self.now, job, node))

    async def add_node(self, node: NodeKeys) -> None:
        self._send(ev.NodeAdded(self.now, node_of(self.config, node)))

    async def remove_node(self, node: str) -> None:
        self._send(ev.NodeRemoved(self.now, node))

    async def pause_node(self, node: str, reason: str) -> None:
        self._send(ev.NodePaused(self.now, node, reason))

    async def resume_node(self, node: str) -> None:
        self._send(ev.NodeResumed(self.now, node))

    async def kill_frames(self, node: str) -> None:
        self._send(ev.NodeFramesKilled(self.now, node))

    async def reload_nodes(self) -> None:
        self._send(ev.NodesListed(self.now, load(self.config).nodes, anew=True))

    async def set_autostart(self, on: bool) -> None:
        self._send(ev.AutostartSet(self.now, on))

    def settings_of(self, node: str) -> NodeSettings:
        return self._sim.farm.state.nodes[node].member.settings

    # --- what nodes do ---

    @property
    def now(self) -> float:
        """Unix seconds by the farm's clock, which moves only through `tick`."""
        return self._sim.now

    def clock(self) -> float:
        return self._sim.now

    def simulate(self, act: Callable[[Simulation], T]) -> T:
        """Do much at once; it is shown when all of it is done."""
        return self._drive(lambda: act(self._sim))

    def tick(self, seconds: float) -> None:
        self._drive(lambda: self._sim.tick(seconds))

    def begin(self, node: str) -> None:
        """The node begins the frame it was given."""
        self._drive(lambda: self._sim.begin(node))

    def progress(self, node: str, percent: float) -> None:
        def report() -> None:
            attempt = self._sim.running(node)
            assert attempt is not None, f"{node} renders nothing"
            order = self._sim.nodes[node].held[attempt]
            self._sim.send(
                ev.AttemptProgressed(self.now, node, attempt, order.spec.id, order.frame, percent)
            )

        self._drive(report)

    def finish(self, node: str, seconds: float = 1.0) -> int:
        """The node completes its frame."""
        return self._drive(lambda: self._sim.finish(node, self.picture_of, seconds))[1]

    def fail(self, node: str, blame: Blame = Blame.JOB, *, final: bool = False) -> int:
        """The node fails at its frame."""
        return self._drive(lambda: self._sim.fail(node, blame, final=final))

    def drain(self, within_s: float) -> None:
        """The server is told to end."""
        self._drive(lambda: self._sim.send(ev.FarmDraining(self.now, self.now + within_s)))

    def lose(self, node: str, reason: str) -> None:
        """The connection to the node drops."""
        self._drive(lambda: self._sim.send(ev.NodeWentDown(self.now, node, reason)))

    def _send(self, event: ev.Event) -> None:
        self._fail()
        self._drive(lambda: self._sim.send(event))

    def _drive(self, act: Callable[[], T]) -> T:
        with self._lock:
            try:
                return act()
            finally:
                self._publish()

    def _publish(self) -> None:
        shown = self._view
        self._log.publish(self._sim.farm)
        delta = self._log.since(shown.epoch, shown.version, self._sim.farm.state)
        self._view = shown.with_changes(delta)

    def _fail(self) -> None:
        if self.trouble is not None:
            raise self.trouble
