"""What an engine is: how a renderer is started, ordered about and understood.

Engines are pure. They neither run nor log: an argv out, lines in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rcontrol.farm.model import Blame, JobSpec
from rcontrol.farm.settings import NodeSettings


@dataclass(frozen=True, slots=True)
class Ready:
    """The renderer has loaded the project and waits for orders."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The renderer has begun a frame."""

    frame: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the frame has come."""

    percent: float
    """0.0-100.0"""


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file of a frame, on the node."""

    path: str
    """Where it belongs; absolute."""
    made: str
    """Where the renderer has put it: in the hidden folder, or where it belongs."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The renderer says it is through with a frame; its files are yet to be seen."""

    frame: int
    files: tuple[RenderedFile, ...]
    """They must exist and be complete."""
    skipped: bool = False
    """It rendered nothing, because the files were there and the scene says not to overwrite."""
    memory_mb: float = 0.0
    """Resident memory of the renderer after the frame; 0.0 when unknown."""
    unseen: bool = False
    """Nobody knows where its files are; the renderer's word has to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something went wrong, in the renderer's own words."""

    error: str
    blame: Blame
    ends_frame: bool = False
    """The frame is over without files. False: only a hint, in case it ends badly."""
    final: bool = False
    """No attempt anywhere can succeed."""


@dataclass(frozen=True, slots=True)
class Outdated:
    """The project file has changed on disk; the renderer has ended itself without the frame."""


Line = Ready | Begun | Progress | Rendered | Problem | Outdated


class Reader(Protocol):
    """Understands the output of one renderer process; keeps state between lines."""

    def read_line(self, line: str) -> Line | None:
        """Return what a line of output means; None: nothing to the farm."""
        ...

    def explain_exit(self, status: int) -> Problem:
        """Say why a renderer ended that should not have: its last error line, or its status.

        `status` is as a shell gives it: 128 + N for signal N.
        """
        ...


@dataclass(frozen=True, slots=True)
class Program:
    """What an engine runs on a node."""

    name: str
    """As `executables` calls it."""
    path: str
    """On the node: absolute, or a bare name to be found on its PATH."""
    version: tuple[str, ...] = ()
    """Arguments with which it prints its version and ends; empty: unknown."""
    expected: bool = True
    """Whether nodes are supposed to have it, though nobody configured its path."""


class Engine(Protocol):
    """One kind of renderer."""

    @property
    def name(self) -> str:
        """As jobs name it: `blend`."""
        ...

    @property
    def extensions(self) -> tuple[str, ...]:
        """Of its project files, with their dots, in lower case."""
        ...

    @property
    def last_frame(self) -> int:
        """Highest frame number it can render."""
        ...

    def program(self, node: NodeSettings) -> Program:
        """Return what it runs on a node."""
        ...

    def check(self, spec: JobSpec) -> None:
        """Raise BadRequest where the job's options make no sense for this engine."""
        ...

    def command(self, spec: JobSpec, node: NodeSettings) -> Sequence[str]:
        """Return the argv that starts a renderer for this job on a node."""
        ...

    def settings_line(self, spec: JobSpec) -> str:
        """Return the first line a renderer gets on stdin: its job."""
        ...

    def order_line(
        self, spec: JobSpec, frame: int, *, name: str, overwrite: bool, hidden: str
    ) -> str:
        """Return the line that orders a frame; `overwrite`: whatever the scene says.

        `name` is the order's own: a renderer that has taken it takes no notice when it comes again.
        `hidden` is a folder's relative path; each file is to be made below such a folder beside the
        place where it belongs. Empty: in that place.
        """
        ...

    def reader(self, spec: JobSpec) -> Reader:
        """Return a reader for the output of a new renderer process."""
        ...
