"""The clock of the server and its actors is set, while their machine's goes on.

Their Python takes the time from a clock of the test's own. (libfaketime would have to fake what the
threads of gRPC wait by, and makes Python's `time.sleep` fail.)
"""

import random
from collections.abc import Iterator
from typing import Self

import pytest

from tests.chaos import figures
from tests.chaos.farm import ChaosFarm

pytestmark = pytest.mark.long

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
CLOCK = """
import pathlib
import time

AHEAD = pathlib.Path(__file__).with_name("ahead")
right, right_ns = time.time, time.time_ns
time.time = lambda: right() + float(AHEAD.read_text())
time.time_ns = lambda: right_ns() + int(float(AHEAD.read_text()) * 1e9)
"""
"""Python runs a module of the name `sitecustomize` before anything else."""


class ClockFarm(ChaosFarm):
    """Four nodes, and a server whose clock can be set."""

    def __enter__(self) -> Self:
        self._clock = self.folder / "clock"
        self._clock.mkdir()
        (self._clock / "sitecustomize.py").write_text(CLOCK)
        self.set_clock(0.0)
        self.server.environment = {"PYTHONPATH": str(self._clock)}
        return super().__enter__()

    def set_clock(self, ahead_s: float) -> None:
        """Have the server's clock go before this machine's by so many seconds."""
        new = self._clock / "new"
        new.write_text(str(ahead_s))
        new.rename(self._clock / "ahead")


@pytest.fixture(scope="module")
def clock_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClockFarm]:
    with ClockFarm(tmp_path_factory.mktemp("clock"), random.Random(figures.SEED)) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "ahead_s"),
    [
        ("the server's clock is set forward by a day", DAY_S),
        ("the server's clock is set back by two days", -DAY_S),
        ("the server's clock is set right again", 0.0),
    ],
    ids=["forward", "back", "right"],
)
def test_the_clock_is_set(clock_farm: ClockFarm, name: str, ahead_s: float) -> None:
    with clock_farm.case(name, promise="nothing is noticed", pace_s=0.5, most_given_back=0) as case:
        case.until_rendering()
        case.clock_ahead_s += (DAY_S, -DAY_S)
        clock_farm.set_clock(ahead_s)
        case.until_done(case.frames_done() + 20)
        case.fault_ended()
        assert case.status()["time_elapsed"] < HOUR_S, case.status()
