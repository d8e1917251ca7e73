"""Kill -9 of one process after the other."""

import random
import time
from collections.abc import Iterator

import pytest

from rcontrol.farm.settings import SessionSettings
from tests.chaos import faults, figures
from tests.chaos.farm import ChaosFarm
from tests.chaos.faults import Fault

SHORT = (faults.JOB_MANAGER, faults.NODE_ACTOR, faults.RENDERER)
LONG = (faults.CONNECTION, faults.LISTENER, faults.SSHD)
RESTARTS = (faults.FRONT_END, faults.RAYLET, faults.GCS, faults.CONTROLLER)
DEFAULT_LEASE_S = SessionSettings().lease_s


@pytest.fixture(scope="module")
def patient_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaosFarm]:
    """Four nodes whose sessions outlive a restart of the server."""
    chance = random.Random(figures.SEED)
    folder = tmp_path_factory.mktemp("patient")
    with ChaosFarm(folder, chance, lease_s=DEFAULT_LEASE_S) as running:
        yield running


def go_through(farm: ChaosFarm, fault: Fault) -> None:
    with farm.case(
        fault.name,
        promise=fault.promise,
        most_given_back=fault.most_given_back,
        pace_s=0.5,
    ) as case:
        case.until_rendering()
        fault.strike(farm)
        case.fault_ended()


@pytest.mark.parametrize("fault", SHORT, ids=lambda fault: fault.name)
def test_one_process(farm: ChaosFarm, fault: Fault) -> None:
    go_through(farm, fault)


@pytest.mark.long
@pytest.mark.parametrize("fault", LONG, ids=lambda fault: fault.name)
def test_one_process_more(farm: ChaosFarm, fault: Fault) -> None:
    go_through(farm, fault)


@pytest.mark.long
@pytest.mark.parametrize("fault", RESTARTS, ids=lambda fault: fault.name)
def test_what_ends_the_server(patient_farm: ChaosFarm, fault: Fault) -> None:
    go_through(patient_farm, fault)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_random_sequence(farm: ChaosFarm, chance: random.Random) -> None:
    with farm.case(
        "kill -9 of all of these in random order, while 4 nodes render 500 frames",
        promise="no frame is lost, none that was done is rendered again",
        frames=500,
        pace_s=0.8,
    ) as case:
        case.until_rendering()
        left = list(faults.KILLS)
        chance.shuffle(left)
        while left and case.frames_done() < 400:
            fault = left.pop()
            print(f"{case.frames_done()} frames done, now: {fault.name}", flush=True)
            fault.strike(farm)
            # Every other time the next one comes before the farm has recovered.
            if len(left) % 2:
                time.sleep(chance.uniform(0.0, 3.0))
            else:
                case.fault_ended()
