"""Writes one test scene, inside Blender or a Python with bpy: `... -- PATH OPTIONS_AS_JSON`."""

import json
import sys
from typing import Any

import bpy  # type: ignore[import-untyped,import-not-found,unused-ignore]


def animate_cube(frames: int) -> None:
    cube = bpy.data.objects["Cube"]
    cube.keyframe_insert("rotation_euler", frame=0)
    cube.rotation_euler = (0.4, 0.2, 3.0)
    cube.keyframe_insert("rotation_euler", frame=frames)


def apply_render_settings(scene: Any, options: dict[str, Any]) -> None:
    render = scene.render
    render.engine = options["engine"]
    scene.cycles.samples = options["samples"]
    scene.cycles.tile_size = options["tile"]
    scene.cycles.use_denoising = options["denoise"]
    render.resolution_x, render.resolution_y = options["size"]
    render.resolution_percentage = 100
    render.filepath = options["output"]
    render.use_overwrite = options["overwrite"]
    render.use_placeholder = options["placeholders"]
    render.use_file_extension = options["use_extension"]
    scene.frame_start, scene.frame_end = 1, options["frames"]
    if options["views"]:
        render.use_multiview = True
        render.views_format = "STEREO_3D"
    render.image_settings.file_format = options["file_format"]
    if options["views"]:
        render.image_settings.views_format = options["views"]


def add_scene(name: str, like: Any) -> None:
    """Add a scene that looks at the same cube from elsewhere."""
    scene = like.copy()
    scene.name = name
    scene.use_fake_user = True  # A copied scene has no user, and is not saved without one.
    camera = like.camera.copy()
    camera.location.z += 2.0
    scene.collection.objects.link(camera)
    scene.camera = camera


def main(path: str, options: dict[str, Any]) -> None:
    if not bpy.app.binary_path:
        bpy.ops.wm.read_factory_settings()
    scene = bpy.context.scene
    animate_cube(options["frames"])
    apply_render_settings(scene, options)
    for name in options["more_scenes"]:
        add_scene(name, scene)
    if not options["camera"]:
        scene.camera = None
    bpy.ops.wm.save_as_mainfile(filepath=path, check_existing=False)


if __name__ == "__main__":
    path, options = sys.argv[sys.argv.index("--") + 1 :]
    main(path, json.loads(options))
