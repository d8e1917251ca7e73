"""The keys a configuration file may have, each with its default and its meaning.

Every key of the original RenderController is here; docs/configuration.md is printed from these
models.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from rcontrol.config.renderer_keys import RendererKeys
from rcontrol.config.settings import LogLevel
from rcontrol.config.values import (
    DatabaseUrl,
    Keys,
    Name,
    NodeEntry,
    Origin,
    Port,
    ProgramPath,
    Programs,
    Seconds,
    ServerPath,
    Slots,
    Word,
)
from rcontrol.farm.settings import FarmSettings, SessionSettings

_FARM: Final = FarmSettings()
_SESSIONS: Final = SessionSettings()


class NodeKeys(Keys):
    """One entry of `render_nodes` that is a mapping."""

    name: Name = Field(description="What people call the node; an SSH host name or alias.")
    host: Name = Field(default="", description="SSH host; default: the name.")
    port: Port = Field(
        default=0, description="SSH port; default: as `~/.ssh/config` says, else 22."
    )
    user: Name = Field(default="", description="SSH user; default: `ssh_user`.")
    key: ServerPath = Field(
        default="", description="Private key; default: `~/.ssh/config`, the agent, the usual keys."
    )
    known_hosts: ServerPath = Field(
        default="", description="File of trusted host keys; default: as `~/.ssh/config` says."
    )
    os: Literal["linux", "mac"] = Field(default="linux", description="`linux` or `mac`.")
    slots: Slots = Field(
        default=[{}],
        description="Frames rendered side by side, 1 by default; or a list with a mapping of "
        'environment variables for each: `[{CUDA_VISIBLE_DEVICES: "0"}, '
        '{CUDA_VISIBLE_DEVICES: "1"}]`.',
    )
    executables: Programs = Field(
        default={},
        description="As `executables` at the top, for this node alone; `bpy` replaces Blender.",
    )
    low_priority: bool = Field(
        default=False, description="Render under `nice`; the same as to be in `renice_list`."
    )


class RayKeys(Keys):
    """The mapping `ray`."""

    address: str = Field(default="", description="Ray cluster to join; empty: an embedded Ray.")
    dashboard_port: Port = Field(default=8265, description="Port of the embedded Ray's dashboard.")


class FileKeys(Keys):
    """The top of the file."""

    fileserver_base_dir: ServerPath = Field(
        default="", description="Shared storage: the same path on server and nodes. Required."
    )
    filesystem_base_dir: ServerPath = Field(
        default="", description="The same as `fileserver_base_dir`."
    )
    file_browser_base_dir: ServerPath = Field(
        default="", description="The same as `fileserver_base_dir`."
    )
    render_nodes: list[Annotated[NodeKeys, NodeEntry]] = Field(
        min_length=1, description="Names, or mappings with the keys of the table below. Required."
    )
    macs: list[str] = Field(default=[], description="Names of the nodes that run macOS.")
    renice_list: list[str] = Field(
        default=[], description="Names of the nodes that render under `nice`."
    )
    ssh_user: Name = Field(
        default="", description="SSH user on all nodes; default: as `~/.ssh/config` says."
    )
    executables: Programs = Field(
        default={},
        description="Path on the nodes of `blender`, `bpy` (a Python that has bpy), `terragen`, "
        "`maya`, or a renderer of `renderers`.",
    )
    renderers: dict[Word, RendererKeys] = Field(
        default={},
        description="Renderers beside Blender, Terragen and Maya, by the names that jobs use: "
        "mappings with the keys of the table below. See [renderers](renderers.md).",
    )
    blenderpath_linux: ProgramPath = Field(
        default="", description="Blender on nodes that run Linux."
    )
    blenderpath_mac: ProgramPath = Field(default="", description="Blender on nodes that run macOS.")
    terragenpath_linux: ProgramPath = Field(
        default="", description="Terragen on nodes that run Linux."
    )
    terragenpath_mac: ProgramPath = Field(
        default="", description="Terragen on nodes that run macOS."
    )
    listen_addr: Name = Field(default="localhost", description="Address to serve on.")
    listen_port: Port = Field(default=2020, description="Port to serve on.")
    auth: Literal["none"] | None = Field(
        default=None,
        description="`none` lets everybody who reaches `listen_addr` act; needed off localhost.",
    )
    cors_origin: Origin = Field(
        default="", description="Origin of a web page served elsewhere that may use the API."
    )
    server_names: list[Name] = Field(
        default=[],
        description="Names by which clients call the server, needed for those that have a dot.",
    )
    autostart: bool = Field(
        default=True, description="State at the first start; switching it through the API persists."
    )
    log_level: LogLevel = Field(
        default="info",
        description="`everything` (adds renderers' raw output), `debug`, `info` or `warning`.",
    )
    log_file_path: ServerPath = Field(
        default="", description="Log file; default: `rcontrol.log` in `work_dir`."
    )
    logs_mb: int = Field(
        default=1000,
        ge=1,
        description="Room in `work_dir` for the renderers' output, megabytes; the oldest go first.",
    )
    work_dir: ServerPath = Field(
        default="~/.local/share/rcontrol",
        validate_default=True,
        description="Where the farm's state lives.",
    )
    database: DatabaseUrl = Field(
        default="",
        description="`sqlite:` or `postgresql:` URL; default: an SQLite file in `work_dir`.",
    )
    ray: RayKeys = Field(default=RayKeys(), description="Mapping with the keys of the last table.")
    timeout: Seconds = Field(
        default=_SESSIONS.silence_s, description="Longest silence of a renderer, seconds."
    )
    node_timeout: Seconds = Field(default=_SESSIONS.silence_s, description="The same as `timeout`.")
    lease: int = Field(
        default=_SESSIONS.lease_s,
        ge=5,
        description="A renderer ends itself after so many seconds without its controller.",
    )
    max_jobs: int = Field(
        default=_FARM.max_jobs, ge=1, description="Jobs the queue may hold, ended ones among them."
    )
    drain: int = Field(
        default=60,
        ge=0,
        description="Told to end, the server waits so many seconds for frames under way.",
    )
    max_attempts: int = Field(
        default=_FARM.max_attempts, ge=1, description="Failures after which a frame is given up."
    )
    session_frames: int = Field(
        default=_SESSIONS.max_frames,
        ge=1,
        description="A renderer is restarted after so many frames.",
    )
    session_memory_mb: float = Field(
        default=_SESSIONS.max_growth_mb,
        gt=0,
        allow_inf_nan=False,
        description="A renderer is restarted when it has grown by so many megabytes.",
    )
    allowed_filetypes: list[str] = Field(
        default=[],
        description="Endings of the files that are frames, such as `.png`, where missing ones are "
        "looked for; default: those of images.",
    )
