"""What renderers of a configuration print, by the patterns it has for them."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcontrol.engines.base import Begun, Line, Problem, Progress, Ready, Rendered, RenderedFile
from rcontrol.engines.blender_loop import MARK
from rcontrol.engines.command_reader import CommandReader, Patterns
from rcontrol.farm.model import Blame
from tests.engines.examples import povray

TRANSCRIPTS = Path(__file__).with_name("transcripts")


def pattern(*texts: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text) for text in texts)


def reader(**patterns: object) -> CommandReader:
    made = CommandReader("povray", Patterns(**patterns), "/mnt/show")  # type: ignore[arg-type]
    assert made.read_line(f"{MARK}ready") == Ready()
    assert made.read_line(f"{MARK}begun 7") == Begun(7)
    return made


def ended(made: CommandReader, status: int = 0, how: str = "direct") -> Line | None:
    return made.read_line(f"{MARK}ended 7 {status} {how}")


def told(*words: str) -> str:
    """A report of the loop whose paths are in hex."""
    what, *paths = words
    return " ".join(
        (MARK + what, *(path.encode("utf-8", "surrogateescape").hex() for path in paths))
    )


def percents(made: CommandReader, *lines: str) -> list[float]:
    read = [made.read_line(line) for line in lines]
    return [line.percent for line in read if isinstance(line, Progress)]


def test_povray() -> None:
    made = reader()
    made = CommandReader("povray", povray().patterns, "/mnt/show")
    made.read_line(f"{MARK}begun 7")
    lines = (TRANSCRIPTS / "povray-3.7.txt").read_text().splitlines()
    read = [line for line in map(made.read_line, lines) if line is not None]
    seen = [line.percent for line in read if isinstance(line, Progress)]
    assert seen == sorted(seen)
    assert len(seen) == len(read) > 10
    assert seen[-1] == 100.0
    made.read_line(
        told("file", "/mnt/show/frames/.r/orbit_07.png", "/mnt/show/frames/orbit_07.png")
    )
    file = RenderedFile("/mnt/show/frames/orbit_07.png", "/mnt/show/frames/.r/orbit_07.png")
    assert ended(made, 0, "fenced") == Rendered(7, (file,))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (
            "povray-3.7-parse-error",
            "Parse Error: Expected 'numeric expression', undeclared identifier 'oops' found",
        ),
        ("povray-3.7-unwritable", "Cannot create render state output file."),
    ],
)
def test_povray_that_fails(name: str, error: str) -> None:
    made = CommandReader("povray", povray().patterns, "/mnt/show")
    made.read_line(f"{MARK}begun 7")
    for line in (TRANSCRIPTS / f"{name}.txt").read_text().splitlines():
        made.read_line(line)
    assert ended(made, 1) == Problem(error, Blame.JOB, ends_frame=True)


PERCENT = pattern(r"(?P<percent>[\d.,]+)%")


def test_percents_and_parts() -> None:
    lines = ("0%", "12.5% of it", "x 40 %", "1.2.3%", "250%")
    assert percents(reader(progress=PERCENT), *lines) == [0.0, 12.5, 100.0]
    parts = pattern(r"(?P<done>\d+) of (?P<total>\d+)")
    assert percents(reader(progress=parts), "1 of 4", "0 of 0", "4 of 4") == [25.0, 100.0]


def test_passes_that_are_counted_by_their_beginnings() -> None:
    made = reader(progress=PERCENT, passes=2)
    lines = ("0%", "50%", "45%", "100%", "0%", "50%", "100%", "0%", "50%", "100%")
    expected = [0.0, 25.0, 25.0, 50.0, 50.0, 75.0, 100.0, 100.0, 100.0, 100.0]
    assert percents(made, *lines) == expected
    made.read_line(f"{MARK}begun 8")
    assert percents(made, "50%") == [25.0]


def test_passes_that_say_their_numbers() -> None:
    named = pattern(r"pass (?P<pass>\d+)/(?P<passes>\d+): (?P<percent>\d+)%")
    lines = ("pass 1/4: 0%", "pass 1/4: 100%", "pass 3/4: 50%", "pass 0/0: 50%", "pass 4/4: 100%")
    assert percents(reader(progress=named), *lines) == [0.0, 25.0, 62.5, 62.5, 100.0]


def test_a_frame_that_was_not_said_to_be_done_is_not() -> None:
    made = reader(done=pattern("^Finished"))
    problem = ended(made)
    assert isinstance(problem, Problem)
    assert problem.error == "povray ended without saying that it has finished"
    made = reader(done=pattern("^Finished"))
    made.read_line("Finished after 3 s")
    assert ended(made) == Rendered(7, (), unseen=True)
    assert made.read_line(f"{MARK}begun 8") == Begun(8)
    assert isinstance(ended(made), Problem), "that was the frame before"


def test_an_error_fails_a_frame_whatever_the_exit_status() -> None:
    made = reader(error=pattern("^Error: (?P<error>.*)", "^Fatal"))
    assert made.read_line("Error: no camera") == Problem("no camera", Blame.JOB)
    assert made.read_line("Fatal: therefore nothing") is not None
    assert ended(made, 0) == Problem("no camera", Blame.JOB, ends_frame=True)
    made.read_line(f"{MARK}begun 8")
    assert isinstance(ended(made, 0), Rendered)


def test_a_node_error_is_the_nodes() -> None:
    made = reader(node_error=pattern("licence"), error=pattern("^Error"))
    made.read_line("Error: no licence")
    assert ended(made, 1) == Problem("Error: no licence", Blame.NODE, ends_frame=True)


def test_a_hint_explains_only_what_has_failed() -> None:
    made = reader(hint=pattern("^Warning: (?P<error>.*)"))
    assert made.read_line("Warning: no texture") == Problem("no texture", Blame.JOB)
    assert isinstance(ended(made, 0), Rendered)
    made.read_line("Warning: no mesh")
    assert ended(made, 3) == Problem("no mesh", Blame.JOB, ends_frame=True)


def test_the_system_explains_itself() -> None:
    made = reader()
    made.read_line("cannot write f.png: No space left on device")
    assert ended(made, 1) == Problem(
        "cannot write f.png: No space left on device", Blame.NODE, ends_frame=True
    )


@pytest.mark.parametrize(
    ("status", "blame", "words"),
    [
        (1, Blame.JOB, "povray ended with status 1; it last said: so be it"),
        (126, Blame.NODE, "check executables: povray (so be it)"),
        (127, Blame.NODE, "no povray on this node: set executables: povray to its path there"),
        (137, Blame.NODE, "povray was killed (SIGKILL)"),
        (139, Blame.JOB, "povray crashed (SIGSEGV)"),
        (210, Blame.JOB, "povray ended with status 210; it last said: so be it"),
    ],
)
def test_exit_statuses(status: int, blame: Blame, words: str) -> None:
    made = reader()
    made.read_line("so be it")
    problem = ended(made, status)
    assert isinstance(problem, Problem)
    assert words in problem.error
    assert (problem.blame, problem.ends_frame) == (blame, True)
    assert made.explain_exit(status) == problem


def test_what_was_told_of_files() -> None:
    made = reader()
    odd = "/mnt/\udce9/new\nline ö.png"
    made.read_line(told("file", f"{odd}.tmp", odd))
    made.read_line(told("file", "/mnt/a/deep/er.png", "/mnt/a/deep/er.png"))
    made.read_line(told("file", "/mnt/b.png", "/mnt/b.png"))
    answer = ended(made)
    assert isinstance(answer, Rendered)
    assert [file.path for file in answer.files] == ["/mnt/b.png", odd, "/mnt/a/deep/er.png"]
    assert not answer.unseen


def test_files_that_are_missing() -> None:
    made = reader()
    made.read_line(told("unwritten", "/mnt/f.png"))
    problem = ended(made)
    assert isinstance(problem, Problem)
    assert problem.error == "povray has not written '/mnt/f.png' and does not say why"
    problem = ended(reader(), 0, "fenced")
    assert isinstance(problem, Problem)
    assert problem.error == "povray has saved nothing where it was told to"


def test_files_that_it_says_it_has_saved() -> None:
    made = reader(saved=pattern("^Saved (?P<file>.*)"))
    for line in ("Saved out/f_7.png", "Saved /mnt/x.png", "Saved out/f_7.png"):
        made.read_line(line)
    paths = ("/mnt/show/out/f_7.png", "/mnt/x.png")
    assert ended(made) == Rendered(7, tuple(RenderedFile(path, path) for path in paths))


def test_a_folder_that_cannot_be_made() -> None:
    said = told("refused 7", "mkdir: /mnt/show/.rcontrol-1/7.1-1/: Read-only file system")
    assert reader().read_line(said) == Problem(
        "mkdir: /mnt/show/: Read-only file system", Blame.NODE, ends_frame=True
    )


@given(st.text())
def test_no_line_breaks_the_reader(line: str) -> None:
    made = reader(progress=PERCENT, error=pattern("Error"))
    made.read_line(line)
    made.read_line(MARK + line)
    for word in ("begun", "file", "unwritten", "refused", "ended"):
        made.read_line(f"{MARK}{word} {line}")
    made.read_line("Error" + "x" * 100_000)
