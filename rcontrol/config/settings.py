"""What a configuration file comes to."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rcontrol.engines.command_settings import CommandSettings
from rcontrol.farm.settings import FarmSettings, NodeSettings, SessionSettings

LogLevel = Literal["everything", "debug", "info", "warning"]
"""`everything` is `debug` and the raw output of the renderers."""


@dataclass(frozen=True, slots=True)
class RaySettings:
    """Which Ray the actors live in."""

    address: str = ""
    """Of the cluster to join; empty: an embedded Ray that ends with the server."""
    dashboard_port: int = 8265
    """Of the embedded Ray's dashboard, on localhost."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole installation, validated. Paths are absolute."""

    base_dir: Path
    """Root of the shared storage; nothing outside it is listed or rendered."""
    nodes: tuple[NodeSettings, ...]
    """In the order of the file; names are unique."""
    listen_addr: str = "localhost"
    listen_port: int = 2020
    cors_origin: str = ""
    """The one foreign origin whose pages may use the API; empty: none; `*`: any."""
    server_names: tuple[str, ...] = ()
    """By which clients call the server, beside addresses and names without a dot."""
    autostart: bool = True
    """Only until somebody switches it; the farm's own memory counts from then on."""
    log_level: LogLevel = "info"
    log_file_path: Path | None = None
    """None: see `log_file`."""
    work_dir: Path = field(default_factory=lambda: Path("~/.local/share/rcontrol").expanduser())
    """Where the farm's state lives; need not exist yet."""
    database: str = ""
    """URL; empty: an SQLite file in `work_dir`."""
    logs_mb: int = 1000
    """Room for the output of attempts, megabytes on the disk."""
    drain_s: float = 60.0
    """How long frames under way may take when the server is told to end."""
    allowed_filetypes: tuple[str, ...] = ()
    """Endings of the files that are frames; empty: `sequences.IMAGES`."""
    renderers: tuple[CommandSettings, ...] = ()
    """Beside Blender; of several that render a kind of file, the first one counts."""
    farm: FarmSettings = field(default_factory=FarmSettings)
    sessions: SessionSettings = field(default_factory=SessionSettings)
    ray: RaySettings = field(default_factory=RaySettings)

    @property
    def log_file(self) -> Path:
        """What the server and all actors log to: `log_file_path`, else a file in `work_dir`."""
        return self.log_file_path or self.work_dir / "rcontrol.log"

    @property
    def logs_dir(self) -> Path:
        """Where the output of attempts is kept."""
        return self.work_dir / "logs"
