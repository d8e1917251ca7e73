"""The numbers by which a farm is run, and its nodes: validated values, see `rcontrol.config`."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """One configured render node."""

    name: str
    """SSH host name or an alias of `~/.ssh/config`; what people call it."""
    host: str = ""
    """Overrides the name as the SSH host."""
    port: int = 0
    """0: as `~/.ssh/config` says, else 22."""
    user: str = ""
    """Empty: as `~/.ssh/config` says, else the server's user."""
    key: str = ""
    """Path of a private key; empty: `~/.ssh/config`, the agent, the default keys."""
    known_hosts: str = ""
    """Path of a known_hosts file used instead of the user's; empty: `~/.ssh/config`, else the
    usual files."""
    os: str = "linux"
    """`linux` or `mac`."""
    slots: tuple[Mapping[str, str], ...] = ({},)
    """For each frame that is rendered side by side, what is set in its renderer's environment."""
    executables: Mapping[str, str] = field(default_factory=dict)
    """Program -> path on the node: `blender`, or `bpy` for a Python that has the bpy wheel."""
    low_priority: bool = False
    """Render under `nice -n 10`."""


@dataclass(frozen=True, slots=True)
class FarmSettings:
    """Rules of the pure core."""

    max_attempts: int = 3
    """Failures that give a frame up."""
    max_jobs: int = 10_000
    """Jobs the queue holds, ended ones among them."""
    rest_s: float = 10.0
    """Length of a node's first rest; doubles with each further fault."""
    longest_rest_s: float = 600.0
    hopeless_after: int = 6
    """Failures for one reason, before any frame is done, that fail a job; on two nodes at least
    where it has two."""
    strikes: int = 3
    """Frames failed that others render, or faults, that leave a node out of a job."""
    left_out_s: float = 600.0
    """For how long."""
    save_elapsed_every_s: float = 5.0
    """How much elapsed time a crash of the controller may forget."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Rules of the render sessions on the nodes."""

    lease_s: int = 60
    """A session ends itself when the controller has not been heard of for this long."""
    silence_s: float = 1000.0
    """Longest silence of a renderer that is at a frame."""
    grace_s: float = 2.0
    """Between TERM and KILL."""
    idle_s: float = 120.0
    """A session without orders for this long is ended."""
    max_frames: int = 500
    """A session is restarted after this many frames."""
    max_growth_mb: float = 4096.0
    """A session is restarted when it holds this much more memory than after its first frame."""
