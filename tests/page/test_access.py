"""Every view, light and dark, wide and on a phone: axe-core finds nothing that keeps people out."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from rcontrol.farm.model import JobStatus
from tests.fakes.farm import FakeFarm
from tests.page.conftest import Open, Theme
from tests.page.studio import drawn_pictures, page, studio
from tests.web.server import serving

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
HEADINGS = {
    "queue": "Queue",
    "job": "sq020_sh040_lighting",
    "failed": "sq020_sh010_fx_rain",
    "frame": "Frame 1001",
    "nodes": "Nodes",
    "new": "New job",
    "missing": "Missing frames",
    "settings": "Settings",
}


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> FakeFarm:
    base: Path = tmp_path_factory.mktemp("studio") / "store"
    base.mkdir()
    return studio(base, drawn_pictures(base / "renders" / "f"))


@pytest.fixture(scope="module")
def url(farm: FakeFarm) -> Iterator[str]:
    with serving(page(farm)) as url:
        yield url


def address(farm: FakeFarm, view: str) -> str:
    jobs = {view.job.status: job for job, view in farm.view().jobs.items()}
    return {
        "job": f"#/job/{jobs[JobStatus.RENDERING]}",
        "failed": f"#/job/{jobs[JobStatus.FAILED]}",
        "frame": f"#/job/{jobs[JobStatus.RENDERING]}/frame/1001",
    }.get(view, f"#/{view}")


def go(opened: Page, farm: FakeFarm, view: str) -> None:
    """Show a view and wait until it has its heading."""
    opened.evaluate("hash => { location.hash = hash }", address(farm, view))
    expect(opened.get_by_role("heading", level=1, name=HEADINGS[view])).to_be_visible()


def findings(opened: Page) -> list[str]:
    found = Axe().run(opened, options=RULES).response["violations"]
    return [
        f"{one['impact']} {one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(
    ("theme", "size"),
    [
        ("light", (1280, 800)),
        ("dark", (1280, 800)),
        ("light", (390, 800)),
        ("dark", (390, 800)),
    ],
    ids=["light", "dark", "phone", "phone-dark"],
)
def test_nothing_keeps_people_out(
    farm: FakeFarm, url: str, open_page: Open, theme: Theme, size: tuple[int, int]
) -> None:
    opened = open_page(url, theme=theme, size=size)
    expect(opened.locator(".job-row:visible").first).to_be_visible()
    wrong = {}
    for view in HEADINGS:
        go(opened, farm, view)
        wrong[view] = findings(opened)
        wide = opened.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{view} is {wide} pixels too wide"
    assert {view: found for view, found in wrong.items() if found} == {}


def test_the_theme_follows_the_system_until_it_is_chosen(url: str, open_page: Open) -> None:
    opened = open_page(f"{url}/#/settings", theme="dark")
    root = opened.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    opened.get_by_role("radio", name="Light").check(force=True)
    expect(root).to_have_attribute("data-theme", "light")
    opened.reload()
    expect(root).to_have_attribute("data-theme", "light")
    opened.get_by_role("radio", name="As the system").check(force=True)
    expect(root).to_have_attribute("data-theme", "dark")


def test_the_grid_of_frames_is_walked_with_the_keyboard(
    farm: FakeFarm, url: str, open_page: Open
) -> None:
    opened = open_page(url + "/" + address(farm, "job"))
    grid = opened.get_by_role("slider", name="Frames;")
    expect(grid).to_have_attribute("aria-valuemax", "1240")
    grid.focus()
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowRight")
    expect(grid).to_have_attribute("aria-valuenow", "1003")
    expect(grid).to_have_attribute("aria-valuetext", re.compile("^Frame 1003: done, "))
    opened.keyboard.press("Enter")
    expect(opened.get_by_role("heading", name="Frame 1003")).to_be_focused()


def test_nor_do_menus_questions_and_messages(farm: FakeFarm, url: str, open_page: Open) -> None:
    opened = open_page(url)
    opened.locator(".job-row:visible").first.click(button="right")
    expect(opened.get_by_role("menu")).to_be_visible()
    assert findings(opened) == []
    opened.get_by_role("menuitem", name="Delete").click()
    expect(opened.get_by_role("dialog")).to_be_visible()
    assert findings(opened) == []
    opened.keyboard.press("Escape")
    expect(opened.get_by_role("dialog")).to_have_count(0)
    opened.route("**/config/autostart/enable", lambda route: route.abort())
    opened.get_by_role("switch", name="Autostart").click()
    expect(opened.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
    assert findings(opened) == []


def test_nor_does_a_job_whose_frames_are_still_to_come(
    farm: FakeFarm, url: str, open_page: Open
) -> None:
    opened = open_page(url)
    expect(opened.locator(".job-row:visible").first).to_be_visible()
    opened.route("**/job/frames/*", lambda route: None)
    go(opened, farm, "failed")
    assert findings(opened) == []
