"""Room for logs."""

import os
from pathlib import Path

from rcontrol.framelogs import Logs, jobs_with_logs, sweep
from rcontrol.framelogs.layout import frame_folder
from tests.fakes.logs import keep_log


def keep(folder: Path, job: str, frame: int, age_s: int) -> None:
    keep_log(folder, job, frame, "1-1", os.urandom(100_000))
    for path in frame_folder(folder, job, frame).iterdir():
        os.utime(path, (1_000_000_000 - age_s,) * 2)


def test_the_oldest_go_first(tmp_path: Path) -> None:
    keep(tmp_path, "a", 1, 30)
    keep(tmp_path, "b", 1, 40)
    keep(tmp_path, "a", 2, 10)
    keep(tmp_path, "a", 3, 20)
    logs = Logs(tmp_path)
    assert sweep(tmp_path, (), 1_000_000) == 0
    assert sweep(tmp_path, (), 250_000) == 2
    assert [frame for frame in (1, 2, 3) if logs.attempts("a", frame)] == [2, 3]
    assert not logs.attempts("b", 1)
    assert not (tmp_path / "b" / "1").exists()


def test_logs_of_jobs_that_are_gone_go(tmp_path: Path) -> None:
    for job in ("a", "b", "with.dots"):
        keep(tmp_path, job, 1, 1)
    assert jobs_with_logs(tmp_path) == {"a", "b", "with.dots"}
    sweep(tmp_path, ["a", "with.dots", "never there"], 1_000_000)
    assert jobs_with_logs(tmp_path) == {"b"}


def test_no_folder_is_no_trouble(tmp_path: Path) -> None:
    assert jobs_with_logs(tmp_path / "none") == set()
    assert sweep(tmp_path / "none", ["a"], 1) == 0
