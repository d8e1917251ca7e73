"""Forms whose mistakes and answers are quicker seen over a simulated farm."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from rcontrol.farm.model import JobId
from rcontrol.storage import Storage
from tests.fakes.farm import FakeFarm
from tests.page.conftest import Open
from tests.page.studio import page
from tests.web.server import serving


@pytest.fixture
def farm(base: Path) -> FakeFarm:
    (base / "cube.blend").write_bytes(b"BLENDER")
    (base / "out").mkdir()
    for frame in (1, 2, 5):
        (base / "out" / f"f_{frame:04}.png").write_bytes(b"picture")
    return FakeFarm(Storage(base), logs_dir=base.parent / "logs")


@pytest.fixture
def url(farm: FakeFarm) -> Iterator[str]:
    with serving(page(farm)) as url:
        yield url


def only_job(farm: FakeFarm) -> JobId:
    (job,) = farm.view().jobs
    return job


def test_what_is_missing_is_submitted(farm: FakeFarm, url: str, open_page: Open) -> None:
    opened = open_page(f"{url}/#/missing")
    opened.get_by_role("button", name="out").click()
    opened.get_by_label("Frames there should be").fill("1-6")
    opened.get_by_role("button", name="Check").click()
    expect(opened.get_by_role("heading", name="f_####.png")).to_be_visible()
    expect(opened.get_by_text("3 of 6 frames are there")).to_be_visible()
    opened.get_by_role("link", name="Submit 3 missing frames").click()
    opened.get_by_role("button", name="cube.blend").click()
    expect(opened.get_by_label("Frames", exact=True)).to_have_value("3-4,6")
    opened.get_by_label("hex1").uncheck()
    opened.get_by_role("button", name="Submit to queue").click()
    expect(opened.get_by_role("heading", name="cube.blend")).to_be_visible()
    job = farm.view().jobs[only_job(farm)].job
    assert list(job.spec.frames) == [3, 4, 6]
    assert "hex1" not in job.nodes


def test_a_refusal_shows_at_the_field_it_is_about(
    farm: FakeFarm, url: str, open_page: Open
) -> None:
    opened = open_page(f"{url}/#/new")
    opened.get_by_role("button", name="cube.blend").click()
    opened.get_by_label("Frames", exact=True).fill("1-3")
    opened.get_by_text("More options").click()
    opened.get_by_label("Output").fill("/etc/f_")
    opened.get_by_role("button", name="Submit to queue").click()
    expect(opened.get_by_label("Output")).to_have_attribute("aria-invalid", "true")
    expect(opened.get_by_label("Output")).to_be_focused()
    assert not farm.view().jobs


def test_nodes_come_and_go(farm: FakeFarm, url: str, open_page: Open) -> None:
    opened = open_page(f"{url}/#/nodes")
    opened.get_by_role("button", name="Add node").click()
    opened.get_by_label("Name").fill("hex9")
    opened.get_by_role("dialog").get_by_role("button", name="Add node").click()
    expect(opened.get_by_role("row").filter(has_text="hex9")).to_be_visible()
    opened.get_by_role("button", name="More for hex9").click()
    opened.get_by_role("menuitem", name="Remove").click()
    opened.get_by_role("dialog").get_by_role("button", name="Remove node").click()
    expect(opened.get_by_role("row").filter(has_text="hex9")).to_have_count(0)
    assert "hex9" not in [node.name for node in farm.view().nodes]


def test_autostart_and_finished_jobs(farm: FakeFarm, url: str, open_page: Open) -> None:
    opened = open_page(f"{url}/#/settings")
    switch = opened.get_by_role("main").get_by_role("switch", name="Autostart")
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    assert farm.view().autostart
    expect(opened.get_by_role("button", name="Clear finished jobs")).to_be_disabled()
