"""What to do about it: the farm's orders to its nodes. Sent after the changes are saved."""

from dataclasses import dataclass

from rcontrol.farm.model import AttemptId, JobId, JobSpec
from rcontrol.farm.settings import NodeSettings


@dataclass(frozen=True, slots=True)
class RenderFrame:
    """Render one frame; queue it behind what the node has."""

    node: str
    attempt: AttemptId
    frame: int
    spec: JobSpec

    @property
    def task_name(self) -> str:
        """What people see of it in Ray's dashboard."""
        return f"{self.spec.name}/{self.frame}"


@dataclass(frozen=True, slots=True)
class WithdrawAttempt:
    """Give the attempt back if it has not begun; otherwise go on with it."""

    node: str
    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class CancelAttempt:
    """Kill the attempt's renderer now, or drop it from the line."""

    node: str
    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The outcome of this attempt is saved; forget it."""

    node: str
    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class CloseSessions:
    """No node renders this job any more; end its resident renderers everywhere."""

    job: JobId


@dataclass(frozen=True, slots=True)
class OpenNode:
    """Connect to a node that is new, or has new settings."""

    settings: NodeSettings


@dataclass(frozen=True, slots=True)
class CloseNode:
    """End the sessions and the connection of a node without frames; `events.NodeClosed` follows."""

    node: str


Command = (
    RenderFrame
    | WithdrawAttempt
    | CancelAttempt
    | Acknowledge
    | CloseSessions
    | OpenNode
    | CloseNode
)
