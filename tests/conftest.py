"""What holds for every test: nothing of the person who runs them leaks in."""

import os

import pytest

# Ray reads these when it is imported.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"


@pytest.fixture(scope="session", autouse=True)
def _empty_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give all tests a home without `~/.ssh/config` and without settings of a renderer."""
    os.environ["HOME"] = str(tmp_path_factory.mktemp("home"))
