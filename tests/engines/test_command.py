"""What the renderers of a configuration are called with, and which jobs they take."""

from dataclasses import replace
from typing import Any

import pytest

from rcontrol.config.renderer_keys import RendererKeys
from rcontrol.config.renderers import settings_of
from rcontrol.engines.blender_loop import MARK
from rcontrol.engines.command import LOOP, CommandEngine, Place
from rcontrol.errors import BadRequest
from rcontrol.farm.model import JobId, JobOptions, JobSpec, Publish
from rcontrol.farm.settings import NodeSettings


def engine(**keys: Any) -> CommandEngine:
    keys = {"extensions": [".pov"], "arguments": ["{file}", "{frame}", "{output}"]} | keys
    return CommandEngine(settings_of("povray", RendererKeys.model_validate(keys)))


def spec(path: str = "/mnt/show/shot.pov", **options: Any) -> JobSpec:
    return JobSpec(JobId("1"), "shot", path, "povray", 1, 24, JobOptions(**options))


def order(made: CommandEngine, job: JobSpec, frame: int = 7, hidden: str = ".r/7.1-1") -> list[str]:
    """Return the words of an order as the loop reads them."""
    line = made.order_line(job, frame, name="1-1", overwrite=False, hidden=hidden)
    assert line.isascii()
    words = [word.removeprefix("=") for word in line.split(" ")]
    octal = [word.replace("\\0", "\\") for word in words]
    return [word.encode().decode("unicode_escape").encode("latin-1").decode() for word in octal]


def arguments(made: CommandEngine, job: JobSpec, frame: int = 7) -> list[str]:
    words = order(made, job, frame, hidden="")
    return words[5 + int(words[4]) :]


def test_the_loop_runs_the_program_of_the_node() -> None:
    made = engine(executable={"linux": "/opt/povray", "mac": "/Applications/POV Ray"})
    loop = ["sh", "-c", LOOP, "sh", MARK]
    for node, path in (
        (NodeSettings("a"), "/opt/povray"),
        (NodeSettings("a", os="mac"), "/Applications/POV Ray"),
        (NodeSettings("a", os="mac", executables={"povray": "/x"}), "/x"),
        (NodeSettings("a", executables={"blender": "/b"}), "/opt/povray"),
    ):
        assert list(made.command(spec(), node)) == [*loop, path]
    assert list(engine().command(spec(), NodeSettings("a"))) == [*loop, "povray"]


def test_variables_may_name_the_programs_folder() -> None:
    made = engine(environment={"HOME_OF_IT": "{program_folder}/lib", "LEVEL": "3"})
    path = {"povray": "/opt/pov ray/povray"}
    argv = list(made.command(spec(), NodeSettings("a", executables=path)))
    assert argv[:4] == ["env", "HOME_OF_IT=/opt/pov ray/lib", "LEVEL=3", "sh"]
    bare = list(made.command(spec(), NodeSettings("a")))
    assert bare[:3] == ["env", "LEVEL=3", "sh"]


def test_arguments_are_words_whatever_is_in_them() -> None:
    made = engine(
        arguments=["-p", "{file}", "+SF{frame:04}", "{start}-{end}", "{folder}|{name}", "{args}"]
    )
    path = "/mnt/it's $(x) `y`;\n*\\0101 ö/shot.1.pov"
    job = spec(path, args=("-a b", "", "{frame}", "='x'"))
    folder = path.removesuffix("/shot.1.pov")
    assert arguments(made, job) == [
        *("-p", path, "+SF0007", "1-24", f"{folder}|shot.1"),
        *("-a b", "", "{frame}", "='x'"),
    ]


def test_words_that_belong_together_go_together() -> None:
    made = engine(arguments=["{file}", "{frame}", ["-o", "{output}"], ["-c", "{scene}", "x"]])
    assert arguments(made, spec()) == ["/mnt/show/shot.pov", "7"]
    assert arguments(made, spec(output="/mnt/f_##.png", scene="S"))[2:] == [
        *("-o", "/mnt/f_07.png", "-c", "S", "x")
    ]


USUAL = "{folder}/out/{name}_{frame:04}.png"


@pytest.mark.parametrize(
    ("keys", "output", "place"),
    [
        ({"output": USUAL}, "", Place("/mnt/show/out", "shot_0007.png")),
        ({"output": USUAL}, "/mnt/x/", Place("/mnt/x", "shot_0007.png")),
        ({"output": USUAL}, "/mnt/x/f_", Place("/mnt/x", "f_0007.png")),
        ({"output": USUAL}, "/mnt/x/f.exr", Place("/mnt/x", "f0007.exr")),
        ({"output": USUAL}, "/mnt/x/f_###.exr", Place("/mnt/x", "f_007.exr")),
        ({"output": USUAL}, "/mnt/x/f_##_#", Place("/mnt/x", "f_##_7.png")),
        ({"output": USUAL}, "//x/f_#.exr", Place("/mnt/show/x", "f_7.exr")),
        ({"output": USUAL}, "/f_", Place("/", "f_0007.png")),
        ({"output": "/o/{name}.png", "numbers": True}, "", Place("/o", "shot.png")),
        ({"output": "/o/{name}.png", "numbers": True}, "/x/f", Place("/x", "f.png")),
        ({"output": "{folder}/o/"}, "", Place("/mnt/show/o", "")),
        ({"output": "{folder}/o/"}, "/x/", Place("/x", "")),
        ({}, "", None),
        ({}, "/x/f_#.exr", Place("/x", "f_7.exr")),
        ({"arguments": ["{file}", "{frame}"]}, "", None),
    ],
)
def test_where_a_frame_goes(keys: dict[str, Any], output: str, place: Place | None) -> None:
    assert engine(**keys).place(spec(output=output), 7) == place


def test_a_frame_is_made_in_a_hidden_folder_beside_its_place() -> None:
    made = engine(
        output=USUAL,
        arguments=["{output}", "{output_folder}", "{output_name}", "{output_stem}"],
    )
    hidden = "/mnt/show/out/.r/7.1-1"
    assert order(made, spec()) == [
        *("1-1", "7", ".r/7.1-1", "/mnt/show/out", "0"),
        *(f"{hidden}/shot_0007.png", hidden, "shot_0007.png", "shot_0007"),
    ]


@pytest.mark.parametrize(
    ("keys", "output", "files"),
    [
        ({"output": USUAL}, "", ["/mnt/show/out/shot_0007.png"]),
        ({"output": "/o/x.png", "numbers": True}, "", []),
        (
            {"output": "/o/x.png", "numbers": True, "files": "/o/x{frame:02}.png"},
            "",
            ["/o/x07.png"],
        ),
        ({"arguments": ["{file}", "{frame}"], "files": ["/a/{frame}", "{folder}/b"]}, "", None),
    ],
)
def test_what_is_saved_in_place_is_known_where_it_can_be(
    keys: dict[str, Any], output: str, files: list[str] | None
) -> None:
    words = order(engine(**keys), spec(output=output), hidden="")
    expected = ["/a/7", "/mnt/show/b"] if files is None else files
    assert words[:3] == ["1-1", "7", ""]
    assert words[4] == str(len(expected))
    assert words[5 : 5 + len(expected)] == expected


def test_a_renderer_that_nobody_tells_where_to_save_saves_in_place() -> None:
    made = engine(arguments=["{file}", "{frame}", ["-o", "{output}"]])
    assert order(made, spec())[2:5] == ["", "", "0"]
    assert order(made, spec(output="/x/f_#.exr"))[2:5] == [".r/7.1-1", "/x", "0"]


@pytest.mark.parametrize(
    ("keys", "options", "field", "words"),
    [
        ({}, {}, "output", "is missing; povray cannot do without one"),
        ({"arguments": ["{file}{frame}{scene}"]}, {}, "scene", "is missing"),
        ({"output": USUAL}, {"args": ("-x",)}, "args", "takes none"),
        (
            {"arguments": ["-p", "{file}", "{frame}", "{args}"]},
            {"args": ("-p",)},
            "args",
            "sets it",
        ),
        ({"output": USUAL}, {"scene": "x"}, "scene", "which scene"),
        ({"output": USUAL}, {"output": "x"}, "output", "neither absolute"),
        ({"output": USUAL}, {"output": "/x\0"}, "output", "NUL"),
        ({"output": USUAL}, {"output": "/" + "ö" * 2048}, "output", "4095 bytes"),
        ({"output": "/o/x.png", "numbers": True}, {"output": "/x/#"}, "output", "itself"),
        ({"arguments": ["{file}{frame}"]}, {"output": "/x/"}, "output", "its project says"),
        ({}, {"output": "/x/"}, "output", "the name of a file with its ending"),
        ({}, {"output": "/x/f_"}, "output", "the name of a file with its ending"),
    ],
)
def test_jobs_that_make_no_sense_are_refused(
    keys: dict[str, Any], options: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(BadRequest, match=words) as refusal:
        engine(**keys).check(spec(**options))
    assert refusal.value.field == field


def test_jobs_that_make_sense_pass() -> None:
    made = engine(output=USUAL, arguments=["{file}", "{frame}", "{output}", "{args}"])
    made.check(spec(output="//x/", args=("-a",), publish=Publish.DIRECT))
    made.check(replace(spec("/mnt/new\nline.pov"), start_frame=0))
