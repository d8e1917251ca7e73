"""From the keys of `renderers` to what engines are made of."""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from rcontrol.config.renderer_keys import RendererKeys
from rcontrol.config.source import Loc, Source, read
from rcontrol.engines.blender import BlenderEngine
from rcontrol.engines.command_reader import Patterns
from rcontrol.engines.command_settings import OUTPUT_FIELDS, CommandSettings

BLENDER_PROGRAMS: Final = ("blender", "bpy")
"""Keys of `executables` that are not those of a mapping."""


@cache
def shipped() -> tuple[CommandSettings, ...]:
    """Return the renderers that come with the package."""
    with resources.as_file(resources.files("rcontrol.config").joinpath("renderers.yaml")) as file:
        values = read(Path(file)).values
    entries = TypeAdapter(dict[str, RendererKeys]).validate_python(values)
    return tuple(settings_of(name, keys, shipped=True) for name, keys in entries.items())


def renderers(source: Source, entries: dict[str, RendererKeys]) -> tuple[CommandSettings, ...]:
    """Return a file's renderers, then those that come with the package and are not in it.

    Raises ConfigError.
    """
    ours: dict[str, str] = dict.fromkeys(BlenderEngine().extensions, BlenderEngine().name)
    for name, keys in entries.items():
        loc: Loc = ("renderers", name)
        if name == BlenderEngine().name or (keys.program or name) in BLENDER_PROGRAMS:
            raise source.mistake(loc, "is the farm's own Blender", "give it another name")
        for position, extension in enumerate(keys.extensions):
            if other := ours.get(extension):
                place = (*loc, "extensions", position)
                problem = f"is {extension!r}, which {other} renders"
                raise source.mistake(place, problem, "remove it here or there")
            ours[extension] = name
        _check_arguments(source, loc, keys)
    made = tuple(settings_of(name, keys) for name, keys in entries.items())
    return made + tuple(each for each in shipped() if each.name not in entries)


def programs(all_renderers: tuple[CommandSettings, ...]) -> list[str]:
    """Return the keys that `executables` may have."""
    return [*BLENDER_PROGRAMS, *dict.fromkeys(each.program for each in all_renderers)]


def _check_arguments(source: Source, loc: Loc, keys: RendererKeys) -> None:
    fields = settings_of("", keys).fields
    for field in ("file", "frame"):
        if field not in fields:
            problem = f"do not hold {{{field}}}"
            raise source.mistake((*loc, "arguments"), problem, f"say where the {field} goes")
    told = fields.intersection(OUTPUT_FIELDS)
    output = keys.output
    if output is None:
        return
    if not told:
        remedy = "use {output} there, or list the files under `files`"
        raise source.mistake((*loc, "output"), "is not in the arguments", remedy)
    name = output.text.rpartition("/")[2]
    if not name and "output_folder" not in told:
        remedy = "use {output_folder} there, or give the file a name"
        raise source.mistake((*loc, "output"), "is a folder, which no argument names", remedy)
    if name and "frame" not in output.fields and not keys.numbers:
        problem = f"is {output.text!r}, where each frame would take the place of the last"
        remedy = "put {frame:04} into the name, or add `numbers: true`"
        raise source.mistake((*loc, "output"), problem, remedy)


def settings_of(name: str, keys: RendererKeys, *, shipped: bool = False) -> CommandSettings:
    """Return one renderer."""
    program = keys.program or name
    return CommandSettings(
        name=name,
        program=program,
        paths={
            "linux": keys.executable.linux or program,
            "mac": keys.executable.mac or program,
        },
        extensions=tuple(keys.extensions),
        arguments=tuple(keys.arguments),
        output=keys.output,
        numbers=keys.numbers,
        files=tuple(keys.files),
        environment=keys.environment,
        version=tuple(keys.version),
        patterns=Patterns(
            progress=tuple(keys.progress),
            passes=keys.passes,
            done=tuple(keys.done),
            done_counts=keys.done_counts,
            saved=tuple(keys.saved),
            error=tuple(keys.error),
            node_error=tuple(keys.node_error),
            hint=tuple(keys.hint),
        ),
        shipped=shipped,
    )
