"""The engines of a farm: Blender, and what its configuration describes."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from rcontrol.engines.base import Engine
from rcontrol.engines.blender import BlenderEngine
from rcontrol.engines.command import CommandEngine
from rcontrol.engines.command_settings import CommandSettings
from rcontrol.errors import BadRequest


class Engines:
    """Engines by name and by the files they render."""

    def __init__(self, renderers: Sequence[CommandSettings] = ()) -> None:
        """`renderers`: of several that render a kind of file, the first one counts."""
        engines: tuple[Engine, ...] = (BlenderEngine(), *map(CommandEngine, renderers))
        self._engines = {engine.name: engine for engine in engines}

    def __iter__(self) -> Iterator[Engine]:
        return iter(self._engines.values())

    def named(self, name: str) -> Engine:
        """Return the engine of this name.

        Raises BadRequest, field `render_engine`, when there is none.
        """
        try:
            return self._engines[name]
        except KeyError:
            raise BadRequest(
                "render_engine", f"{name!r} is not known here; there is {', '.join(self._engines)}"
            ) from None

    def for_file(self, path: str) -> Engine:
        """Return the engine whose project files have this path's extension, in any case.

        Raises BadRequest, field `render_engine`, when there is none.
        """
        extension = PurePosixPath(path).suffix.lower()
        for engine in self:
            if extension in engine.extensions:
                return engine
        known = ", ".join(f"{engine.name} ({' '.join(engine.extensions)})" for engine in self)
        raise BadRequest(
            "render_engine", f"cannot be told from {path!r}; say which one; there is {known}"
        )
