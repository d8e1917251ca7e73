"""Which status follows which: data, from which `docs/states.md` is drawn.

Everything that changes a status goes through `next_job_status` and its siblings; a move that
is not in a table is refused.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from rcontrol.errors import WrongStatus
from rcontrol.farm.model import FrameStatus, Job, JobStatus, NodeDuty, NodeStatus


class JobMove(StrEnum):
    """What moves a job; the values complete the sentence "a job that is X cannot be ..."."""

    START = "started"
    """By a person, or by autostart."""
    STOP = "stopped"
    """By a person; its renders are killed."""
    ENQUEUE = "put back in the queue"
    """By a person."""
    FINISH = "finished"
    """Its last frame is done."""
    FAIL = "failed"
    """Nothing is left to render and frames were given up, or no attempt can succeed."""


class FrameMove(StrEnum):
    """What moves a frame."""

    ASSIGN = "assigned"
    """An attempt takes it."""
    RETURN = "returned"
    """Its attempt ended without a verdict, or by the fault of a node or of the farm."""
    RETRY = "to be retried"
    """Its attempt failed by its own fault, and it may try again."""
    GIVE_UP = "given up"
    """Its attempt failed by its own fault for the last time."""
    COMPLETE = "done"
    """Its files were seen complete."""
    RELEASE = "released"
    """Its job is started again by a person: given-up frames get all their attempts back."""


class NodeMove(StrEnum):
    """What moves a node."""

    CONNECT = "connected"
    """Its SSH connection stands."""
    DISCONNECT = "disconnected"
    """Its SSH connection is gone."""
    REST = "sent to rest"
    """An attempt failed there by the node's fault."""
    RELEASE = "let back in"
    """Its rest is over, or was cut short."""


class DutyMove(StrEnum):
    """What people do with a node."""

    PAUSE = "paused"
    """With a reason; done again, it changes the reason."""
    RESUME = "resumed"
    """Also where there is nothing to resume."""
    REMOVE = "removed"
    """Over the API, or because the configuration file no longer names it."""
    ADD = "added again"
    """While it still finishes its frames."""


JOB_MOVES: Final[Mapping[tuple[JobStatus, JobMove], JobStatus]] = {
    (JobStatus.WAITING, JobMove.START): JobStatus.RENDERING,
    (JobStatus.STOPPED, JobMove.START): JobStatus.RENDERING,
    (JobStatus.FAILED, JobMove.START): JobStatus.RENDERING,
    (JobStatus.WAITING, JobMove.STOP): JobStatus.STOPPED,
    (JobStatus.RENDERING, JobMove.STOP): JobStatus.STOPPED,
    (JobStatus.STOPPED, JobMove.ENQUEUE): JobStatus.WAITING,
    (JobStatus.FAILED, JobMove.ENQUEUE): JobStatus.WAITING,
    (JobStatus.RENDERING, JobMove.FINISH): JobStatus.FINISHED,
    (JobStatus.RENDERING, JobMove.FAIL): JobStatus.FAILED,
}

DELETABLE: Final = frozenset(JobStatus) - {JobStatus.RENDERING}
"""A job in any of these may be deleted."""

FRAME_MOVES: Final[Mapping[tuple[FrameStatus, FrameMove], FrameStatus]] = {
    (FrameStatus.PENDING, FrameMove.ASSIGN): FrameStatus.RENDERING,
    (FrameStatus.RENDERING, FrameMove.RETURN): FrameStatus.PENDING,
    (FrameStatus.RENDERING, FrameMove.RETRY): FrameStatus.PENDING,
    (FrameStatus.RENDERING, FrameMove.GIVE_UP): FrameStatus.GIVEN_UP,
    (FrameStatus.RENDERING, FrameMove.COMPLETE): FrameStatus.DONE,
    (FrameStatus.GIVEN_UP, FrameMove.RELEASE): FrameStatus.PENDING,
}

NODE_MOVES: Final[Mapping[tuple[NodeStatus, NodeMove], NodeStatus]] = {
    (NodeStatus.OFFLINE, NodeMove.CONNECT): NodeStatus.ONLINE,
    (NodeStatus.OFFLINE, NodeMove.DISCONNECT): NodeStatus.OFFLINE,
    (NodeStatus.ONLINE, NodeMove.CONNECT): NodeStatus.ONLINE,
    (NodeStatus.ONLINE, NodeMove.DISCONNECT): NodeStatus.OFFLINE,
    (NodeStatus.ONLINE, NodeMove.REST): NodeStatus.RESTING,
    (NodeStatus.RESTING, NodeMove.REST): NodeStatus.RESTING,
    (NodeStatus.RESTING, NodeMove.RELEASE): NodeStatus.ONLINE,
    (NodeStatus.RESTING, NodeMove.CONNECT): NodeStatus.RESTING,
    (NodeStatus.RESTING, NodeMove.DISCONNECT): NodeStatus.OFFLINE,
}

DUTY_MOVES: Final[Mapping[tuple[NodeDuty, DutyMove], NodeDuty]] = {
    (NodeDuty.SERVING, DutyMove.PAUSE): NodeDuty.PAUSED,
    (NodeDuty.SERVING, DutyMove.RESUME): NodeDuty.SERVING,
    (NodeDuty.SERVING, DutyMove.REMOVE): NodeDuty.LEAVING,
    (NodeDuty.PAUSED, DutyMove.PAUSE): NodeDuty.PAUSED,
    (NodeDuty.PAUSED, DutyMove.RESUME): NodeDuty.SERVING,
    (NodeDuty.PAUSED, DutyMove.REMOVE): NodeDuty.LEAVING,
    (NodeDuty.LEAVING, DutyMove.ADD): NodeDuty.SERVING,
}


def next_job_status(job: Job, move: JobMove) -> JobStatus:
    """Return where `move` takes the job.

    Raises:
        WrongStatus: the job's status does not allow it.
    """
    try:
        return JOB_MOVES[job.status, move]
    except KeyError:
        raise WrongStatus(job.id, job.status, move) from None
