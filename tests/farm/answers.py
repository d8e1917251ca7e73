"""Whether what the farm says of waiting is true: against its state, and by doing as it says."""

from copy import deepcopy

from rcontrol.farm import commands as cmd
from rcontrol.farm import events as ev
from rcontrol.farm.farm import Farm
from rcontrol.farm.model import FrameStatus, JobId, JobStatus, NodeDuty, NodeStatus
from rcontrol.farm.reasons import Reason
from rcontrol.farm.why import inquire

OUT = {
    Reason.LEAVING,
    Reason.PAUSED,
    Reason.CHANGING,
    Reason.OFFLINE,
    Reason.RESTING,
}
TIME_ENDS = {Reason.RESTING, Reason.LEFT_OUT, Reason.SEVERAL, Reason.LEAVES_FRAMES}
"""What a node may say that gets a frame merely because time passes."""


def check_answers(farm: Farm, at: float) -> None:
    """Every job, frame and node has an answer that fits the state."""
    state, asked = farm.state, inquire(farm, at)
    for job in state.jobs.values():
        why = asked.job(job.id)
        assert why.sentence
        assert (why.reason is Reason.RENDERING) == bool(state.attempts_of(job.id))
        assert (why.reason is Reason.STOPPED) == (job.status is JobStatus.STOPPED)
        if why.reason is Reason.NODES_OUT:
            assert not state.usable(job)
        if why.reason is Reason.NODES_BUSY:
            usable = [state.nodes[name] for name in state.usable(job)]
            assert any(state.load_of(node.name) >= node.slots for node in usable)
        frames = state.frames(job.id)
        for frame in frames.frames:
            of_frame = asked.frame(job.id, frame)
            assert of_frame.sentence
            under_way = of_frame.reason in (Reason.IN_LINE, Reason.RENDERING)
            if frames.status(frame) is FrameStatus.RENDERING:
                assert under_way
            if of_frame.reason in (Reason.BEHIND, Reason.AVOIDS):
                assert job.status is JobStatus.RENDERING
    for node in state.nodes.values():
        why = asked.node(node.name)
        assert why.sentence
        busy = node.available and state.load_of(node.name) >= node.slots
        assert (why.reason is Reason.RENDERING) == busy
        assert (why.reason in OUT) == (not node.available)
        if why.reason is Reason.OFFLINE:
            assert node.status is NodeStatus.OFFLINE
        if why.reason is Reason.RESTING:
            assert node.status is NodeStatus.RESTING
        if why.reason is Reason.NO_JOB_RENDERS:
            assert not state.rendering()
        if why.reason is Reason.NOTHING_LEFT:
            pending = [state.frames(job.id).count(FrameStatus.PENDING) for job in state.rendering()]
            assert not any(pending)


def check_waiting(farm: Farm, at: float, seconds: float) -> None:
    """What gets a frame merely because time passes said that it waits for that, or works."""
    asked, later = inquire(farm, at), deepcopy(farm)
    nodes = {name: asked.node(name).reason for name in farm.state.nodes}
    jobs = {job: asked.job(job).reason for job in farm.state.jobs}
    for command in later.handle(ev.ClockTicked(at + seconds)):
        if isinstance(command, cmd.RenderFrame):
            assert seconds, f"{command} could have been sent at once"
            assert nodes[command.node] in TIME_ENDS | {Reason.RENDERING}
            assert jobs[command.spec.id] in (
                Reason.RENDERING,
                Reason.NODES_OUT,
                Reason.NODES_BUSY,
            )


def check_remedies(farm: Farm, at: float) -> None:
    """Doing as an answer says ends the waiting that it is about, unless the farm drains."""
    if farm.state.draining_until:
        return
    asked = inquire(farm, at)
    for job in farm.state.jobs:
        reason = asked.job(job).reason
        if reason in REMEDIES:
            REMEDIES[reason](deepcopy(farm), job, at)
    for node in farm.state.nodes:
        if asked.node(node).reason is Reason.DISABLED:
            mended = deepcopy(farm)
            for rendering in mended.state.rendering():
                mended.handle(ev.NodeEnabled(at, rendering.id, node))
            after = inquire(mended, at).node(node).reason
            gained = mended.state.load_of(node) > farm.state.load_of(node)
            assert gained or after in (Reason.LEFT_OUT, Reason.LEAVES_FRAMES, Reason.SEVERAL)


def _start(farm: Farm, job: JobId, at: float) -> None:
    farm.handle(ev.JobStarted(at, job))
    assert farm.state.job(job).status is not JobStatus.WAITING


def _switch_autostart_on(farm: Farm, job: JobId, at: float) -> None:
    farm.handle(ev.AutostartSet(at, True))
    started = farm.state.job(job).status is JobStatus.RENDERING
    assert started or inquire(farm, at).job(job).reason is Reason.QUEUED
    assert farm.state.rendering()


def _enable(farm: Farm, job: JobId, at: float) -> None:
    nodes = farm.state.member_names()
    for node in nodes:
        farm.handle(ev.NodeEnabled(at, job, node))
    free = farm.state.hungry(1)
    after = inquire(farm, at).job(job).reason
    assert not nodes or after in (Reason.NODES_OUT, Reason.NODES_BUSY, Reason.RENDERING)
    assert not free or after is Reason.RENDERING


def _bring_nodes_back(farm: Farm, job: JobId, at: float) -> None:
    for node in farm.state.job(job).nodes & farm.state.member_names():
        if farm.state.node(node).member.duty is NodeDuty.PAUSED:
            farm.handle(ev.NodeResumed(at, node))
        farm.handle(ev.NodeCameUp(at, node))
    farm.handle(ev.ClockTicked(at + 10_000.0))
    assert inquire(farm, at + 10_000.0).job(job).reason in (Reason.RENDERING, Reason.NODES_BUSY)


REMEDIES = {
    Reason.AUTOSTART_OFF: _switch_autostart_on,
    Reason.QUEUED: _start,
    Reason.STOPPED: _start,
    Reason.FAILED: _start,
    Reason.NO_NODE_ENABLED: _enable,
    Reason.NODES_OUT: _bring_nodes_back,
}
