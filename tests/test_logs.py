import logging
from pathlib import Path

import pytest

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
