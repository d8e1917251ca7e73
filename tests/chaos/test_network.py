"""What a network does to a farm. Needs root."""

import os
import random
import time
from collections.abc import Callable, Iterator

import pytest

from rcontrol.sessions.driver import SHORTEST_KEEPALIVE_S
from rcontrol.sessions.hold import MARGIN_S
from tests.chaos import figures
from tests.chaos.network import Network, NetworkFarm, network_missing
from tests.fakes.need import need

pytestmark = pytest.mark.long

LEASE_S = 12
SHORT_S = 5.0
"""What was sent meanwhile is sent again after as long once more; that, too, is within the lease."""
LONG_S = LEASE_S + MARGIN_S + 2 * SHORTEST_KEEPALIVE_S + 3.0
"""So long that the driver, too, has given the session up."""
Act = Callable[[Network, int], None]


@pytest.fixture(scope="module")
def network_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NetworkFarm]:
    """Four nodes in a network of the test's own."""
    need(network_missing())
    with (
        Network(os.getpid() % 256) as network,
        NetworkFarm(
            tmp_path_factory.mktemp("network"), random.Random(figures.SEED), network, LEASE_S
        ) as running,
    ):
        yield running


@pytest.mark.parametrize(
    ("name", "act"),
    [("a node's link cut", Network.cut), ("a node's link half-open", Network.swallow)],
    ids=["cut", "half-open"],
)
@pytest.mark.parametrize(
    ("seconds", "promise"),
    [
        (SHORT_S, "within the lease: its frame is kept"),
        (LONG_S, "beyond the lease: its frame is rendered elsewhere"),
    ],
    ids=["short", "long"],
)
def test_a_nodes_link(
    network_farm: NetworkFarm,
    chance: random.Random,
    name: str,
    act: Act,
    seconds: float,
    promise: str,
) -> None:
    network = network_farm.network
    node = chance.randint(1, len(network_farm.nodes))
    kept = seconds < LEASE_S
    with network_farm.case(
        f"{name} for {seconds:g} s",
        promise=promise,
        frames=120 if kept else 200,
        pace_s=0.6 if kept else 1.0,
        most_given_back=0 if kept else None,
    ) as case:
        case.until_rendering()
        act(network, node)
        time.sleep(seconds)
        network.mend(node)
        case.fault_ended()


@pytest.mark.parametrize("seconds", [SHORT_S, LONG_S])
def test_the_controllers_link(network_farm: NetworkFarm, seconds: float) -> None:
    network = network_farm.network
    kept = seconds < LEASE_S
    with network_farm.case(
        f"the controller's link cut for {seconds:g} s",
        promise="within the lease: all frames are kept" if kept else "nothing is left running",
        pace_s=0.6,
        most_given_back=0 if kept else None,
    ) as case:
        case.until_rendering()
        network.cut(0)
        time.sleep(seconds)
        if not kept:
            left = {node.name: node.renderers() for node in network_farm.nodes.values()}
            assert not any(left.values()), left
        network.mend(0)
        case.fault_ended()
