"""Blender itself, over SSH."""

import asyncio
import itertools
import sys
import time
from pathlib import Path

import pytest

from rcontrol.engines.blender import BlenderEngine
from rcontrol.farm.events import AttemptFailed, AttemptReturned, AttemptStarted, FrameRendered
from rcontrol.farm.model import Blame, JobId, JobSpec
from tests.fakes.sshd import Sshd
from tests.scenes import build_scene, executables
from tests.sessions.stage import Stage, quick


def blend(path: Path) -> JobSpec:
    return JobSpec(JobId("blend"), "blend", str(path), "blend", 1, 100)


@pytest.mark.parametrize("file_format", ["PNG", "OPEN_EXR"])
def test_twenty_frames_in_one_blender(sshd: Sshd, folder: Path, file_format: str) -> None:
    programs = executables("blender")
    scene = build_scene(folder / "scene.blend", frames=20, samples=1, file_format=file_format)

    async def scenario() -> list[float]:
        async with Stage(sshd, folder, engine=BlenderEngine(), executables=programs) as stage:
            spec = blend(scene)
            await stage.render(spec)
            attempts = [stage.queue(spec, frame) for frame in range(1, 21)]
            for attempt in attempts:
                outcome = await stage.outcome(attempt)
                assert isinstance(outcome, FrameRendered), outcome
                assert outcome.files
            at = dict(zip(map(id, stage.events), stage.arrived, strict=True))
            done = [at[id(stage.of(each, FrameRendered)[0])] for each in attempts]
            begun = [at[id(stage.of(each, AttemptStarted)[0])] for each in attempts]
            print(f"{1000 * (done[-1] - begun[0]) / 20:.0f} ms a frame", file=sys.stderr)
            return [b - d for d, b in zip(done, begun[1:], strict=False)]

    gaps = asyncio.run(scenario())
    print(f"handed over in {1000 * sorted(gaps)[10]:.2f} ms", file=sys.stderr)
    assert sorted(gaps)[10] < 0.05


def test_a_scene_without_a_camera_is_the_jobs_fault(sshd: Sshd, folder: Path) -> None:
    programs = executables("blender")
    scene = build_scene(folder / "scene.blend", camera=False)

    async def scenario() -> None:
        async with Stage(sshd, folder, engine=BlenderEngine(), executables=programs) as stage:
            outcome = await stage.render(blend(scene))
            assert isinstance(outcome, AttemptFailed)
            assert outcome.blame is Blame.JOB
            assert "camera" in outcome.error

    asyncio.run(scenario())


def test_cancelled_blenders_are_gone(sshd: Sshd, folder: Path) -> None:
    programs = executables("blender")
    scene = build_scene(folder / "scene.blend", samples=100_000, size=(800, 600))

    async def scenario() -> None:
        async with Stage(
            sshd, folder, quick(), engine=BlenderEngine(), executables=programs
        ) as stage:
            for pause_s in itertools.accumulate([0.3] * 5):
                attempt = stage.queue(blend(scene))
                deadline = time.monotonic() + pause_s
                await stage.until(lambda by=deadline: time.monotonic() > by)  # type: ignore[misc]
                stage.driver.cancel(attempt)
                assert isinstance(await stage.outcome(attempt), AttemptReturned)
                assert not stage.sessions

    asyncio.run(scenario())
