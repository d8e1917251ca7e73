"""What answers look like, documented in `/openapi.json`.

Typed dicts, filled by `wire` and read by `rcontrol.client`. Their keys stay what clients of the
original RenderController read. What comes in is in `orders`.
"""

from typing import Final, Literal

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from rcontrol.farm.reasons import Reason

_ANSWER: Final = ConfigDict(use_attribute_docstrings=True)


@with_config(_ANSWER)
class ErrorBody(TypedDict):
    """Every error."""

    error_code: int
    """The HTTP status."""
    message: str
    """The same text for the same kind of error."""
    explanation: str
    """A sentence on this one."""


@with_config(_ANSWER)
class JobCreated(TypedDict):
    """The job is queued, durably."""

    job_id: str


@with_config(_ANSWER)
class AutostartState(TypedDict):
    """Whether waiting jobs start by themselves."""

    autostart: bool


@with_config(_ANSWER)
class FarmState(AutostartState):
    """How the farm as a whole is."""

    draining_until: float
    """Unix seconds until which frames under way are finished, and no others are given out; 0.0: the
    server has not been told to end."""
    notice: str
    """What the farm has to say to people; empty: nothing."""


StatusWord = Literal["Waiting", "Rendering", "Stopped", "Finished", "Failed"]


@with_config(_ANSWER)
class JobLine(TypedDict):
    """A job in short."""

    id: str
    file_path: str
    status: StatusWord
    progress: float
    """Percent, 0.0-100.0."""
    time_remaining: float
    """Seconds; 0.0 when unknown."""


class JobRow(TypedDict):
    """What the web page's queue shows of a job."""

    id: str
    name: str
    path: str
    status: StatusWord
    reason: str
    place: int
    """In the queue; lower is earlier."""
    priority: int
    first: int
    last: int
    total: int
    """Frames in all."""
    done: int
    failed: int
    """Frames given up."""
    progress: float
    """Percent, 0.0-100.0."""
    elapsed: float
    """Seconds spent Rendering."""
    remaining: float
    """Seconds; 0.0 when unknown."""
    created: float
    """Unix seconds, as are the others; 0.0: not yet."""
    started: float
    stopped: float
    nodes: int
    """Enabled for it."""


@with_config(_ANSWER)
class Summary(TypedDict):
    """The whole queue in short."""

    state: AutostartState
    jobs: list[JobLine]
    """In queue order."""


@with_config(_ANSWER)
class NodeOfJob(TypedDict):
    """What a node does for one job."""

    rendering: bool
    enabled: bool
    """Whether this job may use the node."""
    frame: int | None
    """The lowest of the frames it is at; null when it is at none."""
    progress: float
    """Of that frame: percent, 0.0-100.0."""


@with_config(_ANSWER)
class OptionsOfJob(TypedDict):
    """What the job said beside its file and its frames."""

    output: str
    scene: str
    args: list[str]
    publish: str
    priority: int


@with_config(_ANSWER)
class FrameOfJob(TypedDict):
    """A frame that a renderer is at."""

    node: str
    frame: int
    progress: float
    """Percent, 0.0-100.0."""


@with_config(_ANSWER)
class JobDetails(TypedDict):
    """What both forms of a job's details hold beside the original's keys."""

    name: str
    reason: str
    """Why the job Failed, or what its last failed attempt said; empty: nothing to say."""
    frames: str
    """Their numbers in order, as an expression: `1-100`, `1-96x5`, `1,4,10-20`."""
    frames_total: int
    frames_done: int
    frames_failed: int
    """Frames given up."""
    left_out: dict[str, str]
    """Node -> why it gets none of this job's frames for a while."""
    rendering: list[FrameOfJob]
    """Every frame under way, lowest first; a node with slots may be at several."""
    options: OptionsOfJob


@with_config(_ANSWER)
class JobStatusAnswer(JobDetails):
    """A job in the words of 2018."""

    id: str
    file_path: str
    start_frame: int
    """The first of its frames."""
    end_frame: int
    """The last."""
    render_engine: str
    status: StatusWord
    progress: float
    """Percent, 0.0-100.0."""
    time_avg: float
    """Seconds of rendering a finished frame; 0.0 while none is."""
    time_elapsed: float
    """Seconds spent Rendering; stops and controller downtime excluded."""
    time_remaining: float
    """Seconds; 0.0 when unknown."""
    node_status: dict[str, NodeOfJob]
    """Every configured node."""


@with_config(_ANSWER)
class JobInfo(JobDetails):
    """A job in the words of 2022."""

    id: str
    path: str
    start_frame: int
    """The first of its frames."""
    end_frame: int
    """The last."""
    status: StatusWord
    time_start: float
    """Unix seconds of the first start; 0.0 before."""
    time_stop: float
    """Unix seconds at which it last left Rendering; 0.0 while it never has, or renders."""
    time_elapsed: float
    """Seconds spent Rendering; stops and controller downtime excluded."""
    time_avg_per_frame: float
    """Seconds of rendering a finished frame; 0.0 while none is."""
    time_remaining: float
    """Seconds; 0.0 when unknown."""
    progress: float
    """Percent, 0.0-100.0."""
    node_status: dict[str, NodeOfJob]
    """Every configured node."""


@with_config(_ANSWER)
class WhyAnswer(TypedDict):
    """Why nothing happens, or what does."""

    reason: Reason
    """For programs; `docs/operating.md` has an example of each."""
    why: str
    """A sentence with the remedy, for people."""


@with_config(_ANSWER)
class FolderEntry(TypedDict):
    """A file or folder of the shared storage."""

    name: str
    path: str
    """Absolute."""
    type: Literal["d", "f", "l", ""]
    size: int
    """Bytes."""
    atime: float
    """Unix seconds, as are the others."""
    mtime: float
    ctime: float
    ext: str


@with_config(_ANSWER)
class Folder(TypedDict):
    """A folder of the shared storage."""

    current: str
    """Absolute path of the folder."""
    contents: list[FolderEntry]
