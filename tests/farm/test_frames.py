import tracemalloc

import pytest

from rcontrol.farm.frames import FrameTable
from rcontrol.farm.lifecycle import FRAME_MOVES, FrameMove
from rcontrol.farm.model import FrameStatus
from rcontrol.farm.numbers import read_frames

WAYS: dict[FrameStatus, list[FrameMove]] = {
    FrameStatus.PENDING: [],
    FrameStatus.RENDERING: [FrameMove.ASSIGN],
    FrameStatus.DONE: [FrameMove.ASSIGN, FrameMove.COMPLETE],
    FrameStatus.GIVEN_UP: [FrameMove.ASSIGN, FrameMove.GIVE_UP],
}


@pytest.mark.parametrize("status", FrameStatus)
@pytest.mark.parametrize("move", FrameMove)
def test_every_move_from_every_status(status: FrameStatus, move: FrameMove) -> None:
    table = FrameTable(read_frames("10-19"))
    for step in WAYS[status]:
        table.move(15, step)
    if (status, move) in FRAME_MOVES:
        assert table.move(15, move) is FRAME_MOVES[status, move]
    else:
        with pytest.raises(ValueError, match="frame 15"):
            table.move(15, move)
        assert table.status(15) is status
    table.validate()


@pytest.mark.parametrize("frames", ["1-1000000", "1-5000000x5", "1-400000x2,500001-1300000"])
def test_a_million_frames_take_a_few_megabytes(frames: str) -> None:
    tracemalloc.start()
    table = FrameTable(read_frames(frames))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 3_000_000
    assert next(table.pending()) == 1


def test_changes_are_what_differs_from_the_last_commit() -> None:
    table = FrameTable(read_frames("1-5"))
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
        FrameTable(read_frames("10-19")).status(21)


def test_frames_between_those_of_the_job_are_none_of_them() -> None:
    table = FrameTable(read_frames("1-21x5,30"))
    assert list(table.pending()) == [1, 6, 11, 16, 21, 30]
    with pytest.raises(ValueError, match="7"):
        table.move(7, FrameMove.ASSIGN)
    table.move(16, FrameMove.ASSIGN)
    table.move(16, FrameMove.COMPLETE)
    assert table.changes() == {16: (FrameStatus.DONE, 0)}
    assert table.pending_before(30) == 4
    assert list(table.with_status(FrameStatus.DONE)) == [16]


@pytest.mark.parametrize("run", [range(1, 22, 5), range(6, 22, 5), range(1, 22, 10), range(30, 31)])
def test_runs_are_restored_whatever_lies_between(run: range) -> None:
    table = FrameTable(read_frames("1-21x5,30"))
    table.restore(run, FrameStatus.DONE, 2)
    assert list(table.with_status(FrameStatus.DONE)) == list(run)
    assert [frame for frame in table.frames if table.failures(frame) == 2] == list(run)
    assert table.changes() == {}
    table.validate()
