"""What the farm shows: immutable values, cheap to send, complete enough to serve every read."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rcontrol.farm.model import AttemptId, Blame, Job, JobId, JobStatus, NodeDuty, NodeStatus
from rcontrol.farm.tally import IDLE_YET, NOTHING_YET, NodeTally, Tally


@dataclass(frozen=True, slots=True)
class RunningFrame:
    """A frame that a renderer is at."""

    node: str
    frame: int
    percent: float
    """0.0-100.0"""
    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class AttemptView:
    """A try at a frame, from the moment at which the renderer has begun it."""

    id: AttemptId
    number: int
    """1 for the first one at the frame."""
    node: str
    """Empty when all that is known of it is its log."""
    started_at: float
    """Unix seconds."""
    ended_at: float
    """Unix seconds; 0.0 while it runs."""
    seconds: float
    """From its order to its outcome; 0.0 while it runs."""
    error: str
    """Empty while it runs, and when the frame is done."""
    blame: Blame | None
    """Whose fault it looks like; None also where an attempt ended without a verdict."""
    has_log: bool
    """Whether its output is kept."""


@dataclass(frozen=True, slots=True)
class JobView:
    """A job with its counts; times move on through the methods, not through new views."""

    job: Job
    done: int
    """Frames done."""
    given_up: int
    """Frames given up."""
    running: tuple[RunningFrame, ...] = ()
    """At most one a slot, begun ones only."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Node -> why it gets none of this job's frames for a while."""

    @property
    def total(self) -> int:
        """Frames in all."""
        return len(self.job.spec.frames)

    @property
    def percent(self) -> float:
        """0.0-100.0, frames under way counted as far as they have come."""
        parts = sum(frame.percent for frame in self.running)
        return min(100.0, (100.0 * self.done + parts) / self.total)

    def elapsed_s(self, at: float) -> float:
        """Seconds spent Rendering until `at`; stops and controller downtime excluded."""
        if self.job.status is not JobStatus.RENDERING:
            return self.job.elapsed_s
        return self.job.elapsed_at(at)

    def average_s(self, at: float) -> float:
        """Elapsed seconds a finished frame; 0.0 while none is."""
        return self.elapsed_s(at) / self.done if self.done else 0.0

    def remaining_s(self, at: float) -> float:
        """Estimated seconds of rendering left; 0.0 when unknown or none."""
        left = 1.0 - self.percent / 100.0
        if self.job.status is JobStatus.FINISHED or self.percent <= 0.0:
            return 0.0
        return self.elapsed_s(at) * left / (1.0 - left)


@dataclass(frozen=True, slots=True)
class FrameResult:
    """How an attempt at a frame ended, in short."""

    number: int
    """Counts the attempts that were saved; grows within a job, with gaps."""
    frame: int
    node: str
    seconds: float
    done: bool


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node with what it does at the moment."""

    name: str
    status: NodeStatus
    reason: str
    """Why it is offline or resting; empty when online."""
    since: float
    """Unix seconds at which `status` began."""
    rest_until: float
    """Unix seconds; 0.0 unless resting."""
    slots: int
    duty: NodeDuty = NodeDuty.SERVING
    duty_reason: str = ""
    """Why it is paused."""
    duty_since: float = 0.0
    """Unix seconds at which `duty` began."""
    running: tuple[tuple[JobId, RunningFrame], ...] = ()
    tally: NodeTally = IDLE_YET


@dataclass(frozen=True, slots=True)
class FarmView:
    """The whole farm at one version."""

    epoch: int
    """Which JobManager this comes from."""
    version: int
    """Grows with every change within an epoch."""
    autostart: bool
    jobs: Mapping[JobId, JobView]
    """In queue order."""
    nodes: tuple[NodeView, ...]
    """Those of the configuration file in its order, then those that were added."""
    tally: Tally = NOTHING_YET
    draining_until: float = 0.0
    """Unix seconds until which frames under way are finished, and no others are given out; 0.0: the
    farm does not drain."""

    @property
    def members(self) -> tuple[NodeView, ...]:
        """The nodes that are there to be used: those that leave are not."""
        return tuple(node for node in self.nodes if node.duty is not NodeDuty.LEAVING)

    def with_changes(self, delta: "FarmDelta") -> "FarmView":
        """Return the view that `delta` leads to."""
        if delta.whole:
            jobs = {view.job.id: view for view in delta.jobs}
        else:
            jobs = {k: v for k, v in self.jobs.items() if k not in delta.deleted}
            jobs.update((view.job.id, view) for view in delta.jobs)
        if delta.jobs:
            jobs = dict(sorted(jobs.items(), key=lambda item: item[1].job.place))
        return replace(
            self,
            epoch=delta.epoch,
            version=delta.version,
            autostart=delta.autostart,
            jobs=jobs,
            nodes=delta.nodes,
            tally=delta.tally,
            draining_until=delta.draining_until,
        )


EMPTY_VIEW = FarmView(epoch=0, version=0, autostart=False, jobs={}, nodes=())


@dataclass(frozen=True, slots=True)
class FarmDelta:
    """What changed since an older version."""

    epoch: int
    version: int
    autostart: bool
    jobs: tuple[JobView, ...]
    """Changed or new."""
    deleted: frozenset[JobId]
    nodes: tuple[NodeView, ...]
    """All of them."""
    tally: Tally
    draining_until: float = 0.0
    whole: bool = False
    """`jobs` are all jobs: the asker's version was of another epoch, or too old."""
