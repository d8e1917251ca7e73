"""Small Blender scenes for tests, made by the Blender that is there.

Blender goes before bpy as their maker: files of Debian's Blender 3.4 open in both.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.fakes.need import need

MAKER = Path(__file__).with_name("in_blender.py")


@cache
def blender() -> str:
    """Return the path of Blender: `RCONTROL_BLENDER`, else the one on PATH; empty without one."""
    return os.environ.get("RCONTROL_BLENDER") or shutil.which("blender") or ""


@cache
def bpy_python() -> str:
    """Return a Python that has bpy: this one; empty when it has not."""
    return sys.executable if importlib.util.find_spec("bpy") else ""


def executables(kind: str) -> dict[str, str]:
    """Return a node's executables for `blender` or `bpy`; without it the test is not run."""
    path = blender() if kind == "blender" else bpy_python()
    need(None if path else f"there is no {kind} here")
    return {kind: path}


def build_scene(
    path: Path,
    *,
    camera: bool = True,
    frames: int = 10,
    engine: str = "CYCLES",
    samples: int = 4,
    tile: int = 2048,
    denoise: bool = False,
    size: tuple[int, int] = (64, 48),
    output: str = "//out/f_",
    file_format: str = "PNG",
    overwrite: bool = True,
    placeholders: bool = False,
    use_extension: bool = True,
    views: str = "",
    more_scenes: Sequence[str] = (),
    passes: bool = False,
) -> Path:
    """Write a .blend of a cube that turns, and return its path.

    `tile`: width and height of what Cycles renders at a time, in pixels.
    `views`: empty, or how stereo is written: `INDIVIDUAL`, `STEREO_3D`, `MULTIVIEW`.
    `passes`: whether a second view layer and File Output nodes of the compositor write files, too.
    `more_scenes`: names of further scenes, which see the cube from elsewhere.
    """
    options = {
        "camera": camera,
        "frames": frames,
        "engine": engine,
        "samples": samples,
        "tile": tile,
        "denoise": denoise,
        "size": size,
        "output": output,
        "file_format": file_format,
        "overwrite": overwrite,
        "placeholders": placeholders,
        "use_extension": use_extension,
        "views": views,
        "more_scenes": tuple(more_scenes),
        "passes": passes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_made(json.dumps(options, sort_keys=True)))
    return path


@cache
def _made(options: str) -> bytes:
    """Return the .blend of these options; made once a test run."""
    need(None if blender() or bpy_python() else "there is neither Blender nor bpy here")
    if blender():
        start = [blender(), "-b", "-noaudio", "--factory-startup", "--python-exit-code", "1"]
        start += ["--python", str(MAKER)]
    else:
        start = [bpy_python(), str(MAKER)]
    with tempfile.TemporaryDirectory(prefix="rcontrol-scene-") as folder:
        path = Path(folder) / "scene.blend"
        made = subprocess.run(
            [*start, "--", str(path), options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        assert path.exists(), made.stdout + made.stderr
        return path.read_bytes()
