"""Frames made in hidden folders, in a real Blender and in the bpy wheel."""

import os
from pathlib import Path

import numpy as np
import pytest

from rcontrol.engines.base import Problem, Rendered
from tests.engines.test_blender_loop import Session, kind, pixels, render_one_shot, session
from tests.scenes import build_scene

__all__ = ["kind", "session"]

HIDDEN = ".rcontrol-job/4.1-7"


def published(line: object) -> list[Path]:
    """Rename the files of a frame, as the node does; return where they are then."""
    assert isinstance(line, Rendered), line
    for file in line.files:
        assert HIDDEN in file.made
        assert not Path(file.path).exists()
        Path(file.path).parent.mkdir(parents=True, exist_ok=True)
        Path(file.made).rename(file.path)
    return sorted(Path(file.path) for file in line.files)


def found(folder: Path) -> list[Path]:
    """All files below a folder but the projects."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".blend")
    return sorted(path.relative_to(folder) for path in files)


@pytest.mark.parametrize(
    ("views", "passes"), [("", True), ("INDIVIDUAL", False), ("INDIVIDUAL", True)]
)
def test_every_file_of_a_frame_is_made_apart_and_is_the_one_blender_makes(
    session: Session, kind: str, tmp_path: Path, views: str, passes: bool
) -> None:
    mine = build_scene(tmp_path / "a" / "shot.blend", samples=2, views=views, passes=passes)
    theirs = build_scene(tmp_path / "b" / "shot.blend", samples=2, views=views, passes=passes)
    with session(mine) as renderer:
        files = published(renderer.render(4, hidden=HIDDEN))
        # The project is as it was: a frame without a hidden folder goes where it belongs.
        in_place = renderer.render(5)
        assert isinstance(in_place, Rendered)
        assert all(file.made == file.path for file in in_place.files)
    render_one_shot(kind, theirs, 4)
    render_one_shot(kind, theirs, 5)
    assert found(mine.parent) == found(theirs.parent)
    assert len(files) >= (6 if passes else 2)
    assert files == sorted(mine.parent / name for name in found(mine.parent) if "4" in name.stem)
    for file in files:
        if file.suffix == ".png":
            reference = theirs.parent / file.relative_to(mine.parent)
            assert np.array_equal(pixels(file), pixels(reference)), file


def test_a_frame_that_fails_leaves_nothing(session: Session, tmp_path: Path) -> None:
    with session(build_scene(tmp_path / "shot.blend", camera=False)) as renderer:
        assert isinstance(renderer.render(4, hidden=HIDDEN), Problem)
    assert not (tmp_path / "out" / ".rcontrol-job").exists()


def test_what_blender_says_of_a_file_names_its_place(session: Session, tmp_path: Path) -> None:
    out = tmp_path / "out"
    scene = build_scene(tmp_path / "shot.blend")
    out.write_text("in the way")
    with session(scene) as renderer:
        problem = renderer.render(1, hidden=HIDDEN)
    assert isinstance(problem, Problem)
    assert f"cannot save: '{out}/f_0001.png'" in problem.error


def test_a_frame_that_is_there_is_not_made_again_with_overwrite_off(
    session: Session, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    there = tmp_path / "out" / "f_0004.png"
    there.write_bytes(b"cut off")
    with session(build_scene(tmp_path / "shot.blend", overwrite=False)) as renderer:
        skipped = renderer.render(4, hidden=HIDDEN)
        assert isinstance(skipped, Rendered)
        assert skipped.skipped
        assert [(file.path, file.made) for file in skipped.files] == [(str(there), str(there))]
        forced = renderer.render(4, hidden=HIDDEN, overwrite=True)
        assert isinstance(forced, Rendered)
        assert there.read_bytes() == b"cut off"
        assert pixels(Path(forced.files[0].made)).shape == (48, 64, 4)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("//elsewhere/##_g", "elsewhere/03_g.png"),
        ("//elsewhere/", "elsewhere/0003.png"),
        ("//#a#/$(x) ; 'q'\n/ö_", "#a#/$(x) ; 'q'\n/ö_0003.png"),
    ],
)
def test_odd_outputs(session: Session, tmp_path: Path, output: str, expected: str) -> None:
    with session(build_scene(tmp_path / "shot.blend"), output=output) as renderer:
        assert published(renderer.render(3, hidden=HIDDEN)) == [tmp_path / expected]


def test_variables_in_paths(session: Session, kind: str, tmp_path: Path) -> None:
    scene = build_scene(tmp_path / "{{a" / "shot.blend", passes=True)
    output = "//{blend_name}/{{x}}/{blend_name}_"
    expected = "shot/{x}/shot_0003.png" if kind == "bpy" else output[2:] + "0003.png"
    with session(scene, output=output) as renderer:
        files = published(renderer.render(3, hidden=HIDDEN))
        assert scene.parent / expected in files
        assert {scene.parent / name for name in found(scene.parent)} == set(files)
    with session(scene, output="//{unheard}/f_") as renderer:
        answer = renderer.render(3, hidden=HIDDEN)
        if kind == "bpy":
            assert isinstance(answer, Problem)
            assert "unheard" in answer.error


def test_the_folders_are_written_down_for_the_sessions_end(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = tmp_path / "hidden"
    monkeypatch.setenv("RCONTROL_HIDDEN", str(noted))
    scene = build_scene(tmp_path / "ä b" / "shot.blend", passes=True)
    with session(scene) as renderer:
        published(renderer.render(4, hidden=HIDDEN))
        (tmp_path / "ä b" / "out" / HIDDEN).rmdir()
        renderer.render(5, hidden=".rcontrol-job/5.1-8")
    spelled = str(tmp_path).replace("ä", "") + "/\\0303\\0244\\0040b"
    assert set(noted.read_text().splitlines()) == {
        *(f"{spelled}/{place}/.rcontrol-job/5.1-8" for place in ("out", "passes", "layers")),
        *(f"{spelled}/{place}/{HIDDEN}" for place in ("passes", "layers")),
    }


def test_hidden_folders_can_be_written_by_whoever_can_write_beside_them(
    session: Session, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o2777)
    with session(build_scene(tmp_path / "shot.blend")) as renderer:
        renderer.render(4, hidden=HIDDEN)
    for folder in (out / HIDDEN, (out / HIDDEN).parent):
        assert os.stat(folder).st_mode & 0o7777 == 0o2777  # noqa: PTH116
