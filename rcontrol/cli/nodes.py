"""`rcontrol nodes`: the render nodes, and what people do with them."""

import shlex
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

import typer

from rcontrol.cli import show
from rcontrol.cli.connect import ExitStatus, fail, server_at
from rcontrol.cli.options import AsJson, Server
from rcontrol.client import Client

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

NodeArguments = Annotated[list[str], typer.Argument(metavar="NODE...", help="Their names.")]


@app.callback(invoke_without_command=True)
def nodes(ctx: typer.Context, server: Server = "", as_json: AsJson = False) -> None:
    """Print the render nodes, their states and what they render; or act on them."""
    ctx.obj = server
    if ctx.invoked_subcommand is not None:
        return
    with server_at(server) as client:
        found, notice = client.nodes(), client.farm_state()["notice"]
    show.notice(notice)
    if as_json:
        show.as_json(found)
    else:
        show.nodes(found)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What people call it; an SSH host name or alias.")],
    host: Annotated[str, typer.Option(help="SSH host. [default: the name]")] = "",
    port: Annotated[int | None, typer.Option(help="SSH port.")] = None,
    user: Annotated[str, typer.Option(help="SSH user.")] = "",
    key: Annotated[str, typer.Option(metavar="FILE", help="Private key, on the server.")] = "",
    known_hosts: Annotated[
        str, typer.Option(metavar="FILE", help="Trusted host keys, on the server.")
    ] = "",
    os: Annotated[Literal["linux", "mac"] | None, typer.Option(help="What it runs.")] = None,
    slots: Annotated[int | None, typer.Option(help="Frames rendered side by side.")] = None,
    slot: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME=VALUE ...'",
            help="One slot's environment; once for each slot, instead of --slots.",
        ),
    ] = None,
    executable: Annotated[
        list[str] | None,
        typer.Option(metavar="PROGRAM=PATH", help="Path of a program on the node."),
    ] = None,
    low_priority: Annotated[
        bool, typer.Option("--low-priority", help="Render under `nice`.")
    ] = False,
    server: Server = "",
) -> None:
    """Add a node; it stays over restarts of the server."""
    if slot and slots is not None:
        fail("--slots and --slot say the same; give one of them", ExitStatus.USAGE)
    settings: dict[str, Any] = {
        "host": host,
        "port": port,
        "user": user,
        "key": key,
        "known_hosts": known_hosts,
        "os": os,
        "slots": [_pairs("--slot", _words(one)) for one in slot] if slot else slots,
        "executables": _pairs("--executable", executable or []),
        "low_priority": low_priority,
    }
    with server_at(server) as client:
        client.add_node(name, **{key: value for key, value in settings.items() if value})


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        fail(f"--slot {text}: {error}", ExitStatus.USAGE)


def _pairs(option: str, words: list[str]) -> dict[str, str]:
    for word in words:
        if "=" not in word:
            fail(f"{option} {word}: write it as NAME=VALUE", ExitStatus.USAGE)
    return dict(word.split("=", 1) for word in words)


@app.command()
def pause(
    nodes: NodeArguments,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Shown until it is resumed.")] = "",
    server: Server = "",
) -> None:
    """Give nodes no more frames of any job; they finish those they have."""
    with server_at(server) as client:
        for node in nodes:
            client.pause_node(node, reason)


ACTIONS: Final[dict[str, tuple[Callable[[Client, str], None], str]]] = {
    "resume": (Client.resume_node, "Give paused nodes frames again."),
    "remove": (Client.remove_node, "Have nodes leave the farm; they finish their frames."),
    "kill": (Client.kill_frames, "Kill the frames nodes are at; they go back, first in line."),
}


def _action(name: str, act: Callable[[Client, str], None], help_text: str) -> None:
    @app.command(name, help=help_text)
    def command(nodes: NodeArguments, server: Server = "") -> None:
        with server_at(server) as client:
            for node in nodes:
                act(client, node)


for _name, (_act, _help) in ACTIONS.items():
    _action(_name, _act, _help)


@app.command()
def reload(server: Server = "", as_json: AsJson = False) -> None:
    """Take the nodes from the server's configuration file as it is now, and print them."""
    with server_at(server) as client:
        client.reload_nodes()
        found = client.nodes()
    if as_json:
        show.as_json(found)
    else:
        show.nodes(found)
