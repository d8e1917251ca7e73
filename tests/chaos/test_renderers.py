"""Renderers that do what they must not."""

import random

import pytest

from tests.chaos import figures
from tests.chaos.farm import SILENCE_S, ChaosFarm
from tests.e2e.server import alive, until

AT = 12
"""The frame that is misbehaved at, at the first attempt."""
STOPPED_S = 5.0
AGAIN = "the frame is rendered again, elsewhere"


def go_through(
    farm: ChaosFarm,
    name: str,
    promise: str,
    act: tuple[str, ...],
    most_given_back: int,
    frames: int = 120,
) -> None:
    with farm.case(
        f"a renderer {name}",
        promise=promise,
        frames=frames,
        pace_s=0.5,
        acts={AT: act},
        most_given_back=most_given_back,
    ) as case:

        def over() -> bool:
            if any(each.frame == AT for each in case.done()):
                return True
            at_it = [each for each in case.begun() if each.frame == AT]
            return bool(at_it) and not alive(at_it[0].pid)

        until(lambda: any(each.frame == AT for each in case.begun()))
        # However long that takes, frames are left for afterwards.
        case.pace(5.0)
        until(over)
        case.pace(0.5)
        case.fault_ended()


def test_a_renderer_saves_half_a_picture(farm: ChaosFarm) -> None:
    go_through(farm, "saves half a PNG", AGAIN, ("half",), 1)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "promise", "act", "most_given_back"),
    [
        ('says "Saved" and has saved nothing', AGAIN, ("pretend",), 1),
        ("forks children, and ends badly", AGAIN, ("forks",), 1),
        ("floods stdout with 100 MB", "the frame counts", ("flood", "100"), 0),
        ("prints binary", "the frame counts", ("binary",), 0),
        (f"prints nothing for {SILENCE_S:g} s", AGAIN, ("silent",), 1),
    ],
    ids=["nothing saved", "forks", "flood", "binary", "silent"],
)
def test_a_renderer(
    farm: ChaosFarm, name: str, promise: str, act: tuple[str, ...], most_given_back: int
) -> None:
    go_through(farm, name, promise, act, most_given_back, frames=200)


@pytest.mark.long
def test_a_renderer_that_ignores_term(farm: ChaosFarm, chance: random.Random) -> None:
    with farm.case(
        "a renderer ignores TERM, and so do its children; its job is stopped and started",
        promise=f"nothing of it runs {STOPPED_S:g} s later",
        pace_s=0.5,
        acts={AT: ("deaf",)},
    ) as case:
        until(lambda: any(each.frame == AT for each in case.begun()))
        farm.server.get(f"/job/stop/{case.job}")
        until(
            lambda: not any(node.renderers() for node in farm.nodes.values()),
            patience_s=STOPPED_S * figures.load(),
        )
        farm.server.get(f"/job/start/{case.job}")
        case.fault_ended()
