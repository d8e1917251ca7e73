"""The demo's project: a short Cycles animation that any node renders in a blink."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rcontrol.errors import RcontrolError

FILE_NAME: Final = "demo.blend"
FRAMES: Final = 24
"""Frames 1 to 24: one turn, which ends where it began."""
PATIENCE_S: Final = 120.0

SCRIPT: Final = Path(__file__).with_name("in_blender.py")


class DemoSceneError(RcontrolError):
    """The demo's project could not be made."""

    def __init__(self, renderer: str, cause: str) -> None:
        super().__init__(renderer, cause)
        self.renderer, self.cause = renderer, cause

    def __str__(self) -> str:
        return f"{self.renderer} could not make the demo scene: {self.cause}"


def build_demo_scene(folder: Path, renderer: Sequence[str]) -> Path:
    """Write `demo.blend` into the folder, and return its path; frames go to `frames/` beside it.

    `renderer`: how Blender is started (`["blender"]`), or a Python that has bpy
    (`[sys.executable]`). Raises DemoSceneError.
    """
    path = folder.absolute() / FILE_NAME
    path.unlink(missing_ok=True)
    is_python = "python" in Path(renderer[0]).name.lower()
    in_blender = ("-b", "-noaudio", "--factory-startup", "--python-exit-code", "1", "--python")
    start = renderer if is_python else (*renderer, *in_blender)
    try:
        made = subprocess.run(
            [*start, str(SCRIPT), "--", str(path), str(FRAMES)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DemoSceneError(renderer[0], str(error)) from error
    if made.returncode or not path.exists():
        last = made.stdout.strip().splitlines()[-1:] or [f"it ended with status {made.returncode}"]
        raise DemoSceneError(renderer[0], last[0])
    return path
