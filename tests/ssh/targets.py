"""Servers on which the contract of `rcontrol.ssh` is checked, alike to a test."""

import asyncio
import getpass
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rcontrol.demo.embedded_node import EmbeddedNodes
from rcontrol.farm.settings import NodeSettings
from tests.fakes.sshd import Sshd

T = TypeVar("T")
DEADLINE_S = 30.0


@dataclass(frozen=True)
class Target:
    """A server and what a client needs to get in."""

    port: int
    key: Path
    host_key: str
    """Type and key, as in known_hosts."""
    folder: Path

    def node(self, port: int = 0, name: str = "hex1") -> NodeSettings:
        """Settings of the server, or of a relay to it on another port."""
        known_hosts = self.folder / f"known_hosts_{port}"
        known_hosts.write_text(f"[127.0.0.1]:{port or self.port} {self.host_key}\n")
        return NodeSettings(
            name=name,
            host="127.0.0.1",
            port=port or self.port,
            user=getpass.getuser(),
            key=str(self.key),
            known_hosts=str(known_hosts),
        )


@contextmanager
def sshd_target(folder: Path) -> Iterator[Target]:
    folder.mkdir()
    with Sshd(folder / "sshd") as sshd:
        host_key = sshd.known_as("x", 1).partition(" ")[2].strip()
        yield Target(sshd.port, sshd.client_key, host_key, folder)


@contextmanager
def embedded_target(folder: Path) -> Iterator[Target]:
    """Its own thread and loop: a server must not depend on the loop of its client."""
    folder.mkdir()
    nodes = EmbeddedNodes(folder / "embedded", ["hex1"])
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="embedded", daemon=True)
    thread.start()

    def there(coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(DEADLINE_S)

    there(nodes.__aenter__())
    try:
        (settings,) = nodes.settings()
        host_key = Path(str(settings["known_hosts"])).read_text().partition(" ")[2].strip()
        yield Target(int(settings["port"]), Path(str(settings["key"])), host_key, folder)
    finally:
        there(nodes.__aexit__())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(DEADLINE_S)
        loop.close()


def run(test: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run the asynchronous body of a test, for no longer than the deadline."""

    async def limited() -> T:
        async with asyncio.timeout(DEADLINE_S):
            return await test()

    return asyncio.run(limited())


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition to become true, until the deadline of `run`."""
    while not condition():
        await asyncio.sleep(0.01)
