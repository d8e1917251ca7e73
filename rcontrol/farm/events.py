"""What happened. Each carries its time, and where it concerns an attempt, the attempt.

Actions come from people through REST, CLI or a notebook and may be refused. Reports come from
nodes and are never refused: one that no longer matters is dropped.
"""

from dataclasses import dataclass

from rcontrol.farm.model import AttemptId, Blame, JobId, JobSpec
from rcontrol.farm.settings import NodeSettings


@dataclass(frozen=True, slots=True)
class Happening:
    """Base of all events."""

    at: float
    """Unix seconds, by the JobManager's clock."""


# --- actions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JobSubmitted(Happening):
    """A job goes to the end of the queue."""

    spec: JobSpec
    nodes: frozenset[str]
    """Nodes enabled for it."""


@dataclass(frozen=True, slots=True)
class JobStarted(Happening):
    """A person starts or resumes a job, beside any that already render."""

    job: JobId


@dataclass(frozen=True, slots=True)
class JobStopped(Happening):
    """A person stops a job; its renders are killed now."""

    job: JobId


@dataclass(frozen=True, slots=True)
class JobEnqueued(Happening):
    """A person puts a stopped or failed job back in the queue, at its old place."""

    job: JobId


@dataclass(frozen=True, slots=True)
class JobDeleted(Happening):
    """A person removes a job that is not rendering."""

    job: JobId


@dataclass(frozen=True, slots=True)
class JobMoved(Happening):
    """A person gives a job another place in the queue."""

    job: JobId
    before: JobId | None
    """The job it comes before; None: last."""


@dataclass(frozen=True, slots=True)
class FinishedCleared(Happening):
    """A person removes every job that is Finished."""


@dataclass(frozen=True, slots=True)
class NodeEnabled(Happening):
    """A node may render this job."""

    job: JobId
    node: str


@dataclass(frozen=True, slots=True)
class NodeDisabled(Happening):
    """A node gets no more frames of this job; it finishes the one it has."""

    job: JobId
    node: str


@dataclass(frozen=True, slots=True)
class NodeAdded(Happening):
    """A person adds a node that the configuration file does not name."""

    settings: NodeSettings


@dataclass(frozen=True, slots=True)
class NodeRemoved(Happening):
    """A node leaves the farm once it has finished its frames."""

    node: str


@dataclass(frozen=True, slots=True)
class NodePaused(Happening):
    """A node gets no more frames of any job; it finishes those it has."""

    node: str
    reason: str
    """In the person's words; may be empty."""


@dataclass(frozen=True, slots=True)
class NodeResumed(Happening):
    """A node that was paused gets frames again."""

    node: str


@dataclass(frozen=True, slots=True)
class NodeFramesKilled(Happening):
    """The frames that a node is at are killed there and go back, first in line."""

    node: str


@dataclass(frozen=True, slots=True)
class NodesListed(Happening):
    """The configuration file was read; its nodes are these, in this order."""

    nodes: tuple[NodeSettings, ...]
    anew: bool
    """A person asked for it: nodes of the file that were removed by hand come back."""


@dataclass(frozen=True, slots=True)
class AutostartSet(Happening):
    """Autostart is switched."""

    on: bool


Action = (
    JobSubmitted
    | JobStarted
    | JobStopped
    | JobEnqueued
    | JobDeleted
    | JobMoved
    | FinishedCleared
    | NodeEnabled
    | NodeDisabled
    | NodeAdded
    | NodeRemoved
    | NodePaused
    | NodeResumed
    | NodeFramesKilled
    | NodesListed
    | AutostartSet
)


# --- reports ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AttemptReport(Happening):
    """Base of what a node reports of one attempt."""

    node: str
    attempt: AttemptId
    job: JobId
    frame: int


@dataclass(frozen=True, slots=True)
class AttemptStarted(AttemptReport):
    """The renderer has begun the frame."""


@dataclass(frozen=True, slots=True)
class AttemptProgressed(AttemptReport):
    """The renderer has come this far."""

    percent: float
    """0.0-100.0"""


@dataclass(frozen=True, slots=True)
class FrameRendered(AttemptReport):
    """The files of a frame were seen complete on its node."""

    seconds: float
    """From order to verified files."""
    files: tuple[str, ...]
    """Absolute paths on the node; the scene's own picture first."""


@dataclass(frozen=True, slots=True)
class AttemptFailed(AttemptReport):
    """An attempt ended without complete files."""

    seconds: float
    error: str
    """The renderer's own error line, or what happened to it."""
    blame: Blame
    final: bool = False
    """Trying again cannot help, whatever the node: the whole job fails now."""


@dataclass(frozen=True, slots=True)
class AttemptReturned(AttemptReport):
    """An attempt ended without a verdict: taken back before it began, or cancelled."""


@dataclass(frozen=True, slots=True)
class NodeAdopted(Happening):
    """A node told a new JobManager, or told again, which attempts it holds."""

    node: str
    attempts: tuple[AttemptReport, ...]
    """One `AttemptStarted` for each it runs or has an unsaved outcome of, one
    `AttemptReturned` for each that is still in line there."""


@dataclass(frozen=True, slots=True)
class NodeCameUp(Happening):
    """The SSH connection to a node stands and the node has been swept clean."""

    node: str


@dataclass(frozen=True, slots=True)
class NodeWentDown(Happening):
    """There is no SSH connection to a node."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class NodeClosed(Happening):
    """A node's connection has ended for good, as `commands.CloseNode` wanted."""

    node: str


@dataclass(frozen=True, slots=True)
class ClockTicked(Happening):
    """Time passed."""


@dataclass(frozen=True, slots=True)
class FarmOpened(Happening):
    """Every node has been asked what it holds; frames may be given out."""


@dataclass(frozen=True, slots=True)
class FarmDraining(Happening):
    """The farm is about to end: what is under way is finished, and no frame is given out."""

    until: float
    """Unix seconds after which it ends in any case."""


Event = (
    Action
    | AttemptReport
    | NodeAdopted
    | NodeCameUp
    | NodeWentDown
    | NodeClosed
    | ClockTicked
    | FarmOpened
    | FarmDraining
)
