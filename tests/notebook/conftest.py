"""The objects over a real server and a fake farm."""

import pytest

from rcontrol.client import connect
from rcontrol.notebook import NotebookFarm, NotebookJob
from tests.cli.conftest import base, farm, url

__all__ = ["base", "farm", "url"]


@pytest.fixture
def book(url: str) -> NotebookFarm:
    return connect(url)


@pytest.fixture
def job(book: NotebookFarm) -> NotebookJob:
    return book.submit("cube.blend", 1, 4, ["hex1", "hex2"], name="a <b>film</b>")
