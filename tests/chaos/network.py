"""A network of its own: a switch, one cable to this machine, and one to each node.

Switch and nodes are network namespaces, their cables pairs of virtual interfaces. Needs root and
iproute2. The addresses are of the block that is set aside for tests of networks (RFC 2544).
"""

import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Self

from tests.chaos.farm import ChaosFarm
from tests.chaos.node import Node
from tests.fakes.need import need, not_root

_SWITCH = "switch"


def network_missing() -> str | None:
    """Why there can be no `Network` here; None: there can."""
    if shutil.which("ip") is None:
        return "ip is not installed (Debian: iproute2)"
    if shutil.which("nsenter") is None:
        return "nsenter is not installed (Debian: util-linux)"
    return not_root()


class Network:
    """A cable can be pulled (`cut`), or swallow what is sent through it both ways (`swallow`)."""

    def __init__(self, subnet: int) -> None:
        """`subnet`: 0 to 255; two networks at the same time need different ones."""
        self._net = f"198.18.{subnet}"
        self._name = f"rc{os.getpid()}n{subnet}"
        self._ports = [f"{self._name}-{_SWITCH}"]

    def __enter__(self) -> Self:
        self._add_namespace(_SWITCH)
        self._at_switch("link", "add", "name", "sw0", "type", "bridge")
        self._at_switch("link", "set", "sw0", "up")
        self._plug(self._name, "port0", namespace=None)
        # What is meant for a network whose cable is cut must not go anywhere else.
        _ip("route", "add", "unreachable", f"{self._net}.0/24", "metric", "9999")
        _ip("addr", "add", f"{self._net}.254/24", "dev", self._name)
        _ip("link", "set", self._name, "up")
        return self

    def __exit__(self, *_: object) -> None:
        _ip("link", "del", self._name)
        _ip("route", "del", "unreachable", f"{self._net}.0/24", "metric", "9999")
        for namespace in self._ports:
            _ip("netns", "del", namespace)

    def address(self, number: int) -> str:
        return f"{self._net}.{number}"

    def within(self, number: int) -> tuple[str, ...]:
        """Return a command that runs another in a node's namespace."""
        return ("nsenter", f"--net=/run/netns/{self._name}-{number}")

    def join(self, number: int) -> None:
        """Add a node's namespace, with its address, and a cable to it."""
        self._add_namespace(str(number))
        namespace = f"{self._name}-{number}"
        self._plug("eth0", f"port{number}", namespace)
        _ip("-n", namespace, "addr", "add", f"{self.address(number)}/24", "dev", "eth0")
        _ip("-n", namespace, "link", "set", "eth0", "up")
        _ip("-n", namespace, "link", "set", "lo", "up")

    def cut(self, number: int) -> None:
        """Pull a node's cable out of the switch; 0: this machine's."""
        if number == 0:
            _ip("link", "set", self._name, "down")
        else:
            self._at_switch("link", "set", f"port{number}", "down")

    def swallow(self, number: int) -> None:
        """Have a cable swallow what is sent; both its ends look well."""
        self._at_switch("link", "set", f"port{number}", "nomaster")

    def mend(self, number: int) -> None:
        """Have a cable as it was."""
        if number == 0:
            _ip("link", "set", self._name, "up")
        self._at_switch("link", "set", f"port{number}", "up", "master", "sw0")

    def _add_namespace(self, name: str) -> None:
        _ip("netns", "add", f"{self._name}-{name}")
        if name != _SWITCH:
            self._ports.append(f"{self._name}-{name}")

    def _plug(self, end: str, port: str, namespace: str | None) -> None:
        where = [] if namespace is None else ["-n", namespace]
        peer = ["peer", "name", port, "netns", f"{self._name}-{_SWITCH}"]
        _ip(*where, "link", "add", "name", end, "type", "veth", *peer)
        self._at_switch("link", "set", port, "up", "master", "sw0")

    def _at_switch(self, *words: str) -> None:
        _ip("-n", f"{self._name}-{_SWITCH}", *words)


class NetworkFarm(ChaosFarm):
    """A farm whose nodes are reached through a network."""

    def __init__(self, folder: Path, seed: random.Random, network: Network, lease_s: int) -> None:
        need(network_missing())
        self.network = network
        super().__init__(folder, seed, lease_s=lease_s)

    def make_node(self, number: int) -> Node:
        """Make the node of this number in the network."""
        self.network.join(number)
        address, within = self.network.address(number), self.network.within(number)
        return Node(self.folder / f"hex{number}", f"hex{number}", address, within)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stderr)
