"""Nodes come and go under a JobManager: actors, connections and what is saved of them."""

import asyncio
from pathlib import Path

import pytest

from actors.job_manager import JobManager
from rcontrol.errors import NodeConflict, NodeNotFound
from rcontrol.farm.model import JobStatus, NodeDuty
from rcontrol.farm.settings import NodeSettings
from tests.actors.hands import Hands, until
from tests.actors.test_job_manager import drop, look, request, run


async def names(manager: JobManager) -> list[str]:
    return [node.name for node in (await look(manager)).nodes]


def test_an_added_node_is_connected_and_renders(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path)
        manager = hands.manager()
        await manager.start()
        job, _ = await manager.submit(request(3))
        await manager.add_node(NodeSettings("hex9", port=9))
        await manager.set_node_enabled(job, "hex9", True)
        await until(lambda: "hex9" in hands.drivers and hands.drivers["hex9"].line)
        hands.drivers["hex9"].finish()
        with pytest.raises(NodeConflict):
            await manager.add_node(NodeSettings("hex9"))
        await manager.close()

    run(test)


def test_a_removed_node_finishes_its_frame_and_its_actor_ends(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path, "hex1", "hex2")
        manager = hands.manager()
        job, _ = await manager.submit(request(6, "hex1", "hex2"))
        await until(lambda: len(hands.drivers["hex1"].line) == 2)
        hands.drivers["hex1"].begin()
        await until_running(manager)
        await manager.remove_node("hex1")
        await until(lambda: len(hands.drivers["hex1"].line) == 1)
        assert not hands.ended
        hands.drivers["hex1"].finish()
        await until(lambda: hands.ended == ["hex1"])
        while (await names(manager)) != ["hex2"]:
            await asyncio.sleep(0.005)
        with pytest.raises(NodeNotFound):
            await manager.set_node_enabled(job, "hex1", True)
        while (await look(manager)).jobs[job].job.status is not JobStatus.FINISHED:
            if hands.drivers["hex2"].line:
                hands.drivers["hex2"].finish()
            await asyncio.sleep(0.005)
        rendered = hands.drivers["hex1"].rendered + hands.drivers["hex2"].rendered
        assert sorted(rendered) == [1, 2, 3, 4, 5, 6]
        await manager.close()

    run(test)


async def until_running(manager: JobManager) -> None:
    while not any(job.running for job in (await look(manager)).jobs.values()):
        await asyncio.sleep(0.005)


def test_what_was_added_removed_and_paused_survives_a_crash(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path, "hex1", "hex2", "hex3")
        manager = hands.manager()
        await manager.start()
        await manager.add_node(NodeSettings("zoo", slots=({"A": "1"}, {"A": "2"})))
        await manager.remove_node("hex2")
        await manager.pause_node("hex3", "fans")
        await drop(manager)
        for started_again in (True, False):
            again = hands.manager(started_again=started_again)
            await again.start()
            view = {node.name: node for node in (await look(again)).members}
            assert list(view) == ["hex1", "hex3", "zoo"]
            assert (view["hex3"].duty, view["hex3"].duty_reason) == (NodeDuty.PAUSED, "fans")
            assert view["zoo"].slots == 2
            await drop(again)

    run(test)


def test_a_job_manager_started_again_knows_what_was_reloaded(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path, "hex1", "hex2")
        manager = hands.manager()
        await manager.start()
        await manager.list_nodes([NodeSettings("hex2"), NodeSettings("hex5")], True)
        await until(lambda: "hex1" in hands.ended)
        await drop(manager)
        again = hands.manager(started_again=True)
        await again.start()
        while (await names(again)) != ["hex2", "hex5"]:
            await asyncio.sleep(0.005)
        await again.close()

    run(test)


def test_a_job_manager_killed_while_a_node_leaves_ends_its_actor(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path, "hex1", "hex2")
        manager = hands.manager()
        await manager.submit(request(2))
        await until(lambda: hands.drivers["hex1"].line)
        hands.drivers["hex1"].begin()
        await until_running(manager)
        await manager.remove_node("hex1")
        await drop(manager)
        again = hands.manager(started_again=True)
        await again.start()
        assert not hands.ended
        hands.drivers["hex1"].finish()
        await until(lambda: hands.ended == ["hex1"])
        await again.close()

    run(test)


def test_new_settings_come_with_a_new_actor(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path)
        manager = hands.manager()
        await manager.start()
        before = await until(lambda: hands.drivers.get("hex1"))
        await manager.list_nodes([NodeSettings("hex1", port=9)], True)
        await until(lambda: hands.ended == ["hex1"])
        await until(lambda: hands.drivers["hex1"] is not before)
        await until(lambda: hands.settings_of["hex1"].port == 9)
        job, _ = await manager.submit(request(1))
        await until(lambda: hands.drivers["hex1"].line)
        hands.drivers["hex1"].finish()
        while (await look(manager)).jobs[job].job.status is not JobStatus.FINISHED:
            await asyncio.sleep(0.005)
        await manager.close()

    run(test)


def test_a_killed_frame_ends_on_its_node_and_is_ordered_again(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path)
        manager = hands.manager()
        await manager.submit(request(3))
        await until(lambda: len(hands.drivers["hex1"].line) == 2)
        killed = hands.drivers["hex1"].begin().attempt
        await until_running(manager)
        await manager.kill_frames("hex1")
        await until(lambda: killed not in [each.attempt for each in hands.drivers["hex1"].line])
        await until(lambda: sorted(each.frame for each in hands.drivers["hex1"].line) == [1, 2])
        await manager.close()

    run(test)
