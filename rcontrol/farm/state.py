"""The farm's tables and the indexes over them, with one `commit` and one `rollback` for all."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from rcontrol.errors import JobNotFound, NodeNotFound
from rcontrol.farm.frames import FrameTable
from rcontrol.farm.journal import Journaled
from rcontrol.farm.lifecycle import FrameMove
from rcontrol.farm.model import (
    Attempt,
    AttemptId,
    Changes,
    EndedAttempt,
    FarmState,
    FrameStatus,
    Job,
    JobId,
    JobStatus,
    Node,
    NodeDuty,
    NodeStatus,
    Opening,
    Standing,
)
from rcontrol.farm.tally import IDLE_YET, NOTHING_YET, NodeTally


@dataclass(frozen=True, slots=True)
class _Switches:
    autostart: bool


class _Savable(Protocol):
    def commit(self) -> None: ...
    def rollback(self) -> None: ...


class State:
    """Jobs, frames, attempts and nodes.

    Only `farm.Farm` changes it. Attempts here own their frames: an attempt is in the table
    exactly while its frame is RENDERING.
    """

    def __init__(self, *, autostart: bool) -> None:
        self.jobs: Journaled[JobId, Job] = Journaled()
        self.nodes: Journaled[str, Node] = Journaled()
        self.removed: Journaled[str, bool] = Journaled()
        """Keys: the nodes that the configuration file has, and a person removed."""
        self.attempts: Journaled[AttemptId, Attempt] = Journaled()
        self.standings: Journaled[tuple[JobId, str], Standing] = Journaled()
        """(job, node) -> what the node's work on the job has shown, if it was bad."""
        self.openings: Journaled[JobId, Opening] = Journaled()
        self.percent: dict[AttemptId, float] = {}
        """Soft: progress of attempts, 0.0-100.0."""
        self.tally = NOTHING_YET
        self.node_tallies: dict[str, NodeTally] = {}
        """Of what is committed."""
        self.draining_until = 0.0
        """Soft: Unix seconds until which frames under way are finished, and no others are given
        out; 0.0: the farm does not drain."""
        self._frames: dict[JobId, FrameTable] = {}
        self._switches: Journaled[Literal["switches"], _Switches] = Journaled()
        self._switches["switches"] = _Switches(autostart)
        self._moved: set[JobId] = set()
        """Jobs with frames moved since the last commit."""
        self._ended: list[EndedAttempt] = []
        self._by_node: dict[str, list[AttemptId]] = defaultdict(list)
        self._by_job: dict[JobId, set[AttemptId]] = defaultdict(set)
        self._rendering: set[JobId] = set()
        # Sets in the order of their making, as keys of dicts: the core is deterministic.
        self._hungry: dict[int, dict[str, None]] = {1: {}, 2: {}}
        """Available nodes with fewer than 1, and fewer than 2, attempts a slot."""
        self._lines: dict[str, None] = {}
        """Nodes with more attempts than slots."""
        self._resting: dict[str, None] = {}
        self._passed_over: dict[str, None] = {}
        """Nodes that have attempts and are to get no more: they rest, or people say so."""
        self._retiring: dict[str, None] = {}
        self.commit()

    def restore(self, saved: FarmState) -> None:
        """Take over what the store kept; leaves nothing to save."""
        if saved.autostart is not None:
            self._switches["switches"] = _Switches(saved.autostart)
        self.removed.update(dict.fromkeys(saved.removed, True))
        for member in sorted(saved.members, key=lambda member: member.order):
            self.put_node(Node(member))
        for stored in saved.jobs:
            job = stored.job
            table = self._frames[job.id] = FrameTable(job.spec.frames)
            for run, status, failures in stored.frames:
                table.restore(run, status, failures)
            self.put_job(job)
        self.commit()

    # --- reading ---

    @property
    def autostart(self) -> bool:
        """Whether waiting jobs start by themselves."""
        return self._switches["switches"].autostart

    def job(self, job: JobId) -> Job:
        """Return a job. Raises JobNotFound."""
        try:
            return self.jobs[job]
        except KeyError:
            raise JobNotFound(job) from None

    def node(self, node: str) -> Node:
        """Return a node that is there to be used. Raises NodeNotFound."""
        found = self.nodes.get(node)
        if found is None or found.member.duty is NodeDuty.LEAVING:
            raise NodeNotFound(node)
        return found

    def member_names(self) -> set[str]:
        """Return the names of the nodes that are there to be used."""
        leaving = NodeDuty.LEAVING
        return {name for name, node in self.nodes.items() if node.member.duty is not leaving}

    def in_order(self) -> list[Node]:
        """Return all nodes: those of the file first, then in the order of their adding."""
        return sorted(self.nodes.values(), key=lambda node: node.member.order)

    def frames(self, job: JobId) -> FrameTable:
        """Return the frames of a job that exists, to read; `move_frame` changes them."""
        return self._frames[job]

    def wants(self, job: JobId, frame: int) -> bool:
        """Whether a job is Rendering and a frame of it is pending."""
        found = self.jobs.get(job)
        if found is None or found.status is not JobStatus.RENDERING:
            return False
        frames = self._frames[job]
        return frame in frames.frames and frames.status(frame) is FrameStatus.PENDING

    def rendering(self) -> list[Job]:
        """Return the jobs that are Rendering, in no order."""
        return [self.jobs[job] for job in self._rendering]

    def next_waiting(self) -> Job | None:
        """Return the first Waiting job of the queue."""
        waiting = (job for job in self.jobs.values() if job.status is JobStatus.WAITING)
        return min(waiting, key=lambda job: job.place, default=None)

    def usable(self, job: Job) -> set[str]:
        """Return the names of the nodes that are enabled for a job, available, not left out."""
        return {
            name
            for name in job.nodes
            if name in self.nodes and self.nodes[name].available and not self._left_out(job, name)
        }

    def allows(self, job: Job, node: str) -> bool:
        """Whether a job may go to a node: enabled, and not left out while another could take it."""
        if node not in job.nodes:
            return False
        return not self._left_out(job, node) or not self.usable(job)

    def _left_out(self, job: Job, node: str) -> bool:
        standing = self.standings.get((job.id, node))
        return standing is not None and standing.out_until > 0.0

    def attempts_on(self, node: str) -> list[Attempt]:
        """Return a node's attempts in the order in which it got them."""
        return [self.attempts[attempt] for attempt in self._by_node.get(node, ())]

    def load_of(self, node: str) -> int:
        """Return how many attempts a node has."""
        return len(self._by_node.get(node, ()))

    def attempts_of(self, job: JobId) -> list[Attempt]:
        """Return a job's attempts, in no order."""
        return [self.attempts[attempt] for attempt in self._by_job.get(job, ())]

    def share_of(self, job: JobId) -> int:
        """Return how many attempts a job has."""
        return len(self._by_job.get(job, ()))

    def hungry(self, per_slot: Literal[1, 2]) -> list[Node]:
        """Return available nodes with fewer than `per_slot` attempts a slot, longest so first."""
        return [self.nodes[node] for node in self._hungry[per_slot]]

    def has_lines(self) -> bool:
        """Whether an attempt stands behind others anywhere."""
        return bool(self._lines)

    def in_line(self) -> Iterator[Attempt]:
        """Yield the attempts that stand behind others on their node."""
        for node in self._lines:
            for attempt in self._by_node[node][self.nodes[node].slots :]:
                yield self.attempts[attempt]

    def resting(self) -> list[Node]:
        """Return the nodes that rest."""
        return [self.nodes[node] for node in self._resting]

    def passed_over(self) -> list[Node]:
        """Return the nodes that have attempts and are to get no more."""
        if self.draining_until:
            return [node for node in self.nodes.values() if self.load_of(node.name)]
        return [self.nodes[node] for node in self._passed_over]

    def retiring(self) -> list[Node]:
        """Return the nodes whose connection is to end once they have no attempt left."""
        return [self.nodes[node] for node in self._retiring]

    # --- writing ---

    def set_autostart(self, on: bool) -> None:
        """Switch autostart."""
        self._switches["switches"] = _Switches(on)

    def add_job(self, job: Job) -> None:
        """Add a job whose frames are all pending."""
        self._frames[job.id] = FrameTable(job.spec.frames)
        self.put_job(job)

    def put_job(self, job: Job) -> None:
        """Replace a job by its new value."""
        self.jobs[job.id] = job
        if job.status is JobStatus.RENDERING:
            self._rendering.add(job.id)
        else:
            self._rendering.discard(job.id)

    def move_frame(self, job: JobId, frame: int, move: FrameMove) -> None:
        """Move a frame along `lifecycle.FRAME_MOVES`. Raises ValueError where it cannot."""
        self._moved.add(job)
        self._frames[job].move(frame, move)

    def remove_job(self, job: JobId) -> None:
        """Remove a job that has no attempts; its frames stay until the next commit."""
        del self.jobs[job]
        self._rendering.discard(job)

    def put_node(self, node: Node) -> None:
        """Replace a node by its new value."""
        self.nodes[node.name] = node
        self._index_node(node.name)

    def remove_node(self, name: str) -> None:
        """Remove a node that has no attempts."""
        del self.nodes[name]
        self.node_tallies.pop(name, None)
        self._index_node(name)

    def own(self, attempt: Attempt) -> None:
        """Add an attempt, or replace it by its new value."""
        if attempt.id not in self.attempts:
            self._by_node[attempt.node].append(attempt.id)
            self._by_job[attempt.job].add(attempt.id)
        self.attempts[attempt.id] = attempt
        self._index_node(attempt.node)

    def disown(self, attempt: Attempt) -> None:
        """Remove an attempt."""
        del self.attempts[attempt.id]
        self.percent.pop(attempt.id, None)
        self._by_node[attempt.node].remove(attempt.id)
        self._by_job[attempt.job].discard(attempt.id)
        if not self._by_job[attempt.job]:
            del self._by_job[attempt.job]
        self._index_node(attempt.node)

    def give_back(self, attempt: Attempt, at: float, why: str) -> None:
        """Put a frame back whose attempt has ended without a verdict."""
        if attempt.id in self.attempts:
            self.disown(attempt)
        if attempt.running:
            seconds = max(0.0, at - attempt.started_at)
            self.record(EndedAttempt(attempt, at, seconds, why))
        self.move_frame(attempt.job, attempt.frame, FrameMove.RETURN)

    def record(self, ended: EndedAttempt) -> None:
        """Keep an attempt's outcome for good."""
        self._ended.append(ended)

    # --- saving ---

    def changes(self) -> Changes:
        """Return what is not saved yet."""
        switched = next(self._switches.touched(), None)
        touched = list(self.jobs.touched())
        frames = {job: self._frames[job].changes() for job in self._moved if job in self.jobs}
        nodes = [(name, was and was.member, now) for name, was, now in self.nodes.touched()]
        return Changes(
            autostart=self.autostart if switched else None,
            jobs=tuple(now for _, _, now in touched if now is not None),
            deleted=tuple(job for job, before, now in touched if now is None and before),
            members=tuple(now.member for _, was, now in nodes if now and now.member != was),
            gone=tuple(name for name, was, now in nodes if was and now is None),
            removed=frozenset(self.removed) if any(self.removed.touched()) else None,
            frames={job: changed for job, changed in frames.items() if changed},
            attempts=tuple(ended for ended in self._ended if ended.attempt.job in self.jobs),
        )

    def commit(self) -> None:
        """All of it is saved."""
        for ended in self._ended:
            frames = self._frames[ended.attempt.job]
            self.tally = self.tally.after(ended, frames.status(ended.attempt.frame))
            if (name := ended.attempt.node) in self.nodes:
                self.node_tallies[name] = self.node_tallies.get(name, IDLE_YET).after(ended)
        for table in self._tables():
            table.commit()
        self._forget_removed()

    def rollback(self) -> None:
        """Return to what was last committed."""
        touched = [name for name, _, _ in self.nodes.touched()]
        for table in self._tables():
            table.rollback()
        self._forget_removed()
        self._rendering = {
            job.id for job in self.jobs.values() if job.status is JobStatus.RENDERING
        }
        self._by_node = defaultdict(list)
        self._by_job = defaultdict(set)
        for attempt in sorted(self.attempts.values(), key=lambda attempt: attempt.number):
            self._by_node[attempt.node].append(attempt.id)
            self._by_job[attempt.job].add(attempt.id)
        for node in {*self.nodes, *touched}:
            self._index_node(node)

    def _index_node(self, name: str) -> None:
        node, load = self.nodes.get(name), self.load_of(name)
        if node is None:
            for index in (*self._hungry.values(), self._lines, self._resting):
                index.pop(name, None)
            for index in (self._passed_over, self._retiring):
                index.pop(name, None)
            return
        resting = node.status is NodeStatus.RESTING
        for per_slot, hungry in self._hungry.items():
            _set(hungry, name, node.available and load < per_slot * node.slots)
        _set(self._lines, name, load > node.slots)
        _set(self._resting, name, resting)
        _set(self._passed_over, name, load > 0 and (resting or not node.member.serving))
        _set(self._retiring, name, node.member.retiring)

    def _tables(self) -> Iterator[_Savable]:
        yield from (self.jobs, self.nodes, self.removed, self.attempts, self._switches)
        yield from (self.standings, self.openings)
        for job in self._moved:
            yield self._frames[job]

    def _forget_removed(self) -> None:
        for job in [job for job in self._frames if job not in self.jobs]:
            del self._frames[job]
        self._moved.clear()
        self._ended.clear()


def _set(names: dict[str, None], name: str, member: bool) -> None:
    if member:
        names.setdefault(name)
    else:
        names.pop(name, None)
