import ast
import json

import pytest

from rcontrol.engines.blender import LAST_FRAME, LOOP, BlenderEngine
from rcontrol.errors import BadRequest
from rcontrol.farm.model import JobId, JobOptions, JobSpec
from rcontrol.farm.settings import NodeSettings

ENGINE = BlenderEngine()


def spec(
    path: str = "/mnt/shot.blend",
    *,
    start: int = 1,
    end: int = 10,
    output: str = "",
    scene: str = "",
    args: tuple[str, ...] = (),
) -> JobSpec:
    options = JobOptions(output, scene, args)
    return JobSpec(JobId("1"), "shot", path, "blend", start, end, options)


def node(**executables: str) -> NodeSettings:
    return NodeSettings("hex1", executables=executables)


def test_blender_gets_the_loop_after_the_jobs_arguments() -> None:
    job = spec(scene="Wide", args=("-t", "4", "--", "--cycles-device", "CUDA"))
    assert list(ENGINE.command(job, node(blender="/opt/b l/blender", bpy="/opt/python"))) == [
        *("/opt/b l/blender", "-b", "-noaudio", "/mnt/shot.blend", "-S", "Wide", "-t", "4"),
        *("--python-expr", LOOP, "--", "--cycles-device", "CUDA"),
    ]


def test_without_executables_blender_is_looked_for_on_the_nodes_path() -> None:
    assert list(ENGINE.command(spec(), node()))[:3] == ["blender", "-b", "-noaudio"]


def test_bpy_gets_the_loop_and_what_scripts_read() -> None:
    job = spec(args=("--", "--cycles-device", "CUDA"))
    argv = ENGINE.command(job, node(bpy="/opt/python"))
    assert list(argv) == ["/opt/python", "-c", LOOP, "--", "--cycles-device", "CUDA"]


def test_stdin_lines_are_ascii_whatever_the_path() -> None:
    job = spec("/mnt/\udce9/new\nline ö.blend", output="//o/", scene="S", args=("-t", "1"))
    line = ENGINE.settings_line(job)
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line) == {
        "file": "/mnt/\udce9/new\nline ö.blend",
        "output": "//o/",
        "scene": "S",
        "args": ["-t", "1"],
    }
    assert json.loads(ENGINE.order_line(job, 7, name="1-2", overwrite=True, hidden=".r/7")) == {
        "frame": 7,
        "overwrite": True,
        "name": "1-2",
        "hidden": ".r/7",
    }


@pytest.mark.parametrize(
    "good",
    [
        spec(),
        spec(start=0, end=LAST_FRAME),
        spec(output="//renders/f_###"),
        spec(output="/mnt/out/"),
        spec("/mnt/a b/$(x);'\".blend"),
        spec("/mnt/new\nline.blend"),
        spec(args=("-t", "4", "-y", "-E", "CYCLES", "-P", "/mnt/x.py", "--addons", "a,b")),
        spec(args=("--", "-a", "-f")),
    ],
)
def test_sensible_jobs_pass(good: JobSpec) -> None:
    ENGINE.check(good)


@pytest.mark.parametrize(
    ("bad", "field", "words"),
    [
        (spec(start=-1), "start_frame", "negative"),
        (spec(end=LAST_FRAME + 1), "end_frame", "1048574"),
        (spec("/mnt/\0.blend"), "path", "NUL"),
        (spec("/" + "ö" * 600), "path", "1023 bytes"),
        (spec(output="renders/f_"), "output", "neither absolute"),
        (spec(output="/mnt/\0"), "output", "NUL"),
        (spec(output="/" + "x" * 1023), "output", "1023 bytes"),
        (spec(scene="x" * 256), "scene", "scene"),
        (spec(args=("-t\0",)), "args", "NUL"),
        (spec(args=("-a",)), "args", "-a is not possible here: the farm orders the frames"),
        (spec(args=("-t", "4", "-f", "1")), "args", "-f is not possible"),
        (spec(args=("--frame-start", "1")), "args", "--frame-start is not"),
        (spec(args=("-o", "//x")), "args", "output option"),
        (spec(args=("-S", "x")), "args", "scene option"),
        (spec(args=("-b",)), "args", "already"),
        (spec(args=("--python-console",)), "args", "keeps Blender from rendering"),
    ],
)
def test_senseless_jobs_are_refused(bad: JobSpec, field: str, words: str) -> None:
    with pytest.raises(BadRequest, match=words) as refusal:
        ENGINE.check(bad)
    assert refusal.value.field == field


def test_the_loop_is_python_3_5() -> None:
    tree = ast.parse(LOOP, feature_version=(3, 5))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]
    imported = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported <= {"ctypes", "json", "os", "re", "resource", "shutil", "sys", "traceback"}


def test_the_loop_fits_into_one_argument() -> None:
    assert len(LOOP.encode()) < 100_000, "Linux takes at most 128 KiB in one argument"
