"""What a test needs of the machine."""

import os

import pytest


def need(reason: str | None) -> None:
    """Skip the running test if there is a reason to; with RCONTROL_NOTHING_SKIPPED=1 it fails."""
    if reason is None:
        return
    if os.environ.get("RCONTROL_NOTHING_SKIPPED") == "1":
        pytest.fail(f"nothing may be skipped: {reason}")
    pytest.skip(reason)


def not_root() -> str | None:
    """Why nothing can be done here that only root may do; None: it can."""
    return None if os.geteuid() == 0 else "only root may do that"
