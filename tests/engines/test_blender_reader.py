import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcontrol.engines.base import (
    Begun,
    Outdated,
    Problem,
    Progress,
    Ready,
    Rendered,
    RenderedFile,
)
from rcontrol.engines.blender_loop import MARK, Status
from rcontrol.engines.blender_reader import BlenderReader
from rcontrol.farm.model import Blame

TRANSCRIPTS = Path(__file__).with_name("transcripts")


def marked(what: str, **facts: Any) -> str:
    return MARK + json.dumps({"is": what, **facts})


def problem_report(error: str, blame: str = "", final: bool = False) -> str:
    return marked("problem", error=error, blame=blame, ends_frame=True, final=final)


def read(reader: BlenderReader, name: str) -> list[Any]:
    text = (TRANSCRIPTS / f"{name}.txt").read_text()
    understood = (reader.read_line(line) for line in text.splitlines())
    return [line for line in understood if line is not None]


@pytest.mark.parametrize(
    ("name", "percents"),
    [
        ("2.79-cycles", [0.0, 20.0, 80.0, 100.0]),
        ("2.79-internal", [25.0, 75.0, 100.0]),
        ("2.83-cycles", [0.0, 25.0, 75.0, 100.0]),
        ("2.83-eevee", [1.5625, 40.625, 79.6875, 100.0]),
        ("2.93-cycles", [0.0, 25.0, 100.0]),
        ("2.93-cycles-gpu", [0.0, 25.0, 75.0, 100.0]),
        ("2.93-eevee", [1.5625, 40.625, 100.0]),
        ("3.4-cycles", [0.0, 6.25, 100.0]),
        ("3.4-eevee", [12.5, 100.0]),
        ("4.5-bpy-cycles", [0.0, 6.25, 100.0]),
        ("4.5-bpy-eevee", [12.5, 100.0]),
        ("5.0-bpy-cycles", [0.0, 6.25, 100.0]),
        ("5.0-bpy-eevee", [1.5625, 39.0625, 78.125, 100.0]),
        ("5.2-cycles", [0.0, 25.0, 100.0]),
        ("5.2-eevee", [1.5625, 40.625, 100.0]),
    ],
)
def test_progress_of_every_version(name: str, percents: list[float]) -> None:
    assert read(BlenderReader(), name) == [Progress(percent) for percent in percents]


@pytest.mark.parametrize(
    ("name", "tiles"),
    [("3.4-cycles-tiled", 8), ("4.5-bpy-cycles-tiled", 8), ("5.0-bpy-cycles-tiled", 6)],
)
def test_tiles_count_more_than_the_samples_within_one(name: str, tiles: int) -> None:
    lines = read(BlenderReader(), name)
    percents = [line.percent for line in lines]
    assert percents == sorted(percents)
    assert percents[0] == 0.0
    assert percents[-1] == pytest.approx(100.0 * (tiles - 1) / tiles + 100.0 / tiles / 16)


def test_what_the_loop_prints_where_blender_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    status = Status()
    status.frame = 7
    status.take("Mem: 2M | Sample 1/16", None)
    status.take("Rendering 25 / 50 samples", None)
    reader = BlenderReader()
    lines = [reader.read_line(line) for line in capfd.readouterr().out.splitlines()]
    assert lines == [Progress(6.25), Progress(50.0)]


def test_progress_never_goes_back_within_a_frame_and_starts_anew_with_the_next() -> None:
    reader = BlenderReader()
    status = "Fra:1 Mem:9M | Time:00:00.1 | Scene, {} | Sample {}/4"
    assert reader.read_line(status.format("Front", 4)) == Progress(100.0)
    assert reader.read_line(status.format("Back", 1)) == Progress(100.0)
    reader.read_line(marked("begun", frame=2))
    assert reader.read_line(status.format("Front", 1)) == Progress(25.0)


@pytest.mark.parametrize(
    ("name", "last_error", "blame"),
    [
        ("3.4-no-camera", "Error: Cannot render, no camera", Blame.JOB),
        ("3.4-no-denoiser", "Error: Build without OpenImageDenoiser", Blame.JOB),
        (
            "3.4-unwritable",
            "Error: Render error (Invalid argument) cannot save: '/proc/nowhere/f_0007.png' "
            "(/proc/nowhere/f_0007.png: No such file or directory)",
            Blame.JOB,
        ),
        (
            "4.5-bpy-unwritable",
            "Error: Render error (Invalid argument) cannot save: '/proc/nowhere/f_0007.png' "
            "(/proc/nowhere/f_0007.png: No such file or directory)",
            Blame.JOB,
        ),
        (
            "5.0-bpy-unwritable",
            "Error: Render error (No such file or directory) cannot save: "
            "'/proc/nowhere/f_0007.png'",
            Blame.JOB,
        ),
        ("5.0-bpy-no-camera", "Error: Cannot render, no camera", Blame.JOB),
        (
            "disk-full",
            "Error: Render error (Invalid argument) cannot save: '/mnt/show/out/f_0007.png' "
            "(/mnt/show/out/f_0007.png: No space left on device)",
            Blame.NODE,
        ),
        ("gpu-out-of-memory", "Error: System is out of GPU memory", Blame.JOB),
    ],
)
def test_an_end_is_explained_by_the_last_error(name: str, last_error: str, blame: Blame) -> None:
    reader = BlenderReader()
    hints = [line for line in read(reader, name) if isinstance(line, Problem)]
    assert hints
    assert not any(hint.ends_frame or hint.final for hint in hints)
    assert reader.explain_exit(1) == Problem(last_error, blame, ends_frame=True)


def test_a_reported_problem_is_the_nodes_when_its_cause_was() -> None:
    reader = BlenderReader()
    reader.read_line(marked("begun", frame=1))
    reader.read_line("/mnt/f_0001.png: Disk quota exceeded")
    assert reader.read_line(problem_report("Error: cannot save: '/mnt/f_0001.png'")) == Problem(
        "Error: cannot save: '/mnt/f_0001.png' (/mnt/f_0001.png: Disk quota exceeded)",
        Blame.NODE,
        ends_frame=True,
    )


def test_the_errors_of_one_frame_do_not_explain_the_next() -> None:
    reader = BlenderReader()
    reader.read_line("Error: something odd")
    reader.read_line(marked("begun", frame=2))
    assert reader.explain_exit(0).error == "Blender ended before the frame was done"


@pytest.mark.parametrize(
    ("status", "blame", "words"),
    [
        (0, Blame.JOB, "before the frame was done"),
        (1, Blame.JOB, "status 1"),
        (126, Blame.NODE, "executables: blender"),
        (127, Blame.NODE, "executables: blender"),
        (128 + 1, Blame.NODE, "killed (SIGHUP)"),
        (128 + 9, Blame.NODE, "killed (SIGKILL)"),
        (128 + 15, Blame.NODE, "killed (SIGTERM)"),
        (128 + 6, Blame.JOB, "crashed (SIGABRT)"),
        (128 + 11, Blame.JOB, "crashed (SIGSEGV)"),
        (128 + 99, Blame.JOB, "crashed (signal 99)"),
        (255, Blame.JOB, "crashed (signal 127)"),
    ],
)
def test_exit_statuses(status: int, blame: Blame, words: str) -> None:
    problem = BlenderReader().explain_exit(status)
    assert words in problem.error
    assert (problem.blame, problem.ends_frame, problem.final) == (blame, True, False)


def test_a_crash_names_the_error_before_it() -> None:
    reader = BlenderReader()
    reader.read_line("blender: error while loading shared libraries: libGL.so.1: cannot open")
    assert reader.explain_exit(127).blame is Blame.NODE
    reader.read_line("Malloc returns null: len=99999 in vertices, total 12")
    assert reader.explain_exit(128 + 11) == Problem(
        "Blender crashed (SIGSEGV); its last error: "
        "Malloc returns null: len=99999 in vertices, total 12",
        Blame.JOB,
        ends_frame=True,
    )


def test_the_loops_reports() -> None:
    reader = BlenderReader()
    path = "/mnt/\udce9/new\nline ö.png"
    rendered = marked(
        "rendered", frame=3, files=[(path, "/mnt/.r/ö.png")], skipped=True, memory_mb=12.5
    )
    assert rendered.isascii()
    assert "\n" not in rendered
    assert reader.read_line(marked("ready")) == Ready()
    assert reader.read_line("left open by Blender" + marked("begun", frame=3)) == Begun(3)
    assert reader.read_line(rendered + "\r") == Rendered(
        3, (RenderedFile(path, "/mnt/.r/ö.png"),), True, 12.5
    )
    assert reader.read_line(marked("outdated")) == Outdated()
    assert reader.read_line(problem_report("x", "node", final=True)) == Problem(
        "x", Blame.NODE, ends_frame=True, final=True
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Blender quit",
        "Saved: '/mnt/out/f_0001.png'",
        "I print Sample 3/4 from a handler",
        "Fra:1 Mem:9M | Time:00:00.01 | Scene, ViewLayer | Updating Mesh",
        "EGL Error (0x3009): EGL_BAD_MATCH: Arguments are inconsistent",
        MARK,
        MARK + "{",
        MARK + "[]",
        MARK + '{"is": "rendered"}',
        MARK + '{"is": "new in some later version"}',
        "Error: " + "x" * 10_000_000,
    ],
)
def test_what_means_nothing_to_the_farm(line: str) -> None:
    assert BlenderReader().read_line(line) is None


@given(st.text())
def test_no_line_breaks_the_reader(line: str) -> None:
    reader = BlenderReader()
    reader.read_line(line)
    reader.read_line(MARK + line)
    reader.read_line("Fra:1 | Sample 0/0 | Rendered 1/0 Tiles" + line)
