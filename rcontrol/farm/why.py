"""Why nothing is happening: one true sentence, with the remedy, for any job, frame or node.

Answers come from tables of reasons, asked in order; the first that applies is given. A new state
in which something waits gets a line in its table. Pure, as all of the farm: the time comes in.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rcontrol.errors import FrameNotFound, NodeNotFound
from rcontrol.farm.farm import Farm
from rcontrol.farm.model import (
    Attempt,
    FrameStatus,
    Job,
    JobId,
    JobStatus,
    Node,
    NodeDuty,
    NodeStatus,
)
from rcontrol.farm.reasons import DRAINING, OPENING, Reason, Why
from rcontrol.farm.retry import Avoidance
from rcontrol.farm.state import State
from rcontrol.farm.words import by_words, counted, joined, length, listed, named


@dataclass(frozen=True, slots=True)
class Inquiry:
    """The farm at one moment, to be asked."""

    state: State
    avoidance: Avoidance
    open: bool
    """Whether frames are given out yet."""
    at: float
    """Unix seconds."""

    def job(self, job_id: JobId) -> Why:
        """Return what a job does or waits for. Raises JobNotFound."""
        job = self.state.job(job_id)
        return _JOB[job.status](self, job)

    def frame(self, job_id: JobId, frame: int, error: str = "") -> Why:
        """Return what a frame does or waits for; `error`: of its last failed attempt.

        Raises:
            JobNotFound: there is no such job.
            FrameNotFound: the job has no such frame.
        """
        job = self.state.job(job_id)
        try:
            status = self.state.frames(job_id).status(frame)
        except ValueError:
            raise FrameNotFound(job_id, frame) from None
        return _FRAME[status](self, job, frame, error)

    def node(self, name: str) -> Why:
        """Return what a node does, or why it does nothing. Raises NodeNotFound."""
        node = self.state.nodes.get(name)
        if node is None:
            raise NodeNotFound(name)
        work, load, out = self._work(node), self.state.load_of(name), self.out(node)
        if out is not None:
            return Why(out.reason, joined(work and f"it is {work}", f"it is {out}"))
        if load >= node.slots:
            return Why(Reason.RENDERING, f"it is {work}")
        idle = self._idle(node)
        return Why(idle.reason, joined(work and f"{load} of {node.slots} slots: {work}", str(idle)))

    # --- parts of answers ---

    @property
    def halt(self) -> Why | None:
        """Why no frames are given out at all, if so."""
        if self.state.draining_until:
            return DRAINING
        return None if self.open else OPENING

    def out(self, node: Node) -> Why | None:
        """Return why a node can be given no frame at all; completes the sentence "it is"."""
        return next((why for ask in NODE_OUT if (why := ask(self, node))), None)

    def waits_for(self, job: Job, nodes: Iterable[Node]) -> str:
        """Return what a rendering job's enabled nodes do instead of its frames."""
        groups = by_words((node.name, str(self._instead(job, node))) for node in nodes)
        return ", ".join(f"{listed(names)} ({words})" for words, names in groups.items())

    def _instead(self, job: Job, node: Node) -> Why | str:
        out = self.out(node) or _left_out(self, job, node)
        return out or self._work(node) or "leaving them to the others"

    def _work(self, node: Node) -> str:
        """Return what a node has on its hands; completes "it is"; empty: nothing."""
        attempts = self.state.attempts_on(node.name)
        running = [attempt for attempt in attempts if attempt.running]
        said = "rendering" if running else "about to begin"
        frames = [self._frame_name(attempt) for attempt in running or attempts]
        return f"{said} {listed(frames)}" if frames else ""

    def _frame_name(self, attempt: Attempt) -> str:
        return f"frame {attempt.frame} of {named(self.state.jobs[attempt.job])}"

    def _idle(self, node: Node) -> Why:
        if self.halt:
            return self.halt
        jobs = _in_order(self.state.rendering())
        if not jobs:
            waiting = self.state.next_waiting()
            hint = f"; {named(waiting)} waits: {self.job(waiting.id)}" if waiting else ""
            return Why(Reason.NO_JOB_RENDERS, f"no job renders{hint}")
        refusals = [(job, self._refusal(job, node)) for job in jobs]
        reasons = {refusal.reason for _, refusal in refusals}
        reason = reasons.pop() if len(reasons) == 1 else Reason.SEVERAL
        if reason in EVERY_JOB:
            return Why(reason, EVERY_JOB[reason])
        groups = by_words((named(job), str(refusal)) for job, refusal in refusals)
        return Why(reason, joined(*(f"{listed(jobs)}: {said}" for said, jobs in groups.items())))

    def _refusal(self, job: Job, node: Node) -> Why:
        return next(why for ask in REFUSALS if (why := ask(self, job, node)))


def inquire(farm: Farm, at: float) -> Inquiry:
    """Return a farm to be asked; its answers are true until the next event."""
    return Inquiry(farm.state, farm.avoidance, farm.open, at)


# --- nodes that can be given no frame at all ---


def _paused(_: Inquiry, node: Node) -> Why | None:
    if node.member.duty is not NodeDuty.PAUSED:
        return None
    said = f": {node.member.duty_reason}" if node.member.duty_reason else ""
    return Why(Reason.PAUSED, f"paused{said}: resume it")


def _changing(_: Inquiry, node: Node) -> Why | None:
    if node.member.successor is None:
        return None
    return Why(Reason.CHANGING, "taking up new settings, and gets frames again once it has none")


def _leaving(_: Inquiry, node: Node) -> Why | None:
    if node.member.duty is not NodeDuty.LEAVING:
        return None
    return Why(Reason.LEAVING, "leaving the farm")


def _offline(_: Inquiry, node: Node) -> Why | None:
    if node.status is not NodeStatus.OFFLINE:
        return None
    return Why(Reason.OFFLINE, f"offline: {node.reason}")


def _resting(inquiry: Inquiry, node: Node) -> Why | None:
    if node.status is not NodeStatus.RESTING:
        return None
    rest = length(node.rest_until - inquiry.at)
    faults = counted(node.faults, "fault")
    return Why(Reason.RESTING, f"resting {rest} more after {faults}, the last: {node.reason}")


NODE_OUT: Final[Sequence[Callable[[Inquiry, Node], Why | None]]] = (
    _leaving,
    _paused,
    _changing,
    _offline,
    _resting,
)
"""Each says why a node is out of work, to complete "it is"; None: not for this reason."""


# --- nodes that can work, and get nothing of a job that renders ---


def _nothing_left(inquiry: Inquiry, job: Job, _: Node) -> Why | None:
    if inquiry.state.frames(job.id).count(FrameStatus.PENDING):
        return None
    return Why(Reason.NOTHING_LEFT, "no frame left to give out")


def _disabled(_: Inquiry, job: Job, node: Node) -> Why | None:
    if node.name in job.nodes:
        return None
    return Why(Reason.DISABLED, "disabled there: enable it")


def _left_out(inquiry: Inquiry, job: Job, node: Node) -> Why | None:
    standing = inquiry.state.standings.get((job.id, node.name))
    if standing is None or inquiry.state.allows(job, node.name):
        return None
    left = length(standing.out_until - inquiry.at)
    return Why(Reason.LEFT_OUT, f"left out for {left} more: {standing.reason}")


def _leaves_frames(_: Inquiry, __: Job, ___: Node) -> Why | None:
    return Why(Reason.LEAVES_FRAMES, "what is left failed here and is for others to try")


REFUSALS: Final[Sequence[Callable[[Inquiry, Job, Node], Why | None]]] = (
    _nothing_left,
    _disabled,
    _left_out,
    _leaves_frames,
)
"""Each says why a node gets none of a job's frames; None: not for this reason. The last is what
remains: see `dispatch`."""

EVERY_JOB: Final = {
    Reason.DISABLED: "every rendering job has it disabled: enable it",
    Reason.NOTHING_LEFT: "the rendering jobs have no frame left to give out",
}
"""What is said where all rendering jobs refuse a node for one reason."""


# --- jobs ---


def _finished(_: Inquiry, __: Job) -> Why:
    return Why(Reason.FINISHED, "every frame is done")


def _failed(_: Inquiry, job: Job) -> Why:
    return Why(Reason.FAILED, f"it failed: {job.reason}: mend that and start it again")


def _stopped(_: Inquiry, __: Job) -> Why:
    return Why(Reason.STOPPED, "a person stopped it: start it, or put it back in the queue")


def _waiting(inquiry: Inquiry, job: Job) -> Why:
    state = inquiry.state
    if not state.autostart:
        return Why(Reason.AUTOSTART_OFF, "autostart is off: switch it on or start the job")
    if inquiry.halt:
        return inquiry.halt
    ahead = [each for each in state.jobs.values() if each.status is JobStatus.WAITING]
    before = sum(each.place < job.place for each in ahead)
    names = [named(each) for each in _in_order(state.rendering())]
    said = f"{listed(names)} {'are' if len(names) > 1 else 'is'} rendering"
    if before:
        said += (
            f", and {counted(before, 'job')} {'wait' if before > 1 else 'waits'} before this one"
        )
    return Why(Reason.QUEUED, f"{said}; jobs start one at a time, unless started by hand")


def _rendering(inquiry: Inquiry, job: Job) -> Why:
    state = inquiry.state
    attempts = state.attempts_of(job.id)
    pending = state.frames(job.id).count(FrameStatus.PENDING)
    if attempts:
        running = {attempt.node for attempt in attempts if attempt.running}
        said = "it renders on" if running else "its first frames are about to begin on"
        nodes = listed(sorted(running or {attempt.node for attempt in attempts}))
        left = f"{counted(pending, 'frame')} to give out"
        return Why(Reason.RENDERING, joined(f"{said} {nodes}", left, str(inquiry.halt or "")))
    if inquiry.halt:
        return inquiry.halt
    enabled = _enabled(state, job)
    if not enabled:
        said = "no node is enabled for it" if state.member_names() else "the farm has no node"
        remedy = "enable one" if state.member_names() else "add one and enable it for this job"
        return Why(Reason.NO_NODE_ENABLED, f"{said}: {remedy}")
    said = inquiry.waits_for(job, enabled)
    if all(inquiry.out(node) for node in enabled):
        return Why(Reason.NODES_OUT, f"no enabled node can work: {said}")
    return Why(Reason.NODES_BUSY, f"it waits for a node: {said}")


_JOB: Final[dict[JobStatus, Callable[[Inquiry, Job], Why]]] = {
    JobStatus.WAITING: _waiting,
    JobStatus.RENDERING: _rendering,
    JobStatus.STOPPED: _stopped,
    JobStatus.FINISHED: _finished,
    JobStatus.FAILED: _failed,
}


# --- frames ---


def _done(_: Inquiry, __: Job, ___: int, ____: str) -> Why:
    return Why(Reason.DONE, "it is done")


def _given_up(inquiry: Inquiry, job: Job, frame: int, error: str) -> Why:
    attempts = counted(inquiry.state.frames(job.id).failures(frame), "attempt")
    last = f"; the last one: {error}" if error else ""
    again = "once the job has ended, start it" if job.status is JobStatus.RENDERING else "start it"
    return Why(Reason.GIVEN_UP, f"given up after {attempts}{last}; to try again, {again}")


def _under_way(inquiry: Inquiry, job: Job, frame: int, _: str) -> Why:
    [attempt] = [one for one in inquiry.state.attempts_of(job.id) if one.frame == frame]
    if attempt.running:
        percent = inquiry.state.percent.get(attempt.id, 0.0)
        return Why(Reason.RENDERING, f"{attempt.node} renders it, {percent:.0f} % done")
    if attempt.withdrawn:
        return Why(Reason.IN_LINE, f"it is being taken back from {attempt.node} for an idle node")
    ahead = inquiry.state.attempts_on(attempt.node).index(attempt)
    behind = f" behind {counted(ahead, 'frame')}" if ahead else " and about to begin"
    return Why(Reason.IN_LINE, f"it is in line on {attempt.node}{behind}")


def _pending(inquiry: Inquiry, job: Job, frame: int, error: str) -> Why:
    whole = inquiry.job(job.id)
    if whole.reason in (Reason.NO_NODE_ENABLED, Reason.NODES_OUT, Reason.OPENING, Reason.DRAINING):
        return whole
    if inquiry.halt and job.status is JobStatus.RENDERING:
        return inquiry.halt
    if job.status is not JobStatus.RENDERING:
        return Why(Reason.JOB_WAITS, f"its job is {job.status}: {whole}")
    state = inquiry.state
    usable = [state.nodes[name] for name in sorted(state.usable(job))]
    avoided = [node for node in usable if inquiry.avoidance.of(job.id, node.name, state)(frame)]
    if avoided:
        failed = f"it avoids {listed([node.name for node in avoided])}, where it failed"
        words = f" ({error})" if error else ""
        others = inquiry.waits_for(job, [node for node in usable if node not in avoided])
        return Why(Reason.AVOIDS, f"{failed}{words}, and waits: {others}")
    if before := state.frames(job.id).pending_before(frame):
        return Why(Reason.BEHIND, f"it waits behind {counted(before, 'frame')} of its job")
    enabled = _enabled(state, job)
    return Why(
        Reason.NODES_BUSY,
        f"it is the next frame of its job and waits for a node: {inquiry.waits_for(job, enabled)}",
    )


_FRAME: Final[dict[FrameStatus, Callable[[Inquiry, Job, int, str], Why]]] = {
    FrameStatus.PENDING: _pending,
    FrameStatus.RENDERING: _under_way,
    FrameStatus.DONE: _done,
    FrameStatus.GIVEN_UP: _given_up,
}


def _enabled(state: State, job: Job) -> list[Node]:
    names = job.nodes & state.member_names()
    return [node for node in state.in_order() if node.name in names]


def _in_order(jobs: Iterable[Job]) -> list[Job]:
    return sorted(jobs, key=lambda job: job.place)
