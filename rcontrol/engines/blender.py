"""Blender, driven through a loop of our own inside it: see `blender_loop`."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

from rcontrol.engines.base import Program, Reader
from rcontrol.engines.blender_reader import BlenderReader
from rcontrol.errors import BadRequest
from rcontrol.farm.model import JobSpec
from rcontrol.farm.settings import NodeSettings


def _joined(*modules: str) -> str:
    """Return the text of modules that stand for one: what they import of each other is there."""
    folder = resources.files("rcontrol.engines")
    texts = [folder.joinpath(f"{module}.py").read_text("utf-8") for module in modules]
    return re.sub(r"(?ms)^from rcontrol\.engines\..*? import \(.*?^\)\n", "", "\n\n".join(texts))


LOOP: Final = _joined("blender_places", "blender_loop")
"""The loop's text, as it is sent to nodes."""

BPY_VERSION: Final = ("-c", "import bpy; print('bpy', bpy.app.version_string)")
LAST_FRAME: Final = 1048574
"""Blender's MAXFRAME."""
LONGEST_PATH: Final = 1023
"""Bytes; Blender's FILE_MAX less the terminating NUL. It cuts longer ones off without a word."""
LONGEST_NAME: Final = 255
"""Bytes; Blender's longest name of a scene, MAX_ID_NAME, since 5.0 (63 before)."""

FRAMES_ARE_OURS: Final = "the farm orders the frames: give start and end frame of the job instead"
OUTPUT_IS_OURS: Final = "give the job's output option instead"
SCENE_IS_OURS: Final = "give the job's scene option instead"
NOT_A_RENDER: Final = "it keeps Blender from rendering"
REFUSED_ARGS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("-a", "-f", "-s", "-e", "-j", "--render-anim", "--render-frame"), FRAMES_ARE_OURS
    ),
    **dict.fromkeys(("--frame-start", "--frame-end", "--frame-jump"), FRAMES_ARE_OURS),
    **dict.fromkeys(("-o", "--render-output"), OUTPUT_IS_OURS),
    **dict.fromkeys(("-S", "--scene"), SCENE_IS_OURS),
    **dict.fromkeys(("-b", "--background"), "the farm sets it already"),
    **dict.fromkeys(("-c", "--command", "--python-console", "--open-last"), NOT_A_RENDER),
    **dict.fromkeys(("-h", "--help", "/?", "-v", "--version", "-r", "-R"), NOT_A_RENDER),
    **dict.fromkeys(("--register", "--register-allusers"), NOT_A_RENDER),
    **dict.fromkeys(("--unregister", "--unregister-allusers"), NOT_A_RENDER),
    **dict.fromkeys(("-q", "--quiet", "--log-file"), "it hides the output the farm reads"),
}
"""Argument -> why it is refused."""


@dataclass(frozen=True, slots=True)
class BlenderEngine:
    """Blender 2.79 and later, with whatever renders inside it: Cycles, Eevee, Workbench."""

    name: str = "blend"
    extensions: tuple[str, ...] = (".blend",)
    last_frame: int = LAST_FRAME

    def check(self, spec: JobSpec) -> None:
        """Raise BadRequest where frames, path or options make no sense for Blender."""
        if spec.start_frame < 0:
            raise BadRequest("start_frame", "Blender renders no negative frames from outside")
        if spec.end_frame > self.last_frame:
            raise BadRequest("end_frame", f"Blender's last frame is {self.last_frame}")
        _check_path("path", spec.path)
        output = spec.options.output
        if output:
            _check_path("output", output)
            if not output.startswith("/"):
                raise BadRequest(
                    "output",
                    f"{output!r} is neither absolute nor, with // in front, relative to the file",
                )
        scene = spec.options.scene
        if "\0" in scene or len(_encoded(scene)) > LONGEST_NAME:
            raise BadRequest("scene", f"{scene!r} cannot be the name of a scene")
        _check_args(spec.options.args)

    def program(self, node: NodeSettings) -> Program:
        """Return the Blender in the node's `executables`, else the Python that has bpy."""
        if "bpy" in node.executables and "blender" not in node.executables:
            return Program("bpy", node.executables["bpy"], BPY_VERSION)
        return Program("blender", node.executables.get("blender", "blender"), ("--version",))

    def command(self, spec: JobSpec, node: NodeSettings) -> Sequence[str]:
        """Return the argv of the node's program."""
        options, for_scripts = _split_args(spec.options.args)
        program = self.program(node)
        if program.name == "bpy":
            return (program.path, "-c", LOOP, *for_scripts)
        # -S stands before the arguments because -E, -F and the like change the active scene.
        scene = ("-S", spec.options.scene) if spec.options.scene else ()
        start = (program.path, "-b", "-noaudio", spec.path, *scene, *options)
        return (*start, "--python-expr", LOOP, *for_scripts)

    def settings_line(self, spec: JobSpec) -> str:
        """Return the loop's settings as a line of JSON."""
        return json.dumps(
            {
                "file": spec.path,
                "output": spec.options.output,
                "scene": spec.options.scene,
                "args": spec.options.args,
            }
        )

    def order_line(
        self,
        spec: JobSpec,  # noqa: ARG002
        frame: int,
        *,
        name: str,
        overwrite: bool,
        hidden: str,
    ) -> str:
        """Return an order to the loop as a line of JSON."""
        order = {"frame": frame, "overwrite": overwrite, "name": name, "hidden": hidden}
        return json.dumps(order)

    def reader(self, spec: JobSpec) -> Reader:  # noqa: ARG002
        """Return a reader for a new Blender process."""
        return BlenderReader()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _check_path(field: str, path: str) -> None:
    if "\0" in path:
        raise BadRequest(field, "a path cannot hold a NUL character")
    if len(_encoded(path)) > LONGEST_PATH:
        raise BadRequest(field, f"Blender cuts paths off after {LONGEST_PATH} bytes")


def _check_args(args: Sequence[str]) -> None:
    for arg in args:
        if "\0" in arg:
            raise BadRequest("args", "an argument cannot hold a NUL character")
    options, _ = _split_args(args)
    for option in options:
        if option in REFUSED_ARGS:
            raise BadRequest("args", f"{option} is not possible here: {REFUSED_ARGS[option]}")


def _split_args(args: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the arguments that Blender reads, and those from `--` on, which scripts read."""
    end = args.index("--") if "--" in args else len(args)
    return tuple(args[:end]), tuple(args[end:])
