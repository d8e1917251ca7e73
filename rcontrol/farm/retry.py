"""What follows a failure: try again, avoid the node, let it rest, or give up."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

from rcontrol.farm.lifecycle import NODE_MOVES, FrameMove, NodeMove
from rcontrol.farm.model import JobId, Node, NodeStatus
from rcontrol.farm.settings import FarmSettings
from rcontrol.farm.state import State


class Avoidance:
    """Which nodes a frame has failed on; they are passed over while another can take it.

    Soft: forgotten at a restart, and when the job leaves Rendering.
    """

    def __init__(self) -> None:
        self._nodes: dict[JobId, dict[int, set[str]]] = defaultdict(dict)

    def add(self, job: JobId, frame: int, node: str) -> None:
        """Remember a failure."""
        self._nodes[job].setdefault(frame, set()).add(node)

    def forget(self, job: JobId) -> None:
        """Give the job's frames a clean start everywhere."""
        self._nodes.pop(job, None)

    def of(self, job: JobId, node: str, state: State) -> Callable[[int], bool]:
        """Return whether `node` is to leave a frame to another node that may and can take it."""
        failed_on = self._nodes.get(job)
        if not failed_on:
            return lambda _frame: False
        others = {
            name
            for name in state.jobs[job].nodes
            if name in state.nodes and state.nodes[name].status is NodeStatus.ONLINE
        }
        return lambda frame: node in failed_on.get(frame, ()) and bool(others - failed_on[frame])


def after_failure(failures: int, settings: FarmSettings) -> FrameMove:
    """Return what happens to a frame that fails once more after `failures` failures."""
    return FrameMove.GIVE_UP if failures + 1 >= settings.max_attempts else FrameMove.RETRY


def rested(node: Node, reason: str, at: float, settings: FarmSettings) -> Node:
    """Return the node as it is after one more fault of its own; pauses double up to a limit."""
    pause = min(settings.longest_rest_s, settings.rest_s * 2.0 ** min(node.faults, 30))
    if (node.status, NodeMove.REST) not in NODE_MOVES:
        return replace(node, faults=node.faults + 1)
    return replace(
        node,
        faults=node.faults + 1,
        status=NODE_MOVES[node.status, NodeMove.REST],
        reason=reason,
        since=at,
        rest_until=at + pause,
    )


def oldest_resting(nodes: Iterable[Node], at: float, settings: FarmSettings) -> Node | None:
    """Return the node that has rested longest, if that is at least the shortest rest."""
    resting = [
        node
        for node in nodes
        if node.status is NodeStatus.RESTING and at - node.since >= settings.rest_s
    ]
    return min(resting, key=lambda node: (node.since, node.name), default=None)
