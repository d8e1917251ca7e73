"""What must hold after every event; tests check it, production may."""

from rcontrol.farm.dispatch import assignments
from rcontrol.farm.model import FrameStatus, JobStatus, NodeDuty
from rcontrol.farm.retry import Avoidance
from rcontrol.farm.state import State


def check(state: State) -> None:
    """Check what ties jobs, frames, attempts and nodes together. Raises AssertionError."""
    for job in state.jobs.values():
        frames, attempts = state.frames(job.id), state.attempts_of(job.id)
        frames.validate()
        owned = sorted(attempt.frame for attempt in attempts)
        assert owned == list(frames.with_status(FrameStatus.RENDERING)), "one attempt a frame"
        left = frames.count(FrameStatus.PENDING) + len(attempts)
        if job.status is JobStatus.RENDERING:
            assert left, f"{job.id} has nothing left, yet is Rendering"
        else:
            assert not attempts, f"{job.id} is {job.status}, yet renders"
        if job.status is JobStatus.FINISHED:
            assert frames.count(FrameStatus.DONE) == len(frames.frames), "Finished with gaps"
    for attempt in state.attempts.values():
        assert attempt in state.attempts_on(attempt.node), "attempt missing on its node"
        assert attempt in state.attempts_of(attempt.job), "attempt missing in its job"
    for node in state.nodes.values():
        assert not node.closing or not state.attempts_on(node.name), "closed with a frame"
        assert not node.closing or node.member.retiring, "closed, and not to be"
        leaves = node.member.duty is NodeDuty.LEAVING
        assert leaves or node.name not in state.removed, "removed, and yet there"
    held = sum(state.load_of(node) for node in state.nodes)
    assert held == len(state.attempts), "a node holds an attempt that is not there"
    assert len({job.place for job in state.jobs.values()}) == len(state.jobs), "a shared place"
    rendering = {job.id for job in state.jobs.values() if job.status is JobStatus.RENDERING}
    assert rendering == {job.id for job in state.rendering()}


def check_settled(state: State, avoidance: Avoidance) -> None:
    """Check that nothing that could be under way is left lying. Raises AssertionError."""
    idle = next(assignments(state, avoidance), None)
    assert idle is None, f"{idle} could have been given out"
    lines = (each for each in state.attempts.values() if not each.running)
    asked = not state.draining_until or all(each.withdrawn for each in lines)
    assert asked, "the farm drains, and a frame in line is not asked back"
    waiting = [node for node in state.retiring() if not node.closing]
    assert all(state.load_of(node.name) for node in waiting), "a node leaves and nothing happens"
    if state.autostart and not state.rendering() and not state.draining_until:
        assert state.next_waiting() is None, "autostart left a job waiting"
