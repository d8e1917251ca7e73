"""Any order of events keeps the invariants, and the state can be rebuilt from what was saved."""

from collections.abc import Mapping
from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rcontrol.errors import Refused
from rcontrol.farm import events as ev
from rcontrol.farm.lifecycle import DELETABLE
from rcontrol.farm.model import Blame, FrameStatus, Job, JobId, JobStatus, NodeDuty
from rcontrol.farm.settings import FarmSettings, NodeSettings
from tests.farm.answers import check_answers, check_remedies, check_waiting
from tests.farm.simulated import Simulation

NODES = (NodeSettings("a"), NodeSettings("b", slots=({}, {})), NodeSettings("c"))
LEAVING = NodeDuty.LEAVING
names = st.sampled_from(["a", "b", "c", "d"])
listings = st.lists(
    st.builds(NodeSettings, names, port=st.sampled_from([1, 2]), slots=st.just(({}, {}))),
    max_size=3,
    unique_by=lambda settings: settings.name,
)


class FarmMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.sim = Simulation(NODES, FarmSettings(max_attempts=2))
        self.sim.open()

    def job(self, data: st.DataObject) -> JobId:
        return data.draw(st.sampled_from(sorted(self.sim.farm.state.jobs)))

    def queue(self) -> list[JobId]:
        jobs = self.sim.farm.state.jobs.values()
        return [job.id for job in sorted(jobs, key=lambda job: job.place)]

    def refusable(self, action: ev.Action) -> None:
        """An action changes what it should, or is refused and changes nothing."""
        before = _picture(self.sim)
        try:
            self.sim.send(action)
        except Refused:
            assert _picture(self.sim) == before
            assert not self.sim.farm.changes()

    @rule(
        frames=st.integers(1, 6).map(lambda count: range(1, count + 1))
        | st.sampled_from(["1-9x3", "0,2,4-6", "5-7,1-3,30", "2,3"]),
        nodes=st.sets(names, min_size=1),
        priority=st.integers(0, 1),
    )
    def submit(self, frames: range | str, nodes: set[str], priority: int) -> None:
        state = self.sim.farm.state
        there = {node.name for node in state.in_order() if node.member.duty is not LEAVING}
        if nodes & there:
            self.sim.submit(frames, nodes & there, priority=priority)

    @precondition(lambda self: self.sim.farm.state.jobs)
    @rule(
        data=st.data(),
        action=st.sampled_from([ev.JobStarted, ev.JobStopped, ev.JobEnqueued, ev.JobDeleted]),
    )
    def act(self, data: st.DataObject, action: type[ev.JobStarted]) -> None:
        self.refusable(action(self.sim.now, self.job(data)))

    @precondition(lambda self: self.sim.farm.state.jobs)
    @rule(data=st.data(), last=st.booleans())
    def move(self, data: st.DataObject, last: bool) -> None:
        """One job goes where it was sent; the others keep their order."""
        job, before = self.job(data), None if last else self.job(data)
        queue = self.queue()
        self.sim.send(ev.JobMoved(self.sim.now, job, before))
        if before != job:
            queue.remove(job)
            queue.insert(len(queue) if before is None else queue.index(before), job)
        assert self.queue() == queue

    @rule()
    def clear(self) -> None:
        jobs = self.sim.farm.state.jobs
        left = {job for job, it in jobs.items() if it.status is not JobStatus.FINISHED}
        self.sim.send(ev.FinishedCleared(self.sim.now))
        assert set(jobs) == left

    @precondition(lambda self: self.sim.farm.state.jobs)
    @rule(data=st.data(), node=names, on=st.booleans())
    def switch_node(self, data: st.DataObject, node: str, on: bool) -> None:
        kind = ev.NodeEnabled if on else ev.NodeDisabled
        self.refusable(kind(self.sim.now, self.job(data), node))

    @rule(name=names, port=st.sampled_from([1, 2]))
    def add_node(self, name: str, port: int) -> None:
        self.refusable(ev.NodeAdded(self.sim.now, NodeSettings(name, port=port)))

    @rule(
        name=names,
        action=st.sampled_from([ev.NodeRemoved, ev.NodeResumed, ev.NodeFramesKilled]),
    )
    def act_on_node(self, name: str, action: type[ev.NodeRemoved]) -> None:
        self.refusable(action(self.sim.now, name))

    @rule(name=names)
    def pause_node(self, name: str) -> None:
        self.refusable(ev.NodePaused(self.sim.now, name, "cleaning"))

    @rule(listed=listings, anew=st.booleans())
    def reload(self, listed: list[NodeSettings], anew: bool) -> None:
        self.sim.send(ev.NodesListed(self.sim.now, tuple(listed), anew))

    @rule(on=st.booleans())
    def autostart(self, on: bool) -> None:
        self.sim.send(ev.AutostartSet(self.sim.now, on))

    @rule(node=names)
    def begin(self, node: str) -> None:
        if self.holds(node):
            self.sim.begin(node)

    @rule(node=names)
    def finish(self, node: str) -> None:
        if self.holds(node):
            self.sim.finish(node)

    @rule(node=names, blame=st.sampled_from(Blame), final=st.booleans())
    def fail(self, node: str, blame: Blame, final: bool) -> None:
        if self.holds(node):
            self.sim.fail(node, blame, final=final and blame is Blame.JOB)

    @rule(seconds=st.sampled_from([-30.0, 0.1, 1.0, 15.0, 700.0]))
    def tick(self, seconds: float) -> None:
        self.sim.tick(seconds)

    @rule(node=names)
    def disconnect(self, node: str) -> None:
        self.sim.send(ev.NodeWentDown(self.sim.now, node, "cut"))

    @rule(node=names)
    def connect(self, node: str) -> None:
        self.sim.send(ev.NodeCameUp(self.sim.now, node))

    def holds(self, node: str) -> bool:
        return node in self.sim.nodes and bool(self.sim.nodes[node].held)

    def lose(self, node: str) -> None:
        if node in self.sim.nodes:
            self.sim.nodes[node].held.clear()
            self.sim.nodes[node].begun.clear()

    @rule(node=names)
    def lose_node_actor(self, node: str) -> None:
        self.lose(node)
        if node in self.sim.nodes:
            self.sim.adopt(self.sim.nodes[node])

    @rule()
    def drain(self) -> None:
        """The server is told to end; until it starts again, what is under way is all there is."""
        self.sim.send(ev.FarmDraining(self.sim.now, self.sim.now + 60.0))

    @rule(node=names)
    def crash_and_restart(self, node: str) -> None:
        """The JobManager dies; the nodes hold what they hold, and `node` loses everything."""
        self.lose(node)
        done = _done(self.sim)
        self.sim.start_farm()
        assert _done(self.sim) == done
        self.sim.open()

    @rule(listed=listings)
    def start_anew(self, listed: list[NodeSettings]) -> None:
        """The whole server ends, and starts with what its file says by now."""
        removed = self.sim.store.removed
        done = _done(self.sim)
        self.sim.start_farm(listed)
        assert _done(self.sim) == done
        state = self.sim.farm.state
        assert set(state.removed) == removed & {settings.name for settings in listed}
        for node in listed:
            if node.name not in removed:
                assert state.nodes[node.name].member.settings == node
        self.sim.open()

    @precondition(lambda self: self.sim.farm.state.jobs)
    @rule(data=st.data(), node=names)
    def save_fails(self, data: st.DataObject, node: str) -> None:
        """A batch that cannot be saved leaves no trace."""
        sim, before = self.sim, _picture(self.sim)
        for event in (
            ev.JobStopped(sim.now, self.job(data)),
            ev.JobStarted(sim.now, self.job(data)),
            ev.NodeDisabled(sim.now, self.job(data), node),
            ev.JobMoved(sim.now, self.job(data), self.job(data)),
            ev.FinishedCleared(sim.now),
            ev.AutostartSet(sim.now, True),
            ev.NodeWentDown(sim.now, node, "cut"),
            ev.NodeAdded(sim.now, NodeSettings("e")),
            ev.NodeCameUp(sim.now, "e"),
            ev.NodeEnabled(sim.now, self.job(data), "e"),
            ev.NodePaused(sim.now, node, "cleaning"),
            ev.NodesListed(sim.now, (NodeSettings("a", port=3),), True),
        ):
            try:
                sim.farm.handle(event)
            except Refused:
                continue
        sim.farm.rollback()
        assert _picture(sim) == before
        assert not sim.farm.changes()

    @invariant()
    def valid(self) -> None:
        self.sim.farm.validate()

    @invariant()
    def what_is_said_is_true(self) -> None:
        check_answers(self.sim.farm, self.sim.now)

    @rule(seconds=st.sampled_from([0.0, 5.0, 15.0, 700.0]))
    def wait(self, seconds: float) -> None:
        check_waiting(self.sim.farm, self.sim.now, seconds)

    @rule()
    def do_as_is_said(self) -> None:
        check_remedies(self.sim.farm, self.sim.now)

    @invariant()
    def saved_is_what_is(self) -> None:
        state = self.sim.farm.state
        assert _durable(self.sim.store.jobs) == _durable(state.jobs)
        members = {name: node.member for name, node in state.nodes.items()}
        assert self.sim.store.members == members
        assert self.sim.store.removed == set(state.removed)
        for job in state.jobs:
            frames = state.frames(job)
            for number in frames.frames:
                now = frames.status(number)
                saved, failures = self.sim.store.frames.get(job, {}).get(
                    number, (FrameStatus.PENDING, 0)
                )
                assert saved == (FrameStatus.PENDING if now == FrameStatus.RENDERING else now)
                assert failures == frames.failures(number)

    def teardown(self) -> None:
        """With all nodes well, every started job comes to its end."""
        if self.sim.farm.state.draining_until:
            self.sim.start_farm()
            self.sim.open()
        self.sim.send(ev.NodesListed(self.sim.now, NODES, True))
        for node in NODES:
            self.sim.send(ev.NodeResumed(self.sim.now, node.name))
            self.sim.send(ev.NodeCameUp(self.sim.now, node.name))
        for job in list(self.sim.farm.state.jobs):
            for node in NODES:
                self.sim.send(ev.NodeEnabled(self.sim.now, job, node.name))
        self.sim.tick(10_000.0)
        for _ in range(500):
            busy = [name for name, node in self.sim.nodes.items() if node.held]
            if not busy:
                break
            self.sim.finish(busy[0])
        for left in self.sim.farm.state.jobs.values():
            assert left.status is not JobStatus.RENDERING
            assert left.status in DELETABLE


def _durable(jobs: Mapping[JobId, Job]) -> dict[JobId, Job]:
    """A restart counts elapsed time anew from its own moment, which need not be saved."""
    return {job.id: replace(job, counted_to=0.0) for job in jobs.values()}


def _done(sim: Simulation) -> set[tuple[str, int]]:
    state = sim.farm.state
    return {
        (job, frame)
        for job in state.jobs
        for frame in state.frames(job).with_status(FrameStatus.DONE)
    }


def _picture(sim: Simulation) -> object:
    state = sim.farm.state
    return (
        dict(state.jobs),
        dict(state.nodes),
        dict(state.attempts),
        state.autostart,
        {
            job: [(frames.status(n), frames.failures(n)) for n in frames.frames]
            for job in state.jobs
            for frames in [state.frames(job)]
        },
        {node: state.attempts_on(node) for node in state.nodes},
        {node.name for node in state.hungry(1)},
        {node.name for node in state.hungry(2)},
        {node.name for node in state.resting()},
        {attempt.id for attempt in state.in_line()},
        set(state.removed),
        {node.name for node in state.passed_over()},
        {node.name for node in state.retiring()},
    )


FarmMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestFarmMachine = FarmMachine.TestCase
