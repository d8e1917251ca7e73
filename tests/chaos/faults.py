"""What may happen to a farm at any moment, each from its beginning to its end."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.farm import RESTART_S, ChaosFarm
from tests.e2e.server import until

SSHD_AWAY_S = 2.0


@dataclass(frozen=True)
class Fault:
    """Something that dies, or is gone for a time."""

    name: str
    promise: str
    """What docs/reliability.md says of it, beside what is promised of all."""
    strike: Callable[[ChaosFarm], None]
    """Returns when the fault has ended."""
    most_given_back: int | None = None
    """Frames that it may cost; None: those that were under way."""


def _kill_actor(name: str) -> Callable[[ChaosFarm], None]:
    def strike(farm: ChaosFarm) -> None:
        os.kill(farm.server.actor_pid(name), signal.SIGKILL)

    return strike


def _kill_part(mark: str) -> Callable[[ChaosFarm], None]:
    def strike(farm: ChaosFarm) -> None:
        before = len(farm.server.exits)
        os.kill(farm.server.part(mark), signal.SIGKILL)
        # The rest of its Ray, and the server with it, follow.
        until(lambda: len(farm.server.exits) > before, why="the server goes on without its Ray")

    return strike


def _kill_front_end(farm: ChaosFarm) -> None:
    os.kill(farm.server.pid, signal.SIGKILL)


def _kill_everything(farm: ChaosFarm) -> None:
    farm.server.kill_everything()
    time.sleep(RESTART_S)
    farm.server.start_again()


def _kill_listener(farm: ChaosFarm) -> None:
    sshd = farm.any_node().sshd
    sshd.kill_listener()
    time.sleep(SSHD_AWAY_S)
    sshd.start()


def _drop_connection(farm: ChaosFarm) -> None:
    farm.any_node().sshd.drop_connections()


def _kill_sshd(farm: ChaosFarm) -> None:
    sshd = farm.any_node().sshd
    sshd.kill()
    time.sleep(SSHD_AWAY_S)
    sshd.start()


def _kill_renderer(farm: ChaosFarm) -> None:
    node = farm.any_node()
    os.kill(farm.random.choice(until(lambda: sorted(node.renderers()))), signal.SIGKILL)


KEPT = "frames under way are kept"
ADOPTED = "started again, it goes on with the frames under way"

JOB_MANAGER = Fault("kill -9 of the JobManager", KEPT, _kill_actor("JobManager"), 0)
NODE_ACTOR = Fault("kill -9 of a NodeActor", KEPT, _kill_actor("NodeActor"), 0)
CONNECTION = Fault("kill -9 of a connection's sshd", KEPT, _drop_connection, 0)
RENDERER = Fault(
    "kill -9 of a renderer", "its frame is rendered again, its node rests 10 s", _kill_renderer, 1
)
FRONT_END = Fault("kill -9 of the front end, which its Ray goes with", ADOPTED, _kill_front_end, 0)
RAYLET = Fault("kill -9 of the raylet", ADOPTED, _kill_part("raylet/raylet"), 0)
GCS = Fault("kill -9 of the GCS", ADOPTED, _kill_part("gcs/gcs_server"), 0)
CONTROLLER = Fault("kill -9 of the whole controller", ADOPTED, _kill_everything, 0)
LISTENER = Fault("kill -9 of a node's listening sshd", "nothing is noticed", _kill_listener, 0)
SSHD = Fault("kill -9 of a node's sshds, back after 2 s", KEPT, _kill_sshd, 0)

KILLS = (
    *(JOB_MANAGER, NODE_ACTOR, CONNECTION, RENDERER, FRONT_END, RAYLET, GCS, CONTROLLER),
    *(LISTENER, SSHD),
)
