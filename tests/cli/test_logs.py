"""`rcontrol attempts` and `rcontrol logs`, against a real server."""

import json
import threading
import time
from typing import Any

import pytest
from typer.testing import Result

from rcontrol.client import ApiError, Client
from rcontrol.framelogs import LogWriter
from tests.cli.conftest import Run
from tests.fakes.farm import FakeFarm
from tests.fakes.logs import keep_log


@pytest.fixture
def job(client: Client) -> str:
    return client.submit("cube.blend", 1, 4, ["hex1", "hex2"])


def fail_once(client: Client, farm: FakeFarm, job: str) -> str:
    """Have frame 1 fail on hex1, and return the attempt."""
    client.start(job)
    farm.begin("hex1")
    farm.fail("hex1")
    [attempt] = client.attempts(job, 1)
    return attempt["id"]


def test_attempts(run: Run, client: Client, farm: FakeFarm, job: str) -> None:
    attempt = fail_once(client, farm, job)
    keep_log(farm.logs_dir, job, 1, attempt, b"said")
    shown = run("attempts", job[:8], "1").stdout
    assert "Error: no" in shown
    assert "hex1" in shown
    assert json.loads(run("attempts", job, "1", "--json").stdout) == client.attempts(job, 1)
    assert "Frame not found" in run("attempts", job, "9", expect=3).stderr


def test_logs(run: Run, client: Client, farm: FakeFarm, job: str) -> None:
    attempt = fail_once(client, farm, job)
    keep_log(farm.logs_dir, job, 1, attempt, b"Fra:1 Mem:8M\rError: no\r\n")
    keep_log(farm.logs_dir, job, 1, "9-1", b"another")
    assert run("logs", job, "1").stdout == "another"
    assert run("logs", job[:8], "1", "--attempt", "1").stdout == "Fra:1 Mem:8M\nError: no\n"
    [part] = run("logs", job, "1", "--json").stdout.splitlines()
    assert json.loads(part) == client.log(job, 1)


def test_a_terminal_is_not_steered(run: Run, farm: FakeFarm, job: str) -> None:
    keep_log(farm.logs_dir, job, 1, "1-1", b"\x1b[2J\x07\x9b1m\ttab \xff\xfe\0end\n")
    shown = run("logs", job, "1").stdout
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "    tab" in shown
    assert shown.endswith("end\n")


def test_a_long_log_is_printed_whole(run: Run, farm: FakeFarm, job: str) -> None:
    keep_log(farm.logs_dir, job, 1, "1-1", b"0123456789\n" * 50_000)
    assert run("logs", job, "1").stdout == "0123456789\n" * 50_000


def test_mistakes(run: Run, client: Client, farm: FakeFarm, job: str) -> None:
    assert "No log" in run("logs", job, "1", expect=3).stderr
    assert "none has begun" in run("logs", job, "1", "--attempt", "1", expect=3).stderr
    fail_once(client, farm, job)
    assert "it has had 1" in run("logs", job, "1", "--attempt", "2", expect=3).stderr
    assert "Frame not found" in run("logs", job, "5", expect=3).stderr
    run("logs", job, "one", expect=2)


def test_a_log_is_followed_to_the_end_of_its_attempt(
    run: Run, client: Client, farm: FakeFarm, job: str
) -> None:
    client.start(job)
    farm.begin("hex1")
    [attempt] = client.attempts(job, 1)
    writer = LogWriter(farm.logs_dir, "hex1")
    log = writer.open(job, 1, attempt["id"], 0)
    log.write(0, b"Fra:1 begins\n")
    while not client.attempts(job, 1)[0]["log"]:
        time.sleep(0.01)
    seen: list[str] = []
    results: list[Result] = []
    follower = threading.Thread(target=lambda: results.append(run("logs", job, "1", "-f")))
    for part in client.follow_log(job, 1, attempt["id"], every_s=0.01):
        seen.append(part["text"])
        if part["text"].endswith("begins\n"):
            follower.start()
            log.write(13, b"Saved\n")
            log.end()
            writer.close()
        if part["text"].endswith("Saved\n"):
            assert not part["ended"], "its files are looked at"
            farm.finish("hex1")
    follower.join(30)
    assert "".join(seen) == "Fra:1 begins\nSaved\n"
    assert [result.stdout for result in results] == ["Fra:1 begins\nSaved\n"]


def test_one_may_follow_a_frame_that_has_not_begun(
    client: Client, farm: FakeFarm, job: str
) -> None:
    seen: list[Any] = []

    def follow() -> None:
        with Client(client.url) as other:
            seen.extend(other.follow_log(job, 1, every_s=0.01))

    follower = threading.Thread(target=follow)
    follower.start()
    client.start(job)
    farm.begin("hex1")
    [attempt] = client.attempts(job, 1)
    keep_log(farm.logs_dir, job, 1, attempt["id"], b"said")
    farm.finish("hex1")
    follower.join(30)
    assert "".join(part["text"] for part in seen) == "said"


def test_following_a_frame_without_a_log_that_is_over_is_an_error(
    client: Client, farm: FakeFarm, job: str
) -> None:
    fail_once(client, farm, job)
    client.stop(job)
    with pytest.raises(ApiError, match="No log"):
        list(client.follow_log(job, 1))
