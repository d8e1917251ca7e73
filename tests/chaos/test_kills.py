"""Kill -9 of one process of the farm at a time."""

import os
import signal

import pytest

from tests.chaos.farm import ChaosFarm


@pytest.mark.parametrize("actor", ["JobManager", "NodeActor"])
def test_an_actor(farm: ChaosFarm, actor: str) -> None:
    with farm.case(f"kill -9 of a {actor}", frames=80) as case:
        case.until_rendering()
        os.kill(farm.server.actor_pid(actor), signal.SIGKILL)
        case.fault_ended()
