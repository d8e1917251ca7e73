"""What Prometheus reads of the farm, by Prometheus' own parsers."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from rcontrol.client import DEFAULT_URL
from rcontrol.farm.figures import FIGURES, FRAME_SECONDS
from rcontrol.farm.model import Blame, JobId
from tests.fakes.farm import FakeFarm
from tests.web.conftest import Api

ROOT = Path(__file__).parents[2]
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def samples(text: str) -> dict[str, float]:
    """Return `name{label="value"}` -> value."""
    found: dict[str, float] = {}
    for family in parse_text(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            key = f"{sample.name}{{{labels}}}" if labels else sample.name
            assert key not in found, f"{key} twice"
            found[key] = sample.value
    return found


def test_an_idle_farm(api: Api, job: JobId) -> None:
    answer = api.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = samples(answer.text)
    assert found['rcontrol_jobs{status="Waiting"}'] == 1
    assert found['rcontrol_jobs{status="Failed"}'] == 0
    assert found["rcontrol_frames_queued"] == 4
    assert found["rcontrol_frames_done_total"] == 0
    assert found['rcontrol_node_state{node="hex1",state="online"}'] == 1
    assert found['rcontrol_node_busy_fraction{node="hex1"}'] == 0


def test_a_farm_at_work(api: Api, farm: FakeFarm, job: JobId) -> None:
    api.post(f"/job/start/{job}")
    farm.finish("hex1")
    farm.fail("hex2")
    farm.fail("hex2", Blame.NODE)
    farm.lose("mac1", "no route to host")
    api.post("/node/pause/hex2")
    farm.begin("hex1")
    found = samples(api.get("/metrics").text)
    assert found['rcontrol_jobs{status="Rendering"}'] == 1
    assert found["rcontrol_frames_done_total"] == 1
    assert found["rcontrol_frames_failed_total"] == 0
    assert found["rcontrol_frames_retried_total"] == 2
    assert found['rcontrol_attempts_failed_total{blame="job"}'] == 1
    assert found['rcontrol_attempts_failed_total{blame="node"}'] == 1
    assert found["rcontrol_frames_rendering"] == 1
    assert found["rcontrol_frames_queued"] == 2
    assert found['rcontrol_node_busy_fraction{node="hex1"}'] == 1
    assert found['rcontrol_node_state{node="hex2",state="paused"}'] == 1
    assert found['rcontrol_node_state{node="hex2",state="resting"}'] == 0
    assert found['rcontrol_node_state{node="mac1",state="offline"}'] == 1
    assert found['rcontrol_frame_seconds_bucket{le="1.0"}'] == 1
    assert found['rcontrol_frame_seconds_bucket{le="+Inf"}'] == 1
    assert found["rcontrol_frame_seconds_sum"] == 1.0
    assert found["rcontrol_frame_seconds_count"] == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_openmetrics_is_spoken_to_who_asks_for_it(api: Api, job: JobId, method: str) -> None:
    answer = api(method, "/metrics", headers={"accept": OPENMETRICS})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    parsed = parse_openmetrics(answer.text)  # type: ignore[no-untyped-call]
    families = {family.name: family.type for family in parsed}
    assert families == {figure.name: figure.kind for figure in FIGURES} | {
        FRAME_SECONDS: "histogram"
    }


def test_names_that_people_gave_cannot_break_the_format(api: Api, farm: FakeFarm) -> None:
    name = "hex-9.studio_a"
    api.post("/node/add", json={"name": name})
    found = samples(api.get("/metrics").text)
    assert found[f'rcontrol_node_busy_fraction{{node="{name}"}}'] == 0


def test_the_dashboard_asks_for_figures_that_there_are(api: Api) -> None:
    there = {name.partition("{")[0] for name in samples(api.get("/metrics").text)}
    board = json.loads((ROOT / "conf" / "grafana.json").read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"rcontrol_\w+", target["expr"])
    }
    assert len(asked) >= len(FIGURES)
    assert asked <= there


def test_the_scrape_example_asks_this_server() -> None:
    example = yaml.safe_load((ROOT / "conf" / "prometheus.yaml").read_text())
    scraped = {job["job_name"]: job for job in example["scrape_configs"]}
    [target] = scraped["rcontrol"]["static_configs"][0]["targets"]
    assert target == DEFAULT_URL.removeprefix("http://")
