"""How long the browser's frames are where the page has very much to show.

A queue of 5,000 jobs, and a job of 100,000 frames, are scrolled in Chromium while changes come in.
The farm is simulated, the front end and the page are not. Of each measurement what 95 of 100 frames
took no longer than is printed, beside that of an empty page in the same browser.
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, expect

from rcontrol.farm.model import JobId
from tests.fakes.farm import FakeFarm
from tests.page.conftest import PATIENCE_MS, launched
from tests.page.pace import idle_ms, scrolling_ms
from tests.page.studio import alive, crowd, marathon, page
from tests.web.server import serving

ROUNDS: Final = 5


@contextmanager
def shown(browser: Browser, farm: FakeFarm, job: JobId | None = None) -> Iterator[Page]:
    """Serve a farm and open its queue, or one of its jobs."""
    with (
        serving(page(farm)) as url,
        alive(farm),
        browser.new_context(viewport={"width": 1280, "height": 800}) as context,
    ):
        opened = context.new_page()
        opened.goto(f"{url}/#/job/{job}" if job else url)
        yield opened


def measure(opened: Page, selector: str) -> tuple[float, float]:
    """Return the medians of all rounds, in milliseconds: scrolling, and an empty page."""
    scrolled, idle = [], []
    for _ in range(ROUNDS):
        scrolled.append(scrolling_ms(opened, selector))
        # Only the page in front is drawn.
        with opened.context.new_page() as empty:
            idle.append(idle_ms(empty))
    return statistics.median(scrolled), statistics.median(idle)


def main() -> None:
    """Measure and print."""
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        base = Path(folder)
        print(f"Chromium {browser.version}, medians of {ROUNDS} rounds")
        print(f"{'':28}{'scrolled':>10}{'empty page':>12}")
        with shown(browser, crowd(base)) as opened:
            expect(opened.get_by_role("grid")).to_have_attribute("aria-rowcount", "5001")
            _tell("5,000 jobs", measure(opened, ".queue .rows"))
        farm, job = marathon(base)
        with shown(browser, farm, job) as opened:
            grid = opened.get_by_role("slider", name="Frames;")
            expect(grid).to_have_attribute("aria-valuemax", "100000")
            _tell("a job of 100,000 frames", measure(opened, "rc-frame-grid .scroller"))


def _tell(what: str, medians: tuple[float, float]) -> None:
    scrolled, idle = medians
    print(f"{what:28}{scrolled:>7.1f} ms{idle:>9.1f} ms", flush=True)


if __name__ == "__main__":
    main()
