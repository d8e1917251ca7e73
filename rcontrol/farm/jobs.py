"""The queue: jobs come in, start, and come to an end."""

from dataclasses import replace

from rcontrol.errors import QueueFull, WrongStatus
from rcontrol.farm.commands import CancelAttempt, CloseSessions, Command
from rcontrol.farm.lifecycle import DELETABLE, FrameMove, JobMove, next_job_status
from rcontrol.farm.model import FrameStatus, Job, JobId, JobSpec, JobStatus
from rcontrol.farm.queue import last_place, moved
from rcontrol.farm.state import State
from rcontrol.farm.trust import Trust


class Jobs:
    """Moves jobs along `lifecycle.JOB_MOVES`, in the state; what is to be done goes to `commands`.

    All raise WrongStatus where the job's status does not allow it.
    """

    def __init__(
        self,
        state: State,
        trust: Trust,
        max_jobs: int,
        stale_jobs: set[JobId],
        commands: list[Command],
    ) -> None:
        self._state, self._trust, self._max_jobs = state, trust, max_jobs
        self._stale_jobs, self._commands = stale_jobs, commands

    def submit(self, spec: JobSpec, nodes: frozenset[str]) -> None:
        """Put a job at the end of the queue. Raises NodeNotFound, QueueFull."""
        if len(self._state.jobs) >= self._max_jobs:
            raise QueueFull(self._max_jobs)
        for node in nodes:
            self._state.node(node)
        self._state.add_job(Job(spec, last_place(self._state.jobs.values()), nodes))
        self._stale_jobs.add(spec.id)

    def start(self, job: Job, at: float) -> None:
        """Start or resume a job; frames given up get all their attempts back."""
        status = next_job_status(job, JobMove.START)
        for frame in list(self._state.frames(job.id).with_status(FrameStatus.GIVEN_UP)):
            self._state.move_frame(job.id, frame, FrameMove.RELEASE)
        self.put(
            replace(
                job,
                status=status,
                reason="",
                counted_to=at,
                started_at=job.started_at or at,
                stopped_at=0.0,
            )
        )
        self.conclude(job.id, at)

    def autostart(self, at: float) -> None:
        """Start the first waiting job if it may start by itself."""
        state = self._state
        if state.autostart and not state.rendering() and not state.draining_until:
            waiting = state.next_waiting()
            if waiting is not None:
                self.start(waiting, at)

    def stop(self, job: Job, at: float) -> None:
        """Take a job out of the queue; its renders are killed."""
        next_job_status(job, JobMove.STOP)
        self.leave_rendering(job, JobMove.STOP, at, job.reason)

    def enqueue(self, job: Job) -> None:
        """Put a job back in the queue, at its old place."""
        self.put(replace(job, status=next_job_status(job, JobMove.ENQUEUE), reason=""))

    def delete(self, job: Job) -> None:
        """Remove a job."""
        if job.status not in DELETABLE:
            raise WrongStatus(job.id, job.status, "deleted")
        self._remove(job)

    def move(self, job: JobId, before: JobId | None) -> None:
        """Put a job before another one in the queue, or last. Raises JobNotFound."""
        for named in (job, job if before is None else before):
            self._state.job(named)
        for changed, place in moved(self._state.jobs.values(), job, before).items():
            self.put(replace(self._state.job(changed), place=place))

    def clear_finished(self) -> None:
        """Remove the jobs that are Finished."""
        for job in list(self._state.jobs.values()):
            if job.status is JobStatus.FINISHED:
                self._remove(job)

    def leave_rendering(self, job: Job, move: JobMove, at: float, reason: str) -> None:
        """Take a job's frames back from the nodes and move it on."""
        for attempt in self._state.attempts_of(job.id):
            self._state.give_back(attempt, at, f"ended because its job was {move}")
            self._commands.append(CancelAttempt(attempt.node, attempt.id))
        if job.status is JobStatus.RENDERING:
            job = replace(job.counted(at), stopped_at=at)
            self._commands.append(CloseSessions(job.id))
        self.put(replace(job, status=next_job_status(job, move), reason=reason))
        self._trust.forget(job.id)

    def conclude(self, job_id: JobId, at: float) -> None:
        """End a job that has nothing left to render."""
        job, frames = self._state.jobs[job_id], self._state.frames(job_id)
        if job.status is not JobStatus.RENDERING:
            return
        if frames.count(FrameStatus.PENDING) or frames.count(FrameStatus.RENDERING):
            return
        if given_up := frames.count(FrameStatus.GIVEN_UP):
            reason = f"{given_up} of {len(frames.frames)} frames given up; last: {job.reason}"
            self.leave_rendering(job, JobMove.FAIL, at, reason)
        else:
            self.leave_rendering(job, JobMove.FINISH, at, "")

    def count(self, job: Job, at: float) -> None:
        """Count a job's elapsed time up to `at`."""
        self.put(job.counted(at))

    def put(self, job: Job) -> None:
        """Replace a job by its new value."""
        self._state.put_job(job)
        self._stale_jobs.add(job.id)

    def _remove(self, job: Job) -> None:
        self._state.remove_job(job.id)
        self._stale_jobs.add(job.id)
