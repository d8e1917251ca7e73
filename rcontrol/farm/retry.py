"""What follows a failure: try again, avoid the node, let it rest, or give up."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

from rcontrol.farm.lifecycle import NODE_MOVES, FrameMove, NodeMove
from rcontrol.farm.model import JobId, Node, NodeStatus, Opening, Standing
from rcontrol.farm.settings import FarmSettings
from rcontrol.farm.state import State


class Avoidance:
    """Which nodes a frame has failed on; they are passed over while another can take it.

    Soft: forgotten at a restart, and when the job leaves Rendering.
    """

    def __init__(self) -> None:
        self._nodes: dict[JobId, dict[int, dict[str, str]]] = defaultdict(dict)

    def add(self, job: JobId, frame: int, node: str, error: str = "") -> None:
        """Remember a failure; `error` is empty where it was taken for the node's fault at once."""
        self._nodes[job].setdefault(frame, {})[node] = error

    def unexplained(self, job: JobId, frame: int) -> dict[str, str]:
        """Return node -> error of the failures that were taken for the frame's fault."""
        failures = self._nodes.get(job, {}).get(frame, {})
        return {node: error for node, error in failures.items() if error}

    def forget(self, job: JobId) -> None:
        """Give the job's frames a clean start everywhere."""
        self._nodes.pop(job, None)

    def of(self, job: JobId, node: str, state: State) -> Callable[[int], bool]:
        """Return whether `node` is to leave a frame to another node that may and can take it."""
        failed_on = self._nodes.get(job)
        if not failed_on:
            return lambda _frame: False
        others = state.usable(state.jobs[job])
        return lambda frame: (
            node in failed_on.get(frame, ()) and bool(others - failed_on[frame].keys())
        )


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


def struck(standing: Standing | None, reason: str, at: float, settings: FarmSettings) -> Standing:
    """Return a node's standing in a job after one more strike against it."""
    strikes = standing.strikes + 1 if standing else 1
    if strikes < settings.strikes:
        return Standing(strikes, reason)
    return Standing(strikes, reason, at, at + settings.left_out_s)


def opened_badly(before: Opening | None, error: str, node: str) -> Opening:
    """Return how a job without a finished frame stands after one more failure."""
    alike = re.sub(r"\d+", "#", error)
    if before is None or before.error != alike:
        return Opening(alike, 1, frozenset({node}))
    return Opening(alike, before.failures + 1, before.nodes | {node})


def is_hopeless(opening: Opening, usable: int, settings: FarmSettings) -> bool:
    """Whether a job that opened like this is failed as a whole; `usable`: nodes that could try."""
    return opening.failures >= settings.hopeless_after and len(opening.nodes) >= min(2, usable)
