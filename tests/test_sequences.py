"""Which files are frames of one sequence, and what is missing from it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcontrol.errors import BadRequest
from rcontrol.farm.numbers import read_frames
from rcontrol.sequences import Found, Wanted, find_missing, wanted


def find(*names: str, empty: Sequence[str] = (), asked: Wanted | None = None) -> list[Found]:
    files = [*((name, 1) for name in names), *((name, 0) for name in empty)]
    return find_missing(files, asked or Wanted())


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["0001.png", "0003.png"], [("####.png", "1,3", "2")]),
        (["a.1.exr", "a.10.exr", "a.11.exr"], [("a.#.exr", "1,10-11", "2-9")]),
        (["a.9999.exr", "a.10001.exr"], [("a.####.exr", "9999,10001", "10000")]),
        (
            ["b_v2.0001.png", "b_v10.0001.png", "B_v2.0001.png", "b_v2.0002.exr"],
            [
                ("B_v2.####.png", "1", ""),
                ("b_v10.####.png", "1", ""),
                ("b_v2.####.exr", "2", ""),
                ("b_v2.####.png", "1", ""),
            ],
        ),
        (["c1.png", "c01.png"], [("c##.png", "1", ""), ("c#.png", "1", "")]),
        (["D0001.PNG", "D0002.PNG"], [("D####.PNG", "1-2", "")]),
        (["e-0001.png", "e-0003.png"], [("e-####.png", "1,3", "2")]),
        (["e-0002.png", "e0001.png"], [("e####.png", "-2,1", "-1-0")]),
        (["e.-1.png", "e.1.png"], [("e.#.png", "-1,1", "0")]),
        (
            ["f0001.png", ".f0002.png", "f0003.blend", "f.png", "f0004.png~"],
            [("f####.png", "1", "")],
        ),
        (["g" + "9" * 20 + ".png"], []),
        (["h\n0001.png", "h\udc80.0001.png", "#0001.png"], [("#####.png", "1", ""), None]),
        (
            ["i0001_L.png", "i0003_L.png", "i0001_R.png", "i0002.png", "i0001_B.png"],
            [("i####.png", "2", ""), ("i####_L.png", "1,3", "2"), ("i####_R.png", "1", "")],
        ),
        ([], []),
    ],
)
def test_what_belongs_together(names: list[str], found: list[tuple[str, str, str] | None]) -> None:
    seen = [(one.pattern, one.present, one.missing) for one in find(*names)]
    assert len(seen) == len(found)
    for this, expected in zip(seen, found, strict=True):
        assert expected is None or this == expected


def test_files_of_zero_bytes_are_missing() -> None:
    (found,) = find("a1.png", "a3.png", empty=["a2.png", "a4.png"])
    assert found == Found("a#.png", 4, "1,3", "2,4", "2,4", 2, 4)
    (found,) = find(empty=["a1.png", "a2.png", "a9.png"], asked=wanted("2-3", None, None))
    assert found == Found("a#.png", 3, "", "2", "2-3", 2, 2)
    (found,) = find("a-0001.png", "a-0003.png", empty=["a-0002.png"])
    assert (found.present, found.missing) == ("1,3", "2")


@pytest.mark.parametrize(
    ("frames", "first", "last", "missing", "total"),
    [
        (None, None, None, "4-5", 5),
        (None, 1, None, "1,4-5", 6),
        (None, None, 8, "4-5,7-8", 7),
        (None, 1, 8, "1,4-5,7-8", 8),
        (None, 5, 5, "5", 1),
        (None, 7, None, "", 0),
        (None, -1, 3, "-1-1", 5),
        (None, 1, 2**31 - 1, "1,4-5,7-2147483647", 2**31 - 1),
        ("1-9x3", None, None, "1-7x3", 3),
        ("2,3,6", None, None, "", 3),
        ("100", None, None, "100", 1),
    ],
)
def test_what_should_be_there(
    frames: str | None, first: int | None, last: int | None, missing: str, total: int
) -> None:
    (found,) = find("x2.png", "x3.png", "x6.png", asked=wanted(frames, first, last))
    assert (found.missing, found.wanted_total) == (missing, total)


def test_frames_below_zero_are_asked_for() -> None:
    (found,) = find("x-0005.png", "x-0003.png", asked=wanted(None, -5, 0))
    assert (found.pattern, found.missing) == ("x####.png", "-4,-2-0")


def test_the_endings_to_look_at() -> None:
    files = [("a1.sgi", 1), ("a1.png", 1), ("a1.xyz", 1)]
    assert [one.pattern for one in find_missing(files, Wanted(), [".XYZ", ".png"])] == [
        "a#.png",
        "a#.xyz",
    ]


@pytest.mark.parametrize(
    ("frames", "first", "last", "field"),
    [("1-2", 1, None, "frames"), ("x", None, None, "frames"), (None, 2, 1, "end_frame")],
)
def test_what_makes_no_sense(
    frames: str | None, first: int | None, last: int | None, field: str
) -> None:
    with pytest.raises(BadRequest) as refusal:
        wanted(frames, first, last)
    assert refusal.value.field == field


@given(
    st.sets(st.integers(0, 120), min_size=1),
    st.sets(st.integers(0, 120)),
    st.integers(-5, 60),
    st.integers(0, 80),
)
def test_missing_and_present_are_all(
    there: set[int], hollow: set[int], first: int, length: int
) -> None:
    files = [(f"s.{frame:04d}.exr", int(frame not in hollow)) for frame in there]
    (found,) = find_missing(files, Wanted(None, first, first + length))
    missing = {*read_frames(found.missing)} if found.missing else set()
    assert missing == {*range(first, first + length + 1)} - (there - hollow)
    assert found.missing_total == len(missing)
    assert (found.files, found.wanted_total) == (len(there), length + 1)


def test_a_hundred_thousand_files() -> None:
    files = [(f"shot.{frame:06d}.exr", 7) for frame in range(1, 100_001) if frame % 10]
    (found,) = find_missing(files, Wanted(None, 1, 100_000))
    assert (found.files, found.missing) == (90_000, "10-100000x10")
