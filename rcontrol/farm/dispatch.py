"""Which free node gets which frame.

A node has `slots` frames at work and as many in line behind them, so that it never waits for a
round trip. Idle slots are filled first, over all nodes, before anything is put in line; a
frame in line is asked back when another node has nothing to do. A farm that drains gives out none.

Among rendering jobs the highest priority goes first; among equals the one that has the fewest
frames under way, so that jobs started beside each other share the nodes; then queue order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rcontrol.farm.model import Attempt, FrameStatus, Job, JobId, Node
from rcontrol.farm.retry import Avoidance
from rcontrol.farm.state import State


@dataclass(frozen=True, slots=True)
class Assignment:
    """Give this frame to this node."""

    node: str
    job: JobId
    frame: int


def assignments(state: State, avoidance: Avoidance) -> Iterator[Assignment]:
    """Yield what to give out; the caller carries each out before it asks for the next."""
    if state.draining_until:
        return
    jobs = [job for job in state.rendering() if state.frames(job.id).count(FrameStatus.PENDING)]
    levels: tuple[Literal[1, 2], ...] = (1, 2) if jobs else ()
    for per_slot in levels:
        hungry = state.hungry(per_slot)
        while hungry:
            served = []
            for node in hungry:
                if chosen := _choose(state, avoidance, jobs, node):
                    yield chosen
                    served.append(node)
            hungry = [node for node in served if state.load_of(node.name) < node.slots * per_slot]


def _choose(state: State, avoidance: Avoidance, jobs: list[Job], node: Node) -> Assignment | None:
    ours = (job for job in jobs if state.allows(job, node.name))
    for job in sorted(
        ours, key=lambda job: (-job.spec.priority, state.share_of(job.id), job.place)
    ):
        frame = state.frames(job.id).first_pending(avoidance.of(job.id, node.name, state))
        if frame is not None:
            return Assignment(node.name, job.id, frame)
    return None


def recalls(state: State, avoidance: Avoidance) -> Iterator[Attempt]:
    """Yield attempts that stand in line on one node while another has nothing to do.

    The caller carries them out after the last one.
    """
    if not state.has_lines():
        return
    wanted = {node.name: node.slots - state.load_of(node.name) for node in state.hungry(1)}
    for attempt in state.in_line() if wanted else ():
        taker = _taker(state, avoidance, attempt, wanted)
        if taker is None:
            continue
        wanted[taker] -= 1
        if not wanted[taker]:
            del wanted[taker]
        if not attempt.withdrawn and not attempt.running:
            yield attempt
        if not wanted:
            return


def _taker(
    state: State, avoidance: Avoidance, attempt: Attempt, wanted: dict[str, int]
) -> str | None:
    """Return an idle node that would take over an attempt."""
    job = state.jobs[attempt.job]
    for node in wanted:
        if state.allows(job, node):
            refuses = avoidance.of(attempt.job, node, state)
            if not refuses(attempt.frame):
                return node
    return None
