"""The writer's thread: quick, bounded, and out of everybody's way."""

import logging
import os
import threading
import time
from pathlib import Path

import pytest

from rcontrol.framelogs import Logs, LogWriter, writer
from rcontrol.framelogs.files import LogFiles
from tests.sessions.node import until


def text(folder: Path, frame: int) -> str:
    read, position = "", 0
    while part := Logs(folder).read("job", frame, "", position):
        read, position = read + part.text, part.next
        if part.at_end:
            break
    return read


def test_a_log_is_there_before_anything_was_said(tmp_path: Path) -> None:
    with_nothing = LogWriter(tmp_path, "hex1")
    with_nothing.open("job", 1, "1-1", 0)
    until(lambda: Logs(tmp_path).read("job", 1) is not None, "no log")
    with_nothing.close()


def test_several_logs_at_a_time(tmp_path: Path) -> None:
    several = LogWriter(tmp_path, "hex1")
    logs = [several.open("job", frame, "1-1", 0) for frame in range(1, 9)]
    for offset in range(100):
        for frame, log in enumerate(logs, 1):
            log.write(2 * offset, f"{frame}\n".encode())
    for log in logs:
        log.end()
    several.close()
    assert [text(tmp_path, frame) for frame in range(1, 9)] == [
        f"{frame}\n" * 100 for frame in range(1, 9)
    ]


def test_nobody_waits_for_a_disk_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    real_write = LogFiles.write

    def hang(self: LogFiles, offset: int, output: bytes) -> None:
        goes_on.wait()
        real_write(self, offset, output)

    monkeypatch.setattr(LogFiles, "write", hang)
    hanging = LogWriter(tmp_path, "hex1")
    log = hanging.open("job", 1, "1-1", 0)
    chunk = os.urandom(64 * 1024)
    for number in range(1600):
        log.write(number * len(chunk), chunk)
    assert log._size <= writer.MOST_WAITING
    for frame in range(2, 200):
        hanging.open("job", frame, "1-1", 0).end()
    assert len(hanging._logs) == writer.MOST_LOGS
    goes_on.set()
    log.end()
    hanging.close()
    shown = text(tmp_path, 1)
    assert "bytes of output are not kept]" in shown
    assert Logs(tmp_path).read("job", 1, "", 1600 * len(chunk)) is not None


def test_a_folder_that_cannot_be_made_costs_only_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("rcontrol").propagate = True
    (tmp_path / "logs").write_text("a file is in the way")
    refused = LogWriter(tmp_path / "logs", "hex1")
    log = refused.open("job", 1, "1-1", 0)
    log.write(0, b"said to nobody")
    log.end()
    began = time.monotonic()
    refused.close()
    assert time.monotonic() - began < 4.0
    assert "attempt.log_not_written" in caplog.text


def test_everything_adds_the_lines(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("rcontrol").propagate = True
    caplog.set_level(logging.DEBUG, "rcontrol.output")
    said = LogWriter(tmp_path, "hex1")
    log = said.open("job", 3, "1-1", 0)
    log.write(0, b"Fra:3 ")
    log.write(6, b"Mem:8M\rFra:3 Mem:9M\n\n" + b"\x1b[31m" + b"y" * 5000 + b"\n")
    log.end()
    said.close()
    # Each once, however many loggers an earlier test has left to propagate.
    records = dict.fromkeys(caplog.records)
    lines = [vars(record)["line"] for record in records if record.msg == "renderer.output"]
    assert lines[:2] == ["Fra:3 Mem:8M", "Fra:3 Mem:9M"]
    assert len(lines[2]) == 2000
    assert {(vars(record)["node"], vars(record)["frame"]) for record in caplog.records} == {
        ("hex1", 3)
    }
