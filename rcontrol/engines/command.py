"""Renderers that render one frame and end, as the configuration describes them.

A loop in POSIX sh stands for them on the node (`command_loop.sh`): it is the session's renderer and
runs the program once for each order. So all that holds of sessions holds of these, too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import PurePosixPath
from typing import Final

from rcontrol.engines.base import Program, Reader
from rcontrol.engines.blender_loop import MARK
from rcontrol.engines.command_reader import CommandReader
from rcontrol.engines.command_settings import OUTPUT_FIELDS, CommandSettings
from rcontrol.engines.spelling import spelled
from rcontrol.engines.template import Value
from rcontrol.errors import BadRequest
from rcontrol.farm.model import JobSpec
from rcontrol.farm.settings import NodeSettings

LOOP: Final = resources.files("rcontrol.engines").joinpath("command_loop.sh").read_text("utf-8")
"""The loop's text, as it is sent to nodes."""
LAST_FRAME: Final = 2**31 - 1
LONGEST_TEXT: Final = 4095
"""Bytes of a path or an argument; PATH_MAX of Linux less the terminating NUL."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame is to be saved."""

    folder: str
    """Absolute."""
    name: str
    """Of the file; empty: the renderer finds one."""

    @property
    def path(self) -> str:
        """The file; only where it has a name."""
        return f"{self.folder.rstrip('/')}/{self.name}"


@dataclass(frozen=True, slots=True)
class CommandEngine:
    """One renderer of the configuration."""

    settings: CommandSettings

    @property
    def name(self) -> str:
        """As jobs name it."""
        return self.settings.name

    @property
    def extensions(self) -> tuple[str, ...]:
        """Of its project files, with their dots, in lower case."""
        return self.settings.extensions

    @property
    def last_frame(self) -> int:
        """Highest frame number: what programs hold in 32 bits."""
        return LAST_FRAME

    def program(self, node: NodeSettings) -> Program:
        """Return what it runs on a node."""
        settings = self.settings
        path = node.executables.get(settings.program) or settings.paths[node.os]
        return Program(settings.program, path, settings.version, expected=not settings.shipped)

    def check(self, spec: JobSpec) -> None:
        """Raise BadRequest where the job's options make no sense for this renderer."""
        options, fields = spec.options, self.settings.fields
        _check_text("path", spec.path)
        _check_text("output", options.output)
        _check_text("scene", options.scene)
        for arg in options.args:
            _check_text("args", arg)
        if options.args and "args" not in fields:
            raise BadRequest("args", f"{self.name} takes none: its arguments hold no {{args}}")
        for arg in options.args:
            if arg in self.settings.flags:
                raise BadRequest("args", f"{arg} is not possible here: the farm sets it")
        if options.scene and "scene" not in fields:
            raise BadRequest("scene", f"{self.name} cannot be told which scene to render")
        self._check_output(options.output)
        values = self._values(spec, spec.start_frame, self.place(spec, spec.start_frame))
        needed = (
            template.fields - {"args"}
            for words in self.settings.arguments
            if not words.optional
            for template in words.templates
        )
        for name in sorted(frozenset().union(*needed)):
            if values[name] is None:
                key = "scene" if name == "scene" else "output"
                raise BadRequest(key, f"is missing; {self.name} cannot do without one")

    def command(self, spec: JobSpec, node: NodeSettings) -> Sequence[str]:  # noqa: ARG002
        """Return the argv of the loop that runs the program for each order."""
        path = self.program(node).path
        folder, slash, _ = path.rpartition("/")
        values: dict[str, Value] = {"program_folder": (folder or "/") if slash else None}
        filled = {
            name: template.fill(values) for name, template in self.settings.environment.items()
        }
        variables = [f"{name}={value}" for name, value in filled.items() if value is not None]
        return (*(["env", *variables] if variables else []), "sh", "-c", LOOP, "sh", MARK, path)

    def settings_line(self, spec: JobSpec) -> str:
        """Return the folder to run in: the project's."""
        return _line([_folder(spec.path)])

    def order_line(
        self,
        spec: JobSpec,
        frame: int,
        *,
        name: str,
        overwrite: bool,  # noqa: ARG002
        hidden: str,
    ) -> str:
        """Return an order to the loop; whatever is there is overwritten."""
        place = self.place(spec, frame)
        if place is None or not hidden:
            arguments = self._arguments(spec, frame, place)
            files = self._known_files(spec, frame, place)
            folder = place.folder if place else ""
            return _line([name, str(frame), "", folder, str(len(files)), *files, *arguments])
        made = Place(f"{place.folder}/{hidden}", place.name)
        arguments = self._arguments(spec, frame, made)
        return _line([name, str(frame), hidden, place.folder, "0", *arguments])

    def reader(self, spec: JobSpec) -> Reader:
        """Return a reader for the loop's output."""
        return CommandReader(self.settings.program, self.settings.patterns, _folder(spec.path))

    def place(self, spec: JobSpec, frame: int) -> Place | None:
        """Return where a frame is to be saved; None: nobody tells the renderer."""
        if not self.settings.fields.intersection(OUTPUT_FIELDS):
            return None
        usual = self._usual(spec, frame)
        asked = spec.options.output
        if asked.startswith("//"):
            asked = f"{_folder(spec.path)}/{asked[2:]}"
        if not asked:
            return usual
        folder, _, name = asked.rpartition("/")
        if name and not self.settings.numbers:
            name = _numbered(name, frame)
        if not name:
            name = usual.name if usual else ""
        elif usual and "." not in name:
            name += PurePosixPath(usual.name).suffix
        return Place(folder or "/", name)

    def _usual(self, spec: JobSpec, frame: int) -> Place | None:
        if self.settings.output is None:
            return None
        filled = self.settings.output.fill(_of_project(spec, frame))
        folder, _, name = (filled or "").rpartition("/")
        return Place(folder or "/", name)

    def _check_output(self, output: str) -> None:
        if not output:
            return
        settings, fields = self.settings, self.settings.fields
        if not fields.intersection(OUTPUT_FIELDS):
            raise BadRequest(
                "output", f"{self.name} cannot be told where to save: its project says"
            )
        if not output.startswith("/"):
            raise BadRequest(
                "output",
                f"{output!r} is neither absolute nor, with // in front, relative to the file",
            )
        name = output.rpartition("/")[2]
        if settings.numbers and "#" in name:
            raise BadRequest("output", f"{self.name} numbers its frames itself: leave the # out")
        usual = settings.output.text.rpartition("/")[2] if settings.output else ""
        named = "output_folder" in fields or name or usual
        if not named or (
            fields & {"output", "output_name"} and not (PurePosixPath(name).suffix or usual)
        ):
            raise BadRequest(
                "output", "give the name of a file with its ending, such as f_####.exr"
            )

    def _arguments(self, spec: JobSpec, frame: int, place: Place | None) -> list[str]:
        values = self._values(spec, frame, place)
        arguments: list[str] = []
        for words in self.settings.arguments:
            if any(template.fields == {"args"} for template in words.templates):
                arguments += spec.options.args
                continue
            filled = [template.fill(values) for template in words.templates]
            if None not in filled:
                arguments += [word for word in filled if word is not None]
        return arguments

    def _known_files(self, spec: JobSpec, frame: int, place: Place | None) -> list[str]:
        if place is not None and place.name and not self.settings.numbers:
            return [place.path]
        values = _of_project(spec, frame)
        return [filled for each in self.settings.files if (filled := each.fill(values))]

    def _values(self, spec: JobSpec, frame: int, place: Place | None) -> dict[str, Value]:
        name = place.name if place else ""
        return {
            **_of_project(spec, frame),
            "file": spec.path,
            "start": spec.start_frame,
            "end": spec.end_frame,
            "scene": spec.options.scene or None,
            "output": place.path if place and name else None,
            "output_folder": place.folder if place else None,
            "output_name": name or None,
            "output_stem": PurePosixPath(name).stem or None,
        }


def _check_text(key: str, text: str) -> None:
    if "\0" in text:
        raise BadRequest(key, "cannot hold a NUL character")
    if len(text.encode("utf-8", "surrogateescape")) > LONGEST_TEXT:
        raise BadRequest(key, f"is longer than {LONGEST_TEXT} bytes")


def _of_project(spec: JobSpec, frame: int) -> dict[str, Value]:
    path = PurePosixPath(spec.path)
    return {"folder": _folder(spec.path), "name": path.stem, "frame": frame}


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _numbered(name: str, frame: int) -> str:
    """Return a name with the frame in the place of its last #s, or else before its ending."""
    if "#" in name:
        return re.sub(r"#+(?=[^#]*$)", lambda found: f"{frame:0{len(found[0])}d}", name)
    stem, dot, ending = name.rpartition(".")
    return f"{stem}{frame:04d}.{ending}" if dot and stem else f"{name}{frame:04d}"


def _line(words: Sequence[str]) -> str:
    return " ".join(f"={spelled(word).decode('ascii')}" for word in words)
