"""Which nodes are trusted with which jobs: rests, strikes, and their end."""

from dataclasses import replace

from rcontrol.farm.lifecycle import NODE_MOVES, NodeMove
from rcontrol.farm.model import Attempt, JobId, Node
from rcontrol.farm.retry import Avoidance, oldest_resting, rested, struck
from rcontrol.farm.settings import FarmSettings
from rcontrol.farm.state import State


class Trust:
    """Keeps the nodes' faults and what follows from them, in the state.

    A fault of its own rests a node, with growing pauses; so does a frame that it failed and
    another rendered. Either is a strike against it in that job; some strikes leave it out of the
    job for a while. Every success starts afresh.
    """

    def __init__(
        self, state: State, avoidance: Avoidance, settings: FarmSettings, stale_jobs: set[JobId]
    ) -> None:
        self._state, self._avoidance, self._settings = state, avoidance, settings
        self._stale_jobs = stale_jobs

    def success(self, attempt: Attempt, at: float) -> None:
        """Take in that a node rendered a frame; the oldest resting node comes back."""
        node = self._state.nodes[attempt.node]
        if node.faults:
            self._state.put_node(replace(node, faults=0))
        self._state.openings.pop(attempt.job, None)
        self._state.standings.pop((attempt.job, node.name), None)
        if oldest := oldest_resting(self._state.resting(), at, self._settings):
            self._release(oldest, at)
        for other, error in self._avoidance.unexplained(attempt.job, attempt.frame).items():
            if other != node.name and other in self._state.nodes:
                reason = f"failed frame {attempt.frame}, which {node.name} rendered: {error}"
                self.fault(attempt.job, other, reason, at)

    def fault(self, job: JobId, name: str, reason: str, at: float) -> None:
        """Take in a fault of a node at a job's frame."""
        before = self._state.standings.get((job, name))
        self._state.standings[job, name] = struck(before, reason, at, self._settings)
        self._stale_jobs.add(job)
        self._state.put_node(rested(self._state.nodes[name], reason, at, self._settings))

    def forget(self, job: JobId) -> None:
        """Forget all that a job's frames have shown."""
        self._avoidance.forget(job)
        self._state.openings.pop(job, None)
        for key in [key for key in self._state.standings if key[0] == job]:
            del self._state.standings[key]

    def forget_node(self, name: str) -> None:
        """Forget what a node's work on any job has shown."""
        for key in [key for key in self._state.standings if key[1] == name]:
            del self._state.standings[key]
            self._stale_jobs.add(key[0])

    def time_passed(self, at: float) -> None:
        """End what is over by now: rests, and being left out of a job."""
        for key, standing in list(self._state.standings.items()):
            # Here and below: a clock that was set back must not make it longer.
            if standing.out_until and not standing.out_since <= at < standing.out_until:
                del self._state.standings[key]
                self._stale_jobs.add(key[0])
        for node in self._state.resting():
            if not node.since <= at < node.rest_until:
                self._release(node, at)
        if not self._state.resting():
            return
        for job in self._state.rendering():
            enabled = [self._state.nodes[name] for name in job.nodes if name in self._state.nodes]
            if any(node.available for node in enabled):
                continue
            serving = [node for node in enabled if node.member.serving]
            if oldest := oldest_resting(serving, at, self._settings):
                self._release(oldest, at)

    def _release(self, node: Node, at: float) -> None:
        status = NODE_MOVES[node.status, NodeMove.RELEASE]
        self._state.put_node(replace(node, status=status, reason="", since=at, rest_until=0.0))
