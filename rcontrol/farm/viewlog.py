"""Turns the state into views, and remembers which of them changed when."""

from rcontrol.farm.farm import Farm
from rcontrol.farm.model import Attempt, FrameStatus, JobId, Node
from rcontrol.farm.state import State
from rcontrol.farm.tally import IDLE_YET
from rcontrol.farm.views import FarmDelta, JobView, NodeView, RunningFrame


class ViewLog:
    """The farm's views by version. Versions count up within an epoch.

    Answers "what changed since version N" at the cost of what changed, not of the farm's size.
    """

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch
        self._version = 0
        self._changed_at: dict[JobId, int] = {}
        """Job -> version of its last change, oldest change first; deleted jobs included."""

    @property
    def version(self) -> int:
        """The newest version."""
        return self._version

    def publish(self, farm: Farm) -> int:
        """Take in what the farm marked as stale and return the version that shows it."""
        self._version += 1
        for job in farm.stale_jobs:
            self._changed_at.pop(job, None)
            self._changed_at[job] = self._version
        farm.stale_jobs.clear()
        return self._version

    def since(self, epoch: int, version: int, state: State) -> FarmDelta:
        """Return what changed after `version` of `epoch`; everything, if that is another epoch."""
        whole = epoch != self._epoch
        changed = list(state.jobs) if whole else self._changed_after(version)
        return FarmDelta(
            epoch=self._epoch,
            version=self._version,
            autostart=state.autostart,
            jobs=tuple(job_view(state, job) for job in changed if job in state.jobs),
            deleted=frozenset(job for job in changed if job not in state.jobs),
            nodes=tuple(node_view(state, node) for node in state.in_order()),
            tally=state.tally,
            draining_until=state.draining_until,
            whole=whole,
        )

    def _changed_after(self, version: int) -> list[JobId]:
        changed = []
        for job, at in reversed(self._changed_at.items()):
            if at <= version:
                break
            changed.append(job)
        return changed


def job_view(state: State, job: JobId) -> JobView:
    """Return a job as it is shown. Raises JobNotFound."""
    found = state.job(job)
    frames = state.frames(job)
    return JobView(
        job=found,
        done=frames.count(FrameStatus.DONE),
        given_up=frames.count(FrameStatus.GIVEN_UP),
        running=tuple(
            _running_frame(state, attempt)
            for attempt in sorted(state.attempts_of(job), key=lambda attempt: attempt.frame)
            if attempt.running
        ),
        left_out={
            node: standing.reason
            for (of, node), standing in state.standings.items()
            if of == job and standing.out_until
        },
    )


def node_view(state: State, node: Node) -> NodeView:
    """Return a node as it is shown."""
    return NodeView(
        name=node.name,
        status=node.status,
        reason=node.reason,
        since=node.since,
        rest_until=node.rest_until,
        slots=node.slots,
        duty=node.member.duty,
        duty_reason=node.member.duty_reason,
        duty_since=node.member.duty_since,
        running=tuple(
            (attempt.job, _running_frame(state, attempt))
            for attempt in state.attempts_on(node.name)
            if attempt.running
        ),
        tally=state.node_tallies.get(node.name, IDLE_YET),
    )


def _running_frame(state: State, attempt: Attempt) -> RunningFrame:
    percent = state.percent.get(attempt.id, 0.0)
    return RunningFrame(attempt.node, attempt.frame, percent, attempt.id)
