"""The key `renderers`: what it comes to, and the one line a mistake gets."""

import pickle
from pathlib import Path

import pytest
import yaml

from rcontrol.config import NodeKeys, load, node_of
from rcontrol.config.renderers import shipped
from rcontrol.engines.registry import Engines
from rcontrol.errors import BadRequest
from tests.engines.examples import povray, povray_example
from tests.test_config import LEAST, line_for, written


def with_povray(**changes: object) -> str:
    [(name, keys)] = povray_example().items()
    return LEAST + yaml.safe_dump({"renderers": {name: {**keys, **changes}}})


def test_the_example_of_the_page(tmp_path: Path) -> None:
    settings = load(written(tmp_path, with_povray()))
    assert settings.renderers == (povray(), *shipped())
    assert pickle.loads(pickle.dumps(settings)) == settings  # Ray carries them to the actors
    engines = Engines(settings.renderers)
    assert [engine.name for engine in engines] == ["blend", "povray", "tgd", "maya"]
    assert engines.for_file("/mnt/orbit.INI").name == "povray"


def test_an_entry_takes_the_place_of_one_that_comes_with_the_package(tmp_path: Path) -> None:
    text = 'renderers: {maya: {extensions: [.mb], arguments: ["{file}", "{frame}"]}}\n'
    engines = Engines(load(written(tmp_path, LEAST + text)).renderers)
    assert [engine.name for engine in engines] == ["blend", "maya", "tgd"]
    assert engines.named("maya").extensions == (".mb",)


def test_an_entry_may_render_what_one_of_the_package_does(tmp_path: Path) -> None:
    text = 'renderers: {arnold: {extensions: [.ma], arguments: ["{file}", "{frame}"]}}\n'
    engines = Engines(load(written(tmp_path, LEAST + text)).renderers)
    assert engines.for_file("/mnt/a.ma").name == "arnold"
    assert engines.for_file("/mnt/a.mb").name == "maya"
    assert engines.named("maya").extensions == (".ma", ".mb")


def test_executables_may_name_any_renderer(tmp_path: Path) -> None:
    text = with_povray() + "executables: {povray: /opt/povray, maya: /opt/maya/bin/Render}\n"
    file = written(tmp_path, text)
    [node] = load(file).nodes
    assert node.executables == {"povray": "/opt/povray", "maya": "/opt/maya/bin/Render"}
    added = node_of(file, NodeKeys(name="hex9", executables={"povray": "/x"}))
    assert added.executables["povray"] == "/x"


def test_a_node_that_is_added_cannot_name_a_renderer_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"did you mean blender\?") as refusal:
        node_of(written(tmp_path, LEAST), NodeKeys(name="hex9", executables={"blendr": "/x"}))
    assert refusal.value.field == "executables.blendr"


def test_one_path_stands_for_all_systems(tmp_path: Path) -> None:
    for written_as, paths in (
        ("/opt/pov ray/povray", {"linux": "/opt/pov ray/povray", "mac": "/opt/pov ray/povray"}),
        ({"mac": r"/Applications/POV\ Ray"}, {"linux": "povray", "mac": "/Applications/POV Ray"}),
        ({"linux": "/usr/bin/povray"}, {"linux": "/usr/bin/povray", "mac": "povray"}),
    ):
        file = written(tmp_path, with_povray(executable=written_as))
        assert load(file).renderers[0].paths == paths


MISTAKES: dict[str, tuple[dict[str, object], str]] = {
    "placeholder": (
        {"arguments": ["+I{file}", "+O{ouput}", "{frame}"]},
        "arguments[1]: is '+O{ouput}', where {ouput} is no placeholder; did you mean {output}?",
    ),
    "placeholder in a group": (
        {"arguments": ["{file}", "{frame}", ["-o", "{x}"]]},
        "arguments[2]: is '{x}', where {x} is no placeholder; there is {file}, {frame}, {start}, "
        "{end}, {args}, {scene}, {folder}, {name}, {output}, {output_folder}, {output_name}, "
        "{output_stem}",
    ),
    "number": (
        {"arguments": ["{file}", "{frame}", 4]},
        "arguments[2]: is not text; write text, in quotes if YAML takes it for something else",
    ),
    "args in a word": (
        {"arguments": ["{file}", "{frame}", "-x{args}"]},
        "arguments[2]: is '-x{args}'; write {args} as an argument of its own",
    ),
    "no file": (
        {"arguments": ["{frame}", "{output}"]},
        "arguments: do not hold {file}; say where the file goes",
    ),
    "no frame": (
        {"arguments": ["{file}", "{output}"]},
        "arguments: do not hold {frame}; say where the frame goes",
    ),
    "no arguments": ({"arguments": []}, "arguments: is a list; write at least one"),
    "output that is not used": (
        {"arguments": ["{file}", "{frame}"]},
        "output: is not in the arguments; use {output} there, or list the files under `files`",
    ),
    "output that is relative": (
        {"output": "out/{name}.png"},
        "output: is 'out/{name}.png'; write a path that starts with / or with {folder}/",
    ),
    "output that is the same for all": (
        {"output": "/out/{name}.png", "numbers": False},
        "output: is '/out/{name}.png', where each frame would take the place of the last; "
        "put {frame:04} into the name, or add `numbers: true`",
    ),
    "output that is a folder": (
        {"output": "/out/"},
        "output: is a folder, which no argument names; "
        "use {output_folder} there, or give the file a name",
    ),
    "output with a placeholder of arguments": (
        {"output": "/out/{file}"},
        "output: is '/out/{file}', where {file} is no placeholder; did you mean {folder}?",
    ),
    "expression": (
        {"done": "("},
        "done: is no regular expression: missing ), unterminated subpattern at position 0; "
        "see docs.python.org/3/library/re.html",
    ),
    "expression in a list": (
        {"error": ["a", "*"]},
        "error[1]: is no regular expression: nothing to repeat at position 0; "
        "see docs.python.org/3/library/re.html",
    ),
    "progress": (
        {"progress": r"(\d+)%"},
        "progress: names the groups of none; "
        "name a group (?P<percent>...), or (?P<done>...) and (?P<total>...)",
    ),
    "saved": (
        {"saved": "x"},
        "saved: names no group of the file; write (?P<file>...) for its path",
    ),
    "extension": (
        {"extensions": ["ini"]},
        "extensions[0]: is 'ini'; write the ending of a file with its dot, such as .pov",
    ),
    "extension of Blender": (
        {"extensions": [".ini", ".blend"]},
        "extensions[1]: is '.blend', which blend renders; remove it here or there",
    ),
    "passes": ({"passes": 0}, "passes: is the number 0; write 1 or more"),
    "numbers": ({"numbers": "on"}, "numbers: is the text 'on'; write true or false"),
    "executable": (
        {"executable": "bin/povray"},
        "executable: is the relative path 'bin/povray'; "
        "write a path that starts with / or a bare name that is found on the node's PATH",
    ),
    "system": (
        {"executable": {"windows": "x"}},
        "executable.windows: is not a known key; the keys there are linux, mac",
    ),
    "variable": (
        {"environment": {"A-B": "x"}},
        "environment.A-B: is 'A-B', which is no name of an environment variable; "
        "write letters, digits and _, such as CUDA_VISIBLE_DEVICES",
    ),
    "key": ({"progres": "x"}, "progres: is not a known key; did you mean progress?"),
    "program": ({"program": "a b"}, "program: is 'a b'; write letters, digits, _, . and -"),
    "Blender's program": (
        {"program": "blender"},
        "is the farm's own Blender; give it another name",
    ),
}


@pytest.mark.parametrize(("changes", "line"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake(tmp_path: Path, changes: dict[str, object], line: str) -> None:
    found = line_for(tmp_path, with_povray(**changes)).split(": ", 1)[1]
    assert found == f"renderers.povray{': ' if line.startswith('is ') else '.'}{line}"


WHOLE = {
    "renderers: povray": "renderers: is the text 'povray'; write a mapping: {key: value}",
    "renderers: {povray: x}": "renderers.povray: is the text 'x'; write a mapping: {key: value}",
    "renderers: {povray: {extensions: [.a]}}": (
        "renderers.povray.arguments: is missing; add it as docs/configuration.md says"
    ),
    "renderers: {a/b: {}}": "renderers.a/b: is 'a/b'; write letters, digits, _, . and -",
    'renderers: {blend: {extensions: [.a], arguments: ["{file}"]}}': (
        "renderers.blend: is the farm's own Blender; give it another name"
    ),
    (
        'renderers: {a: {extensions: [.x], arguments: ["{file}{frame}"]}, '
        'b: {extensions: [.X], arguments: ["{file}{frame}"]}}'
    ): "renderers.b.extensions[0]: is '.x', which a renders; remove it here or there",
    "executables: {povray: /x}": (
        "executables.povray: is not a known key; the keys there are blender, bpy, terragen, maya"
    ),
}


@pytest.mark.parametrize(("text", "line"), WHOLE.items())
def test_a_mistake_beside_an_entry(tmp_path: Path, text: str, line: str) -> None:
    found = line_for(tmp_path, f"{LEAST}{text}\n")
    assert found == f"farm.yaml:3: {line}"
