"""How an order to a session ends."""

from dataclasses import dataclass

from rcontrol.farm.model import Blame


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


Outcome = Complete | Failed | Stale
