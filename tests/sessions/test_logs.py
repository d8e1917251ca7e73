"""What a renderer says is in the log of the attempt at which it said it."""

import asyncio
import json
from pathlib import Path

import pytest

from rcontrol.farm.events import FrameRendered
from rcontrol.farm.model import AttemptId
from rcontrol.framelogs import Logs
from rcontrol.framelogs.layout import FIRST_PIECE, LAST_PIECES, LATER_PIECE
from tests.fakes.sshd import Sshd
from tests.sessions.stage import Stage


def said(folder: Path, frame: int, attempt: AttemptId, job: str = "job") -> str:
    """Return a log that has ended."""
    text, position = "", 0
    while part := Logs(folder / "logs").read(job, frame, attempt, position):
        text, position = text + part.text, part.next
        if part.at_end:
            assert part.ended
            return text
    raise AssertionError(f"no log of {attempt} at {job}/{frame}")


def marks(text: str) -> list[str]:
    """Return the words of the renderer's marked lines."""
    return [line.split()[1] for line in text.splitlines() if line.startswith("@scripted@")]


def test_each_attempt_has_its_own(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> list[AttemptId]:
        async with Stage(sshd, folder) as stage:
            spec = stage.project(acts={"3": ["fail"]})
            attempts = [stage.queue(spec, frame) for frame in (1, 2, 3)]
            for attempt in attempts:
                await stage.outcome(attempt)
            return attempts

    first, second, third = asyncio.run(scenario())
    assert marks(said(folder, 1, first)) == ["ready", "begun", "rendered"]
    assert marks(said(folder, 2, second)) == ["begun", "rendered"]
    assert marks(said(folder, 3, third)) == ["begun", "problem"]
    assert "no camera" in said(folder, 3, third)


def test_slots_do_not_mix(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> list[AttemptId]:
        async with Stage(sshd, folder, slots=({}, {})) as stage:
            spec = stage.project(act=["steps", "20"])
            attempts = [stage.queue(spec, frame) for frame in (1, 2)]
            for attempt in attempts:
                await stage.outcome(attempt)
            return attempts

    for frame, attempt in enumerate(asyncio.run(scenario()), 1):
        text = said(folder, frame, attempt)
        assert marks(text).count("progress") == 20
        assert f'"frame": {frame}' in text
        assert f'"frame": {3 - frame}' not in text


@pytest.mark.parametrize("act", [["flood", "100"], ["one_line", "5"]])
def test_floods_are_bounded(sshd: Sshd, folder: Path, act: list[str]) -> None:
    async def scenario() -> AttemptId:
        async with Stage(sshd, folder) as stage:
            attempt = stage.queue(stage.project(act=act))
            assert isinstance(await stage.outcome(attempt), FrameRendered)
            return attempt

    attempt = asyncio.run(scenario())
    text = said(folder, 1, attempt)
    assert "ready" in text
    assert marks(text)[-1] == "rendered", "the end is kept"
    assert "bytes of output are not kept]" in text
    assert len(text) < FIRST_PIECE + LAST_PIECES * LATER_PIECE + 10_000
    kept = sum(file.stat().st_size for file in (folder / "logs").rglob("*.gz"))
    assert kept < 1_000_000


def test_binary_output_is_kept(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> AttemptId:
        async with Stage(sshd, folder) as stage:
            attempt = stage.queue(stage.project(act=["binary"]))
            await stage.outcome(attempt)
            return attempt

    assert "\0\1\2\3" in said(folder, 1, asyncio.run(scenario()))


def test_a_frame_that_takes_two_sessions_has_one_log(sshd: Sshd, folder: Path) -> None:
    async def scenario() -> AttemptId:
        async with Stage(sshd, folder) as stage:
            attempt = stage.queue(stage.project(act=["outdated_once"]))
            assert isinstance(await stage.outcome(attempt), FrameRendered)
            return attempt

    words = marks(said(folder, 1, asyncio.run(scenario())))
    assert words == ["ready", "begun", "outdated", "ready", "begun", "rendered"]


@pytest.mark.parametrize("frames", [1, 2])
def test_a_log_goes_on_when_the_frame_is_taken_over(sshd: Sshd, folder: Path, frames: int) -> None:
    async def scenario() -> list[AttemptId]:
        before = Stage(sshd, folder)
        async with before:
            last = str(frames)
            spec = before.project(acts={last: ["wait", "go"]})
            attempts = [before.queue(spec, frame) for frame in range(1, frames + 1)]
            await before.progressed(attempts[-1])
            if frames == 2:
                # As if the first one had not been published yet when the second one was given.
                [session] = before.sessions
                lines = (session / "given").read_text().splitlines()
                first, second = (json.loads(line) for line in lines)
                given = json.dumps({**second, "before": first})
                (session / "given").write_text(given + "\n")
            await before.vanish()
            before.logs.close()
            async with Stage(sshd, folder, farm=before.farm, epoch=2) as after:
                (folder / "job" / "go").touch()
                for attempt in attempts:
                    assert isinstance(await after.outcome(attempt), FrameRendered)
        return attempts

    attempts = asyncio.run(scenario())
    texts = [said(folder, frame, attempt) for frame, attempt in enumerate(attempts, 1)]
    assert marks(texts[0])[:2] == ["ready", "begun"]
    if frames == 2:
        assert marks(texts[0]) == ["ready", "begun", "rendered"]
        assert marks(texts[1]) == ["begun", "progress", "rendered"]
    else:
        assert marks(texts[0]) == ["ready", "begun", "progress", "rendered"]
    assert not [text for text in texts if "are not kept" in text]


def test_an_attempt_that_never_reached_a_renderer_has_an_empty_log(
    sshd: Sshd, folder: Path
) -> None:
    async def scenario() -> AttemptId:
        async with Stage(sshd, folder, executables={"scripted": "/no/such/python"}) as stage:
            attempt = stage.queue(stage.project())
            await stage.outcome(attempt)
            return attempt

    assert "not found" in said(folder, 1, asyncio.run(scenario()))
