"""What the farm knows: jobs, attempts and nodes, as values that never change in place.

A job's frames are the one exception: `frames.FrameTable` holds two bytes a frame.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Final, NewType

from rcontrol.farm.numbers import FrameNumbers, frames_between
from rcontrol.farm.settings import NodeSettings

JobId = NewType("JobId", str)
"""Opaque, without slashes: 32 hex digits."""
AttemptId = NewType("AttemptId", str)
"""`<epoch>-<number>`, unique in the life of a store."""


class JobStatus(StrEnum):
    """Where a job stands; the values are the words REST clients read."""

    WAITING = "Waiting"
    """In the queue, not started."""
    RENDERING = "Rendering"
    """Started; its frames are being given to nodes."""
    STOPPED = "Stopped"
    """Stopped by a person; out of the queue until a person acts."""
    FINISHED = "Finished"
    """Every frame is done."""
    FAILED = "Failed"
    """Nothing is left to render, and frames were given up; the job's reason says why."""


class FrameStatus(IntEnum):
    """Where a frame stands; kept as one byte a frame."""

    PENDING = 0
    """Waiting for a node."""
    RENDERING = 1
    """Owned by exactly one attempt: rendering on a node, or next in line there."""
    DONE = 2
    """Its files were seen complete."""
    GIVEN_UP = 3
    """Failed as often as a frame may."""


class NodeStatus(StrEnum):
    """Whether a node can be given frames."""

    OFFLINE = "offline"
    """No SSH connection; the node's reason says why."""
    ONLINE = "online"
    """Connected and trusted with frames."""
    RESTING = "resting"
    """Connected, but left alone for a while after a fault of its own."""


class NodeDuty(StrEnum):
    """What people want of a node, whether or not it is connected."""

    SERVING = "serving"
    """It gets frames while it is online."""
    PAUSED = "paused"
    """It finishes the frames it has and gets no more until a person resumes it."""
    LEAVING = "leaving"
    """Removed: it finishes the frames it has, and then it is gone."""


class Blame(StrEnum):
    """Whose fault a failed attempt looks like."""

    NODE = "node"
    """Unreachable, no executable, no disk, renderer killed: the node rests, the frame is spared."""
    JOB = "job"
    """The scene or its settings: counts against the frame."""
    FARM = "farm"
    """The controller's own doing, as when it was restarted: nobody pays."""


class Publish(StrEnum):
    """How a frame's files get to the place where they belong."""

    FENCED = "fenced"
    """Made in a hidden folder of the attempt, looked at there, then renamed into place."""
    DIRECT = "direct"
    """Written there by the renderer, and looked at afterwards."""


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What a job may say beside its file and its frames."""

    output: str = ""
    """Overrides the scene's output path; empty: as in the scene."""
    scene: str = ""
    """Name of the scene to render; empty: the file's active scene."""
    args: tuple[str, ...] = ()
    """Extra arguments for the renderer's command line."""
    publish: Publish = Publish.FENCED


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What was submitted; never changes."""

    id: JobId
    name: str
    """For people: the file's name unless the submitter gave another."""
    path: str
    """Absolute path of the project file, as nodes see it."""
    engine: str
    """Name of the engine: `blend`, or of a renderer of the configuration."""
    start_frame: int
    end_frame: int
    """Inclusive."""
    options: JobOptions = JobOptions()
    priority: int = 0
    """Higher goes first among rendering jobs."""
    created_at: float = 0.0
    """Unix seconds."""
    expression: str = ""
    """Which frames from `start_frame` to `end_frame`, both among them; empty: all."""

    @property
    def frames(self) -> FrameNumbers:
        """Every frame number of the job, in order."""
        return frames_between(self.start_frame, self.end_frame, self.expression)


LONGEST_COUNT_S: Final = 60.0
"""Elapsed time is counted every few seconds: a step longer than this is a clock that was set."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands now, its frames apart."""

    spec: JobSpec
    place: int
    """Position in the queue; lower is earlier, no two are equal."""
    nodes: frozenset[str]
    """Names of the nodes enabled for this job."""
    status: JobStatus = JobStatus.WAITING
    reason: str = ""
    """Why the job Failed, or what its last failed attempt said; empty: nothing to say."""
    elapsed_s: float = 0.0
    """Seconds spent Rendering up to `counted_to`; stops and controller downtime excluded."""
    counted_to: float = 0.0
    """Unix seconds up to which `elapsed_s` counts; meaningful while Rendering."""
    started_at: float = 0.0
    """Unix seconds of the first start; 0.0 before."""
    stopped_at: float = 0.0
    """Unix seconds at which it last left Rendering; 0.0 while it never has, or renders."""

    @property
    def id(self) -> JobId:
        """The job's id, as its spec has it."""
        return self.spec.id

    def elapsed_at(self, at: float) -> float:
        """Return the seconds spent Rendering until `at`, of a job that renders."""
        passed_s = at - self.counted_to
        return self.elapsed_s + (passed_s if 0.0 <= passed_s <= LONGEST_COUNT_S else 0.0)

    def counted(self, at: float) -> "Job":
        """Return the job with its elapsed time counted up to `at`."""
        return replace(self, elapsed_s=self.elapsed_at(at), counted_to=at)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one frame on one node, from its assignment to its outcome."""

    id: AttemptId
    job: JobId
    frame: int
    node: str
    assigned_at: float
    """Unix seconds."""
    started_at: float = 0.0
    """Unix seconds; 0.0 while it is next in line on its node."""
    withdrawn: bool = False
    """Asked back from the line, unless the node has begun it."""

    @property
    def number(self) -> tuple[int, int]:
        """(epoch, number): the order in which attempts were made."""
        epoch, _, number = self.id.partition("-")
        return int(epoch), int(number)

    @property
    def running(self) -> bool:
        """Whether the renderer has begun it."""
        return self.started_at > 0.0


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """An attempt's outcome, kept for good."""

    attempt: Attempt
    ended_at: float
    """Unix seconds."""
    seconds: float
    """Render time as the node measured it; without a verdict, how long it ran."""
    error: str = ""
    """The renderer's own words, or what happened to it; empty: the frame is done."""
    blame: Blame | None = None
    """None: the frame is done, or the attempt ended without a verdict."""
    picture: str = ""
    """Absolute path of the frame's picture on the node; empty: there is none."""


@dataclass(frozen=True, slots=True)
class Member:
    """A node's place in the farm: what survives a restart."""

    settings: NodeSettings
    place: int = 0
    """Among the nodes of the file, or among those that were added; lower is earlier."""
    added: bool = False
    """A person added it; False: the configuration file names it."""
    duty: NodeDuty = NodeDuty.SERVING
    duty_reason: str = ""
    """Why it is paused, as the person said."""
    duty_since: float = 0.0
    """Unix seconds at which `duty` began."""
    successor: NodeSettings | None = None
    """Its settings as soon as it has no frame left; None: `settings` stay."""

    @property
    def order(self) -> tuple[bool, int]:
        """Nodes of the file come first."""
        return self.added, self.place

    @property
    def serving(self) -> bool:
        """Whether it may get frames at all."""
        return self.duty is NodeDuty.SERVING and self.successor is None

    @property
    def retiring(self) -> bool:
        """Whether its connection is to end once it has no frame left."""
        return self.duty is NodeDuty.LEAVING or self.successor is not None


@dataclass(frozen=True, slots=True)
class Node:
    """A render node as the farm sees it."""

    member: Member
    status: NodeStatus = NodeStatus.OFFLINE
    reason: str = "not connected yet"
    """Why it is offline or resting; empty when online."""
    faults: int = 0
    """Faults of its own since its last success."""
    since: float = 0.0
    """Unix seconds at which `status` began."""
    rest_until: float = 0.0
    """Unix seconds; meaningful while resting."""
    closing: bool = False
    """Its connection is being ended."""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.member.settings.name

    @property
    def slots(self) -> int:
        """Frames rendered side by side."""
        return len(self.member.settings.slots)

    @property
    def available(self) -> bool:
        """Whether it can be given frames now."""
        return self.status is NodeStatus.ONLINE and self.member.serving


@dataclass(frozen=True, slots=True)
class Standing:
    """What a node's work on one job has shown; soft, forgotten at a restart."""

    strikes: int
    """Frames it failed that others rendered, and faults of its own, since its last success."""
    reason: str
    """Of the last strike."""
    out_since: float = 0.0
    out_until: float = 0.0
    """Unix seconds between which it is left out of the job; 0.0: it is not."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a job begins that has no frame done yet: failures that are all alike; soft."""

    error: str
    """As reported, with its numbers blotted out."""
    failures: int
    nodes: frozenset[str]
    """On which they happened."""


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as the store keeps it, its frames included."""

    job: Job
    frames: Sequence[tuple[range, FrameStatus, int]]
    """Runs of evenly spaced frames: (frame numbers, DONE, GIVEN_UP or PENDING, failures of each);
    frames never tried are absent."""


@dataclass(frozen=True, slots=True)
class FarmState:
    """All that survives a restart."""

    autostart: bool | None
    """None: never switched, so the configuration's word counts."""
    jobs: tuple[StoredJob, ...] = ()
    """In queue order."""
    members: tuple[Member, ...] = ()
    """The nodes, in no order."""
    removed: frozenset[str] = frozenset()
    """Names of nodes that the configuration file has, and a person removed."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to be saved before anyone is told."""

    autostart: bool | None = None
    """None: unchanged."""
    jobs: tuple[Job, ...] = ()
    """New or changed."""
    deleted: tuple[JobId, ...] = ()
    """Gone, with their frames and attempts."""
    frames: Mapping[JobId, Mapping[int, tuple[FrameStatus, int]]] = field(default_factory=dict)
    """Changed frames: frame number -> (status, failures). RENDERING is saved as PENDING."""
    attempts: tuple[EndedAttempt, ...] = ()
    """Ended since the last save."""
    members: tuple[Member, ...] = ()
    """New or changed."""
    gone: tuple[str, ...] = ()
    """Names of nodes that are no members any more."""
    removed: frozenset[str] | None = None
    """As in `FarmState`; None: unchanged."""

    def __bool__(self) -> bool:
        return self != Changes()
