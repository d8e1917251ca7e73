"""Eevee in the same loop as Cycles. It draws with OpenGL: here in software, and slowly."""

from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rcontrol.engines.base import Progress, Ready, Rendered
from rcontrol.engines.blender import BlenderEngine
from rcontrol.farm.model import JobId, JobSpec
from tests.engines.local import LocalSession
from tests.fakes.need import need
from tests.scenes import build_scene, executables


@pytest.mark.parametrize("kind", ["blender", "bpy"])
def test_eevee_renders_frame_after_frame(kind: str, tmp_path: Path) -> None:
    programs = executables(kind)
    need(None if find_library("EGL") else "there is no libEGL here (Debian: libegl1)")
    scene = build_scene(tmp_path / "shot.blend", engine="BLENDER_EEVEE", samples=4, size=(32, 24))
    spec = JobSpec(JobId("1"), "shot", str(scene), "blend", 1, 10)
    with LocalSession(BlenderEngine(), spec, programs, tmp_path) as renderer:
        assert renderer.ready() == Ready()
        for frame in (1, 8):
            renderer.lines.clear()
            rendered = renderer.render(frame)
            assert isinstance(rendered, Rendered), rendered
            percents = [line.percent for _, line in renderer.lines if isinstance(line, Progress)]
            assert percents == sorted(percents)
            assert percents[-1] == 100.0
        assert renderer.finish() == 0
    pictures = [Image.open(scene.parent / "out" / f"f_000{frame}.png") for frame in (1, 8)]
    first, second = (np.asarray(picture) for picture in pictures)
    assert first.shape == (24, 32, 4)
    assert first.std() > 5.0, "there is something to see"
    assert not np.array_equal(first, second), "the cube has turned"
