"""Names, reasons and logs that would be markup: the page shows them as the text they are."""

import asyncio
import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from rcontrol.farm import events as ev
from rcontrol.farm.model import Blame, JobId
from rcontrol.gateway import JobRequest
from rcontrol.storage import Storage
from tests.fakes.farm import FakeFarm
from tests.fakes.logs import keep_log
from tests.farm.simulated import Simulation
from tests.page.conftest import PATIENCE_MS
from tests.page.studio import page
from tests.web.server import serving

MARKUP = "<img src=x onerror=window.struck=1><svg onload=window.struck=1>"
FILE = "<img src=x onerror=window.struck=1>.blend"
FOLDER = "<svg onload=window.struck=1>"

INJECTED = """() => [...document.querySelectorAll('[onerror], [onload], img[src="x"]')]
  .map((element) => element.outerHTML)"""


def farm_of_markup(base: Path) -> tuple[FakeFarm, JobId]:
    """Give a farm in which all that people and renderers can write is markup."""
    (base / FOLDER).mkdir()
    (base / FILE).write_bytes(b"BLENDER")
    for frame in (1, 3):
        (base / FOLDER / f"{FOLDER}.{frame:04}.png").write_bytes(b"picture")
    farm = FakeFarm(Storage(base), logs_dir=base.parent / "logs")

    async def fill() -> JobId:
        job = await farm.submit(JobRequest(FILE, 1, 4, ("hex1", "hex2"), name=MARKUP))
        await farm.start(job)
        farm.begin("hex1")
        farm.simulate(lambda sim: fail(farm, sim, job))
        await farm.pause_node("hex2", MARKUP)
        farm.lose("mac1", MARKUP)
        return job

    return farm, asyncio.run(fill())


def fail(farm: FakeFarm, sim: Simulation, job: JobId) -> None:
    attempt = sim.running("hex1")
    assert attempt is not None
    order = sim.nodes["hex1"].drop(attempt)
    assert order is not None
    keep_log(farm.logs_dir, job, order.frame, attempt, MARKUP.encode())
    held = (attempt, job, order.frame)
    sim.send(ev.AttemptFailed(sim.now, "hex1", *held, 1.0, MARKUP, Blame.JOB, True))


def show(opened: Page, address: str, *texts: str) -> None:
    opened.evaluate("hash => { location.hash = hash }", address)
    for text in texts:
        expect(opened.get_by_role("main")).to_contain_text(text)
    assert opened.evaluate(INJECTED) == [], address


# Before the browser: while it runs, no other event loop can begin in its thread.
@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[FakeFarm, JobId]:
    base: Path = tmp_path_factory.mktemp("markup") / "store"
    base.mkdir()
    return farm_of_markup(base)


def test_what_would_be_markup_stays_text(filled: tuple[FakeFarm, JobId], browser: Browser) -> None:
    """Without the header that forbids scripts in markup: the page itself lets none in."""
    farm, job = filled
    with serving(page(farm)) as url, browser.new_context(bypass_csp=True) as context:
        context.set_default_timeout(PATIENCE_MS)
        opened = context.new_page()
        opened.goto(url)
        show(opened, "#/queue", MARKUP)
        opened.locator(".job-row:visible").first.click(button="right")
        opened.get_by_role("menuitem", name="Delete").click()
        expect(opened.get_by_role("dialog")).to_contain_text(MARKUP)
        assert opened.evaluate(INJECTED) == []
        opened.keyboard.press("Escape")
        show(opened, f"#/job/{job}", MARKUP, FILE)
        show(opened, f"#/job/{job}/frame/1", MARKUP)
        expect(opened.locator("rc-frame-log, pre").first).to_contain_text(MARKUP)
        show(opened, "#/nodes", MARKUP)
        show(opened, f"#/new?from={job}", FILE)
        show(opened, "#/missing", FOLDER)
        opened.get_by_role("button", name=FOLDER).click()
        opened.get_by_role("button", name="Check").click()
        expect(opened.get_by_role("heading", name=f"{FOLDER}.####.png")).to_be_visible()
        opened.route(
            "**/config/autostart/*",
            lambda route: route.fulfill(
                status=503,
                content_type="application/json",
                body=json.dumps({"error_code": 503, "message": MARKUP, "explanation": MARKUP}),
            ),
        )
        opened.get_by_role("navigation").get_by_role("switch", name="Autostart").click()
        expect(opened.get_by_role("alert").filter(has_text=MARKUP)).to_be_visible()
        assert opened.evaluate(INJECTED) == []
        assert opened.evaluate("window.struck") is None


def test_and_where_it_would_not_the_header_forbids_it(base: Path, browser: Browser) -> None:
    with (
        serving(page(FakeFarm(Storage(base)))) as url,
        browser.new_context() as context,
    ):
        opened = context.new_page()
        opened.goto(url)
        opened.evaluate(
            "markup => new Promise((done) => {"
            " document.addEventListener('securitypolicyviolation', () => done());"
            " document.body.insertAdjacentHTML('beforeend', markup); })",
            MARKUP,
        )
        assert opened.evaluate("window.struck") is None
