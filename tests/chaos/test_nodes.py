"""Nodes that hang, crawl, start again, or come back from the dead."""

import random
import time

import pytest

from rcontrol.sessions.driver import SHORTEST_KEEPALIVE_S
from rcontrol.sessions.hold import MARGIN_S
from tests.chaos.farm import LEASE_S, ChaosFarm
from tests.e2e.server import until

pytestmark = pytest.mark.long

BEYOND_S = LEASE_S + MARGIN_S + 2 * SHORTEST_KEEPALIVE_S + 3.0
"""Until then a driver may hope that the session is there: it takes as long to know that the
connection is dead, and to what the node was last sent a lease is added."""


def test_a_node_hangs_for_a_moment(farm: ChaosFarm) -> None:
    with farm.case(
        "a node hangs (SIGSTOP) for 4 s",
        promise="within the lease: its frame is kept",
        pace_s=0.6,
        most_given_back=0,
    ) as case:
        case.until_rendering()
        node = farm.any_node()
        node.freeze()
        time.sleep(4.0)
        node.thaw()
        case.fault_ended()


def test_a_node_hangs_beyond_its_lease(farm: ChaosFarm) -> None:
    with farm.case(
        f"a node hangs (SIGSTOP) for {BEYOND_S:g} s, beyond the lease",
        promise="its frame is rendered elsewhere, and what it had of it never gets to its place",
        frames=180,
        pace_s=1.0,
    ) as case:
        case.until_rendering()
        node = farm.any_node()
        node.freeze()
        time.sleep(BEYOND_S)
        node.thaw()
        case.fault_ended()


def test_a_node_crawls(farm: ChaosFarm) -> None:
    with farm.case(
        "a node crawls: everything on it runs a tenth of the time, for 10 s",
        promise="the others go on",
        pace_s=0.6,
    ) as case:
        case.until_rendering()
        farm.any_node().crawl(10.0)
        case.fault_ended()


@pytest.mark.parametrize("down_s", [5.0, 40.0])
def test_a_node_starts_again(farm: ChaosFarm, down_s: float) -> None:
    with farm.case(
        f"a node reboots: all its processes gone, its /tmp empty, back after {down_s:g} s",
        promise="its frame is rendered again",
        frames=200,
        pace_s=0.6 if down_s < 10.0 else 1.2,
    ) as case:
        case.until_rendering()
        farm.any_node().reboot(down_s)
        case.fault_ended()


@pytest.mark.parametrize("pace_s", [0.4, 1.5])
def test_two_nodes_at_the_same_frame(farm: ChaosFarm, chance: random.Random, pace_s: float) -> None:
    """All of a node but its renderer hangs, its watchdog too, while others get its frame."""
    with farm.case(
        f"two nodes render the same frame: one cut off that renders on, {pace_s:g} s a frame",
        promise="one of them publishes it, whole",
        frames=240,
        pace_s=pace_s,
    ) as case:
        case.until_rendering()
        node = farm.any_node()
        # At any moment of a frame.
        time.sleep(chance.uniform(0.0, pace_s))
        node.freeze(but=node.renderers())
        last = [each for each in case.begun() if each.node.startswith(f"{node.name}@")][-1]

        def elsewhere() -> bool:
            nodes = {each.node for each in case.begun() if each.frame == last.frame}
            return len(nodes) > 1 or any(each.attempt == last.attempt for each in case.done())

        until(elsewhere, why=f"{last} was not given to another node")
        node.thaw()
        case.fault_ended()
