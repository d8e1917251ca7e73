"""One farm for all cases that leave it as they found it, and the seed of the run."""

import random
from collections.abc import Iterator

import pytest

from tests.chaos import figures
from tests.chaos.farm import ChaosFarm


def pytest_report_header() -> str:
    return f"chaos: RCONTROL_CHAOS_SEED={figures.SEED}"


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Chance that depends on the run's seed and the test alone."""
    print(f"RCONTROL_CHAOS_SEED={figures.SEED}")
    return random.Random(f"{figures.SEED} {request.node.nodeid}")


@pytest.fixture(scope="session")
def shared_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaosFarm]:
    """Four nodes."""
    with ChaosFarm(tmp_path_factory.mktemp("chaos"), random.Random(figures.SEED)) as running:
        yield running


@pytest.fixture
def farm(shared_farm: ChaosFarm, chance: random.Random) -> ChaosFarm:
    """The shared farm, with the test's own chance."""
    shared_farm.random = chance
    return shared_farm
