"""Pieces on a real disk, written by one process or by one after the other."""

import os
import resource
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rcontrol.framelogs import Logs, files
from rcontrol.framelogs.files import LogFiles
from rcontrol.framelogs.layout import FIRST_PIECE, LAST_PIECES, LATER_PIECE, frame_folder, pieces_in

JOB, FRAME, ATTEMPT = "job", 7, "1-1"


class Disk:
    """A folder of logs, with one frame's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = frame_folder(folder, JOB, FRAME)

    def files(self, offset: int = 0, *, resumed: bool = False) -> LogFiles:
        return LogFiles(self.place, ATTEMPT, offset, resumed=resumed)

    def text(self) -> str:
        return "".join(self.parts())

    def parts(self) -> Iterator[str]:
        position, at_end = 0, False
        while not at_end:
            part = Logs(self.folder).read(JOB, FRAME, "", position)
            assert part is not None
            assert part.next > position or part.at_end, "it goes on"
            position, at_end = part.next, part.at_end
            yield part.text

    @property
    def ended(self) -> bool:
        part = Logs(self.folder).read(JOB, FRAME, "", self.length())
        assert part is not None
        return part.ended

    def length(self) -> int:
        pieces = list(pieces_in(self.place))
        return pieces[-1].position + len(pieces[-1].content()[0])


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "logs")


def test_what_was_flushed_can_be_read_before_the_end(disk: Disk) -> None:
    log = disk.files()
    log.write(0, b"Fra:1 Mem:8M\n")
    log.flush()
    assert disk.text() == "Fra:1 Mem:8M\n"
    assert not disk.ended
    log.write(13, b"Saved\n")
    log.end()
    assert disk.text() == "Fra:1 Mem:8M\nSaved\n"
    assert disk.ended


def test_a_log_without_output_is_there_and_empty(disk: Disk) -> None:
    disk.files(100).end()
    assert disk.text() == ""
    assert disk.ended


def test_pieces_are_gzip_files_for_the_user_alone(disk: Disk) -> None:
    log = disk.files()
    log.write(0, b"secretive\n")
    log.end()
    [piece] = pieces_in(disk.place)
    shown = subprocess.run(["zcat", piece.path], capture_output=True, check=True)
    assert shown.stdout == b"secretive\n"
    assert stat.S_IMODE(piece.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(disk.place.stat().st_mode) == 0o700


def test_of_a_flood_head_and_tail_are_kept(disk: Disk) -> None:
    log, sent = disk.files(), 0
    for number in range(1600):
        line = b"%06d " % number + os.urandom(32 * 1024 - 8) + b"\n"
        log.write(sent, line)
        sent += len(line)
    log.end()
    kept = sum(piece.path.stat().st_size for piece in pieces_in(disk.place))
    assert kept < 1.1 * (FIRST_PIECE + LAST_PIECES * LATER_PIECE)
    text = disk.text()
    assert text.startswith("000000 ")
    assert "001599 " in text
    assert "000500 " not in text
    assert text.count("[rcontrol: ") == 1
    assert disk.length() == sent


def test_a_line_of_megabytes_is_cut_in_its_middle(disk: Disk) -> None:
    log, line = disk.files(), b"x" * (20 * 1024 * 1024)
    log.write(0, line)
    log.end()
    text = disk.text()
    assert len(text) < FIRST_PIECE + LAST_PIECES * LATER_PIECE + 100
    assert "bytes of output are not kept]" in text


@pytest.mark.parametrize("flushed", [True, False])
def test_a_successor_goes_on_where_a_killed_writer_stopped(disk: Disk, flushed: bool) -> None:
    killed = disk.files(1000)
    killed.write(1000, b"loading\nFra:7")
    killed.flush()
    killed.write(1013, b" Mem")
    if flushed:
        killed.flush()
    successor = disk.files(1000, resumed=True)
    successor.write(1000, b"loading\nFra:7 Mem:8M")
    successor.write(1020, b"\nSaved\n")
    successor.end()
    assert disk.text() == "loading\nFra:7 Mem:8M\nSaved\n"
    assert disk.ended


def test_what_a_successor_cannot_read_again_shows_as_a_gap(disk: Disk) -> None:
    killed = disk.files(0)
    killed.write(0, b"loading")
    killed.flush()
    successor = disk.files(100, resumed=True)
    successor.write(100, b"Saved\n")
    successor.end()
    assert disk.text() == "loading\n[rcontrol: 93 bytes of output are not kept]\nSaved\n"


def test_a_log_goes_on_in_another_session(disk: Disk) -> None:
    first = disk.files(5000)
    first.write(5000, b"the file has changed\n")
    first.end()
    second = disk.files(0)
    second.write(0, b"loading\n")
    second.flush()
    third = disk.files(0, resumed=True)
    third.write(0, b"loading\nSaved\n")
    third.end()
    assert disk.text() == "the file has changed\nloading\nSaved\n"


def test_a_log_that_was_swept_away_goes_on_with_a_gap(disk: Disk) -> None:
    log = disk.files()
    log.write(0, b"before\n")
    log.flush()
    for piece in pieces_in(disk.place):
        piece.path.unlink()
    disk.place.rmdir()
    log.write(7, b"after\n")
    log.end()
    assert disk.text() == "\n[rcontrol: 7 bytes of output are not kept]\nafter\n"


def test_a_damaged_piece_gives_what_can_be_read(disk: Disk) -> None:
    log = disk.files()
    log.write(0, b"good\n" + os.urandom(200_000))
    log.end()
    [piece] = pieces_in(disk.place)
    with piece.path.open("r+b") as file:
        file.seek(100_000)
        file.write(b"\xff" * 1000)
    text = disk.text()
    assert text.startswith("good\n")
    assert len(text) > 50_000


def test_names_from_a_node_lead_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    for job in ("../../evil", "..", ".", "a/b", "/etc"):
        place = frame_folder(folder, job, 1)
        assert place.parent.parent == folder
        assert ".." not in place.parts


def test_a_disk_that_takes_no_more_loses_output_and_nothing_else(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "RETRY_S", 0.0)
    log = disk.files()
    log.write(0, b"begun\n")
    log.flush()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The kernel then cuts writes short, and refuses them, as it does on a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))
    try:
        log.write(6, os.urandom(100_000))
        log.flush()
        assert disk.text() == "begun\n"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    log.write(100_006, b"there is room again\n")
    log.end()
    gap = "\n[rcontrol: 100000 bytes of output are not kept]\n"
    assert disk.text() == f"begun\n{gap}there is room again\n"
    assert disk.ended
