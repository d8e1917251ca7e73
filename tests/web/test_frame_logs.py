"""Attempts at a frame, and their logs."""

from typing import Any

import pytest

from rcontrol.farm.model import JobId
from rcontrol.framelogs import Logs, LogWriter
from tests.fakes.farm import FakeFarm
from tests.fakes.logs import keep_log
from tests.web.conftest import Api


@pytest.fixture
def started(api: Api, farm: FakeFarm, job: JobId) -> JobId:
    """A job whose frame 1 has failed once on hex1, and renders again."""
    api.post(f"/job/start/{job}")
    farm.begin("hex1")
    farm.fail("hex1")
    return job


def attempts(api: Api, job: str, frame: int = 1) -> Any:
    answer = api.get(f"/job/attempts/{job}/{frame}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_attempts_tell_where_and_why(api: Api, farm: FakeFarm, started: JobId) -> None:
    [failed] = attempts(api, started)
    assert (failed["number"], failed["node"], failed["error"]) == (1, "hex1", "Error: no")
    assert (failed["blame"], failed["seconds"], failed["log"]) == ("job", 1.0, False)
    assert failed["time_stop"] >= failed["time_start"] > 0
    keep_log(farm.logs_dir, started, 1, failed["id"], b"said")
    assert [attempt["log"] for attempt in attempts(api, started)] == [True]
    assert attempts(api, started, 4) == []


def test_an_attempt_that_runs_is_there_too(api: Api, farm: FakeFarm, started: JobId) -> None:
    for node in ("hex1", "hex2"):
        farm.begin(node)
    [running] = [
        attempt
        for frame in (1, 2, 3)
        for attempt in attempts(api, started, frame)
        if not attempt["time_stop"] and attempt["node"] == "hex2"
    ]
    assert (running["error"], running["blame"], running["time_stop"]) == ("", "", 0.0)


def test_an_attempt_that_a_person_stopped_is_kept(api: Api, farm: FakeFarm, started: JobId) -> None:
    farm.begin("hex2")
    farm.tick(5.0)
    api.post(f"/job/stop/{started}")
    found = [one for frame in (1, 2, 3) for one in attempts(api, started, frame)]
    [stopped] = [one for one in found if one["node"] == "hex2"]
    assert stopped["error"] == "ended because its job was stopped"
    assert (stopped["blame"], stopped["seconds"]) == ("", 5.0)


def test_a_log_without_a_record_is_an_attempt(api: Api, farm: FakeFarm, job: JobId) -> None:
    keep_log(farm.logs_dir, job, 2, "7-1", b"said")
    [unknown] = attempts(api, job, 2)
    assert (unknown["node"], unknown["error"]) == ("", "how it ended is not known")


def test_a_log_is_read_part_by_part(api: Api, farm: FakeFarm, job: JobId) -> None:
    keep_log(farm.logs_dir, job, 2, "1-1", b"Fra:2 Mem\n" * 30_000)
    text, position, ended = "", 0, False
    while not ended:
        part = api.get(f"/job/log/{job}/2?position={position}").json()
        assert part["attempt"] == "1-1"
        text, position, ended = text + part["text"], part["next"], part["ended"]
    assert text == "Fra:2 Mem\n" * 30_000


def test_an_attempt_may_be_named(api: Api, farm: FakeFarm, job: JobId) -> None:
    for attempt in ("1-1", "1-2"):
        keep_log(farm.logs_dir, job, 2, attempt, attempt.encode())
    assert api.get(f"/job/log/{job}/2").json()["text"] == "1-2"
    assert api.post(f"/job/log/{job}/2?attempt=1-1").json()["text"] == "1-1"


def test_a_log_ends_with_its_attempt(api: Api, farm: FakeFarm, job: JobId) -> None:
    api.post(f"/job/start/{job}")
    farm.begin("hex1")
    [running] = attempts(api, job)
    keep_log(farm.logs_dir, job, 1, running["id"], b"rendered, not yet published")
    part = api.get(f"/job/log/{job}/1").json()
    assert (part["at_end"], part["ended"]) == (True, False)
    farm.finish("hex1")
    assert api.get(f"/job/log/{job}/1").json()["ended"]


def test_head(api: Api, farm: FakeFarm, job: JobId) -> None:
    keep_log(farm.logs_dir, job, 1, "1-1", b"said")
    assert api("HEAD", f"/job/log/{job}/1").status_code == 200
    assert api("HEAD", f"/job/log/{job}/2").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "message", "words"),
    [
        ("/job/log", 400, "Job ID not specified", "/job/log/{id}/{frame}"),
        ("/job/log/JOB", 400, "No frame specified", "/job/log/{id}/{frame}"),
        ("/job/log/JOB/1", 404, "No log", "no log of frame 1 is kept"),
        ("/job/log/JOB/1?attempt=9-9", 404, "No log", "attempt 9-9 at frame 1"),
        ("/job/log/JOB/5", 404, "Frame not found", "has no frame 5"),
        ("/job/log/none/1", 404, "Job ID not found", "there is no job"),
        ("/job/log/JOB/one", 400, "Missing required data", "frame: "),
        ("/job/log/JOB/1?position=-1", 400, "Missing required data", "position: "),
        ("/job/log/JOB/1?position=x", 400, "Missing required data", "position: "),
        ("/job/log/JOB/1?attempt=../../x", 400, "Missing required data", "attempt: "),
        ("/job/log/JOB/%2e%2e", 400, "Missing required data", "frame: "),
        ("/job/attempts/JOB/5", 404, "Frame not found", "has no frame 5"),
        ("/job/attempts/none/1", 404, "Job ID not found", "there is no job"),
        ("/job/attempts/JOB", 400, "No frame specified", "/job/attempts/{id}/{frame}"),
    ],
)
def test_mistakes_have_words(
    api: Api, job: JobId, path: str, status: int, message: str, words: str
) -> None:
    answer = api.get(path.replace("JOB", job))
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert words in answer.json()["explanation"]


def test_a_disk_that_fails_is_said(api: Api, job: JobId, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Logs, "read", fail)
    answer = api.get(f"/job/log/{job}/1")
    assert answer.status_code == 503
    assert "Input/output error" in answer.json()["explanation"]


def test_a_log_is_readable_while_it_is_written(api: Api, farm: FakeFarm, job: JobId) -> None:
    writer = LogWriter(farm.logs_dir, "hex1")
    log = writer.open(job, 1, "1-1", 0)
    log.write(0, b"Fra:1 begins\n")
    text = ""
    while not text:
        answer = api.get(f"/job/log/{job}/1")
        text = answer.json()["text"] if answer.status_code == 200 else ""
    assert text == "Fra:1 begins\n"
    assert not answer.json()["ended"]
    writer.close()
    assert api.get(f"/job/log/{job}/1").json()["ended"]
