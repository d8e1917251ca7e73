from dataclasses import dataclass
from typing import cast

import pytest

from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.model import AttemptId, JobId, JobSpec
from rcontrol.sessions.line import choose
from rcontrol.sessions.slot import Slot


@dataclass(frozen=True)
class Seen:
    """As much of a slot as the choice looks at."""

    job: str | None
    idle: bool = True


def order(job: str) -> RenderFrame:
    spec = JobSpec(JobId(job), job, f"/{job}", "scripted", 1, 10)
    return RenderFrame("hex1", AttemptId("1-1"), 1, spec)


BUSY = False


@pytest.mark.parametrize(
    ("line", "slots", "chosen"),
    [
        ("", [Seen(None)], None),
        ("a", [], None),
        ("a", [Seen("a", BUSY)], None),
        ("a", [Seen(None)], ("a", 0)),
        ("a", [Seen("b"), Seen("a")], ("a", 1)),
        ("a", [Seen("b"), Seen(None)], ("a", 1)),
        ("a", [Seen("b"), Seen("c")], ("a", 0)),
        ("ab", [Seen("b")], ("a", 0)),
        ("ab", [Seen("b"), Seen("a", BUSY)], ("b", 0)),
        ("ab", [Seen(None), Seen("a", BUSY)], ("a", 0)),
        ("ab", [Seen("c"), Seen("a", BUSY)], ("a", 0)),
    ],
)
def test_choice(line: str, slots: list[Seen], chosen: tuple[str, int] | None) -> None:
    orders = [order(job) for job in line]
    pair = choose(orders, cast("list[Slot]", slots))
    found = None if pair is None else (pair[0].spec.id, slots.index(cast("Seen", pair[1])))
    assert found == chosen
