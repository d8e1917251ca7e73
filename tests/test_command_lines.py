"""What is started on each node, from an old configuration file to the words of a command line."""

from pathlib import Path
from typing import Final

import pytest

from rcontrol.config import load
from rcontrol.engines import blender, command
from rcontrol.engines.blender_loop import MARK
from rcontrol.engines.registry import Engines
from rcontrol.farm.model import JobId, JobOptions, JobSpec
from tests.test_config import ORIGINAL, written

MORE: Final = r"""
executables: {maya: /usr/autodesk/maya/bin/Render}
"""
NODES: Final = """
render_nodes:
  - hex1
  - {name: hex2, executables: {blender: /opt/new/blender, terragen: /opt/tg4/terragen}}
  - {name: hex3, executables: {bpy: /opt/bpy/bin/python}}
  - {name: mac1, slots: 2}
  - {name: mac2, os: mac, low_priority: true, executables: {terragen: '/Terragen\\ 4'}}
"""

TEXT: Final = (
    ORIGINAL.replace("render_nodes: [hex1, hex2, mac1]", NODES.replace("\\\\", "\\")) + MORE
)
LOOPS: Final = {blender.LOOP: "LOOP", command.LOOP: "LOOP", MARK: "MARK"}

MAC_BLENDER: Final = "/Applications/blender.app/Contents/MacOS/blender"
MAC_TERRAGEN: Final = "/Applications/Terragen 3.app/Contents/MacOS/Terragen 3"

LINES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("hex1", ".blend"): ("/usr/local/bin/blender", "-b", "-noaudio"),
    ("hex1", ".tgd"): ("env", "TERRAGEN_PATH=/usr/local/bin", "/usr/local/bin/terragen"),
    ("hex1", ".ma"): ("/usr/autodesk/maya/bin/Render",),
    ("hex2", ".blend"): ("/opt/new/blender", "-b", "-noaudio"),
    ("hex2", ".tgd"): ("env", "TERRAGEN_PATH=/opt/tg4", "/opt/tg4/terragen"),
    ("hex3", ".blend"): ("/opt/bpy/bin/python", "-c"),
    ("hex3", ".tgd"): ("env", "TERRAGEN_PATH=/usr/local/bin", "/usr/local/bin/terragen"),
    ("mac1", ".blend"): (MAC_BLENDER, "-b", "-noaudio"),
    ("mac1", ".tgd"): ("env", f"TERRAGEN_PATH={MAC_TERRAGEN.rpartition('/')[0]}", MAC_TERRAGEN),
    ("mac1", ".mb"): ("/usr/autodesk/maya/bin/Render",),
    ("mac2", ".blend"): (MAC_BLENDER, "-b", "-noaudio"),
    ("mac2", ".tgd"): ("env", "TERRAGEN_PATH=/", "/Terragen 4"),
}
"""Node and ending of the project -> the program, with what stands in front, and Blender's words."""


@pytest.mark.parametrize(("case", "line"), LINES.items(), ids=lambda each: "".join(each[:2]))
def test_the_command_line_of_a_node(
    tmp_path: Path, case: tuple[str, str], line: tuple[str, ...]
) -> None:
    name, ending = case
    settings = load(written(tmp_path, TEXT))
    [node] = [each for each in settings.nodes if each.name == name]
    path = f"/mnt/data/it's a $(shot){ending}"
    engine = Engines(settings.renderers).for_file(path)
    spec = JobSpec(JobId("1"), "shot", path, engine.name, 1, 9, JobOptions())
    words = tuple(LOOPS.get(word, word) for word in engine.command(spec, node))
    if line[0].endswith("blender"):
        assert words == (*line, path, "--python-expr", "LOOP")
    elif line[-1] == "-c":
        assert words == (*line, "LOOP")
    else:
        assert words == (*line[:-1], "sh", "-c", "LOOP", "sh", "MARK", line[-1])


def test_who_renders_at_low_priority(tmp_path: Path) -> None:
    nodes = load(written(tmp_path, TEXT)).nodes
    assert {node.name for node in nodes if node.low_priority} == {"mac1", "mac2"}
    assert {node.name for node in nodes if node.os == "mac"} == {"mac1", "mac2"}
