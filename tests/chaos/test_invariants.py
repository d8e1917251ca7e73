"""The checks find what they are there for."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.invariants import Begun, Done, Evidence, check
from tests.chaos.watch import NotWhole, Sight, Word, text_of
from tests.fakes.blender import png


@pytest.fixture
def good(tmp_path: Path) -> Evidence:
    """Two frames of two files, each rendered once, the second at its second attempt."""
    places = {n: (tmp_path / f"a{n}.png", tmp_path / f"b{n}.png") for n in (1, 2)}
    attempts = {1: "1-1", 2: "1-3"}
    for frame, paths in places.items():
        for path in paths:
            path.write_bytes(png(f"{attempts[frame]} 77"))
    return Evidence(
        places,
        begun=[
            Begun(1, "1-1", 77, 10.0, "hex1"),
            Begun(2, "1-2", 78, 10.0, "hex2"),
            Begun(2, "1-3", 77, 12.0, "hex1"),
        ],
        done=[Done(1, "1-1", 11.0), Done(2, "1-3", 13.0)],
        sights=[Sight(path, 11.0, f"{attempts[n]} 77") for n in places for path in places[n]],
        flaws=[],
        words=[Word(11.5, "Rendering", 1, 2), Word(13.5, "Finished", 2, 4)],
    )


def test_a_good_job_passes(good: Evidence) -> None:
    assert check(good) == []
    assert good.given_back == 1


def test_a_frame_begun_after_it_was_done(good: Evidence) -> None:
    begun = [*good.begun, Begun(1, "1-4", 79, 20.0, "hex2")]
    assert "begun after it was done" in check(replace(good, begun=begun))[0]


def test_a_picture_of_another_attempt_after_the_frame_was_done(good: Evidence) -> None:
    sights = [*good.sights, Sight(good.places[1][0], 12.0, "1-0 76")]
    assert "of another attempt" in check(replace(good, sights=sights))[0]


def test_a_picture_of_an_attempt_whose_outcome_was_lost(good: Evidence) -> None:
    sights = [Sight(good.places[1][0], 9.0, "1-0 76"), *good.sights]
    assert check(replace(good, sights=sights)) == []


def test_what_a_watcher_saw(good: Evidence) -> None:
    assert "final path" in check(replace(good, flaws=["a1.png ends after 9 bytes"]))[0]


def test_files_of_two_attempts(good: Evidence) -> None:
    good.places[2][1].write_bytes(png("1-2 78"))
    assert "of several attempts" in check(good)[0]


def test_files_of_two_processes(good: Evidence) -> None:
    good.places[2][1].write_bytes(png("1-3 78"))
    assert "of several attempts" in check(good)[0]


@pytest.mark.parametrize("size", [0, 20, 500, -1])
def test_a_file_that_is_cut_off(good: Evidence, size: int) -> None:
    path = good.places[1][0]
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(NotWhole):
        text_of(path.read_bytes())
    assert path.name in check(good)[0]


def test_a_damaged_file(good: Evidence) -> None:
    path = good.places[1][0]
    picture = bytearray(path.read_bytes())
    picture[500] ^= 1
    path.write_bytes(picture)
    assert "damaged" in check(good)[0]


def test_a_file_that_is_lost(good: Evidence) -> None:
    good.places[1][0].unlink()
    assert check(good) == ["a1.png is missing"]
    assert check(good, finished=False) == []


def test_frames_done_twice_or_never(good: Evidence) -> None:
    assert "done 2 times" in check(replace(good, done=[*good.done, Done(1, "1-1", 11.0)]))[0]
    assert "done 0 times" in check(replace(good, done=good.done[1:]))[-2]


def test_words_that_are_taken_back(good: Evidence) -> None:
    words = [*good.words, Word(14.0, "Rendering", 1, 4)]
    assert check(replace(good, words=words)) == ["2 frames were said to be done, then 1"]


def test_words_ahead_of_the_files(good: Evidence) -> None:
    words = [Word(11.0, "Rendering", 1, 1), *good.words]
    assert check(replace(good, words=words)) == ["1 frames were said to be done, of 1 files"]
