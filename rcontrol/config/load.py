"""From a file to settings: keys checked one by one, then against each other."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rcontrol.config.keys import FileKeys, NodeKeys, RayKeys
from rcontrol.config.renderer_keys import PathKeys, RendererKeys
from rcontrol.config.renderers import programs, renderers
from rcontrol.config.settings import RaySettings, Settings
from rcontrol.config.source import Loc, Source, read
from rcontrol.config.values import MISTAKE, NO_NODE
from rcontrol.engines.command_settings import CommandSettings
from rcontrol.errors import BadRequest, ConfigError
from rcontrol.farm.settings import FarmSettings, NodeSettings, SessionSettings

REMEDIES: Final[Mapping[str, str]] = {
    "bool_type": "write true or false",
    "dict_type": "write a mapping: {{key: value}}",
    "finite_number": "write a number",
    "float_type": "write a number",
    "greater_than": "write more than {gt:g}",
    "greater_than_equal": "write {ge} or more",
    "int_type": "write a whole number",
    "list_type": "write a list: [one, two]",
    "literal_error": "write {expected}",
    "model_type": "write a mapping: {{key: value}}",
    NO_NODE: "write a name, in quotes if YAML takes it for something else, or a mapping",
    "string_type": "write text, in quotes if YAML takes it for something else",
    "too_short": "write at least one",
}
"""What would be right, by the type of a pydantic error."""

BASE_DIRS: Final = ("fileserver_base_dir", "filesystem_base_dir", "file_browser_base_dir")
TIMEOUTS: Final = ("timeout", "node_timeout")


def load(path: Path) -> Settings:
    """Read and check a configuration file. Raises ConfigError."""
    source, keys = _read(path)
    base_dir = _one_spelling(source, keys, BASE_DIRS)
    if base_dir is None:
        remedy = "name the folder of the project files, such as /mnt/data"
        raise source.mistake(BASE_DIRS[:1], "is missing", remedy)
    if keys.auth is None and not _is_loopback(keys.listen_addr):
        problem = f"is {keys.listen_addr!r}, which other machines can reach"
        remedy = "write localhost, or add `auth: none` to let everybody there act"
        raise source.mistake(("listen_addr",), problem, remedy)
    timeout = _one_spelling(source, keys, TIMEOUTS) or TIMEOUTS[0]
    all_renderers = renderers(source, keys.renderers)
    _check_programs(source, keys, all_renderers)
    return Settings(
        base_dir=Path(getattr(keys, base_dir)),
        nodes=_nodes(source, keys),
        listen_addr=keys.listen_addr,
        listen_port=keys.listen_port,
        cors_origin=keys.cors_origin,
        server_names=tuple(keys.server_names),
        autostart=keys.autostart,
        log_level=keys.log_level,
        log_file_path=Path(keys.log_file_path) if keys.log_file_path else None,
        logs_mb=keys.logs_mb,
        work_dir=Path(keys.work_dir),
        database=keys.database,
        drain_s=keys.drain,
        allowed_filetypes=tuple(keys.allowed_filetypes),
        renderers=all_renderers,
        farm=FarmSettings(max_attempts=keys.max_attempts, max_jobs=keys.max_jobs),
        sessions=SessionSettings(
            lease_s=keys.lease,
            silence_s=getattr(keys, timeout),
            max_frames=keys.session_frames,
            max_growth_mb=keys.session_memory_mb,
        ),
        ray=RaySettings(address=keys.ray.address, dashboard_port=keys.ray.dashboard_port),
    )


def _read(path: Path) -> tuple[Source, FileKeys]:
    source = read(path)
    try:
        return source, FileKeys.model_validate(source.values)
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        raise _first(source, mistakes) from error


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _first(source: Source, mistakes: list[ErrorDetails]) -> ConfigError:
    """Return the mistake that stands first in the file."""

    def line(mistake: ErrorDetails) -> int:
        return source.nodes[source.written(mistake["loc"])].start_mark.line

    mistake = min(mistakes, key=line)
    loc, kind, context = mistake["loc"], mistake["type"], mistake.get("ctx", {})
    if kind == "missing":
        return source.mistake(loc, "is missing", "add it as docs/configuration.md says")
    is_key = loc[-1] == "[key]"
    loc = loc[:-1] if is_key else loc
    if kind == "extra_forbidden":
        return source.mistake(loc, "is not a known key", _did_you_mean(loc[-1], _known_keys(loc)))
    loc = source.written(loc)
    if kind == MISTAKE:
        return source.mistake(loc, context["problem"], context["remedy"])
    remedy = REMEDIES[kind].format(**context) if kind in REMEDIES else mistake["msg"]
    return source.mistake(loc, source.describe(loc), remedy)


def _did_you_mean(key: str | int, known: Sequence[str]) -> str:
    """Return the remedy for an unknown key."""
    close = get_close_matches(str(key), known, n=1)
    return f"did you mean {close[0]}?" if close else f"the keys there are {', '.join(known)}"


def _known_keys(loc: Loc) -> list[str]:
    """Return the keys there could be in the place of the one at `loc`."""
    model: type[BaseModel] = FileKeys
    match loc:
        case ("ray", _):
            model = RayKeys
        case ("renderers", _, "executable", _):
            model = PathKeys
        case ("renderers", _, _):
            model = RendererKeys
        case (_, _, *_):
            model = NodeKeys
    return list(model.model_fields)


def _check_programs(
    source: Source, keys: FileKeys, all_renderers: tuple[CommandSettings, ...]
) -> None:
    """Refuse keys of `executables` that no renderer has."""
    known = programs(all_renderers)
    places: list[tuple[Loc, Mapping[str, str]]] = [(("executables",), keys.executables)]
    places += [
        (("render_nodes", position, "executables"), entry.executables)
        for position, entry in enumerate(keys.render_nodes)
    ]
    for loc, executables in places:
        for program in executables:
            if program not in known:
                remedy = _did_you_mean(program, known)
                raise source.mistake((*loc, program), "is not a known key", remedy)


def _one_spelling(source: Source, keys: FileKeys, spellings: tuple[str, ...]) -> str | None:
    """Return which of the spellings of one setting the file uses, if any."""
    used = [key for key in spellings if key in keys.model_fields_set]
    if len(used) > 1:
        problem = f"says the same as {used[0]}"
        raise source.mistake((used[1],), problem, "remove one of them")
    return used[0] if used else None


def _nodes(source: Source, keys: FileKeys) -> tuple[NodeSettings, ...]:
    names = [entry.name for entry in keys.render_nodes]
    for position, name in enumerate(names):
        if (first := names.index(name)) != position:
            problem = f"is {name!r}, as render_nodes[{first}] is"
            loc = source.written(("render_nodes", position, "name"))
            raise source.mistake(loc, problem, "give every node a name of its own")
    _check_list(source, "macs", keys.macs, names)
    _check_list(source, "renice_list", keys.renice_list, names)
    for position, entry in enumerate(keys.render_nodes):
        if entry.name in keys.macs and "os" in entry.model_fields_set and entry.os != "mac":
            loc = ("render_nodes", position, "os")
            remedy = "remove it here or there"
            raise source.mistake(loc, f"is {entry.os!r}, but {entry.name} is in macs", remedy)
    return tuple(_node(keys, entry) for entry in keys.render_nodes)


def node_of(path: Path, entry: NodeKeys) -> NodeSettings:
    """Return the node that a file would have if `entry` stood in its `render_nodes`.

    Raises ConfigError, and BadRequest for a renderer that the file does not know.
    """
    source, keys = _read(path)
    known = programs(renderers(source, keys.renderers))
    for program in entry.executables:
        if program not in known:
            problem = f"is not a known key; {_did_you_mean(program, known)}"
            raise BadRequest(f"executables.{program}", problem)
    return _node(keys, entry)


def _check_list(source: Source, key: str, listed: list[str], names: list[str]) -> None:
    """Refuse a list of nodes that names one which is not in `render_nodes`."""
    for position, name in enumerate(listed):
        if name not in names:
            close = get_close_matches(name, names, n=1)
            remedy = f"did you mean {close[0]}?" if close else "add it there or remove it here"
            problem = f"is {name!r}, which is not in render_nodes"
            raise source.mistake((key, position), problem, remedy)


def _node(keys: FileKeys, entry: NodeKeys) -> NodeSettings:
    os = "mac" if entry.name in keys.macs else entry.os
    mac = os == "mac"
    paths = {
        "blender": keys.blenderpath_mac if mac else keys.blenderpath_linux,
        "terragen": keys.terragenpath_mac if mac else keys.terragenpath_linux,
    }
    common = keys.executables | {program: path for program, path in paths.items() if path}
    if "bpy" in entry.executables:
        common.pop("blender", None)  # engines take a Blender that is set before a bpy
    return NodeSettings(
        name=entry.name,
        host=entry.host,
        port=entry.port,
        user=entry.user or keys.ssh_user,
        key=entry.key,
        known_hosts=entry.known_hosts,
        os=os,
        slots=tuple(entry.slots),
        executables=common | entry.executables,
        low_priority=entry.low_priority or entry.name in keys.renice_list,
    )
