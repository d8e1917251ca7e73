"""Where a node is and how to log in there, by its settings and `~/.ssh/config`."""

import getpass
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from paramiko import ConfigParseError, SSHConfig, SSHConfigDict

from rcontrol.farm.settings import NodeSettings

_MOST_JUMPS: Final = 8
_MOST_INCLUDES: Final = 16
"""As deep as OpenSSH follows `Include`."""


class BadSshConfig(Exception):
    """`~/.ssh/config` cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Everything needed to log in at one host."""

    host: str
    port: int
    user: str
    keys: tuple[str, ...]
    """Paths of private keys, the first to be tried first."""
    only_these_keys: bool
    """No other keys of the agent, no default keys."""
    known_hosts: tuple[str, ...]
    """Files; a newly trusted key belongs into the first."""
    host_key_alias: str
    """Name in `known_hosts`; empty: the host, with its port unless that is 22."""
    connect_timeout_s: float | None
    proxy_command: str
    jump: "Endpoint | None"

    @property
    def known_as(self) -> str:
        """Name of the host in `known_hosts`."""
        if self.host_key_alias:
            return self.host_key_alias
        return self.host if self.port == 22 else f"[{self.host}]:{self.port}"

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"


def resolve(node: NodeSettings) -> Endpoint:
    """The endpoint of a node; what its settings say wins over `~/.ssh/config`.

    Raises BadSshConfig.
    """
    try:
        text = "\n".join(_lines(Path("~/.ssh/config").expanduser(), "Host *", 0))
        return _endpoint(
            text, node.host or node.name, node.port, node.user, node.key, node.known_hosts, None, 0
        )
    except (ConfigParseError, ValueError, OSError, ImportError) as error:
        # paramiko imports a package for `Match exec` that need not be there
        raise BadSshConfig(f"~/.ssh/config cannot be used ({error}); correct it") from error


def _endpoint(
    text: str,
    alias: str,
    port: int,
    user: str,
    key: str,
    known_hosts: str,
    jumps: list[str] | None,
    depth: int,
) -> Endpoint:
    if depth > _MOST_JUMPS:
        raise ValueError(f"ProxyJump goes round in circles at {alias}")
    # the first value wins in this format, and %p and %r of other options follow it
    first = [f"Port {port}"] * bool(port) + [f"User {user}"] * bool(user)
    options = SSHConfig.from_text("\n".join(["Host *", *first, text])).lookup(alias)
    host = options["hostname"].lower()
    if jumps is None:
        named = options.get("proxyjump", "none")
        jumps = [] if named.lower() == "none" else [hop.strip() for hop in named.split(",")]
    jump = None
    if jumps:
        hop_user, hop_host, hop_port = _hop(jumps[-1])
        if hop_host not in (alias, host):  # as with `Host *` and its own jump host
            # a hop before the last one was named here, or is what the hop's own options say
            jump = _endpoint(
                text, hop_host, hop_port, hop_user, "", "", jumps[:-1] or None, depth + 1
            )
    return Endpoint(
        host=host,
        port=int(options.get("port", 22)),
        user=options.get("user") or getpass.getuser(),
        keys=(_home(key),) if key else tuple(_identities(options)),
        only_these_keys=bool(key) or options.get("identitiesonly", "no").lower() == "yes",
        known_hosts=(_home(known_hosts),) if known_hosts else _known_hosts(options),
        host_key_alias=options.get("hostkeyalias", ""),
        connect_timeout_s=_seconds(options.get("connecttimeout", "none")),
        proxy_command="" if jump else options.get("proxycommand") or "",
        jump=jump,
    )


def _hop(text: str) -> tuple[str, str, int]:
    """User, host, port of one hop of ProxyJump: `[user@]host[:port]` or `ssh://...`."""
    user, _, place = text.removeprefix("ssh://").rstrip("/").rpartition("@")
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        return user, host, int(port.removeprefix(":") or 0)
    host, _, port = place.partition(":")
    return user, host, int(port or 0)


def _identities(options: SSHConfigDict) -> Iterator[str]:
    # the stubs know only values that are text; this one is a list
    for path in list(options.get("identityfile", ())):
        if path.lower() != "none" and Path(_home(path)).is_file():
            yield _home(path)


def _known_hosts(options: SSHConfigDict) -> tuple[str, ...]:
    own = options.get("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2")
    everyones = options.get("globalknownhostsfile", "/etc/ssh/ssh_known_hosts")
    return tuple(_home(path) for path in shlex.split(f"{own} {everyones}") if path != "none")


def _home(path: str) -> str:
    return str(Path(path).expanduser())


def _seconds(text: str) -> float | None:
    return None if text.lower() == "none" else float(text)


def _lines(path: Path, section: str, depth: int) -> Iterator[str]:
    """Lines of a configuration file with those of its `Include`d files in their place."""
    if depth > _MOST_INCLUDES or not path.is_file():
        return
    for line in path.read_text("utf-8", "surrogateescape").splitlines():
        word, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        if word.lower() in ("host", "match"):
            section = line
        if word.lower() != "include":
            yield line
            continue
        for pattern in shlex.split(rest):
            path = Path(_home("~/.ssh"), _home(pattern))
            for file in sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor)))):
                yield from _lines(file, section, depth + 1)
                yield section  # what follows belongs to the section around the Include
