import subprocess
from pathlib import Path

import pytest
from PIL import Image

from rcontrol.demo.scene import DemoSceneError, build_demo_scene
from tests.scenes import executables


@pytest.mark.parametrize("kind", ["blender", "bpy"])
def test_the_demo_renders(tmp_path: Path, kind: str) -> None:
    renderer = executables(kind)[kind]
    scene = build_demo_scene(tmp_path, [renderer])
    if kind == "blender":
        argv = [renderer, "-b", "-noaudio", str(scene), "-f", "1"]
    else:
        one_frame = "s = bpy.context.scene; s.frame_end = 1; bpy.ops.render.render(animation=True)"
        load = f"import bpy; bpy.ops.wm.open_mainfile(filepath={str(scene)!r})"
        argv = [renderer, "-c", f"{load}; {one_frame}"]
    subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    with Image.open(tmp_path / "frames" / "frame_0001.png") as frame:
        assert frame.size == (320, 180)
        colors = frame.convert("RGB").getcolors(320 * 180)
    assert colors
    assert len(colors) > 5000, "that is no picture"


@pytest.mark.parametrize("renderer", ["/nowhere/blender", "/bin/false", "/bin/true"])
def test_a_renderer_that_does_not_work(tmp_path: Path, renderer: str) -> None:
    with pytest.raises(DemoSceneError, match=renderer):
        build_demo_scene(tmp_path, [renderer])
