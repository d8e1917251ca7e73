"""Pictures of every view for the documentation: `python -m tests.page.screenshots docs/page`.

The farm is a simulated one, so that every state is to be seen; its pictures are those of the demo's
scene, rendered on the spot.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from rcontrol.demo.scene import FRAMES, build_demo_scene
from rcontrol.farm.model import JobStatus
from tests.fakes.farm import FakeFarm
from tests.page.conftest import Theme
from tests.page.studio import alive, page, studio
from tests.scenes import blender
from tests.web.server import serving

WIDE: Final = (1280, 860)
PHONE: Final = (390, 780)
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")


def rendered(folder: Path) -> list[Path]:
    """Render the demo's scene and return its frames."""
    folder.mkdir(parents=True)
    scene = build_demo_scene(folder, [blender()])
    argv = [blender(), "-b", "-noaudio", str(scene), "-s", "1", "-e", str(FRAMES), "-a"]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return sorted((folder / "frames").glob("*.png"))


@contextmanager
def short_folder() -> Iterator[Path]:
    """Give a new folder whose path looks well in a picture."""
    folder = Path(tempfile.gettempdir()) / "studio"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def shown(url: str, theme: Theme, size: tuple[int, int]) -> Iterator[Page]:
    """Give a page at the address of a farm."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        width, height = size
        opened = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
        )
        opened.goto(url)
        opened.locator(".job-row:visible").first.wait_for()
        yield opened
        browser.close()


def views(farm: FakeFarm, base: Path) -> dict[str, str]:
    """Name of a picture -> address of what is on it."""
    jobs = {view.job.status: view for view in farm.view().jobs.values()}
    rendering = jobs[JobStatus.RENDERING].job
    done = [one for one in farm.simulate(lambda sim: sim.store.attempts) if not one.error]
    last = [one.attempt.frame for one in done if one.attempt.job == rendering.id][-6]
    return {
        "queue": "#/queue",
        "job": f"#/job/{rendering.id}",
        "failed": f"#/job/{jobs[JobStatus.FAILED].job.id}",
        "frame": f"#/job/{rendering.id}/frame/{last}",
        "nodes": "#/nodes",
        "new": f"#/new?from={rendering.id}",
        "missing": f"#/missing?path={base}/renders/titles&job={rendering.id}",
        "settings": "#/settings",
    }


def save(picture: bytes, path: Path) -> None:
    with Image.open(BytesIO(picture)) as image:
        image.save(path, quality=82, method=6)


def main() -> None:
    """Take them."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with short_folder() as studio_folder:
        base = studio_folder / "store"
        (base / "renders" / "titles").mkdir(parents=True)
        for frame in {*range(1, 151)} - {17, 18, 19, 64, 120}:
            (base / "renders" / "titles" / f"titles.{frame:04}.png").write_bytes(b"x")
        farm = studio(base, rendered(base / "renders" / "demo"))
        places = views(farm, base)
        with serving(page(farm)) as url, alive(farm):
            for theme in THEMES:
                with shown(url, theme, WIDE) as opened:
                    for name, address in places.items():
                        opened.evaluate("hash => { location.hash = hash }", address)
                        opened.wait_for_timeout(1500)
                        save(opened.screenshot(), folder / f"{name}-{theme}.webp")
                with shown(url, theme, PHONE) as opened:
                    save(opened.screenshot(), folder / f"phone-{theme}.webp")


if __name__ == "__main__":
    main()
