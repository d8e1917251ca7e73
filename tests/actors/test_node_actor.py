"""What a NodeActor answers of frames that its driver finds on the node."""

import asyncio

import pytest

from actors.node_actor import NodeActor, Report
from rcontrol.farm import events as ev
from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.model import AttemptId, JobId, JobSpec
from tests.actors.hands import PlayedDriver

FOUND = ev.AttemptStarted(1.0, "hex1", AttemptId("1-7"), JobId("job"), 7)
UP, DOWN = ev.NodeCameUp(2.0, "hex1"), ev.NodeWentDown(2.0, "hex1", "no route")


class QuietDriver(PlayedDriver):
    """Reports nothing by itself."""

    def start(self, epoch: int) -> None:
        self.epoch = epoch


def actor() -> tuple[NodeActor, list[QuietDriver]]:
    drivers: list[QuietDriver] = []

    def make_driver(report: Report) -> QuietDriver:
        drivers.append(QuietDriver("hex1", report))
        return drivers[0]

    return NodeActor("hex1", make_driver), drivers


def test_a_new_actor_answers_with_what_is_found() -> None:
    async def scenario() -> None:
        node, drivers = actor()
        adopting = asyncio.create_task(node.adopt(3))
        await asyncio.sleep(0)
        assert drivers[0].epoch == 3
        for event in (FOUND, UP):
            assert not adopting.done()
            drivers[0].report(event)
            await asyncio.sleep(0)
        held = await adopting
        assert held.attempts == (FOUND,)
        assert held.connection == UP

    asyncio.run(scenario())


def test_its_repr_says_what_it_renders() -> None:
    async def scenario() -> None:
        node, drivers = actor()
        assert repr(node) == "NodeActor(hex1)"
        adopting = asyncio.create_task(node.adopt(3))
        await asyncio.sleep(0)
        drivers[0].report(FOUND)
        drivers[0].report(UP)
        await adopting
        spec = JobSpec(JobId("feed"), "shot", "/s.blend", "blend", 1, 9)
        order = RenderFrame("hex1", AttemptId("3-1"), 5, spec)
        rendering = asyncio.create_task(node.render(3, order))
        await asyncio.sleep(0)
        assert repr(node) == "NodeActor(hex1: job/7)"
        drivers[0].report(ev.AttemptStarted(4.0, "hex1", order.attempt, spec.id, 5))
        drivers[0].report(ev.FrameRendered(5.0, "hex1", FOUND.attempt, FOUND.job, 7, 1.0, ()))
        await asyncio.sleep(0)
        assert repr(node) == "NodeActor(hex1: shot/5)"
        drivers[0].report(ev.FrameRendered(6.0, "hex1", order.attempt, spec.id, 5, 1.0, ()))
        await rendering
        assert repr(node) == "NodeActor(hex1)"

    asyncio.run(scenario())


@pytest.mark.parametrize("patience_s", [0.0, 15.0])
def test_what_is_found_late_is_told_before_the_node_is_up(
    monkeypatch: pytest.MonkeyPatch, patience_s: float
) -> None:
    monkeypatch.setattr("actors.node_actor.LOOK_S", patience_s)

    async def scenario() -> None:
        node, drivers = actor()
        adopting = asyncio.create_task(node.adopt(3))
        await asyncio.sleep(0)
        if patience_s:
            drivers[0].report(DOWN)
        held = await adopting
        assert held.attempts == ()
        assert isinstance(held.connection, ev.NodeWentDown)
        for event in (FOUND, UP):
            drivers[0].report(event)
        await asyncio.sleep(0)
        reports = await node.reports(3, held.sequence)
        assert reports.events == (FOUND, ev.NodeAdopted(2.0, "hex1", (FOUND,)), UP)

    asyncio.run(scenario())
