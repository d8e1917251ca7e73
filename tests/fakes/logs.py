"""Logs of attempts, written as a node's actor writes them."""

from pathlib import Path

from rcontrol.framelogs import LogWriter


def keep_log(folder: Path, job: str, frame: int, attempt: str, output: bytes) -> None:
    """Keep a whole log."""
    writer = LogWriter(folder, "hex1")
    log = writer.open(job, frame, attempt, 0)
    log.write(0, output)
    log.end()
    writer.close()
