"""The engines there are."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final

from rcontrol.engines.base import Engine
from rcontrol.engines.blender import BlenderEngine
from rcontrol.errors import BadRequest

ENGINES: Final[Mapping[str, Engine]] = MappingProxyType(
    {engine.name: engine for engine in (BlenderEngine(),)}
)
"""Engine by the name that jobs use."""


def engine_named(name: str) -> Engine:
    """Return the engine of this name.

    Raises BadRequest, field `render_engine`, when there is none.
    """
    try:
        return ENGINES[name]
    except KeyError:
        raise BadRequest(
            "render_engine", f"{name!r} is not known here; there is {', '.join(ENGINES)}"
        ) from None


def engine_for(path: str) -> Engine:
    """Return the engine whose project files have this path's extension, in any case.

    Raises BadRequest, field `render_engine`, when there is none.
    """
    extension = PurePosixPath(path).suffix.lower()
    for engine in ENGINES.values():
        if extension in engine.extensions:
            return engine
    known = ", ".join(
        f"{engine.name} ({' '.join(engine.extensions)})" for engine in ENGINES.values()
    )
    raise BadRequest(
        "render_engine", f"cannot be told from {path!r}; say which one; there is {known}"
    )
