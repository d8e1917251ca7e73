"""What is said of a node that was tried."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ProgramReport:
    """A program that was looked for."""

    program: str
    """As `executables` calls it."""
    path: str = ""
    """On the node; empty: it is not there."""
    version: str = ""
    """As it says itself; empty: unknown."""


@dataclass(slots=True)
class NodeReport:
    """A node, filled in as it is tried."""

    node: str
    reached: bool = False
    """Whether it could be logged in to."""
    programs: list[ProgramReport] = field(default_factory=list)
    storage: str = ""
    """`same` as the server's, `other`, `missing`, or `unknown`; empty: not reached."""
    free_mb: int = 0
    """In the storage; 0: unknown."""
    clock_skew_s: float = 0.0
    """How far its clock is ahead of the server's; precise to a second or so."""
    problems: list[str] = field(default_factory=list)
    """What is wrong, each with what to do about it."""
    notes: list[str] = field(default_factory=list)
    """What may be as it should."""
