import tracemalloc

import pytest

from rcontrol.farm.frames import FrameTable
from rcontrol.farm.lifecycle import FRAME_MOVES, FrameMove
from rcontrol.farm.model import FrameStatus

WAYS: dict[FrameStatus, list[FrameMove]] = {
    FrameStatus.PENDING: [],
    FrameStatus.RENDERING: [FrameMove.ASSIGN],
    FrameStatus.DONE: [FrameMove.ASSIGN, FrameMove.COMPLETE],
    FrameStatus.GIVEN_UP: [FrameMove.ASSIGN, FrameMove.GIVE_UP],
}


@pytest.mark.parametrize("status", FrameStatus)
@pytest.mark.parametrize("move", FrameMove)
def test_every_move_from_every_status(status: FrameStatus, move: FrameMove) -> None:
    table = FrameTable(range(10, 20))
    for step in WAYS[status]:
        table.move(15, step)
    if (status, move) in FRAME_MOVES:
        assert table.move(15, move) is FRAME_MOVES[status, move]
    else:
        with pytest.raises(ValueError, match="frame 15"):
            table.move(15, move)
        assert table.status(15) is status
    table.validate()


def test_a_million_frames_take_a_few_megabytes() -> None:
    tracemalloc.start()
    table = FrameTable(range(1, 1_000_001))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 3_000_000
    assert next(table.pending()) == 1


def test_changes_are_what_differs_from_the_last_commit() -> None:
    table = FrameTable(range(1, 6))
    table.move(1, FrameMove.ASSIGN)
    assert table.changes() == {}, "a frame under way is saved as pending"
    table.move(1, FrameMove.COMPLETE)
    table.move(2, FrameMove.ASSIGN)
    table.move(2, FrameMove.RETRY)
    assert table.changes() == {1: (FrameStatus.DONE, 0), 2: (FrameStatus.PENDING, 1)}
    table.commit()
    assert table.changes() == {}
    table.move(3, FrameMove.ASSIGN)
    table.move(3, FrameMove.GIVE_UP)
    table.rollback()
    assert table.status(3) is FrameStatus.PENDING
    assert list(table.pending()) == [2, 3, 4, 5]


def test_frames_outside_the_range_are_refused() -> None:
    with pytest.raises(ValueError, match="21"):
        FrameTable(range(10, 20)).status(21)
