"""The order of the queue, and what is cleared from it."""

import pytest

from tests.fakes.farm import FakeFarm
from tests.web.conftest import ORDER, Api


@pytest.fixture
def jobs(api: Api) -> list[str]:
    return [str(api.post("/job/new", json=ORDER).json()["job_id"]) for _ in range(3)]


def queue(api: Api) -> list[str]:
    return [job["id"] for job in api.get("/job/info").json()]


def test_a_job_goes_before_another_one_or_last(api: Api, jobs: list[str]) -> None:
    first, second, third = jobs
    answer = api.post(f"/job/move/{third}", json={"before": first})
    assert (answer.status_code, answer.content) == (200, b"")
    assert queue(api) == [third, first, second]
    api.post(f"/job/move/{third}", json={"before": None})
    assert queue(api) == [first, second, third]


@pytest.mark.parametrize(
    ("job", "body", "status", "message"),
    [
        ("nonsense", {"before": None}, 404, "Job ID not found"),
        ("{first}", {"before": "nonsense"}, 404, "Job ID not found"),
        ("{first}", {"before": ""}, 404, "Job ID not found"),
        ("{first}", {}, 400, "Missing required data"),
        ("{first}", {"before": 3}, 400, "Missing required data"),
    ],
)
def test_a_move_that_makes_no_sense_changes_nothing(
    api: Api, jobs: list[str], job: str, body: object, status: int, message: str
) -> None:
    answer = api.post(f"/job/move/{job.format(first=jobs[0])}", json=body)
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert queue(api) == jobs


def test_finished_jobs_are_cleared(api: Api, farm: FakeFarm, jobs: list[str]) -> None:
    order = {**ORDER, "end_frame": 1, "nodes": ["hex1"]}
    finished = api.post("/job/new", json=order).json()["job_id"]
    api.post(f"/job/start/{finished}")
    farm.finish("hex1")
    assert api.get(f"/job/info/{finished}").json()["status"] == "Finished"
    assert api.post("/job/clear").status_code == 200
    assert queue(api) == jobs
