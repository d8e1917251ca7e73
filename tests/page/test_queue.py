"""The queue in a browser, over a simulated farm."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.fakes.farm import FakeFarm
from tests.page.conftest import Open
from tests.page.studio import SHOTS, page, studio
from tests.web.server import serving

NAMES = [name for name, *_ in SHOTS]


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> FakeFarm:
    folder: Path = tmp_path_factory.mktemp("studio") / "store"
    folder.mkdir()
    return studio(folder)


@pytest.fixture(scope="module")
def url(farm: FakeFarm) -> Iterator[str]:
    with serving(page(farm)) as url:
        yield url


@pytest.fixture
def queue(open_page: Open, url: str) -> Page:
    return open_page(url)


def row(queue: Page, name: str) -> Locator:
    return queue.get_by_role("row").filter(has_text=name)


def names(queue: Page) -> list[str]:
    """The jobs from top to bottom."""
    rows = queue.locator(".job-row:visible").all()
    tops = [(item.bounding_box() or {"y": 0.0})["y"] for item in rows]
    texts = [item.locator("a.name").inner_text() for item in rows]
    return [text for _, text in sorted(zip(tops, texts, strict=True))]


def in_order(farm: FakeFarm) -> list[str]:
    return [view.job.spec.name for view in farm.view().jobs.values()]


def test_every_job_is_there_with_its_status(queue: Page) -> None:
    expect(queue).to_have_title(re.compile("^Queue "))
    for name, _, _, status in SHOTS:
        expect(row(queue, name)).to_contain_text(status)
    assert names(queue) == NAMES


def test_jobs_are_searched_filtered_and_sorted(queue: Page) -> None:
    queue.get_by_label("Search jobs").fill("sh010")
    expect(row(queue, "titles")).to_have_count(0)
    assert names(queue) == ["sq020_sh010_fx_rain", "sq030_sh010_layout"]
    queue.get_by_label("Search jobs").fill("")
    queue.get_by_role("button", name="Failed 1").click()
    expect(row(queue, "titles")).to_have_count(0)
    assert names(queue) == ["sq020_sh010_fx_rain"]
    queue.get_by_role("button", name="All 9").click()
    queue.get_by_role("button", name="Job", exact=True).click()
    expect(queue.get_by_role("columnheader", name="Job")).to_have_attribute(
        "aria-sort", "ascending"
    )
    assert names(queue) == sorted(NAMES)


def test_a_job_is_moved_with_the_keyboard_and_the_mouse(farm: FakeFarm, queue: Page) -> None:
    row(queue, "titles_v012").focus()
    queue.keyboard.press("Alt+ArrowUp")
    expect(queue.get_by_role("status").filter(has_text="moved to place 8")).to_be_visible()
    assert in_order(farm)[-2:] == ["titles_v012", "sq040_sh005_turntable"]
    expect(row(queue, "titles_v012")).to_be_focused()

    grip = row(queue, "sq040_sh005_turntable").locator(".grip")
    target = row(queue, NAMES[1]).bounding_box()
    assert target is not None
    grip.hover()
    queue.mouse.down()
    queue.mouse.move(target["x"] + 40, target["y"] + 4, steps=5)
    queue.mouse.up()
    expect(queue.get_by_role("status").filter(has_text="moved to place 2")).to_be_visible()
    assert in_order(farm)[1] == "sq040_sh005_turntable"
    expect(row(queue, "sq040_sh005_turntable").locator(".place")).to_have_text("2")
    assert names(queue)[1] == "sq040_sh005_turntable"


def test_a_refusal_is_told_in_the_servers_words(farm: FakeFarm, queue: Page) -> None:
    waiting = row(queue, "sq030_sh015_crowd")
    expect(waiting).to_be_visible()
    queue.route(
        "**/job/start/*",
        lambda route: route.fulfill(
            status=503,
            json={"error_code": 503, "message": "Farm is not available", "explanation": "so"},
        ),
    )
    waiting.get_by_role("button", name="Start sq030_sh015_crowd").click()
    expect(queue.get_by_role("alert")).to_contain_text("Farm is not available")


def test_deleting_asks_first(farm: FakeFarm, queue: Page) -> None:
    row(queue, NAMES[0]).focus()
    queue.keyboard.press("Delete")
    queue.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert NAMES[0] in in_order(farm)
    row(queue, NAMES[0]).click(button="right")
    queue.get_by_role("menuitem", name="Delete").click()
    queue.get_by_role("dialog").get_by_role("button", name="Delete job").click()
    expect(row(queue, NAMES[0])).to_have_count(0)
    assert NAMES[0] not in in_order(farm)
