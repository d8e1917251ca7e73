"""Renderers of a configuration in real sessions: Terragen and Maya, by stand-ins for them."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from rcontrol.config.renderers import shipped
from rcontrol.engines.base import Engine
from rcontrol.engines.registry import Engines
from rcontrol.farm.events import AttemptFailed, AttemptProgressed, AttemptReturned, FrameRendered
from rcontrol.farm.model import Blame, JobId, JobOptions, JobSpec
from tests.fakes.sshd import Sshd
from tests.fakes.standin import standin
from tests.sessions.node import alive
from tests.sessions.stage import Stage, quick

ENGINES = Engines(shipped())


class Show:
    """A stage with one of the two, and its project files."""

    def __init__(self, sshd: Sshd, folder: Path, name: str, **settings: Any) -> None:
        self.engine: Engine = ENGINES.named(name)
        self.folder = folder
        kind = "terragen" if name == "tgd" else name
        self.arguments = (sshd, folder, quick(**settings))
        self.executables = {kind: standin(folder, kind)}

    def stage(self, **options: Any) -> Stage:
        return Stage(*self.arguments, engine=self.engine, executables=self.executables, **options)

    def job(self, says: str, output: str = "", **script: Any) -> JobSpec:
        path = self.folder / f"it's a $(shot){self.engine.extensions[0]}"
        path.write_text(json.dumps({"says": says, **script}))
        options = JobOptions(output=output)
        spec = JobSpec(JobId("job"), "job", str(path), self.engine.name, 1, 9, options)
        self.engine.check(spec)
        return spec

    def calls(self, spec: JobSpec) -> list[list[Any]]:
        """Return pid and arguments of each call, and the pids of children."""
        file = Path(f"{spec.path}.calls")
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def pids(self, spec: JobSpec) -> list[int]:
        return [int(call[0]) for call in self.calls(spec)]


def test_terragen_saves_where_its_project_says(sshd: Sshd, folder: Path) -> None:
    async def play() -> None:
        show = Show(sshd, folder, "tgd")
        place = folder / "out" / "valley.{frame}.png"
        spec = show.job("terragen-4", saves=[str(place)])
        async with show.stage() as stage:
            for frame in (1, 2):
                attempt = stage.queue(spec, frame)
                done = await stage.outcome(attempt)
                assert isinstance(done, FrameRendered), done
                assert done.files == ()
        assert [call[1:] for call in show.calls(spec)] == [
            ["-p", spec.path, "-hide", "-exit", "-r", "-f", str(frame)] for frame in (1, 2)
        ]
        assert len(list((folder / "out").iterdir())) == 2

    asyncio.run(play())


def test_terragen_is_told_where_to_save(sshd: Sshd, folder: Path) -> None:
    async def play() -> None:
        show = Show(sshd, folder, "tgd")
        spec = show.job("terragen-4", output=f"{folder}/o u t/f_####.png", saves=["x"])
        async with show.stage() as stage:
            done = await stage.render(spec, 3)
            assert isinstance(done, FrameRendered), done
            assert done.files == (f"{folder}/o u t/f_0003.png",)
        assert [path.name for path in (folder / "o u t").iterdir()] == ["f_0003.png"]

    asyncio.run(play())


def test_mayas_files_are_what_it_leaves(sshd: Sshd, folder: Path) -> None:
    async def play() -> None:
        show = Show(sshd, folder, "maya")
        spec = show.job("maya-arnold", saves=["shot_{frame}.png", "beauty/shot_{frame}.png"])
        async with show.stage() as stage:
            done = await stage.render(spec, 4)
            assert isinstance(done, FrameRendered), done
            images = folder / "images"
            assert done.files == (
                f"{images}/shot_0004.png",
                f"{images}/beauty/shot_0004.png",
            )
        assert sorted(path.name for path in images.iterdir()) == ["beauty", "shot_0004.png"]

    asyncio.run(play())


@pytest.mark.parametrize(
    ("name", "says", "script", "blame", "words"),
    [
        ("tgd", "terragen-licence", {"status": 1}, Blame.NODE, "a valid license could not be"),
        ("maya", "maya-licence", {"status": 205}, Blame.NODE, "License was not obtained"),
        ("maya", "maya-no-scene", {"status": 210}, Blame.JOB, "Cannot load scene"),
        ("maya", "maya-software", {}, Blame.JOB, "has saved nothing where it was told to"),
        ("maya", "maya-arnold", {"signal": "SIGSEGV"}, Blame.JOB, "maya crashed (SIGSEGV)"),
        ("tgd", "terragen-no-file", {"signal": "SIGKILL"}, Blame.NODE, "was killed (SIGKILL)"),
    ],
)
def test_frames_that_fail(
    sshd: Sshd,
    folder: Path,
    name: str,
    says: str,
    script: dict[str, Any],
    blame: Blame,
    words: str,
) -> None:
    async def play() -> None:
        show = Show(sshd, folder, name)
        spec = show.job(says, **script)
        async with show.stage() as stage:
            failed = await stage.render(spec)
            assert isinstance(failed, AttemptFailed), failed
            assert words in failed.error
            assert failed.blame is blame

    asyncio.run(play())
    assert not list(folder.glob("images/.rcontrol-*"))


def test_silence_ends_it_and_its_children(sshd: Sshd, folder: Path) -> None:
    async def play() -> None:
        show = Show(sshd, folder, "maya", silence_s=2.0)
        spec = show.job("maya-arnold", hangs=True)
        async with show.stage() as stage:
            failed = await stage.render(spec)
            assert isinstance(failed, AttemptFailed), failed
            assert "printed nothing for 2 s" in failed.error
            assert len(show.pids(spec)) == 2
            assert not any(alive(pid) for pid in show.pids(spec))

    asyncio.run(play())
    assert not list(folder.glob("images/.rcontrol-*"))


def test_a_frame_that_is_cancelled_ends_with_its_children(sshd: Sshd, folder: Path) -> None:
    async def play() -> None:
        show = Show(sshd, folder, "tgd")
        spec = show.job("terragen-3-three-passes", hangs=True)
        async with show.stage() as stage:
            attempt = stage.queue(spec)
            await stage.until(lambda: len(show.pids(spec)) == 2)
            stage.driver.cancel(attempt)
            assert isinstance(await stage.outcome(attempt), AttemptReturned)
            assert not any(alive(pid) for pid in show.pids(spec))

    asyncio.run(play())


@pytest.mark.parametrize("low", [False, True])
def test_who_renders_at_low_priority(sshd: Sshd, folder: Path, low: bool) -> None:
    async def play() -> None:
        show = Show(sshd, folder, "tgd")
        spec = show.job("terragen-4", hangs=True)
        async with show.stage(low_priority=low) as stage:
            attempt = stage.queue(spec)
            await stage.until(lambda: len(show.pids(spec)) == 2)
            renderer, child = show.pids(spec)
            for pid in (renderer, child):
                assert os.getpriority(os.PRIO_PROCESS, pid) - os.nice(0) == (10 if low else 0)
            stage.driver.cancel(attempt)
            await stage.outcome(attempt)

    asyncio.run(play())


def test_a_frame_outlives_its_controller(sshd: Sshd, folder: Path) -> None:
    """Another driver takes the frame over, with all that was printed before."""

    async def play() -> None:
        show = Show(sshd, folder, "maya")
        spec = show.job("maya-arnold", saves=["shot_{frame}.png"], waits=str(folder / "go on"))
        first = show.stage()
        async with first:
            attempt = first.queue(spec, 5)
            await first.until(lambda: any(first.of(attempt, AttemptProgressed)))
            await first.vanish()
            async with show.stage(farm=first.farm, epoch=2) as second:
                (folder / "go on").touch()
                done = await second.outcome(attempt)
                assert isinstance(done, FrameRendered), done
                assert done.files == (f"{folder}/images/shot_0005.png",)
            # To the first one the frame is lost.
            assert isinstance(await first.outcome(attempt), AttemptReturned)
        assert len(show.calls(spec)) == 1, "it was rendered once"

    asyncio.run(play())
