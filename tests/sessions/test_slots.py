"""Frames side by side on one node, each renderer in its slot's environment."""

import asyncio
import sys
from pathlib import Path

from rcontrol.farm.events import FrameRendered
from tests.fakes.sshd import Sshd
from tests.sessions.stage import Stage

ODD = 'it\'s $HOME `date` \\ "x"; rm -rf = é *'
TWO = ({"GPU": "0", "ODD": ODD}, {"GPU": "1"})


def told(stage: Stage, name: str, *frames: int) -> list[str]:
    return [(stage.folder / "job" / f"{name}.{frame}").read_text() for frame in frames]


def test_each_slot_renders_in_its_own_environment(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        async with Stage(sshd, folder, slots=TWO) as stage:
            spec = stage.project(act=["tell", "GPU", "tell", "ODD", "wait", "go"])
            first, second = stage.queue(spec, 1), stage.queue(spec, 2)
            await stage.progressed(first)
            await stage.progressed(second)
            assert sorted(told(stage, "GPU", 1, 2)) == ["0", "1"], "at the same time"
            (folder / "job" / "go").touch()
            for attempt in (first, second, *(stage.queue(spec, frame) for frame in (3, 4, 5))):
                assert isinstance(await stage.outcome(attempt), FrameRendered)
            for gpu, odd in zip(told(stage, "GPU", 1, 2), told(stage, "ODD", 1, 2), strict=True):
                assert odd == (ODD if gpu == "0" else "unset")
            assert len(stage.pids()) == 2, "the sessions went on"

    asyncio.run(scenario())


def test_a_program_whose_path_holds_an_equals_sign_is_run(sshd: Sshd, folder: Path) -> None:
    odd = folder / "a=b"
    odd.symlink_to(Path(sys.executable).resolve())

    async def scenario() -> None:
        programs = {"scripted": str(odd)}
        async with Stage(sshd, folder, slots=[{"GPU": "7"}], executables=programs) as stage:
            outcome = await stage.render(stage.project(act=["tell", "GPU", "save"]))
            assert isinstance(outcome, FrameRendered)
            assert told(stage, "GPU", 1) == ["7"]

    asyncio.run(scenario())


def test_a_session_that_is_found_belongs_to_its_slot(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        before = Stage(sshd, folder, slots=TWO)
        async with before:
            acts = {str(n): ["tell", "GPU", "wait", f"go{n}"] for n in (1, 2)}
            spec = before.project(acts=acts, act=["tell", "GPU", "save"])
            attempts = {frame: before.queue(spec, frame) for frame in (1, 2)}
            for attempt in attempts.values():
                await before.progressed(attempt)
            [first] = [frame for frame in (1, 2) if told(before, "GPU", frame) == ["0"]]
            (folder / "job" / f"go{first}").touch()
            await before.outcome(attempts.pop(first))
            before.driver.close_sessions(spec.id)
            await before.until(lambda: len(before.sessions) == 1)
            await before.vanish()
            async with Stage(sshd, folder, farm=before.farm, epoch=2, slots=TWO) as after:
                beside = after.queue(spec, 3)
                assert isinstance(await after.outcome(beside), FrameRendered)
                assert told(after, "GPU", 3) == ["0"], "the other slot has its frame still"
                [(second, attempt)] = attempts.items()
                (folder / "job" / f"go{second}").touch()
                assert isinstance(await after.outcome(attempt), FrameRendered)

    asyncio.run(scenario())


def test_a_session_without_a_slot_of_its_environment_is_ended(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> None:
        before, only = Stage(sshd, folder, slots=TWO), [{"GPU": "1"}]
        async with before:
            spec = before.project(act=["tell", "GPU", "wait", "go"])
            attempts = [before.queue(spec, frame) for frame in (1, 2)]
            for attempt in attempts:
                await before.progressed(attempt)
            await before.vanish()
            async with Stage(sshd, folder, farm=before.farm, epoch=2, slots=only) as after:
                (kept,) = after.driver.attempts()
                assert told(after, "GPU", kept.frame) == ["1"]
                assert len(after.sessions) == 1
                (folder / "job" / "go").touch()
                assert isinstance(await after.outcome(kept.attempt), FrameRendered)

    asyncio.run(scenario())
