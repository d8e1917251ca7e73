"""Disks that are full, and a database that cannot be written or is damaged. Needs root."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import figures
from tests.chaos.case import Case
from tests.chaos.farm import ChaosFarm
from tests.e2e.server import until
from tests.fakes.need import need
from tests.fakes.small_disk import fill, make_room, read_only, small_disk, small_disk_missing

pytestmark = pytest.mark.long

FULL_S = 5.0


def test_the_storage_is_full(farm: ChaosFarm) -> None:
    need(small_disk_missing())
    with (
        small_disk(farm.base / "small", 2) as disk,
        farm.case(
            f"the storage is full for {FULL_S:g} s",
            promise="no attempt is counted; nodes rest, the job goes on",
            pace_s=0.5,
            out=disk / "out",
        ) as case,
    ):
        case.until_rendering()
        fill(disk)
        time.sleep(FULL_S)
        make_room(disk)
        case.fault_ended()


def test_a_nodes_tmp_is_full(farm: ChaosFarm) -> None:
    need(small_disk_missing())
    node = farm.any_node()
    with (
        small_disk(node.tmp, 2) as disk,
        farm.case(
            f"a node's /tmp is full for {FULL_S:g} s",
            promise="the others render its frame; it rests and comes back",
            pace_s=0.8,
        ) as case,
    ):
        case.until_rendering()
        fill(disk)
        time.sleep(FULL_S)
        make_room(disk)
        case.fault_ended()


@pytest.fixture(scope="module")
def work_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ChaosFarm, Path]]:
    """Four nodes, and a server whose work folder is a disk of its own."""
    need(small_disk_missing())
    folder = tmp_path_factory.mktemp("disk")
    farm = ChaosFarm(folder, random.Random(figures.SEED))
    with small_disk(farm.server.work, 16) as disk, farm:
        yield farm, disk


def submitted(farm: ChaosFarm, case: Case) -> tuple[int, str]:
    """Submit a job; return status and words of the answer."""
    body = {"path": str(case.project), "start_frame": 1, "end_frame": 2, "nodes": ["hex1"]}
    answer = farm.server.http.post("/job/new", json=body)
    if answer.status_code == 200:
        farm.server.get(f"/job/delete/{answer.json()['job_id']}")
    return answer.status_code, answer.text


def jobs(farm: ChaosFarm) -> list[str]:
    return [job["id"] for job in farm.server.get("/job/info")]


def test_the_controllers_disk_is_full(work_disk: tuple[ChaosFarm, Path]) -> None:
    farm, disk = work_disk
    with farm.case(
        f"the controller's disk is full for {FULL_S:g} s",
        promise="actions are refused with the reason; what is rendered is saved once there is room",
        pace_s=0.5,
        most_given_back=0,
    ) as case:
        case.until_rendering()
        fill(disk)
        queue = jobs(farm)
        time.sleep(FULL_S)
        status, words = submitted(farm, case)
        assert status == 507, words
        assert "full" in words
        assert jobs(farm) == queue
        make_room(disk)
        case.fault_ended()


def test_the_database_is_locked(work_disk: tuple[ChaosFarm, Path]) -> None:
    farm, _ = work_disk
    with farm.case(
        "the database is locked by another program, until an action has been refused",
        promise="what was rendered is saved afterwards",
        frames=240,
        pace_s=0.5,
        most_given_back=0,
    ) as case:
        case.until_rendering()
        other = sqlite3.connect(farm.server.work / "farm.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            status, words = submitted(farm, case)
        finally:
            other.rollback()
            other.close()
        assert status == 503, words
        case.fault_ended()


def test_the_database_is_read_only(work_disk: tuple[ChaosFarm, Path]) -> None:
    farm, _ = work_disk
    with farm.case(
        "the database is read-only for 5 s, for a JobManager that starts",
        promise="actions are refused with the reason; frames under way are kept",
        pace_s=0.8,
        most_given_back=0,
    ) as case:
        case.until_rendering()
        pid = farm.server.actor_pid("JobManager")
        with read_only(farm.server.work / "farm.db"):
            os.kill(pid, signal.SIGKILL)
            until(lambda: farm.server.actor_pid("JobManager") != pid)
            time.sleep(FULL_S)
            status, words = submitted(farm, case)
            assert status == 503, words
        case.fault_ended()


def test_the_database_is_damaged(work_disk: tuple[ChaosFarm, Path], chance: random.Random) -> None:
    farm, _ = work_disk
    with farm.case(
        "the database is damaged while the server, ended in order, is away",
        promise="the copy that the farm made takes its place; nothing that was done is lost",
        pace_s=0.5,
    ) as case:
        case.until_rendering()
        assert farm.server.stop() == 0
        with (farm.server.work / "farm.db").open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            # Most of it is written over.
            for _ in range(size // 1024):
                file.seek(chance.randrange(0, size - 1024))
                file.write(chance.randbytes(1024))
        ended = time.time()
        farm.server.start_again()
        until(lambda: list(farm.server.work.glob("farm.db.damaged-*")))
        farm.server.wait_until_serving()
        case.fault_ended(ended)
