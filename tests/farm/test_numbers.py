"""Frame expressions: what they mean, and what is said of those that cannot be read."""

import pickle

import pytest
from fileseq.frameset import FrameSet
from hypothesis import given
from hypothesis import strategies as st

from rcontrol.errors import BadRequest
from rcontrol.farm.numbers import MAX_FRAMES, FrameNumbers, read_frames, runs_of

numbers = st.integers(-30, 60)
ranges = st.tuples(numbers, st.integers(0, 40), st.integers(1, 12))
parts = st.one_of(
    numbers.map(str),
    ranges.map(lambda it: f"{it[0]}-{it[0] + it[1]}"),
    ranges.map(lambda it: f"{it[0]}-{it[0] + it[1]}x{it[2]}"),
)
expressions = st.lists(parts, min_size=1, max_size=8).map(",".join)


@pytest.mark.parametrize(
    ("text", "frames", "written"),
    [
        ("7", [7], "7"),
        ("1-3", [1, 2, 3], "1-3"),
        ("1-12x5", [1, 6, 11], "1-11x5"),
        ("1,4,10-12", [1, 4, 10, 11, 12], "1,4,10-12"),
        (" 4 , 1 - 3 ", [1, 2, 3, 4], "1-4"),
        ("0003-0005", [3, 4, 5], "3-5"),
        ("5,1,5,3-5", [1, 3, 4, 5], "1,3-5"),
        ("-3--1,2", [-3, -2, -1, 2], "-3--1,2"),
        ("-2-1", [-2, -1, 0, 1], "-2-1"),
        ("1-9x4,3", [1, 3, 5, 9], "1-5x2,9"),
        ("1-5x9", [1], "1"),
        ("7-7", [7], "7"),
    ],
)
def test_what_expressions_mean(text: str, frames: list[int], written: str) -> None:
    found = read_frames(text)
    assert list(found) == frames
    assert str(found) == written
    assert (len(found), found.first, found.last) == (len(frames), frames[0], frames[-1])


@given(expressions)
def test_they_mean_what_fileseq_says(text: str) -> None:
    assert list(read_frames(text)) == sorted(FrameSet(text))


@given(expressions)
def test_what_is_written_means_the_same(text: str) -> None:
    found = read_frames(text)
    assert read_frames(str(found)) == found
    assert list(FrameSet(str(found))) == list(found)
    assert pickle.loads(pickle.dumps(found)) == found


@given(expressions, st.integers(-40, 110))
def test_places_and_frames(text: str, other: int) -> None:
    found = read_frames(text)
    frames = list(found)
    assert [found[place] for place in range(len(frames))] == frames
    assert [found.index(frame) for frame in frames] == list(range(len(frames)))
    assert found[-1] == frames[-1]
    assert (other in found) == (other in frames)
    for place in (len(frames), -len(frames) - 1):
        with pytest.raises(IndexError):
            found[place]
    if other not in frames:
        with pytest.raises(ValueError, match=str(other)):
            found.index(other)


@given(st.sets(st.integers(-50, 50)))
def test_runs_hold_every_number_once(frames: set[int]) -> None:
    runs = list(runs_of(sorted(frames)))
    assert [frame for run in runs for frame in run] == sorted(frames)
    assert not [run for run in runs if len(run) == 2 and run.step > 1]


def test_a_pair_is_no_run() -> None:
    assert str(FrameNumbers(tuple(runs_of([1, 5, 6, 7, 9])))) == "1,5-7,9"
    assert str(FrameNumbers(tuple(runs_of([1, 5])))) == "1,5"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has a part that is empty; write frames \\(7\\), ranges \\(1-100\\) or every fifth"),
        ("1,,2", "part that is empty"),
        ("one", "'one' cannot be read; write frames"),
        ("1-10,x", "'x' cannot be read"),
        ("1 4", "'1 4' cannot be read"),
        ("1;4", "cannot be read"),
        ("1-100y3", "cannot be read"),
        ("1-100:4", "cannot be read"),
        ("1.5", "cannot be read"),
        ("1-10x-2", "cannot be read"),
        ("\u0661-\u0663", "cannot be read"),
        ("1-" + "z" * 90, "zzz\\.\\.\\.' cannot be read"),
        ("1-10x0", "'1-10x0' has steps of 0"),
        ("20-10", "'20-10' ends before it begins; write 10-20"),
        ("1-99999999999", "number beyond 2147483647"),
        ("9" * 5000, "number beyond 2147483647"),
        ("1-999999999", "has 999999999 frames, part by part; at most 1000000 will do"),
        ("1-999999,1-2", "has 1000001 frames"),
        ("1-2," * 100_000, "has more than 250000 characters"),
        (",".join(map(str, range(1, 30_000, 2))), "more than 10000 runs"),
        ("1-1000000x3,2-1000000x3", "more than 10000 runs"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, words: str) -> None:
    with pytest.raises(BadRequest, match=words) as refusal:
        read_frames(text, "field")
    assert refusal.value.field == "field"


def test_as_many_frames_as_a_job_may_have() -> None:
    assert len(read_frames(f"1-{MAX_FRAMES}")) == MAX_FRAMES
    assert len(read_frames(f"1-{5 * MAX_FRAMES}x5")) == MAX_FRAMES
