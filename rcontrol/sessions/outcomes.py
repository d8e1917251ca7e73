"""How an order to a session ends."""

from dataclasses import dataclass

from rcontrol.engines.base import RenderedFile
from rcontrol.farm.model import Blame
from rcontrol.sessions.records import Given


@dataclass(frozen=True, slots=True)
class Complete:
    """The frame's files were seen, whole."""

    files: tuple[str, ...]
    """Absolute paths on the node."""
    seconds: float
    """From order to verified files."""


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no frame."""

    error: str
    blame: Blame
    final: bool = False
    """Trying again cannot help, whatever the node."""


@dataclass(frozen=True, slots=True)
class Stale:
    """The project file has changed; a new session renders the frame from the new one."""


@dataclass(frozen=True, slots=True)
class Made:
    """The renderer is through with the frame; its files are to be looked at and published."""

    given: Given
    files: tuple[RenderedFile, ...]


Outcome = Complete | Failed | Stale | Made
