"""Frames on one node: what the renderer does, and what is reported of it."""

import asyncio
import itertools
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rcontrol.farm.events import (
    AttemptFailed,
    AttemptProgressed,
    AttemptReturned,
    FrameRendered,
)
from rcontrol.farm.model import Blame
from tests.fakes.renderer import png
from tests.fakes.sshd import Sshd
from tests.sessions.node import alive
from tests.sessions.stage import Stage, quick


def test_frames_of_a_job_share_one_renderer(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            spec = stage.project()
            attempts = [stage.queue(spec, frame) for frame in range(1, 11)]
            for frame, attempt in enumerate(attempts, 1):
                outcome = await stage.outcome(attempt)
                assert isinstance(outcome, FrameRendered), outcome
                assert outcome.files == (str(folder / "job" / f"f_{frame:04d}.png"),)
                assert 0 < outcome.seconds < 10
            assert len(stage.pids()) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("act", "words", "blame"),
    [
        (["pretend"], "the renderer said it saved {out}/f_0001.png, but it is missing", Blame.JOB),
        (["half"], "f_0001.png, but it is incomplete: no end of PNG", Blame.JOB),
        (["pretend_full"], "but it is missing (No space left on device)", Blame.NODE),
        (["quit", "3"], "ended with status 3", Blame.JOB),
        (["die"], "ended with status 137", Blame.NODE),
        (["leave_child"], "ended with status 5", Blame.JOB),
        (["fail"], "no camera", Blame.JOB),
        (["outdated"], "the project file changed again and again", Blame.JOB),
    ],
)
def test_misbehaviour_fails_the_attempt(
    sshd: Sshd, folder: Path, act: list[str], words: str, blame: Blame
) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            spec = stage.project(acts={"1": act})
            outcome = await stage.render(spec)
            assert isinstance(outcome, AttemptFailed)
            assert words.format(out=folder / "job") in outcome.error
            assert outcome.blame is blame
            assert not outcome.final
            await stage.until(lambda: not [pid for pid in stage.pids() if alive(pid)])
            assert isinstance(await stage.render(spec, 2), FrameRendered)

    asyncio.run(scenario())


def test_a_final_problem_is_final(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            outcome = await stage.render(stage.project(act=["fail_for_good"]))
            assert isinstance(outcome, AttemptFailed)
            assert outcome.final

    asyncio.run(scenario())


@pytest.mark.parametrize("act", [["flood", "20"], ["one_line", "20"], ["binary"]])
def test_any_output_is_survived(sshd: Sshd, folder: Path, act: list[str]) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            assert isinstance(await stage.render(stage.project(act=act)), FrameRendered)

    asyncio.run(scenario())


@pytest.mark.parametrize("act", [["hang"], ["deaf"]])
def test_silence_ends_the_renderer(sshd: Sshd, folder: Path, act: list[str]) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder, quick(silence_s=1.0)) as stage:
            outcome = await stage.render(stage.project(act=act))
            assert isinstance(outcome, AttemptFailed)
            assert outcome.error == "the renderer printed nothing for 1 s"
            assert outcome.blame is Blame.JOB
            assert stage.pids()
            assert not [pid for pid in stage.pids() if alive(pid)]

    asyncio.run(scenario())


def test_half_a_picture_that_the_scene_keeps_is_rendered_again(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            spec = stage.project(act=["keep"])
            file = folder / "job" / "f_0001.png"
            file.parent.mkdir()
            file.write_bytes(png()[:50])
            assert isinstance(await stage.render(spec), FrameRendered)
            assert file.read_bytes() == png()
            written = file.stat().st_mtime_ns
            assert isinstance(await stage.render(spec), FrameRendered)
            assert file.stat().st_mtime_ns == written

    asyncio.run(scenario())


def test_a_changed_file_gets_a_new_renderer(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            spec = stage.project(act=["outdated_once"])
            assert isinstance(await stage.render(spec), FrameRendered)
            assert len(stage.pids()) == 2

    asyncio.run(scenario())


def test_renderers_are_renewed(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder, quick(max_frames=2)) as stage:
            spec = stage.project()
            for frame in range(1, 6):
                assert isinstance(await stage.render(spec, frame), FrameRendered)
            assert len(stage.pids()) == 3
        async with Stage(sshd, folder, quick(max_growth_mb=250.0)) as stage:
            spec = stage.project("growing", act=["grow", "100"])
            for frame in range(1, 6):
                assert isinstance(await stage.render(spec, frame), FrameRendered)
            assert len(stage.pids("growing")) == 2

    asyncio.run(scenario())


def test_progress_comes_at_most_twice_a_second(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            attempt = stage.queue(stage.project(act=["steps", "150"]))
            assert isinstance(await stage.outcome(attempt), FrameRendered)
            reports = stage.of(attempt, AttemptProgressed)
            assert len(reports) >= 2
            for before, after in itertools.pairwise(reports):
                assert after.at - before.at > 0.45

    asyncio.run(scenario())


def test_unused_renderers_end(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder, quick(idle_s=0.3)) as stage:
            await stage.render(stage.project())
            await stage.until(lambda: not stage.sessions)

    asyncio.run(scenario())


def test_closed_sessions_end_and_others_stay(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder, slots=({}, {})) as stage:
            one, other = stage.project("one", act=["steps", "20"]), stage.project("other")
            begun = stage.queue(one)
            await stage.render(other)
            stage.driver.close_sessions(one.id)
            stage.driver.close_sessions(other.id)
            await stage.until(lambda: not [pid for pid in stage.pids("other") if alive(pid)])
            assert isinstance(await stage.outcome(begun), FrameRendered)
            await stage.until(lambda: not stage.sessions)

    asyncio.run(scenario())


def test_slots_work_side_by_side_and_keep_their_jobs(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder, slots=({}, {})) as stage:
            one = stage.project("one", act=["steps", "10"])
            other = stage.project("other", act=["steps", "10"])
            await asyncio.gather(stage.render(one), stage.render(other))
            for frame in range(2, 5):
                attempts = [stage.queue(spec, frame) for spec in (other, one)]
                for attempt in attempts:
                    assert isinstance(await stage.outcome(attempt), FrameRendered)
            assert len(stage.pids("one")) == len(stage.pids("other")) == 1

    asyncio.run(scenario())


def test_another_job_ends_the_session_before_it(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            await stage.render(stage.project("one"))
            await stage.render(stage.project("other"))
            assert not [pid for pid in stage.pids("one") if alive(pid)]
            assert len(stage.sessions) == 1

    asyncio.run(scenario())


def test_what_waits_is_given_back_and_what_has_begun_is_not(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            spec = stage.project(act=["steps", "20"])
            begun, waiting, cancelled = (stage.queue(spec, frame) for frame in (1, 2, 3))
            await stage.started(begun)
            assert [type(report).__name__ for report in stage.driver.attempts()] == [
                "AttemptStarted",
                "AttemptReturned",
                "AttemptReturned",
            ]
            for attempt in (begun, waiting):
                stage.driver.withdraw(attempt)
            stage.driver.cancel(cancelled)
            for attempt in (waiting, cancelled):
                assert isinstance(stage.outcomes(attempt)[0], AttemptReturned)
            assert isinstance(await stage.outcome(begun), FrameRendered)

    asyncio.run(scenario())


def test_a_missing_renderer_is_the_nodes_fault(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        none = {"scripted": "/no/such/program"}
        async with Stage(sshd, folder, executables=none) as stage:
            outcome = await stage.render(stage.project())
            assert isinstance(outcome, AttemptFailed)
            assert (outcome.error, outcome.blame) == ("ended with status 127", Blame.NODE)

    asyncio.run(scenario())


def test_a_node_without_room_says_so(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            stage.base.parent.mkdir(mode=0o700, exist_ok=True)
            stage.base.touch()
            outcome = await stage.render(stage.project())
            stage.base.unlink()
            assert isinstance(outcome, AttemptFailed)
            assert outcome.blame is Blame.NODE
            assert "mkdir" in outcome.error

    asyncio.run(scenario())


def test_an_unknown_engine_fails_the_job(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            unknown = replace(stage.project(), engine="unknown")
            outcome = await stage.render(unknown)
            assert isinstance(outcome, AttemptFailed)
            assert outcome.final

    asyncio.run(scenario())


def test_the_next_order_follows_at_once(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder) as stage:
            spec = stage.project()
            for attempt in [stage.queue(spec, frame) for frame in range(50)]:
                await stage.outcome(attempt)

    asyncio.run(scenario())
    gaps = sorted(map(float, (folder / "job" / "gaps").read_text().split()))
    print(f"{1000 * gaps[len(gaps) // 2]:.1f} ms from frame to order", file=sys.stderr)
    assert gaps[len(gaps) // 2] < 0.1
