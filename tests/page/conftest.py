"""A real browser, and pages in it that may have no errors."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.fakes.need import need

PATIENCE_MS = 30_000
NETWORK = re.compile(r"Failed to load resource|net::ERR_")
"""What a browser itself logs of a server that is away or refuses."""

Open = Callable[..., Page]
Theme = Literal["light", "dark"]


@contextmanager
def launched() -> Iterator[Browser]:
    """Run Debian's Chromium; its sandbox does not work as root."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=arguments
        )
        yield running
        running.close()


# Not for the session: while it runs, no other test could use an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    need(None if shutil.which("chromium") else "Chromium is not installed (Debian: chromium)")
    expect.set_options(timeout=PATIENCE_MS)
    with launched() as running:
        yield running


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open an address in a browser context of its own: `open_page(url, theme="dark")`."""
    contexts = []
    wrong: list[str] = []

    def open_(url: str, *, theme: Theme = "light", size: tuple[int, int] = (1280, 800)) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console",
            lambda said: (
                wrong.append(said.text)
                if said.type == "error" and not NETWORK.search(said.text)
                else None
            ),
        )
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The shared storage."""
    folder = tmp_path / "store"
    folder.mkdir()
    return folder
