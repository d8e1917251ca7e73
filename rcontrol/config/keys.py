"""The keys a configuration file may have, each with its default and its meaning.

Every key of the original RenderController is here; docs/configuration.md is printed from these
models.
"""

import re
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from rcontrol.config.settings import LogLevel
from rcontrol.farm.settings import FarmSettings, SessionSettings

MISTAKE: Final = "mistake"
"""Type of the errors whose context holds a `problem` and a `remedy`."""

NO_NODE: Final = "no_node"
"""Type of the error of an entry of `render_nodes` that is neither a name nor a mapping."""
MOST_SLOTS: Final = 1000
FARM_VARIABLES: Final = ("TMPDIR", "RCONTROL_HIDDEN")
"""What `rcontrol.sessions` sets in a renderer's environment."""
PROGRAMS: Final = ("blender", "bpy", "terragen")
"""Keys of `executables`."""

_FARM: Final = FarmSettings()
_SESSIONS: Final = SessionSettings()


def _mistake(problem: str, remedy: str) -> PydanticCustomError:
    words = {"problem": problem, "remedy": remedy}
    return PydanticCustomError(MISTAKE, "{problem}; {remedy}", words)


def _port(value: int) -> int:
    if not 1 <= value <= 65535:
        raise _mistake(f"is {value}, which is no port", "write a number from 1 to 65535")
    return value


def _absolute(value: str) -> str:
    try:
        path = Path(value).expanduser()
    except RuntimeError as error:
        raise _mistake(f"is {value!r}, a home that does not exist", "write it out") from error
    if not path.is_absolute():
        raise _mistake(
            f"is the relative path {value!r}", "write a path that starts with / or with ~/"
        )
    return str(path)


def _program(value: str) -> str:
    path = re.sub(r"\\(.)", r"\1", value)
    if not path or not path.isprintable():
        raise _mistake(f"is {value!r}", "write the path of a program on the node")
    if "/" in path and not path.startswith("/"):
        raise _mistake(
            f"is the relative path {value!r}",
            "write a path that starts with / or a bare name that is found on the node's PATH",
        )
    return path


def _known(program: str) -> str:
    if program not in PROGRAMS:
        raise _mistake(f"is {program!r}", f"write one of {', '.join(PROGRAMS)}")
    return program


def _name(value: str) -> str:
    unsafe = re.search(r"[/\s]", value) or not value.isprintable() or value.startswith("-")
    if unsafe or value in ("", ".", ".."):
        raise _mistake(
            f"is {value!r}", "write a name without blanks and slashes that does not start with -"
        )
    return value


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII):
        raise _mistake(
            f"is {name!r}, which is no name of an environment variable",
            "write letters, digits and _, such as CUDA_VISIBLE_DEVICES",
        )
    if name in FARM_VARIABLES:
        raise _mistake(f"is {name}, which the farm sets itself", "leave it out")
    return name


def _slots(value: object) -> object:
    if isinstance(value, list) and value:
        number = len(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
        value = [{} for _ in range(min(value, MOST_SLOTS))]
    else:
        raise _mistake(
            "is neither a number nor a list of mappings", "write how many frames it renders at once"
        )
    if not 1 <= number <= MOST_SLOTS:
        raise _mistake(f"makes {number} slots", f"write 1 to {MOST_SLOTS}")
    return value


def _value(value: str) -> str:
    if "\0" in value or "\n" in value:
        raise _mistake("holds a line break or a NUL character", "leave it out")
    return value


def _origin(value: str) -> str:
    if value in ("", "*"):
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or value != f"{parts.scheme}://{parts.netloc}":
        raise _mistake(
            f"is {value!r}", "write scheme, host and port alone, such as http://localhost:3000"
        )
    return value


def _database(value: str) -> str:
    if value and not re.match(r"(sqlite|postgresql)(\+\w+)?://", value):
        raise _mistake(  # not shown: it may hold a password
            "is no URL of a database that is supported",
            "write sqlite:////path/of/file.db or postgresql+psycopg://user@host/name",
        )
    return value


def _node(value: object) -> object:
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, dict):
        raise PydanticCustomError(NO_NODE, "neither a name nor a mapping")
    return value


Port = Annotated[int, AfterValidator(_port)]
ServerPath = Annotated[str, AfterValidator(_absolute)]
ProgramPath = Annotated[str, AfterValidator(_program)]
Name = Annotated[str, AfterValidator(_name)]
Origin = Annotated[str, AfterValidator(_origin)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Program = Annotated[str, AfterValidator(_known)]
Programs = dict[Program, ProgramPath]
Variable = Annotated[str, AfterValidator(_variable)]
Value = Annotated[str, AfterValidator(_value)]
Slots = Annotated[
    list[dict[Variable, Value]],
    BeforeValidator(_slots),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": MOST_SLOTS},
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            ]
        }
    ),
]
"""The environment of each slot; a number stands for so many that have none of their own."""


class Keys(BaseModel):
    """Keys that must be known and values that must have the type they are written for."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


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
    render_nodes: list[Annotated[NodeKeys, BeforeValidator(_node)]] = Field(
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
        description="Path on the nodes of `blender`, `bpy` (a Python that has bpy) or `terragen`.",
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
