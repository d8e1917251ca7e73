"""The loop in a real Blender and in the bpy wheel."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rcontrol.engines.base import Begun, Outdated, Problem, Progress, Ready, Rendered
from rcontrol.engines.blender import BlenderEngine
from rcontrol.farm.model import Blame, JobId, JobOptions, JobSpec
from rcontrol.farm.settings import NodeSettings
from tests.engines.local import LocalSession
from tests.fakes.need import need
from tests.scenes import blender, build_scene, executables

ENGINE = BlenderEngine()

Session = Callable[..., LocalSession]

ONE_SHOT = """
import bpy, sys
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
scene = bpy.context.scene
scene.frame_start = scene.frame_end = int(sys.argv[2])
bpy.ops.render.render(animation=True)
"""


@pytest.fixture(params=["blender", "bpy"])
def kind(request: pytest.FixtureRequest) -> str:
    executables(request.param)
    return str(request.param)


@pytest.fixture
def session(kind: str, tmp_path: Path) -> Session:
    def start(path: Path, **options: Any) -> LocalSession:
        spec = JobSpec(JobId("1"), "shot", str(path), "blend", 1, 10, JobOptions(**options))
        ENGINE.check(spec)
        return LocalSession(ENGINE, spec, executables(kind), tmp_path)

    return start


def render_one_shot(kind: str, path: Path, frame: int) -> None:
    """Render a frame as people do by hand."""
    start = executables(kind)[kind]
    if kind == "blender":
        argv = [start, "-b", "-noaudio", str(path), "-f", str(frame)]
    else:
        argv = [start, "-c", ONE_SHOT, str(path), str(frame)]
    subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=True)


def pixels(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as image:
        return np.asarray(image)


def files(line: Any) -> list[Path]:
    assert isinstance(line, Rendered), line
    return [Path(file.path) for file in line.files]


def test_frames_are_those_of_a_process_per_frame(
    session: Session, kind: str, tmp_path: Path
) -> None:
    scene = build_scene(tmp_path / "a" / "shot.blend", samples=8)
    reference = build_scene(tmp_path / "b" / "shot.blend", samples=8)
    with session(scene) as renderer:
        assert renderer.ready() == Ready()
        for frame in (1, 5, 2):
            rendered = renderer.render(frame)
            assert isinstance(rendered, Rendered)
            assert rendered.frame == frame
            assert not rendered.skipped
            assert 20.0 < rendered.memory_mb < 4000.0
        assert renderer.finish() == 0
    for frame in (1, 5):
        render_one_shot(kind, reference, frame)
        name = f"out/f_{frame:04}.png"
        mine, theirs = pixels(scene.parent / name), pixels(reference.parent / name)
        assert mine.shape == (48, 64, 4)
        assert np.array_equal(mine, theirs)
    assert not np.array_equal(
        pixels(scene.parent / "out/f_0001.png"), pixels(scene.parent / "out/f_0005.png")
    )
    assert sorted(file.name for file in (scene.parent / "out").iterdir()) == [
        *("f_0001.png", "f_0002.png", "f_0005.png"),
    ]


def test_a_quit_order_and_empty_lines(session: Session, tmp_path: Path) -> None:
    with session(build_scene(tmp_path / "shot.blend")) as renderer:
        renderer.send("")
        renderer.send("")
        assert isinstance(renderer.render(1), Rendered)
        renderer.send('{"quit": true}')
        assert renderer.exit_status() == 0


def test_the_next_frame_begins_within_milliseconds(session: Session, tmp_path: Path) -> None:
    """An order that waits behind the running frame is taken at once."""
    frames = range(1, 9)
    with session(build_scene(tmp_path / "shot.blend", samples=1, size=(16, 12))) as renderer:
        for frame in frames:
            renderer.order(frame)
        for _ in frames:
            assert files(renderer.until(lambda line: isinstance(line, Rendered | Problem)))
        ends = {line.frame: at for at, line in renderer.lines if isinstance(line, Rendered)}
        assert list(ends) == list(frames)
        gaps = sorted(renderer.begun(frame) - ends[frame - 1] for frame in frames[1:])
        assert gaps[len(gaps) // 2] < 0.05


def test_progress_comes_while_the_frame_renders(session: Session, tmp_path: Path) -> None:
    """Its output is a file, which C's stdio would fill in blocks of 4096 bytes.

    The frame has hundreds of tiles. Within one, Cycles aims at two reports a minute, whatever the
    number of samples; between them it always reports.
    """
    block = 4096
    scene = build_scene(tmp_path / "shot.blend", samples=256, size=(1920, 1080), tile=64)
    with session(scene) as renderer:
        renderer.order(1)
        came: list[float] = []
        first = size = by_itself = 0
        while by_itself < 3:
            line = renderer.until(lambda line: line not in {Ready(), Begun(1)})
            assert isinstance(line, Progress), line
            came.append(line.percent)
            last, size = size, renderer.output.stat().st_size
            first = first or size
            by_itself += 0 < size - last < block
            assert size - first < 20 * block, f"all came in blocks: {came}"
        assert came == sorted(came)
        assert 0.0 < came[-1] < 100.0


def test_no_camera(session: Session, tmp_path: Path) -> None:
    with session(build_scene(tmp_path / "shot.blend", camera=False)) as renderer:
        assert renderer.ready() == Ready()
        expected = Problem("Error: Cannot render, no camera", Blame.JOB, ends_frame=True)
        assert renderer.render(1) == expected
        assert renderer.render(2) == expected, "the loop goes on after a failure"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file or directory"),
        (b"", "file"),
        (b"no blend at all", "File format is not supported"),
    ],
)
def test_a_file_that_cannot_be_read(
    session: Session, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "shot.blend"
    if content is not None:
        path.write_bytes(content)
    with session(path) as renderer:
        problem = renderer.ready()
        assert isinstance(problem, Problem)
        assert words in problem.error
        assert str(path) in problem.error
        assert problem.ends_frame
        assert problem.blame is Blame.JOB
        assert renderer.exit_status() == 1


def test_a_truncated_file(session: Session, tmp_path: Path) -> None:
    path = build_scene(tmp_path / "shot.blend")
    path.write_bytes(path.read_bytes()[:50_000])
    with session(path) as renderer:
        problem = renderer.ready()
        assert isinstance(problem, Problem)
        assert "Missing DNA block" in problem.error


def test_output_that_cannot_be_written(session: Session, tmp_path: Path) -> None:
    scene = build_scene(tmp_path / "shot.blend")
    with session(scene, output="/proc/nowhere/f_") as renderer:
        problem = renderer.render(1)
        assert isinstance(problem, Problem)
        assert problem.ends_frame
        assert "cannot save: '/proc/nowhere/f_0001.png'" in problem.error
        assert "No such file or directory" in problem.error


@pytest.mark.parametrize("placeholders", [False, True])
def test_overwrite_off(session: Session, tmp_path: Path, placeholders: bool) -> None:
    scene = build_scene(tmp_path / "shot.blend", overwrite=False, placeholders=placeholders)
    out = tmp_path / "out"
    out.mkdir()
    (out / "f_0002.png").write_bytes(b"cut off")
    with session(scene) as renderer:
        first = renderer.render(1)
        assert isinstance(first, Rendered)
        assert not first.skipped
        again = renderer.render(1)
        assert isinstance(again, Rendered)
        assert again.skipped
        assert again.files == first.files
        there = renderer.render(2)
        assert isinstance(there, Rendered)
        assert there.skipped
        assert (out / "f_0002.png").read_bytes() == b"cut off"
        forced = renderer.render(2, overwrite=True)
        assert isinstance(forced, Rendered)
        assert not forced.skipped
        assert pixels(out / "f_0002.png").shape == (48, 64, 4)
        after = renderer.render(2)
        assert isinstance(after, Rendered)
        assert after.skipped, "forcing holds for one frame"


def test_overwrite_on(session: Session, tmp_path: Path) -> None:
    with session(build_scene(tmp_path / "shot.blend")) as renderer:
        (first,) = files(renderer.render(1))
        first.write_bytes(b"cut off")
        again = renderer.render(1)
        assert isinstance(again, Rendered)
        assert not again.skipped
        assert pixels(first).shape == (48, 64, 4)


def test_a_movie_is_refused_with_advice(session: Session, tmp_path: Path) -> None:
    with session(build_scene(tmp_path / "shot.blend", file_format="FFMPEG")) as renderer:
        problem = renderer.ready()
        assert isinstance(problem, Problem)
        assert problem.final
        assert "FFMPEG" in problem.error
        assert "choose an image format" in problem.error
        assert renderer.exit_status() == 1


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("//elsewhere/g_", "elsewhere/g_0003.png"),
        ("//elsewhere/##_g", "elsewhere/03_g.png"),
        ("//elsewhere/", "elsewhere/0003.png"),
        ("{folder}/abs $(x) ; 'q'\n/ö_", "abs $(x) ; 'q'\n/ö_0003.png"),
    ],
)
def test_output_option(session: Session, tmp_path: Path, output: str, expected: str) -> None:
    scene = build_scene(tmp_path / "shot.blend")
    with session(scene, output=output.format(folder=tmp_path)) as renderer:
        assert files(renderer.render(3)) == [tmp_path / expected]
        assert (tmp_path / expected).stat().st_size


def test_scene_option(session: Session, tmp_path: Path) -> None:
    scene = build_scene(tmp_path / "shot.blend", more_scenes=("From above",))
    with session(scene) as renderer:
        (plain,) = files(renderer.render(1))
    with session(scene, scene="From above", output="//above/f_") as renderer:
        (above,) = files(renderer.render(1))
    assert not np.array_equal(pixels(plain), pixels(above))


def test_an_unknown_scene_lists_those_there_are(session: Session, tmp_path: Path) -> None:
    scene = build_scene(tmp_path / "shot.blend", more_scenes=("From above",))
    with session(scene, scene="Nowhere") as renderer:
        problem = renderer.ready()
        assert isinstance(problem, Problem)
        assert problem.final
        assert "'Nowhere'" in problem.error
        assert "'Scene'" in problem.error
        assert "'From above'" in problem.error


def test_a_changed_file_ends_the_session(session: Session, tmp_path: Path) -> None:
    scene = build_scene(tmp_path / "shot.blend")
    with session(scene) as renderer:
        assert isinstance(renderer.render(1), Rendered)
        os.utime(scene, ns=(1, 1))
        assert renderer.render(2) == Outdated()
        assert renderer.exit_status() == 0
    assert not (tmp_path / "out" / "f_0002.png").exists()


def test_a_file_that_is_gone_ends_the_session(session: Session, tmp_path: Path) -> None:
    scene = build_scene(tmp_path / "shot.blend")
    with session(scene) as renderer:
        assert renderer.ready() == Ready()
        scene.unlink()
        assert renderer.render(1) == Outdated()


@pytest.mark.parametrize(
    ("views", "file_format", "names"),
    [
        ("INDIVIDUAL", "PNG", ["f_0004_L.png", "f_0004_R.png"]),
        ("STEREO_3D", "PNG", ["f_0004.png"]),
        ("INDIVIDUAL", "OPEN_EXR", ["f_0004_L.exr", "f_0004_R.exr"]),
        ("MULTIVIEW", "OPEN_EXR", ["f_0004.exr"]),
        ("MULTIVIEW", "OPEN_EXR_MULTILAYER", ["f_0004.exr"]),
    ],
)
def test_stereo(
    session: Session, tmp_path: Path, views: str, file_format: str, names: list[str]
) -> None:
    scene = build_scene(tmp_path / "shot.blend", views=views, file_format=file_format)
    with session(scene) as renderer:
        rendered = files(renderer.render(4))
    assert sorted(file.name for file in rendered) == names
    assert sorted((tmp_path / "out").iterdir()) == sorted(rendered)


def test_one_view_that_is_there_makes_blender_skip_all(session: Session, tmp_path: Path) -> None:
    scene = build_scene(tmp_path / "shot.blend", views="INDIVIDUAL", overwrite=False)
    with session(scene) as renderer:
        rendered = files(renderer.render(4))
        rendered[0].unlink()
        again = renderer.render(4)
        assert isinstance(again, Rendered)
        assert again.skipped
        assert files(again) == rendered, "the missing one is named, so that its lack is seen"
        renderer.render(4, overwrite=True)
        assert rendered[0].exists()


@pytest.mark.parametrize(
    ("file_format", "use_extension", "name", "head"),
    [
        ("JPEG", True, "f_0001.jpg", b"\xff\xd8\xff"),
        ("OPEN_EXR", True, "f_0001.exr", b"v/1\x01"),
        ("TIFF", True, "f_0001.tif", b"II*\0"),
        ("PNG", False, "f_0001", b"\x89PNG"),
    ],
)
def test_formats(
    session: Session,
    tmp_path: Path,
    file_format: str,
    use_extension: bool,
    name: str,
    head: bytes,
) -> None:
    scene = build_scene(
        tmp_path / "shot.blend", file_format=file_format, use_extension=use_extension
    )
    with session(scene) as renderer:
        (file,) = files(renderer.render(1))
    assert file == tmp_path / "out" / name
    assert file.read_bytes().startswith(head)


@pytest.mark.parametrize(
    "name",
    [
        "-b with space -f 3",
        'it\'s "quoted"; touch INJECTED #',
        "$(touch INJECTED)\n`touch INJECTED`",
        "Größe 日本 #### %04d {0}",
        os.fsdecode(b"latin \xe9"),
    ],
)
def test_odd_paths(session: Session, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    scene = build_scene(folder / f"{name}.blend")
    with session(scene) as renderer:
        assert renderer.ready() == Ready()
        (file,) = files(renderer.render(1))
    assert file.name == "f_0001.png"
    assert file.stat().st_size
    assert not list(tmp_path.rglob("INJECTED"))


def test_frame_zero_and_the_last_frame(session: Session, tmp_path: Path) -> None:
    with session(build_scene(tmp_path / "shot.blend")) as renderer:
        assert [file.name for file in files(renderer.render(0))] == ["f_0000.png"]
        last = files(renderer.render(ENGINE.last_frame))
        assert [file.name for file in last] == ["f_1048574.png"]
        beyond = renderer.render(ENGINE.last_frame + 1)
        assert isinstance(beyond, Problem)
        assert beyond.final


def test_what_breaks_the_loop_is_said(session: Session, tmp_path: Path) -> None:
    with session(build_scene(tmp_path / "shot.blend")) as renderer:
        assert renderer.ready() == Ready()
        renderer.send("no order at all")
        problem = renderer.until(lambda line: isinstance(line, Problem))
        assert isinstance(problem, Problem)
        assert "the render loop failed: " in problem.error
        assert renderer.exit_status() == 1


def test_blender_arguments_reach_blender(tmp_path: Path) -> None:
    need(None if blender() else "there is no blender here")
    args = ("-F", "JPEG", "-t", "1")
    path = build_scene(tmp_path / "shot.blend")
    spec = JobSpec(JobId("1"), "shot", str(path), "blend", 1, 10, JobOptions(args=args))
    with LocalSession(ENGINE, spec, executables("blender"), tmp_path) as renderer:
        assert [file.suffix for file in files(renderer.render(1))] == [".jpg"]


def test_another_file_among_the_arguments_is_noticed(tmp_path: Path) -> None:
    need(None if blender() else "there is no blender here")
    path, other = build_scene(tmp_path / "shot.blend"), build_scene(tmp_path / "other.blend")
    spec = JobSpec(JobId("1"), "shot", str(path), "blend", 1, 9, JobOptions(args=(str(other),)))
    with LocalSession(ENGINE, spec, executables("blender"), tmp_path) as renderer:
        problem = renderer.ready()
        assert isinstance(problem, Problem)
        assert f"it went on with {str(other)!r}" in problem.error


def test_bpy_says_that_it_takes_no_arguments(tmp_path: Path) -> None:
    executables("bpy")
    path = build_scene(tmp_path / "shot.blend")
    spec = JobSpec(JobId("1"), "shot", str(path), "blend", 1, 9, JobOptions(args=("-t", "1")))
    with LocalSession(ENGINE, spec, executables("bpy"), tmp_path) as renderer:
        problem = renderer.ready()
        assert isinstance(problem, Problem)
        assert "takes no Blender arguments (-t 1)" in problem.error
        assert problem.blame is Blame.JOB


def test_a_python_without_bpy_is_the_nodes_fault(tmp_path: Path) -> None:
    python = Path("/usr/bin/python3")
    need(None if python.exists() else "there is no python3 without bpy here")
    spec = JobSpec(JobId("1"), "shot", "/mnt/shot.blend", "blend", 1, 9)
    ended = subprocess.run(
        ENGINE.command(spec, NodeSettings("local", executables={"bpy": f"{python}"})),
        input=ENGINE.settings_line(spec) + "\n",
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )
    need(None if ended.returncode == 1 else "this python3 has bpy")
    reader = ENGINE.reader(spec)
    problems = [line for line in map(reader.read_line, ended.stdout.splitlines()) if line]
    assert len(problems) == 1
    assert isinstance(problems[0], Problem)
    assert problems[0].blame is Blame.NODE
    assert "cannot import bpy" in problems[0].error
