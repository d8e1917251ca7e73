"""Exactly one outcome for every attempt, whatever breaks, and nothing left running."""

import asyncio
import contextlib
import random
from pathlib import Path

import pytest

from rcontrol.farm.events import (
    AttemptFailed,
    AttemptReturned,
    FrameRendered,
    NodeCameUp,
    NodeWentDown,
)
from rcontrol.farm.model import Blame
from tests.fakes.relay import Relay
from tests.fakes.sshd import Sshd
from tests.sessions.node import alive
from tests.sessions.stage import Stage, quick


def came_up(stage: Stage) -> int:
    return sum(isinstance(event, NodeCameUp) for event in stage.events)


async def let_pass(seconds: float) -> None:
    """Vary the moment of a blow."""
    await asyncio.sleep(seconds)


@pytest.mark.parametrize("act", [["hang"], ["deaf"]])
def test_cancelling_ends_the_renderer_first(sshd: Sshd, folder: Path, act: list[str]) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            attempt = stage.queue(stage.project(act=act))
            await stage.until(lambda: len(stage.pids()) >= (3 if act == ["deaf"] else 1))
            stage.driver.cancel(attempt)
            assert isinstance(await stage.outcome(attempt), AttemptReturned)
            assert not [pid for pid in stage.pids() if alive(pid)]
            assert not stage.sessions

    asyncio.run(scenario())


def test_cancelling_during_the_start_leaves_no_renderer(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            for turn in range(25):
                attempt = stage.queue(stage.project(f"job{turn}", act=["hang"]))
                await let_pass(turn * 0.02)
                stage.driver.cancel(attempt)
                assert isinstance(await stage.outcome(attempt), AttemptReturned)
                assert not [pid for pid in stage.pids(f"job{turn}") if alive(pid)]
                assert not stage.sessions

    asyncio.run(scenario())


def test_cancelling_races_with_the_end_of_a_frame(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> set[type]:
        async with Stage(sshd, folder) as stage:
            spec = stage.project(act=["steps", "2"])
            for turn in range(20):
                await stage.render(spec)
                attempt = stage.queue(spec)
                await let_pass(0.018 + turn * 0.002)
                stage.driver.cancel(attempt)
                await stage.outcome(attempt)
            return {type(event) for event in stage.events}

    assert FrameRendered in asyncio.run(scenario())


def test_closing_gives_everything_back(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        stage = Stage(sshd, folder, slots=({}, {}))
        async with stage:
            spec = stage.project(act=["hang"])
            attempts = [stage.queue(spec, frame) for frame in range(5)]
            await stage.until(lambda: len(stage.pids()) == 2)
        for attempt in attempts:
            assert isinstance(stage.outcomes(attempt)[0], AttemptReturned)
        assert isinstance(stage.events[-1], AttemptReturned)
        late = stage.queue(spec)
        assert isinstance(stage.outcomes(late)[0], AttemptReturned)

    asyncio.run(scenario())


def test_without_a_connection_what_waits_is_given_back_and_nothing_is_taken(
    sshd: Sshd, folder: Path
) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            spec = stage.project(acts={"1": ["hang"]})
            running, waiting = stage.queue(spec, 1), stage.queue(spec, 2)
            await stage.until(lambda: len(stage.pids()) == 1)
            assert sshd.drop_connections()
            outcome = await stage.outcome(waiting)
            assert isinstance(outcome, AttemptReturned)
            down = next(e for e in stage.events if isinstance(e, NodeWentDown))
            assert stage.events.index(down) < stage.events.index(outcome)
            offline = await stage.render(spec, 3)
            assert isinstance(offline, AttemptFailed)
            assert offline.blame is Blame.NODE
            await stage.until(lambda: came_up(stage) == 2)
            assert not stage.outcomes(running)
            stage.driver.cancel(running)
            assert isinstance(await stage.outcome(running), AttemptReturned)
            assert not [pid for pid in stage.pids() if alive(pid)]
            assert isinstance(await stage.render(spec, 4), FrameRendered)

    asyncio.run(scenario())


def test_losing_the_connection_at_any_moment_of_a_start(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            for turn in range(8):
                up = came_up(stage)
                attempt = stage.queue(stage.project(f"job{turn}"))
                await let_pass(turn * 0.03)
                sshd.drop_connections()
                outcome = await stage.outcome(attempt)
                if isinstance(outcome, AttemptFailed):
                    assert outcome.blame is Blame.NODE
                    assert not stage.rendered(f"job{turn}")
                else:
                    assert isinstance(outcome, FrameRendered)
                    assert stage.rendered(f"job{turn}") == [1]
                await stage.until(lambda before=up: came_up(stage) > before)  # type: ignore[misc]
                assert len(stage.sessions) <= 1

    asyncio.run(scenario())


def test_a_cable_pulled_is_noticed_and_the_lease_ends_the_renderer(
    sshd: Sshd, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        with Relay(sshd.port) as relay:
            sshd.known_hosts.write_text(
                sshd.known_as("127.0.0.1", sshd.port) + sshd.known_as("127.0.0.1", relay.port)
            )
            stage = Stage(sshd, folder, quick(lease_s=3), port=relay.port)
            running = asyncio.create_task(stage.driver.run())
            await stage.until(lambda: came_up(stage) == 1)
            attempt = stage.queue(stage.project(act=["hang"]))
            await stage.until(lambda: len(stage.pids()) == 1)
            relay.freeze()
            await stage.until(lambda: not [pid for pid in stage.pids() if alive(pid)])
            await stage.until(lambda: not stage.base.exists())
            relay.cut()
            assert isinstance(await stage.outcome(attempt), AttemptFailed)
            closing = asyncio.create_task(stage.driver.close())
            await asyncio.wait({closing, running})
            stage.check()

    asyncio.run(scenario())


def test_an_unreachable_node_is_reported_once_a_cause(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        stage = Stage(sshd, folder, port=1)
        running = asyncio.create_task(stage.driver.run())
        await stage.until(lambda: bool(stage.events))
        assert isinstance(stage.events[0], NodeWentDown)
        outcome = await stage.render(stage.project())
        assert isinstance(outcome, AttemptFailed)
        assert "not connected" in outcome.error
        await stage.driver.close()
        assert running.done()
        reasons = [event.reason for event in stage.events if isinstance(event, NodeWentDown)]
        assert len(reasons) == len(set(reasons))

    asyncio.run(scenario())


def test_a_storm(sshd: Sshd, folder: Path) -> None:
    """Everything at once, in an order that chance decides."""
    chance = random.Random(7)
    acts = [["save"], ["steps", "5"], ["quit", "3"], ["half"], ["deaf"], ["die"], ["keep"]]

    async def scenario() -> None:
        async with Stage(sshd, folder, quick(silence_s=2.0), slots=({}, {})) as stage:
            specs = [
                stage.project(name, acts={str(f): chance.choice(acts) for f in range(40)})
                for name in ("one", "other")
            ]
            attempts = []
            for frame in range(40):
                attempts.append(stage.queue(chance.choice(specs), frame))
                await let_pass(chance.random() * 0.15)
                blow = chance.random()
                if blow < 0.2:
                    stage.driver.cancel(chance.choice(attempts))
                elif blow < 0.3:
                    stage.driver.withdraw(chance.choice(attempts))
                elif blow < 0.35:
                    stage.driver.close_sessions(chance.choice(specs).id)
                elif blow < 0.4:
                    with contextlib.suppress(ProcessLookupError):
                        sshd.drop_connections()
            for attempt in attempts:
                await stage.outcome(attempt)

    asyncio.run(scenario())
