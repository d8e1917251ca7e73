import fcntl
import logging
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rcontrol import logs
from rcontrol.logs import EventFormatter, set_up_logging


def formatted(event: str, **fields: object) -> str:
    record = logging.makeLogRecord({"msg": event, "levelname": "INFO", "created": 0.0, **fields})
    return EventFormatter().format(record)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "1970-01-01T00:00:00.000Z INFO node.up"),
        ({"node": "hex1"}, "1970-01-01T00:00:00.000Z INFO node.up node=hex1"),
        ({"cause": "no route"}, "1970-01-01T00:00:00.000Z INFO node.up cause='no route'"),
        ({"cause": "two\nlines"}, "1970-01-01T00:00:00.000Z INFO node.up cause='two\\nlines'"),
        ({"reason": ""}, "1970-01-01T00:00:00.000Z INFO node.up reason=''"),
        ({"_ray_timestamp_ns": 1}, "1970-01-01T00:00:00.000Z INFO node.up"),
    ],
)
def test_an_event_is_one_line(fields: dict[str, object], line: str) -> None:
    assert formatted("node.up", **fields) == line


def test_levels(tmp_path: Path) -> None:
    for level, kept in {"everything": 3, "debug": 3, "info": 2, "warning": 1}.items():
        file = tmp_path / "logs" / level
        set_up_logging(level, file)
        log = logging.getLogger("rcontrol.test")
        log.debug("a.debug")
        log.info("an.info")
        log.warning("a.warning")
        assert len(file.read_text().splitlines()) == kept


def test_everything_alone_has_what_renderers_print(tmp_path: Path) -> None:
    for level, kept in {"everything": 1, "debug": 0, "info": 0, "warning": 0}.items():
        file = tmp_path / "logs" / level
        set_up_logging(level, file)
        logging.getLogger("rcontrol.output").debug("renderer.output")
        assert len(file.read_text().splitlines()) == kept


WRITER = """
import logging, sys
from pathlib import Path
from rcontrol import logs

logs.MOST_BYTES = 20_000
logs.set_up_logging("info", Path(sys.argv[1]))
for number in range(1000):
    logging.getLogger("rcontrol").info("a.line", extra={"writer": sys.argv[2], "number": number})
"""


def test_many_processes_share_a_file_that_is_put_aside(tmp_path: Path) -> None:
    file = tmp_path / "rcontrol.log"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, file, str(writer)]) for writer in range(4)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == [
        "rcontrol.log",
        *(f"rcontrol.log.{number}" for number in range(1, 6)),
    ]
    # Nobody waits, so that a file may grow a little more while another process puts it aside.
    assert sum(path.stat().st_size for path in files) < 200_000
    for path in files:
        for line in path.read_text().splitlines():
            assert re.fullmatch(r"\S+Z INFO a\.line writer=\d number=\d+", line)


def test_no_line_is_lost_when_the_file_is_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MOST_BYTES", 5000)
    file = tmp_path / "rcontrol.log"
    set_up_logging("info", file)
    for number in range(400):
        logging.getLogger("rcontrol").info("a.line", extra={"number": number})
    text = "".join(path.read_text() for path in tmp_path.iterdir())
    assert sorted(int(found) for found in re.findall(r"number=(\d+)", text)) == list(range(400))
    assert len(list(tmp_path.iterdir())) > 3


def test_a_file_that_is_removed_or_moved_is_made_again(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "rcontrol.log"
    set_up_logging("info", file)
    log = logging.getLogger("rcontrol")
    log.info("before")
    file.rename(tmp_path / "elsewhere")
    log.info("after")
    assert "after" in file.read_text()
    shutil.rmtree(file.parent)
    log.info("lost")
    file.parent.mkdir()
    log.info("again")
    assert "again" in file.read_text()


def test_a_disk_that_takes_nothing_stops_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rcontrol.log"
    set_up_logging("info", file)
    log = logging.getLogger("rcontrol")
    log.info("before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The kernel then refuses writes as it does on a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size, hard))
    try:
        for _ in range(100):
            log.info("refused", extra={"words": "x" * 1000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    for _ in range(3):
        log.info("room.again")
    assert "room.again" in file.read_text()
    assert capsys.readouterr().err == ""


def test_nobody_waits_for_a_process_that_stands_still_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MOST_BYTES", 100)
    file = tmp_path / "rcontrol.log"
    set_up_logging("info", file)
    with file.open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        for _ in range(5):
            logging.getLogger("rcontrol").info("goes.on", extra={"words": "x" * 100})
        assert file.read_text().count("goes.on") == 5
