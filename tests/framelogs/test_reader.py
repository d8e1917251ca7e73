"""Reading while others write."""

from pathlib import Path

import pytest

from rcontrol.framelogs import LogPart, Logs, LogWriter, reader
from tests.fakes.logs import keep_log
from tests.sessions.node import until


def part_of(folder: Path, position: int = 0, attempt: str = "") -> LogPart:
    part = Logs(folder).read("job", 1, attempt, position)
    assert part is not None
    return part


def test_no_log_is_none(tmp_path: Path) -> None:
    assert Logs(tmp_path / "none").read("job", 1) is None
    keep_log(tmp_path, "job", 1, "1-1", b"x")
    assert Logs(tmp_path).read("job", 2) is None
    assert Logs(tmp_path).read("other", 1) is None
    assert Logs(tmp_path).read("job", 1, "1-2") is None


def test_the_last_attempt_is_the_one_that_was_made_last(tmp_path: Path) -> None:
    for attempt in ("2-10", "2-9", "1-100"):
        keep_log(tmp_path, "job", 1, attempt, attempt.encode())
    assert Logs(tmp_path).attempts("job", 1) == ["1-100", "2-9", "2-10"]
    assert part_of(tmp_path).text == "2-10"
    assert part_of(tmp_path, attempt="2-9").text == "2-9"


def test_files_that_are_none_of_ours_are_passed_over(tmp_path: Path) -> None:
    keep_log(tmp_path, "job", 1, "1-1", b"x")
    for name in ("x.gz", "1-1.gz", "1-1.0.gz", "README"):
        (tmp_path / "job" / "1" / name).write_text("what?")
    assert part_of(tmp_path).text == "x"


def test_parts_join_without_a_seam(tmp_path: Path) -> None:
    text = "".join(f"{number} \N{SNOWMAN}\n" for number in range(60_000))
    keep_log(tmp_path, "job", 1, "1-1", text.encode())
    read, position, parts = "", 0, 0
    while True:
        part = part_of(tmp_path, position)
        read, position, parts = read + part.text, part.next, parts + 1
        if part.at_end:
            break
    assert read == text
    assert parts > 3
    assert part.ended


def test_half_a_character_waits_for_its_other_half(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path, "hex1")
    log = writer.open("job", 1, "1-1", 0)
    snowman = "\N{SNOWMAN}".encode()
    log.write(0, b"a" + snowman[:2])
    until(lambda: bool((p := Logs(tmp_path).read("job", 1)) and p.text), "nothing is written")
    part = part_of(tmp_path)
    assert (part.text, part.next, part.at_end, part.ended) == ("a", 1, True, False)
    log.write(3, snowman[2:])
    until(lambda: part_of(tmp_path, 1).text == "\N{SNOWMAN}", "the other half does not come")
    log.write(4, b"\xe2")
    log.end()
    writer.close()
    assert part_of(tmp_path, 4).text == "\N{REPLACEMENT CHARACTER}"
    assert part_of(tmp_path, 4).ended


def test_binary_output_is_text(tmp_path: Path) -> None:
    keep_log(tmp_path, "job", 1, "1-1", bytes(range(256)))
    part = part_of(tmp_path)
    assert part.text.startswith("\0\1\2")
    assert part.next == 256


def test_a_position_past_the_end_is_the_end(tmp_path: Path) -> None:
    keep_log(tmp_path, "job", 1, "1-1", b"four")
    part = part_of(tmp_path, 1000)
    assert (part.text, part.next, part.ended) == ("", 4, True)


def test_a_log_whose_writer_was_killed_ends_when_it_has_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = LogWriter(tmp_path, "hex1")
    writer.open("job", 1, "1-1", 0).write(0, b"then silence")
    until(lambda: Logs(tmp_path).read("job", 1) is not None, "nothing is written")
    until(lambda: part_of(tmp_path).text == "then silence", "nothing is written")
    assert not part_of(tmp_path).ended
    monkeypatch.setattr(reader, "SETTLED_S", -1.0)
    assert part_of(tmp_path).ended
    writer.close()
