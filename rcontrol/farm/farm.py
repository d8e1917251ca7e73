"""The only place that changes the farm's state: events in, commands out.

Everything that affects the life of jobs, frames, attempts and nodes lives in `Farm.handle`. It
is deterministic: time comes in with events, attempt ids are counted. After a batch of events the
owner saves `changes()` and calls `commit()`; if saving fails it calls `rollback()`, and the state
in memory is the state on disk.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatchmethod

from rcontrol.errors import NodeConflict
from rcontrol.farm import events as ev
from rcontrol.farm.commands import (
    Acknowledge,
    CancelAttempt,
    Command,
    RenderFrame,
    WithdrawAttempt,
)
from rcontrol.farm.dispatch import assignments, recalls
from rcontrol.farm.invariants import check, check_settled
from rcontrol.farm.jobs import Jobs
from rcontrol.farm.lifecycle import (
    NODE_MOVES,
    DutyMove,
    FrameMove,
    JobMove,
    NodeMove,
)
from rcontrol.farm.model import (
    Attempt,
    AttemptId,
    Blame,
    Changes,
    EndedAttempt,
    FarmState,
    FrameStatus,
    JobId,
)
from rcontrol.farm.retry import (
    Avoidance,
    after_failure,
    is_hopeless,
    opened_badly,
)
from rcontrol.farm.roster import Roster
from rcontrol.farm.settings import FarmSettings, NodeSettings
from rcontrol.farm.state import State
from rcontrol.farm.trust import Trust
from rcontrol.farm.words import listed


class Farm:
    """A render farm without its hands."""

    def __init__(self, settings: FarmSettings, *, epoch: int, autostart: bool) -> None:
        self._settings = settings
        self._epoch = epoch
        self._attempts_made = 0
        self.open = False
        self._commands: list[Command] = []
        self.avoidance = Avoidance()
        self.state = State(autostart=autostart)
        self.stale_jobs: set[JobId] = set()
        """Jobs whose views have changed; the owner empties it."""
        self._trust = Trust(self.state, self.avoidance, settings, self.stale_jobs)
        self._roster = Roster(self.state, self._commands)
        self._jobs = Jobs(
            self.state, self._trust, settings.max_jobs, self.stale_jobs, self._commands
        )

    def restore(
        self, saved: FarmState, at: float, listed: Sequence[NodeSettings] | None = None
    ) -> None:
        """Take over what the store kept. Call once, before any event.

        Jobs that were Rendering go on; the time since they were last counted is downtime.
        `listed`: the nodes of the configuration file, while nobody is connected to any node; what
        differs from the saved ones is left to be saved. None: the saved nodes go on.
        """
        self.state.restore(saved)
        for job in self.state.rendering():
            self.state.put_job(replace(job, counted_to=at))
        self.state.commit()
        if listed is not None:
            self._roster.begin(listed, at)
        self.stale_jobs.update(self.state.jobs)

    def handle(self, event: ev.Event) -> list[Command]:
        """Change the state and return what to do, to be done once the changes are saved.

        Raises:
            Refused: an action was turned down; nothing changed.
        """
        self._commands.clear()
        self._on(event)
        if self.open:
            self._settle(event.at)
        return list(self._commands)

    def changes(self) -> Changes:
        """Return what has to be saved before anyone is told."""
        return self.state.changes()

    def commit(self) -> None:
        """`changes()` are saved."""
        self.state.commit()

    def rollback(self) -> None:
        """`changes()` could not be saved: return to the last commit."""
        self.stale_jobs.update(job for job, _, _ in self.state.jobs.touched())
        self.stale_jobs.update(attempt.job for attempt in self.state.attempts.values())
        self.state.rollback()

    # --- actions ---

    @singledispatchmethod
    def _on(self, event: ev.Event) -> None:
        raise TypeError(f"not an event: {event!r}")

    @_on.register
    def _(self, event: ev.JobSubmitted) -> None:
        self._jobs.submit(event.spec, event.nodes)

    @_on.register
    def _(self, event: ev.JobStarted) -> None:
        self._jobs.start(self.state.job(event.job), event.at)

    @_on.register
    def _(self, event: ev.JobStopped) -> None:
        self._jobs.stop(self.state.job(event.job), event.at)

    @_on.register
    def _(self, event: ev.JobEnqueued) -> None:
        self._jobs.enqueue(self.state.job(event.job))

    @_on.register
    def _(self, event: ev.JobDeleted) -> None:
        self._jobs.delete(self.state.job(event.job))

    @_on.register
    def _(self, event: ev.JobMoved) -> None:
        self._jobs.move(event.job, event.before)

    @_on.register
    def _(self, event: ev.FinishedCleared) -> None:  # noqa: ARG002
        self._jobs.clear_finished()

    @_on.register
    def _(self, event: ev.NodeEnabled) -> None:
        job, node = self.state.job(event.job), self.state.node(event.node)
        self._jobs.put(replace(job, nodes=job.nodes | {node.name}))

    @_on.register
    def _(self, event: ev.NodeDisabled) -> None:
        job, node = self.state.job(event.job), self.state.node(event.node)
        self._jobs.put(replace(job, nodes=job.nodes - {node.name}))
        self._withdraw_line(node.name, job.id)

    @_on.register
    def _(self, event: ev.NodeAdded) -> None:
        self._roster.add(event.settings, event.at)

    @_on.register
    def _(self, event: ev.NodeRemoved) -> None:
        self._roster.remove(event.node, event.at)

    @_on.register
    def _(self, event: ev.NodePaused) -> None:
        self._roster.move(event.node, DutyMove.PAUSE, event.at, event.reason)

    @_on.register
    def _(self, event: ev.NodeResumed) -> None:
        self._roster.move(event.node, DutyMove.RESUME, event.at)

    @_on.register
    def _(self, event: ev.NodesListed) -> None:
        self._roster.take_list(event.nodes, event.at, anew=event.anew)

    @_on.register
    def _(self, event: ev.NodeFramesKilled) -> None:
        node = self.state.node(event.node)
        running = [each for each in self.state.attempts_on(node.name) if each.running]
        if not running:
            raise NodeConflict(node.name, "renders nothing at the moment")
        # The renderers are through with older ones, whose files are being put in their places.
        for attempt in running[-node.slots :]:
            self._take_back(attempt, event.at, "killed by a person")
            self._commands.append(CancelAttempt(node.name, attempt.id))

    @_on.register
    def _(self, event: ev.AutostartSet) -> None:
        self.state.set_autostart(event.on)

    # --- reports ---

    @_on.register
    def _(self, event: ev.AttemptStarted) -> None:
        if attempt := self.state.attempts.get(event.attempt):
            self.state.own(replace(attempt, started_at=event.at, withdrawn=False))
            self.stale_jobs.add(attempt.job)

    @_on.register
    def _(self, event: ev.AttemptProgressed) -> None:
        if event.attempt in self.state.attempts:
            self.state.percent[event.attempt] = min(100.0, max(0.0, event.percent))
            self.stale_jobs.add(event.job)

    @_on.register
    def _(self, event: ev.FrameRendered) -> None:
        if attempt := self._end(event):
            picture = event.files[0] if event.files else ""
            self.state.record(EndedAttempt(attempt, event.at, event.seconds, picture=picture))
            self.state.move_frame(attempt.job, attempt.frame, FrameMove.COMPLETE)
            self._trust.success(attempt, event.at)
            self._jobs.conclude(attempt.job, event.at)

    @_on.register
    def _(self, event: ev.AttemptFailed) -> None:
        if attempt := self._end(event):
            ended = EndedAttempt(attempt, event.at, event.seconds, event.error, event.blame)
            self.state.record(ended)
            _FAILURES[event.blame](self, attempt, event)
            self._jobs.conclude(attempt.job, event.at)

    @_on.register
    def _(self, event: ev.AttemptReturned) -> None:
        if attempt := self._end(event):
            self.state.give_back(attempt, event.at, "given back by its node")

    @_on.register
    def _(self, event: ev.NodeAdopted) -> None:
        if self._roster.open(event.node) is None:
            return
        held = {report.attempt: report for report in event.attempts}
        for attempt in self.state.attempts_on(event.node):
            if attempt.id not in held:
                self._take_back(attempt, event.at, "lost with its NodeActor")
        for report in held.values():
            self._adopt(report)

    @_on.register
    def _(self, event: ev.NodeCameUp) -> None:
        node = self._roster.open(event.node)
        if node is None:
            return
        status = NODE_MOVES[node.status, NodeMove.CONNECT]
        if status is not node.status:
            self.state.put_node(replace(node, status=status, reason="", since=event.at))

    @_on.register
    def _(self, event: ev.NodeWentDown) -> None:
        node = self._roster.open(event.node)
        if node is None:
            return
        status = NODE_MOVES[node.status, NodeMove.DISCONNECT]
        since = node.since if status is node.status else event.at
        self.state.put_node(
            replace(node, status=status, reason=event.reason, since=since, rest_until=0.0)
        )

    @_on.register
    def _(self, event: ev.NodeClosed) -> None:
        self._roster.closed(event.node)
        if event.node not in self.state.nodes:
            self._trust.forget_node(event.node)

    @_on.register
    def _(self, event: ev.ClockTicked) -> None:
        for job in self.state.rendering():
            # A clock that was set back must not stop the count.
            if not 0.0 <= event.at - job.counted_to < self._settings.save_elapsed_every_s:
                self._jobs.count(job, event.at)

    @_on.register
    def _(self, event: ev.FarmOpened) -> None:
        self.open = True
        for job in self.state.rendering():
            self._jobs.conclude(job.id, event.at)

    @_on.register
    def _(self, event: ev.FarmDraining) -> None:
        self.state.draining_until = event.until

    # --- what follows from them ---

    def _end(self, report: ev.AttemptReport) -> Attempt | None:
        """Take an attempt that has come to its end out of the state.

        None: it no longer owns its frame, and its report is dropped. It is acknowledged anyway.
        """
        self._commands.append(Acknowledge(report.node, report.attempt))
        attempt = self.state.attempts.get(report.attempt)
        if attempt is not None:
            self.state.disown(attempt)
            self.stale_jobs.add(attempt.job)
        return attempt

    def _blame_job(self, attempt: Attempt, event: ev.AttemptFailed) -> None:
        job, frames = self.state.jobs[attempt.job], self.state.frames(attempt.job)
        failures = frames.failures(attempt.frame)
        self.state.move_frame(job.id, attempt.frame, after_failure(failures, self._settings))
        self.avoidance.add(job.id, attempt.frame, attempt.node, event.error)
        if event.final:
            self._jobs.leave_rendering(job, JobMove.FAIL, event.at, event.error)
            return
        if not frames.count(FrameStatus.DONE):
            opening = opened_badly(self.state.openings.get(job.id), event.error, attempt.node)
            self.state.openings[job.id] = opening
            if is_hopeless(opening, len(self.state.usable(job)), self._settings):
                tried = f"the first {opening.failures} attempts all failed alike"
                reason = f"{tried}, on {listed(sorted(opening.nodes))}: {event.error}"
                self._jobs.leave_rendering(job, JobMove.FAIL, event.at, reason)
                return
        reason = (
            f"frame {attempt.frame} on {attempt.node}: {event.error}"
            f" (attempt {failures + 1} of {self._settings.max_attempts})"
        )
        self._jobs.put(replace(job, reason=reason))

    def _blame_node(self, attempt: Attempt, event: ev.AttemptFailed) -> None:
        self.state.move_frame(attempt.job, attempt.frame, FrameMove.RETURN)
        self.avoidance.add(attempt.job, attempt.frame, attempt.node)
        self._trust.fault(attempt.job, attempt.node, event.error, event.at)

    def _blame_farm(self, attempt: Attempt, event: ev.AttemptFailed) -> None:  # noqa: ARG002
        self.state.move_frame(attempt.job, attempt.frame, FrameMove.RETURN)

    def _adopt(self, report: ev.AttemptReport) -> None:
        """Take over an attempt that a node holds, or have it ended."""
        started_at = report.at if isinstance(report, ev.AttemptStarted) else 0.0
        if attempt := self.state.attempts.get(report.attempt):
            self.state.own(replace(attempt, started_at=attempt.started_at or started_at))
            return
        if not self.state.wants(report.job, report.frame):
            self._commands.append(CancelAttempt(report.node, report.attempt))
            return
        facts = (report.attempt, report.job, report.frame, report.node)
        self._own(Attempt(*facts, report.at, started_at))

    def _own(self, attempt: Attempt) -> None:
        self.state.own(attempt)
        self.state.move_frame(attempt.job, attempt.frame, FrameMove.ASSIGN)
        self.stale_jobs.add(attempt.job)

    def _take_back(self, attempt: Attempt, at: float, why: str) -> None:
        """End an attempt without a verdict, and without blame."""
        self.state.give_back(attempt, at, why)
        self.stale_jobs.add(attempt.job)

    def _withdraw_line(self, node: str, job: JobId | None = None) -> None:
        for attempt in self.state.attempts_on(node):
            asked = attempt.running or attempt.withdrawn
            if not asked and job in (None, attempt.job):
                self._withdraw(attempt)

    def _withdraw(self, attempt: Attempt) -> None:
        self.state.own(replace(attempt, withdrawn=True))
        self._commands.append(WithdrawAttempt(attempt.node, attempt.id))

    # --- after every event ---

    def _settle(self, at: float) -> None:
        self._trust.time_passed(at)
        for node in self.state.passed_over():
            self._withdraw_line(node.name)
        self._roster.retire()
        self._jobs.autostart(at)
        for chosen in assignments(self.state, self.avoidance):
            self._attempts_made += 1
            attempt = AttemptId(f"{self._epoch}-{self._attempts_made}")
            self._own(Attempt(attempt, chosen.job, chosen.frame, chosen.node, at))
            spec = self.state.jobs[chosen.job].spec
            self._commands.append(RenderFrame(chosen.node, attempt, chosen.frame, spec))
        for attempt_in_line in list(recalls(self.state, self.avoidance)):
            self._withdraw(attempt_in_line)

    def validate(self) -> None:
        """Check every invariant. Raises AssertionError."""
        check(self.state)
        if self.open:
            check_settled(self.state, self.avoidance)


_FAILURES = {
    Blame.JOB: Farm._blame_job,
    Blame.NODE: Farm._blame_node,
    Blame.FARM: Farm._blame_farm,
}
