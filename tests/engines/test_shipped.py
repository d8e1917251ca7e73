"""Terragen and Maya, as the package describes them."""

from pathlib import Path
from typing import Any

import pytest

from rcontrol.config.renderers import shipped
from rcontrol.engines.base import Problem, Progress, Rendered
from rcontrol.engines.blender_loop import MARK
from rcontrol.engines.command import CommandEngine
from rcontrol.engines.registry import Engines
from rcontrol.errors import BadRequest
from rcontrol.farm.model import Blame, JobId, JobOptions, JobSpec
from rcontrol.farm.settings import NodeSettings
from tests.engines.test_command import arguments, order

TRANSCRIPTS = Path(__file__).with_name("transcripts")


def engine(name: str) -> CommandEngine:
    found = Engines(shipped()).named(name)
    assert isinstance(found, CommandEngine)
    return found


def spec(path: str, **options: Any) -> JobSpec:
    made = JobSpec(JobId("1"), "shot", path, "x", 1, 40, JobOptions(**options))
    Engines(shipped()).for_file(path).check(made)
    return made


def read(name: str, transcript: str, status: int = 0) -> tuple[list[float], Any]:
    """Return the progress in a transcript, and how the frame ended."""
    made = engine(name).reader(spec("/mnt/show/x" + engine(name).extensions[0]))
    made.read_line(f"{MARK}begun 7")
    text = (TRANSCRIPTS / f"{transcript}.txt").read_text()
    understood = [made.read_line(line) for line in text.splitlines()]
    percents = [line.percent for line in understood if isinstance(line, Progress)]
    return percents, made.read_line(f"{MARK}ended 7 {status} direct")


def test_terragen_is_called_as_old_clients_know_it() -> None:
    job = spec("/mnt/show/valley.tgd")
    assert arguments(engine("tgd"), job) == [
        *("-p", "/mnt/show/valley.tgd", "-hide", "-exit", "-r", "-f", "7")
    ]
    assert order(engine("tgd"), job)[2:5] == ["", "", "0"], "the project says where it saves"


def test_terragen_may_be_told_where_to_save() -> None:
    job = spec("/mnt/show/valley.tgd", output="/mnt/out/f_####.exr", args=("-ox", "/mnt/x.exr"))
    assert order(engine("tgd"), job)[-4:] == [
        *("-o", "/mnt/out/.r/7.1-1/f_0007.exr", "-ox", "/mnt/x.exr")
    ]
    with pytest.raises(BadRequest, match="the name of a file with its ending"):
        spec("/mnt/show/valley.tgd", output="/mnt/out/")


@pytest.mark.parametrize(
    ("path", "flags"),
    [
        ("/mnt/show/valley.tgd", {"-p", "-f", "-o"}),
        ("/mnt/show/scenes/shot.ma", {"-s", "-e", "-rd", "-im"}),
    ],
)
def test_jobs_cannot_say_what_the_farm_says(path: str, flags: set[str]) -> None:
    for flag in flags:
        with pytest.raises(BadRequest, match=f"{flag} is not possible here"):
            spec(path, args=("-x", flag, "1"))
    spec(path, args=("-exit", "-verb", "-proj", "/mnt/show"))


def test_terragen_finds_its_own_files() -> None:
    mac = {"terragen": "/Applications/Terragen 3.app/Contents/MacOS/Terragen 3"}
    node = NodeSettings("mac1", os="mac", executables=mac)
    argv = engine("tgd").command(spec("/mnt/show/valley.tgd"), node)
    assert argv[:2] == ("env", "TERRAGEN_PATH=/Applications/Terragen 3.app/Contents/MacOS")
    assert argv[-1] == mac["terragen"]


def test_maya_renders_one_frame_into_a_folder() -> None:
    job = spec("/mnt/show/scenes/shot.ma")
    assert arguments(engine("maya"), job) == [
        *("-s", "7", "-e", "7", "-rd", "/mnt/show/scenes/images", "/mnt/show/scenes/shot.ma")
    ]
    more = spec("/mnt/show/scenes/shot.mb", output="/mnt/out/a", args=("-r", "arnold"))
    assert order(engine("maya"), more)[2:] == [
        *(".r/7.1-1", "/mnt/out", "0", "-s", "7", "-e", "7", "-rd", "/mnt/out/.r/7.1-1"),
        *("-im", "a", "-r", "arnold", "/mnt/show/scenes/shot.mb"),
    ]
    assert engine("maya").program(NodeSettings("hex1")).path == "Render"


@pytest.mark.parametrize(
    ("name", "transcript", "percents"),
    [
        ("tgd", "terragen-4", [0, 12.5, 25, 37.5, 50, 50, 56.25, 75, 100]),
        ("tgd", "terragen-3-three-passes", [0, 50, 50, 100, 100, 100]),
        ("maya", "maya-software", []),
        ("maya", "maya-arnold", [0, 25, 50, 100]),
    ],
)
def test_a_frame_that_is_done(name: str, transcript: str, percents: list[float]) -> None:
    seen, end = read(name, transcript)
    assert seen == percents
    assert isinstance(end, Rendered), end


def test_terragens_word_counts_more_than_its_exit_status() -> None:
    _, end = read("tgd", "terragen-4", status=139)
    assert end == Rendered(7, (), unseen=True)


def test_maya_says_where_it_saved() -> None:
    _, end = read("maya", "maya-software")
    assert [file.path for file in end.files] == ["/mnt/show/images/shot.0007.iff"]


@pytest.mark.parametrize(
    ("name", "transcript", "status", "blame", "error"),
    [
        (
            *("tgd", "terragen-licence", 0, Blame.NODE),
            "terragen ended without saying that it has finished (Error: a valid license could not "
            "be found. Please check your license key.)",
        ),
        (
            *("tgd", "terragen-no-file", 1, Blame.JOB),
            'Error: unable to open the project file "/mnt/show/valley.tgd"',
        ),
        ("maya", "maya-licence", 205, Blame.NODE, "Maya: License was not obtained"),
        (
            *("maya", "maya-no-scene", 210, Blame.JOB),
            'Cannot load scene "/mnt/show/scenes/shot.ma". Please check the scene name.',
        ),
        (
            *("maya", "maya-watermark", 0, Blame.NODE),
            "00:00:01   840MB WARNING | rendering with watermarks because of failed authorization:",
        ),
    ],
)
def test_a_frame_that_fails(
    name: str, transcript: str, status: int, blame: Blame, error: str
) -> None:
    _, end = read(name, transcript, status)
    assert end == Problem(error, blame, ends_frame=True)
