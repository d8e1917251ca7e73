"""Frames outlive connections and drivers, and are rendered once."""

import asyncio
import json
from pathlib import Path

import pytest

from rcontrol.farm.events import (
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    FrameRendered,
    NodeCameUp,
    NodeWentDown,
)
from rcontrol.farm.model import AttemptId, Blame
from rcontrol.sessions.driver import keepalive_s
from tests.fakes.relay import Relay
from tests.fakes.sshd import Sshd
from tests.sessions.node import alive
from tests.sessions.stage import Stage, quick


def came_up(stage: Stage) -> int:
    return sum(isinstance(event, NodeCameUp) for event in stage.events)


async def let_pass(seconds: float) -> None:
    """Vary the moment of a blow."""
    await asyncio.sleep(seconds)


def release(stage: Stage, job: str = "job") -> None:
    """Let a renderer that waits go on."""
    (stage.folder / job / "go").touch()


def known_as(sshd: Sshd, relay: Relay) -> None:
    sshd.known_hosts.write_text(
        sshd.known_as("127.0.0.1", sshd.port) + sshd.known_as("127.0.0.1", relay.port)
    )


def made(folder: Path, name: str) -> bool:
    """Whether a picture is there, in its place or still hidden."""
    return any((folder / "job").rglob(name))


def test_a_frame_outlives_its_connection(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            spec = stage.project(acts={"1": ["wait", "go"]})
            attempt, waiting = stage.queue(spec, 1), stage.queue(spec, 2)
            await stage.progressed(attempt)
            for cuts in range(2, 4):
                assert sshd.drop_connections()
                await stage.until(lambda want=cuts: came_up(stage) == want)  # type: ignore[misc]
            assert isinstance(await stage.outcome(waiting), AttemptReturned)
            assert any(isinstance(event, NodeWentDown) for event in stage.events)
            assert not stage.outcomes(attempt)
            release(stage)
            assert isinstance(await stage.outcome(attempt), FrameRendered)
            assert isinstance(await stage.render(spec, 3), FrameRendered)
            assert stage.rendered() == [1, 3]
            assert len(stage.pids()) == 1

    asyncio.run(scenario())


def test_a_frame_that_ends_while_nobody_is_there_counts(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            attempt = stage.queue(stage.project(act=["wait", "go"]))
            await stage.progressed(attempt)
            sshd.stop()
            release(stage)
            await stage.until(lambda: made(folder, "f_0001.png"))
            sshd.start()
            assert isinstance(await stage.outcome(attempt), FrameRendered)
            assert stage.rendered() == [1]

    asyncio.run(scenario())


@pytest.mark.parametrize("act", [["die"], ["quit", "3"]])
def test_a_renderer_that_ends_while_nobody_is_there_is_explained(
    sshd: Sshd, folder: Path, act: list[str]
) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            attempt = stage.queue(stage.project(act=["wait_and", "go", *act]))
            await stage.progressed(attempt)
            sshd.stop()
            release(stage)
            await stage.until(lambda: not [pid for pid in stage.pids() if alive(pid)])
            sshd.start()
            outcome = await stage.outcome(attempt)
            assert isinstance(outcome, AttemptFailed)
            assert outcome.error == f"ended with status {137 if act == ['die'] else 3}"

    asyncio.run(scenario())


def test_cut_at_any_moment_of_an_order_no_frame_is_rendered_twice(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            spec = stage.project(act=["steps", "2"])
            done = []
            for turn in range(12):
                # Its renderer runs already.
                assert isinstance(await stage.render(spec, 100 + turn), FrameRendered)
                attempt = stage.queue(spec, turn)
                await let_pass(turn * 0.003)
                up = came_up(stage)
                sshd.drop_connections()
                outcome = await stage.outcome(attempt)
                assert isinstance(outcome, FrameRendered), outcome
                done += [100 + turn, turn]
                await stage.until(lambda before=up: came_up(stage) > before)  # type: ignore[misc]
            assert stage.rendered() == done

    asyncio.run(scenario())


def test_cut_for_longer_than_the_lease_the_frame_fails_and_its_renderer_is_gone(
    sshd: Sshd, folder: Path
) -> None:
    async def scenario() -> None:
        with Relay(sshd.port) as relay:
            known_as(sshd, relay)
            async with Stage(sshd, folder, quick(lease_s=2), port=relay.port) as stage:
                attempt = stage.queue(stage.project(act=["hang"]))
                await stage.until(lambda: len(stage.pids()) == 1)
                relay.refuse()
                outcome = await stage.outcome(attempt)
                assert isinstance(outcome, AttemptFailed)
                assert outcome.error == "connection lost for longer than the lease (2 s)"
                assert outcome.blame is Blame.NODE
                assert not [pid for pid in stage.pids() if alive(pid)]

    asyncio.run(scenario())


def test_a_cable_pulled_for_longer_than_a_renderer_may_be_silent_costs_no_frame(
    sshd: Sshd, folder: Path
) -> None:
    async def scenario() -> None:
        with Relay(sshd.port) as relay:
            known_as(sshd, relay)
            settings = quick(lease_s=60, silence_s=11.0)
            async with Stage(sshd, folder, settings, port=relay.port) as stage:
                attempt = stage.queue(stage.project(act=["wait", "go"]))
                await stage.progressed(attempt)
                relay.freeze()
                await stage.until(lambda: any(isinstance(e, NodeWentDown) for e in stage.events))
                assert not stage.outcomes(attempt)
                relay.thaw()
                relay.cut()
                await stage.until(lambda: came_up(stage) == 2)
                release(stage)
                assert isinstance(await stage.outcome(attempt), FrameRendered)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("lease_s", "silence_s", "every_s"),
    [(60, 1000.0, 15.0), (30, 1000.0, 7.5), (60, 30.0, 7.5), (2, 1.0, 5.0), (900, 1000.0, 15.0)],
)
def test_a_silent_connection_is_known_before_its_sessions_suffer(
    lease_s: int, silence_s: float, every_s: float
) -> None:
    assert keepalive_s(quick(lease_s=lease_s, silence_s=silence_s)) == every_s


def test_a_session_that_is_gone_fails_its_frame(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        with Relay(sshd.port) as relay:
            known_as(sshd, relay)
            async with Stage(sshd, folder, quick(lease_s=3), port=relay.port) as stage:
                attempt = stage.queue(stage.project(act=["hang"]))
                await stage.until(lambda: len(stage.pids()) == 1)
                relay.freeze()
                await stage.until(lambda: not stage.sessions)
                relay.thaw()
                relay.cut()
                outcome = await stage.outcome(attempt)
                assert isinstance(outcome, AttemptFailed)
                assert outcome.error == "the session has ended"
                assert outcome.blame is Blame.NODE

    asyncio.run(scenario())


def test_a_frame_cancelled_while_nobody_is_there_is_given_back_and_swept(
    sshd: Sshd, folder: Path
) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            attempt = stage.queue(stage.project(act=["hang"]))
            await stage.until(lambda: len(stage.pids()) == 1)
            sshd.stop()
            await stage.until(lambda: any(isinstance(e, NodeWentDown) for e in stage.events))
            stage.driver.cancel(attempt)
            assert isinstance(await stage.outcome(attempt), AttemptReturned)
            sshd.start()
            await stage.until(lambda: came_up(stage) == 2)
            assert not [pid for pid in stage.pids() if alive(pid)]

    asyncio.run(scenario())


def test_a_new_driver_goes_on_with_the_frame(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        before = Stage(sshd, folder, slots=({}, {}))
        async with before:
            idle = before.project("idle")
            await before.render(idle)
            attempt = before.queue(before.project(act=["wait", "go"]))
            await before.progressed(attempt)
            pids = before.pids()
            await before.vanish()
            assert alive(pids[0])
            async with Stage(sshd, folder, farm=before.farm, epoch=2, slots=({}, {})) as after:
                started = next(e for e in after.events if isinstance(e, AttemptStarted))
                assert after.driver.attempts()
                assert attempt in {report.attempt for report in after.driver.attempts()}
                assert (started.job, started.node) in {("job", "hex1"), ("idle", "hex1")}
                release(after)
                outcome = await after.outcome(attempt)
                assert isinstance(outcome, FrameRendered)
                assert outcome.frame == 1
                # The session is as good as one of its own.
                again = after.queue(before.project(act=["save"]), 2)
                assert isinstance(await after.outcome(again), FrameRendered)
                assert after.rendered() == [1, 2]
                assert after.pids() == pids

    asyncio.run(scenario())


def test_a_found_frame_can_be_cancelled(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        before = Stage(sshd, folder)
        async with before:
            attempt = before.queue(before.project(act=["wait", "go"]))
            await before.progressed(attempt)
            await before.vanish()
            async with Stage(sshd, folder, farm=before.farm, epoch=2) as after:
                after.driver.cancel(attempt)
                assert isinstance(await after.outcome(attempt), AttemptReturned)
                assert not [pid for pid in after.pids() if alive(pid)]

    asyncio.run(scenario())


def test_an_outcome_that_nobody_heard_of_is_reported(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        before = Stage(sshd, folder)
        async with before:
            attempt = before.queue(before.project(act=["wait", "go"]))
            await before.progressed(attempt)
            await before.vanish()
            release(before)
            await before.until(lambda: made(folder, "f_0001.png"))
            async with Stage(sshd, folder, farm=before.farm, epoch=2) as after:
                assert isinstance(await after.outcome(attempt), FrameRendered)
                assert after.rendered() == [1]

    asyncio.run(scenario())


def unpublish(session: Path, picture: Path) -> None:
    """Put a session's only picture back to where it was made."""
    hidden = Path((session / "hidden").read_text().splitlines()[0])
    hidden.mkdir(parents=True)
    picture.rename(hidden / picture.name)
    (session / "published").unlink()


@pytest.mark.parametrize("published", [True, False])
@pytest.mark.parametrize("cancelled", [True, False])
def test_the_frame_that_was_being_published_is_taken_over_beside_the_next(
    sshd: Sshd, folder: Path, published: bool, cancelled: bool
) -> None:
    async def scenario() -> None:
        before = Stage(sshd, folder)
        async with before:
            spec = before.project(acts={"2": ["wait", "go"]})
            assert isinstance(await before.render(spec, 1), FrameRendered)
            second = before.queue(spec, 2)
            await before.progressed(second)
            # As if the first one had not been published yet when the second one was given.
            session = before.sessions[0]
            lines = (session / "given").read_text().splitlines()
            first, last = (json.loads(line) for line in lines)
            (session / "given").write_text(json.dumps({**last, "before": first}) + "\n")
            if not published:
                unpublish(session, folder / "job" / "f_0001.png")
            await before.vanish()
            async with Stage(sshd, folder, farm=before.farm, epoch=2) as after:
                if cancelled:
                    after.driver.cancel(first["attempt"])
                assert isinstance(await after.outcome(first["attempt"]), FrameRendered)
                assert (folder / "job" / "f_0001.png").exists()
                assert not after.outcomes(second)
                release(after)
                assert isinstance(await after.outcome(second), FrameRendered)
                assert after.rendered() == [1, 2]

    asyncio.run(scenario())


@pytest.mark.parametrize("how", ["unordered", "spec", "given"])
def test_sessions_without_a_readable_order_are_ended(sshd: Sshd, folder: Path, how: str) -> None:
    async def scenario() -> None:
        before = Stage(sshd, folder)
        async with before:
            start = ["hang"] if how == "unordered" else []
            spec = before.project(start=start, act=["wait", "go"])
            before.queue(spec)
            await before.until(lambda: len(before.pids()) == 1)
            if how != "unordered":
                await before.progressed(AttemptId("1-1"))
                (before.sessions[0] / how).write_text("{\n")
            await before.vanish()
            async with Stage(sshd, folder, farm=before.farm, epoch=2) as after:
                assert after.driver.attempts() == ()
                assert not after.sessions
                assert not [pid for pid in after.pids() if alive(pid)]

    asyncio.run(scenario())


def test_of_two_drivers_the_newest_epoch_wins(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder, epoch=2) as old:
            attempt = old.queue(old.project(act=["wait", "go"]))
            await old.progressed(attempt)
            async with Stage(sshd, folder, farm=old.farm, epoch=3) as new:
                outcome = await old.outcome(attempt)
                assert isinstance(outcome, AttemptFailed)
                assert outcome.error == "the session has a newer owner"
                async with Stage(sshd, folder, farm=old.farm, epoch=1) as oldest:
                    assert oldest.driver.attempts() == ()
                    assert alive(new.pids()[0])
                    release(new)
                    assert isinstance(await new.outcome(attempt), FrameRendered)
                    assert new.rendered() == [1]
                    await new.driver.close()

    asyncio.run(scenario())
