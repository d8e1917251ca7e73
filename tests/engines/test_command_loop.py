"""The loop that runs a program for each order, under every shell a node may have."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from rcontrol.engines.base import Problem, Ready, Rendered, RenderedFile
from rcontrol.engines.command import CommandEngine
from rcontrol.farm.model import Blame, JobId, JobOptions, JobSpec
from tests.engines.local import LocalSession
from tests.engines.test_command import engine
from tests.fakes.need import need
from tests.sessions.node import mac_tools

HIDDEN = ".rcontrol-1/7.1-1"
USUAL = "{folder}/out/{name}_{frame:04}.png"

SHELLS = {
    **{"dash": "dash", "bash": "bash", "busybox": "busybox", "ksh93": "ksh93u+m", "mksh": "mksh"},
    "mac": "bash",
}
"""Shell -> its Debian package; `mac` is bash with nothing but what macOS has, too."""


@pytest.fixture(params=SHELLS, autouse=True)
def shell(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have `sh` be one of the shells."""
    name = str(request.param)
    found = shutil.which({"mac": "bash"}.get(name, name))
    need(None if found else f"{name} is not installed (Debian: {SHELLS[name]})")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "sh").symlink_to(str(found))
    (tmp_path / "tmp").mkdir()
    if name == "mac":
        mac_tools(programs)
    path = "" if name == "mac" else ":/usr/local/bin:/usr/bin:/bin"
    monkeypatch.setenv("PATH", f"{programs}{path}")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("RCONTROL_HIDDEN", str(tmp_path / "hidden"))
    return name


def session(
    folder: Path, script: str, made: CommandEngine | None = None, **options: Any
) -> LocalSession:
    """A session whose program is a shell script."""
    program = folder / "pro'gram $x"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    project = folder / "it's a $(show) *"
    project.mkdir(exist_ok=True)
    spec = JobSpec(
        JobId("1"), "shot", f"{project}/shot.pov", "povray", 1, 24, JobOptions(**options)
    )
    made = made or engine(output=USUAL)
    made.check(spec)
    return LocalSession(made, spec, {"povray": str(program)}, folder)


def test_what_is_left_in_the_hidden_folder_is_the_frame(tmp_path: Path) -> None:
    with session(tmp_path, 'echo "$1" >"$3"; mkdir "${3%/*}/z"; echo >"${3%/*}/z/a b"') as renderer:
        assert renderer.ready() == Ready()
        answer = renderer.render(7, hidden=HIDDEN)
        out = Path(renderer.spec.path).parent / "out"
        made = out / HIDDEN
        assert answer == Rendered(
            7,
            (
                RenderedFile(f"{out}/shot_0007.png", f"{made}/shot_0007.png"),
                RenderedFile(f"{out}/z/a b", f"{made}/z/a b"),
            ),
        )
        assert (made / "shot_0007.png").read_text() == renderer.spec.path + "\n"
        assert renderer.finish() == 0


def test_hidden_folders_are_written_down_and_as_open_as_their_place(tmp_path: Path) -> None:
    with session(tmp_path, 'echo >"$3"') as renderer:
        out = Path(renderer.spec.path).parent / "out"
        out.mkdir()
        out.chmod(0o2775)
        for frame in (7, 8, 9):
            renderer.render(frame, hidden=f".rcontrol-1/{frame}.1-1")
        listed = (tmp_path / "hidden").read_bytes().splitlines()
        paths = [line.replace(b"\\0", b"\\").decode("unicode_escape") for line in listed]
        assert paths == [f"{out}/.rcontrol-1/{frame}.1-1" for frame in (8, 9)]
        for folder in (out / ".rcontrol-1", out / ".rcontrol-1" / "9.1-1"):
            assert folder.stat().st_mode & 0o777 == 0o775


def test_it_runs_in_the_projects_folder_with_nothing_to_read(tmp_path: Path) -> None:
    with session(tmp_path, 'pwd >"$3"; cat >>"$3"; echo "$#" >>"$3"') as renderer:
        renderer.render(7, hidden=HIDDEN)
        folder = Path(renderer.spec.path).parent
        text = (folder / "out" / HIDDEN / "shot_0007.png").read_text()
        assert text == f"{folder}\n3\n"


def test_arguments_reach_no_shell(tmp_path: Path) -> None:
    words = ("$(touch x)", "`touch y`", "; touch z", "*", "", " a  b ", "\\0101\\n", "ö\n", "-n")
    made = engine(arguments=["{file}{frame}{output}", "{args}"], output=USUAL)
    spec_session = session(tmp_path, 'for a in "$@"; do printf "<%s>\\n" "$a"; done', made)
    options = JobOptions(args=words)
    spec_session.spec = JobSpec(JobId("1"), "s", spec_session.spec.path, "povray", 1, 9, options)
    with spec_session as renderer:
        renderer.render(7, hidden=HIDDEN)
        printed = renderer.output.read_text()
        assert "".join(f"<{word}>\n" for word in words) in printed
        assert sorted(path.name for path in Path(renderer.spec.path).parent.iterdir()) == ["out"]


def test_a_frame_saved_in_place_has_to_be_new(tmp_path: Path) -> None:
    script = 'case $2 in 8) ;; *) echo "$2" >"$3" ;; esac'
    with session(tmp_path, script) as renderer:
        out = Path(renderer.spec.path).parent / "out"
        for frame in (7, 7):
            path = f"{out}/shot_000{frame}.png"
            assert renderer.render(frame) == Rendered(frame, (RenderedFile(path, path),))
        (out / "shot_0008.png").write_text("old")
        problem = renderer.render(8)
        assert isinstance(problem, Problem)
        assert problem.error.startswith("povray has not written")
        assert not list((tmp_path / "tmp").iterdir())


def test_nobody_knows_where_it_was_saved(tmp_path: Path) -> None:
    with session(tmp_path, "true", engine(arguments=["{file}", "{frame}"])) as renderer:
        assert renderer.render(7, hidden=HIDDEN) == Rendered(7, (), unseen=True)


def test_how_a_program_ends(tmp_path: Path) -> None:
    script = "case $2 in 7) kill -9 $$ ;; 8) kill -11 $$ ;; 9) echo oh no >&2; exit 3 ;; esac"
    with session(tmp_path, script) as renderer:
        answers = [renderer.render(frame) for frame in (7, 8, 9)]
        problems = [answer for answer in answers if isinstance(answer, Problem)]
        assert [problem.error.partition(";")[0] for problem in problems] == [
            "povray was killed (SIGKILL)",
            "povray crashed (SIGSEGV)",
            "povray ended with status 3",
        ]
        assert "oh no" in problems[2].error
        assert problems[0].blame is Blame.NODE


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    renderer = session(tmp_path, "true")
    renderer.executables = {"povray": "/no/such/povray"}
    with renderer:
        problem = renderer.render(7)
        assert isinstance(problem, Problem)
        assert problem.error.startswith("no povray on this node: set executables: povray")
        assert problem.blame is Blame.NODE


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    with session(tmp_path, 'echo >"$3"', output="/proc/nowhere/f_#.png") as renderer:
        problem = renderer.render(7, hidden=HIDDEN)
        assert isinstance(problem, Problem)
        assert "/proc/nowhere" in problem.error
        assert problem.ends_frame


def test_an_order_is_taken_once(tmp_path: Path) -> None:
    with session(tmp_path, 'echo >>"$1.count"; echo >"$3"') as renderer:
        renderer.render(7, hidden=HIDDEN)
        spec = renderer.spec
        again = renderer.engine.order_line(spec, 7, name="1-1", overwrite=False, hidden=HIDDEN)
        renderer.send(again)
        renderer.send("")
        renderer.render(8, hidden=HIDDEN)
        assert Path(f"{spec.path}.count").read_text() == "\n\n"
