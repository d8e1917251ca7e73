"""The farm in figures: defined here once, shown by Prometheus and in Ray's metrics."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from rcontrol.farm.model import JobStatus, NodeDuty, NodeStatus
from rcontrol.farm.views import FarmView, NodeView

Samples = Mapping[tuple[str, ...], float]
"""Values of a figure's labels -> its value."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; its name has no unit but in its end."""

    name: str
    help: str
    kind: Literal["gauge", "counter"]
    """A counter only grows, and begins anew with the JobManager."""
    labels: tuple[str, ...]
    read: Callable[[FarmView], Samples]


FRAME_SECONDS: Final = "rcontrol_frame_seconds"
FRAME_SECONDS_HELP: Final = "How long done frames took on their nodes, since the JobManager started"
"""The one histogram: of `tally.Tally.by_seconds`, by `tally.BOUNDS_S`."""

UNDER_WAY: Final = (JobStatus.WAITING, JobStatus.RENDERING)


def _jobs(farm: FarmView) -> Samples:
    counts = Counter(view.job.status for view in farm.jobs.values())
    return {(status.value,): counts[status] for status in JobStatus}


def _frames_queued(farm: FarmView) -> Samples:
    queued = [view for view in farm.jobs.values() if view.job.status in UNDER_WAY]
    return {(): sum(view.total - view.done - view.given_up - len(view.running) for view in queued)}


def _frames_rendering(farm: FarmView) -> Samples:
    return {(): sum(len(node.running) for node in farm.nodes)}


def _node_state(farm: FarmView) -> Samples:
    states = (*NodeStatus, NodeDuty.PAUSED, NodeDuty.LEAVING)
    return {
        (node.name, state.value): float(_state(node) == state)
        for node in farm.nodes
        for state in states
    }


def _state(node: NodeView) -> str:
    """What people want of a node counts before what its connection says."""
    return node.status if node.duty is NodeDuty.SERVING else node.duty


def _node_busy(farm: FarmView) -> Samples:
    return {(node.name,): min(1.0, len(node.running) / node.slots) for node in farm.nodes}


FIGURES: Final = (
    Figure("rcontrol_jobs", "Jobs in each status", "gauge", ("status",), _jobs),
    Figure(
        "rcontrol_frames_queued",
        "Frames of Waiting and Rendering jobs that no renderer has begun",
        "gauge",
        (),
        _frames_queued,
    ),
    Figure(
        "rcontrol_frames_rendering",
        "Frames that renderers are at",
        "gauge",
        (),
        _frames_rendering,
    ),
    Figure(
        "rcontrol_frames_done",
        "Frames done since the JobManager started",
        "counter",
        (),
        lambda farm: {(): farm.tally.done},
    ),
    Figure(
        "rcontrol_frames_failed",
        "Frames given up since the JobManager started",
        "counter",
        (),
        lambda farm: {(): farm.tally.given_up},
    ),
    Figure(
        "rcontrol_frames_retried",
        "Failed attempts at frames that were not given up, since the JobManager started",
        "counter",
        (),
        lambda farm: {(): farm.tally.retried},
    ),
    Figure(
        "rcontrol_attempts_failed",
        "Failed attempts by whose fault it looked like, since the JobManager started",
        "counter",
        ("blame",),
        lambda farm: {(blame.value,): count for blame, count in farm.tally.failed.items()},
    ),
    Figure(
        "rcontrol_node_state",
        "1 for the state a node is in, 0 for the others",
        "gauge",
        ("node", "state"),
        _node_state,
    ),
    Figure(
        "rcontrol_node_busy_fraction",
        "Part of a node's slots that render, 0 to 1",
        "gauge",
        ("node",),
        _node_busy,
    ),
)
