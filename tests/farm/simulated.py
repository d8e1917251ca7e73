"""A farm without Ray: simulated nodes that carry out the farm's commands when told to."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from rcontrol.farm import commands as cmd
from rcontrol.farm import events as ev
from rcontrol.farm.farm import Farm
from rcontrol.farm.model import (
    AttemptId,
    Blame,
    Changes,
    EndedAttempt,
    FarmState,
    FrameStatus,
    Job,
    JobId,
    JobSpec,
    Member,
    StoredJob,
)
from rcontrol.farm.numbers import read_frames, runs_of
from rcontrol.farm.settings import FarmSettings, NodeSettings


@dataclass
class MemoryStore:
    """Keeps what was saved, as the real store does."""

    autostart: bool = False
    jobs: dict[JobId, Job] = field(default_factory=dict)
    frames: dict[JobId, dict[int, tuple[FrameStatus, int]]] = field(default_factory=dict)
    attempts: list[EndedAttempt] = field(default_factory=list)
    members: dict[str, Member] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()

    def save(self, changes: Changes) -> None:
        if changes.removed is not None:
            self.removed = changes.removed
        for name in changes.gone:
            del self.members[name]
        for member in changes.members:
            self.members[member.settings.name] = member
        if changes.autostart is not None:
            self.autostart = changes.autostart
        for job in changes.deleted:
            del self.jobs[job]
            self.frames.pop(job, None)
        for changed in changes.jobs:
            self.jobs[changed.id] = changed
        for job, frames in changes.frames.items():
            self.frames.setdefault(job, {}).update(frames)
        self.attempts.extend(changes.attempts)

    def load(self) -> FarmState:
        in_order = sorted(self.jobs.values(), key=lambda job: job.place)
        return FarmState(
            self.autostart,
            tuple(
                StoredJob(
                    job,
                    [
                        (run, status, failures)
                        for (status, failures), alike in groupby(
                            sorted(self.frames.get(job.id, {}).items()), lambda one: one[1]
                        )
                        for run in runs_of(frame for frame, _ in alike)
                    ],
                )
                for job in in_order
            ),
            tuple(self.members.values()),
            self.removed,
        )


@dataclass
class SimulatedNode:
    """What a NodeActor does, as far as the farm can tell."""

    settings: NodeSettings
    held: OrderedDict[AttemptId, cmd.RenderFrame] = field(default_factory=OrderedDict)
    begun: set[AttemptId] = field(default_factory=set)

    @property
    def name(self) -> str:
        return self.settings.name

    def started(self, at: float) -> list[ev.AttemptReport]:
        """Begin what fits into the slots."""
        reports: list[ev.AttemptReport] = []
        for attempt, order in self.held.items():
            if len(self.begun) >= len(self.settings.slots):
                break
            if attempt not in self.begun:
                self.begun.add(attempt)
                reports.append(
                    ev.AttemptStarted(at, self.name, attempt, order.spec.id, order.frame)
                )
        return reports

    def drop(self, attempt: AttemptId) -> cmd.RenderFrame | None:
        self.begun.discard(attempt)
        return self.held.pop(attempt, None)


class Simulation:
    """A farm, its nodes and its store, driven by hand."""

    def __init__(
        self,
        nodes: Iterable[NodeSettings] = (NodeSettings("hex1"), NodeSettings("hex2")),
        settings: FarmSettings | None = None,
        *,
        autostart: bool = False,
    ) -> None:
        self.now = 1000.0
        self.store = MemoryStore(autostart)
        self.settings = settings or FarmSettings()
        self.listed = tuple(nodes)
        """The nodes of the configuration file."""
        self.nodes: dict[str, SimulatedNode] = {}
        """Those that are connected to, or were."""
        self.rendered: list[tuple[JobId, int]] = []
        self.acknowledged: list[AttemptId] = []
        self.epoch = 0
        self._jobs = 0
        self.checks = True
        self.start_farm(self.listed)

    def start_farm(self, listed: Sequence[NodeSettings] | None = None) -> None:
        """Start the JobManager's part, or start it again after a crash.

        `listed`: the whole server starts and reads its configuration file; nobody is connected.
        """
        self.epoch += 1
        self.farm = Farm(self.settings, epoch=self.epoch, autostart=self.store.autostart)
        self.farm.restore(self.store.load(), self.now, listed)
        self.store.save(self.farm.changes())
        self.farm.commit()
        if listed is not None:
            self.nodes.clear()
        for node in self.farm.state.in_order():
            self.nodes.setdefault(node.name, SimulatedNode(node.member.settings))

    def open(self) -> None:
        """Have the nodes adopted and connected, and frames given out."""
        for node in list(self.nodes.values()):
            self.adopt(node)
            self.send(ev.NodeCameUp(self.now, node.name))
        self.send(ev.FarmOpened(self.now))

    def adopt(self, node: SimulatedNode) -> None:
        reports: list[ev.AttemptReport] = []
        for attempt, order in node.held.items():
            kind = ev.AttemptStarted if attempt in node.begun else ev.AttemptReturned
            reports.append(kind(self.now, node.name, attempt, order.spec.id, order.frame))
        self.send(ev.NodeAdopted(self.now, node.name, tuple(reports)))

    def send(self, event: ev.Event) -> None:
        """Handle, save, carry out."""
        commands = self.farm.handle(event)
        self.store.save(self.farm.changes())
        self.farm.commit()
        if self.checks:
            self.farm.validate()
        for command in commands:
            self._carry_out(command)

    def submit(
        self, frames: range | str = range(1, 5), nodes: Iterable[str] = (), **spec: object
    ) -> JobId:
        self._jobs += 1
        job = JobId(f"{self._jobs:032x}")
        if isinstance(frames, str):
            numbers = read_frames(frames)
            first, last, expression = numbers.first, numbers.last, str(numbers)
        else:
            first, last, expression = frames[0], frames[-1], ""
        made = JobSpec(
            *(job, "cube", "/s/cube.blend", "blend", first, last),
            **{"expression": expression, **spec},  # type: ignore[arg-type]
        )
        self.send(ev.JobSubmitted(self.now, made, frozenset(nodes or self.nodes)))
        return job

    def tick(self, seconds: float = 1.0) -> None:
        self.now += seconds
        self.send(ev.ClockTicked(self.now))

    def begin(self, name: str) -> None:
        for report in self.nodes[name].started(self.now):
            self.send(report)

    def running(self, name: str) -> AttemptId | None:
        node = self.nodes[name]
        return next((attempt for attempt in node.held if attempt in node.begun), None)

    def finish(self, name: str, picture: str = "/f.png", seconds: float = 1.0) -> tuple[JobId, int]:
        """The node completes the frame it is at (beginning one if need be)."""
        self.begin(name)
        attempt = self.running(name)
        assert attempt is not None, f"{name} has nothing to render"
        order = self.nodes[name].drop(attempt)
        assert order is not None
        self.send(
            ev.FrameRendered(
                self.now, name, attempt, order.spec.id, order.frame, seconds, (picture,)
            )
        )
        self.rendered.append((order.spec.id, order.frame))
        return order.spec.id, order.frame

    def fail(self, name: str, blame: Blame = Blame.JOB, *, final: bool = False) -> int:
        self.begin(name)
        attempt = self.running(name)
        assert attempt is not None, f"{name} has nothing to render"
        order = self.nodes[name].drop(attempt)
        assert order is not None
        self.send(
            ev.AttemptFailed(
                self.now, name, attempt, order.spec.id, order.frame, 1.0, "Error: no", blame, final
            )
        )
        return order.frame

    def _carry_out(self, command: cmd.Command) -> None:
        match command:
            case cmd.RenderFrame(node=node, attempt=attempt):
                self.nodes[node].held[attempt] = command
            case cmd.WithdrawAttempt(node=node, attempt=attempt):
                if attempt in self.nodes[node].held and attempt not in self.nodes[node].begun:
                    self._return(node, attempt)
            case cmd.CancelAttempt(node=node, attempt=attempt):
                self._return(node, attempt)
            case cmd.Acknowledge(attempt=attempt):
                self.acknowledged.append(attempt)
            case cmd.CloseSessions():
                pass
            case cmd.OpenNode(settings):
                self.nodes[settings.name] = SimulatedNode(settings)
                self.adopt(self.nodes[settings.name])
                self.send(ev.NodeCameUp(self.now, settings.name))
            case cmd.CloseNode(name):
                closed = self.nodes.pop(name)
                assert not closed.held, "closed while it has frames"
                self.send(ev.NodeClosed(self.now, name))

    def _return(self, node: str, attempt: AttemptId) -> None:
        if order := self.nodes[node].drop(attempt):
            self.send(ev.AttemptReturned(self.now, node, attempt, order.spec.id, order.frame))
