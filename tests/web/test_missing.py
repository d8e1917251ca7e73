"""Missing frames over REST, below the base directory alone."""

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from rcontrol.storage import Storage
from rcontrol.web.app import create_app
from tests.fakes.farm import FakeFarm
from tests.web.conftest import ORDER, Api


@pytest.fixture
def shot(base: Path) -> Path:
    """Frames 1, 2 and 4, and an empty 5, of one sequence; 1 and 2 of another one."""
    shot = base / "shot"
    (shot / ".rcontrol-1-1").mkdir(parents=True)
    for name in ("a.0001.exr", "a.0002.exr", "a.0004.exr", "b1.png", "b2.png", ".a.0003.exr"):
        (shot / name).write_bytes(b"picture")
    (shot / "a.0005.exr").touch()
    (shot / ".rcontrol-1-1" / "a.0003.exr").write_bytes(b"half")
    return shot


def test_each_sequence_by_itself(api: Api, shot: Path) -> None:
    assert api.post("/storage/missing", json={"path": "shot"}).json() == {
        "path": str(shot),
        "wanted": "",
        "sequences": [
            {
                "pattern": "a.####.exr",
                "files": 4,
                "present": "1-2,4",
                "empty": "5",
                "missing": "3,5",
                "missing_total": 2,
                "wanted_total": 5,
            },
            {
                "pattern": "b#.png",
                "files": 2,
                "present": "1-2",
                "empty": "",
                "missing": "",
                "missing_total": 0,
                "wanted_total": 2,
            },
        ],
    }


@pytest.mark.parametrize(
    ("which", "wanted", "missing"),
    [
        ({"frames": "1-9x4"}, "1-9x4", ["5,9", "5,9"]),
        ({"start_frame": "1", "end_frame": 3}, "1-3", ["3", "3"]),
        ({"start_frame": 0}, "", ["0,3,5", "0"]),
        ({"end_frame": 3}, "", ["3", "3"]),
    ],
)
def test_which_frames_there_should_be(
    api: Api, shot: Path, which: dict[str, Any], wanted: str, missing: list[str]
) -> None:
    answer = api.post("/storage/missing", json={"path": str(shot)} | which).json()
    assert answer["wanted"] == wanted
    assert [one["missing"] for one in answer["sequences"]] == missing


def test_what_is_missing_can_be_submitted(api: Api, shot: Path) -> None:
    answer = api.post("/storage/missing", json={"path": "shot", "frames": "1-10"}).json()
    order = {key: value for key, value in ORDER.items() if not key.endswith("_frame")}
    frames = answer["sequences"][0]["missing"]
    job = api.post("/job/new", json=order | {"frames": frames}).json()["job_id"]
    assert api.get(f"/job/info/{job}").json()["frames"] == frames == "3,5-10"


def test_only_the_configured_endings_count(farm: FakeFarm, shot: Path, base: Path) -> None:
    app: Starlette = create_app(farm, Storage(base), farm.logs, filetypes=(".png", ".tga"))
    answer = Api(app).post("/storage/missing", json={"path": "shot"}).json()
    assert [one["pattern"] for one in answer["sequences"]] == ["b#.png"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "path: "),
        ({"path": ""}, 400, "path: "),
        ({"path": "nowhere"}, 404, "does not exist"),
        ({"path": "cube.blend"}, 400, "is not a folder"),
        ({"path": "../shared-secrets"}, 403, "outside"),
        ({"path": "/etc"}, 403, "outside"),
        ({"path": "out"}, 403, "outside"),
        ({"path": "shot", "frames": "1", "end_frame": 2}, 400, "frames: say either"),
        ({"path": "shot", "frames": "1-b"}, 400, "frames: '1-b' cannot be read"),
        ({"path": "shot", "start_frame": 2, "end_frame": 1}, 400, "end_frame: must not be before"),
        ({"path": "shot", "start_frame": 2**31}, 400, "start_frame: "),
    ],
)
def test_what_is_refused(
    api: Api, shot: Path, base: Path, body: dict[str, Any], status: int, words: str
) -> None:
    (base / "out").symlink_to("../shared-secrets")
    answer = api.post("/storage/missing", json=body)
    assert answer.status_code == status
    assert words in answer.json()["explanation"]


def test_a_frame_that_leads_out_is_not_there(api: Api, shot: Path, base: Path) -> None:
    (base.parent / "shared-secrets" / "a.png").write_bytes(b"secret")
    (shot / "a.0003.exr").symlink_to(base.parent / "shared-secrets" / "a.png")
    (shot / "a.0006.exr").symlink_to("a.0001.exr")
    answer = api.post("/storage/missing", json={"path": "shot"}).json()
    assert answer["sequences"][0]["present"] == "1-2,4,6"
