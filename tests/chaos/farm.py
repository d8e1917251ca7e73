"""The whole farm, kept up as a service manager would: `rcontrol serve`, and nodes with sshds.

    with ChaosFarm(folder, random, nodes=4) as farm:
        with farm.case("kill -9 of the JobManager", frames=120) as case:
            case.until_rendering()
            os.kill(farm.server.actor_pid("JobManager"), signal.SIGKILL)
            case.fault_ended()

At the end of the `with` the job is brought to its end, and every invariant is checked and recorded:
see `case.Case`. `farm.random` is the only source of chance; it is seeded, and the seed is printed.
A farm serves as many cases as one likes, one after the other.
"""

import contextlib
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from tests.chaos.case import Case
from tests.chaos.node import Node
from tests.e2e.server import PATIENCE_S, Server, command, descendants, until
from tests.fakes.need import need
from tests.fakes.sshd import sshd_missing

LEASE_S = 6
SILENCE_S = 15.0
STAND_IN = Path(__file__).parents[1] / "fakes" / "blender.py"
RESTART_S = 1.0
"""Pause before the server is started again, as systemd's RestartSec."""


class Service(Server):
    """A server that is started again whenever it ends without having been asked to."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._wanted = threading.Event()
        self.exits: list[int] = []
        """Statuses with which it ended unasked."""
        self._keeper = threading.Thread(target=self._keep, name="service", daemon=True)

    def start(self) -> None:
        self.start_again()
        self.wait_until_serving()

    def start_again(self) -> None:
        """Start it without waiting until it serves."""
        self._launch()
        self._wanted.set()
        if not self._keeper.is_alive():
            self._keeper.start()

    def terminate(self) -> None:
        self._wanted.clear()
        super().terminate()

    def kill_everything(self) -> None:
        """Kill -9 the server and its whole Ray; it stays down until `start`."""
        self._wanted.clear()
        super().kill_everything()

    def wait_until_serving(self, patience_s: float = PATIENCE_S) -> None:
        until(self._serves, patience_s, "the server does not answer")

    def part(self, mark: str) -> int:
        """Return the pid of the part of its Ray whose command line holds `mark`."""
        assert self.process is not None
        server = self.process.pid
        return int(until(lambda: [pid for pid in descendants(server) if mark in command(pid)])[0])

    def _serves(self) -> bool:
        with suppress(httpx.HTTPError):
            return self.http.get("/node/list").status_code == 200
        return False

    def _keep(self) -> None:
        while True:
            self._wanted.wait()
            process = self.process
            if process is not None and process.poll() is not None:
                self.exits.append(process.returncode)
                time.sleep(RESTART_S)
                if self._wanted.is_set():
                    self._launch()
            time.sleep(0.05)


class ChaosFarm:
    """A server, `nodes` nodes and shared storage, below `folder`."""

    def __init__(
        self,
        folder: Path,
        seed: random.Random,
        *,
        nodes: int = 4,
        lease_s: int = LEASE_S,
        blender: str = "",
        **settings: Any,
    ) -> None:
        """`blender`: a real one; empty: the stand-in. `settings` are further configuration keys."""
        need(sshd_missing())
        self.folder, self.random, self.lease_s = folder, seed, lease_s
        self.base = folder / "storage"
        self.base.mkdir(parents=True)
        self.nodes = {f"hex{n}": self.make_node(n) for n in range(1, nodes + 1)}
        self.stand_in = not blender
        home = next(iter(self.nodes.values())).sshd
        self.server = Service(
            folder / "farm",
            home,
            [node.settings() for node in self.nodes.values()],
            self.base,
            **{
                "executables": {"blender": blender or str(self._executable())},
                "autostart": False,
                "lease": lease_s,
                "timeout": SILENCE_S,
                **settings,
            },
        )
        self._stack = ExitStack()
        self._cases = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for node in self.nodes.values():
                self.start_node(node)
                stack.callback(node.close)
            stack.enter_context(self.server)
            self.server.nodes_online()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def make_node(self, number: int) -> Node:
        """Make the node of this number, from 1 on."""
        return Node(self.folder / f"hex{number}", f"hex{number}")

    def start_node(self, node: Node) -> None:
        """Bring a node up for the first time."""
        node.sshd.start()

    @contextlib.contextmanager
    def case(self, name: str, **more: Any) -> Iterator[Case]:
        """Run a job through a fault; `more` as `Case` has it."""
        self._cases += 1
        case = Case(self, name, self.base / f"case{self._cases}", **more)
        try:
            case.begin()
            yield case
            case.finish()
        except (Exception, pytest.fail.Exception) as error:
            case.record(case.evidence(), [str(error)])
            raise
        finally:
            case.abandon()

    def any_node(self) -> Node:
        """Return a node by chance."""
        return self.random.choice(list(self.nodes.values()))

    def _executable(self) -> Path:
        path = self.folder / "blender"
        path.write_text(f'#!/bin/sh\nexec {sys.executable} -S -E {STAND_IN} "$@"\n')
        path.chmod(0o755)
        return path
