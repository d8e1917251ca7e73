"""Writes the demo's project, inside Blender or a Python with bpy: `... -- PATH FRAMES`.

A ring of marbles runs a wave around a turning knot, under a warm lamp and a cool one.
"""

import math
import sys
from importlib import import_module
from typing import Any, Final

bpy: Any = import_module("bpy")

SIZE: Final = (320, 180)
SAMPLES: Final = 12
MARBLES: Final = 14
RING_RADIUS: Final = 2.7
WAVE_HEIGHT: Final = 0.55
WAVES: Final = 2

PALETTE: Final = (
    (0.90, 0.16, 0.06),
    (0.95, 0.45, 0.05),
    (0.95, 0.75, 0.25),
    (0.05, 0.45, 0.50),
    (0.03, 0.16, 0.45),
)
"""Linear RGB, along the ring and back."""


def material(name: str, color: tuple[float, float, float], roughness: float, metal: float) -> Any:
    """Return a surface of one colour."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    surface = made.node_tree.nodes["Principled BSDF"].inputs
    surface["Base Color"].default_value = (*color, 1.0)
    surface["Roughness"].default_value = roughness
    surface["Metallic"].default_value = metal
    return made


def finish(mesh: Any, surface: Any) -> None:
    """Give an object its surface, and smooth shading."""
    mesh.data.materials.append(surface)
    for polygon in mesh.data.polygons:
        polygon.use_smooth = True


def add_floor() -> None:
    """Add a floor that reaches to the horizon."""
    bpy.ops.mesh.primitive_plane_add(size=200.0, location=(0.0, 0.0, -0.45))
    finish(bpy.context.object, material("floor", (0.05, 0.07, 0.10), 0.55, 0.0))


def add_marbles(frames: int) -> None:
    """Add the ring; each marble bobs a little after the one before it."""
    colors = PALETTE + PALETTE[-2:0:-1]
    for number in range(MARBLES):
        angle = 2.0 * math.pi * number / MARBLES
        place = (RING_RADIUS * math.cos(angle), RING_RADIUS * math.sin(angle), 0.0)
        bpy.ops.mesh.primitive_uv_sphere_add(
            radius=0.42, segments=40, ring_count=20, location=place
        )
        marble = bpy.context.object
        finish(marble, material("marble", colors[number * len(colors) // MARBLES], 0.12, 0.0))
        for frame in range(1, frames + 2):
            phase = 2.0 * math.pi * (frame - 1) / frames - WAVES * angle
            marble.location.z = WAVE_HEIGHT * (1.0 + math.sin(phase))
            marble.keyframe_insert("location", index=2, frame=frame)


def add_knot(frames: int) -> None:
    """Add the turning gold knot in the middle: a tube along a trefoil."""
    curve = bpy.data.curves.new("knot", "CURVE")
    curve.dimensions = "3D"
    curve.bevel_depth, curve.bevel_resolution = 0.2, 6
    points = 96
    spline = curve.splines.new("POLY")
    spline.points.add(points - 1)
    spline.use_cyclic_u = True
    for number, point in enumerate(spline.points):
        t = 2.0 * math.pi * number / points
        x, y = math.sin(t) + 2.0 * math.sin(2.0 * t), math.cos(t) - 2.0 * math.cos(2.0 * t)
        point.co = (0.42 * x, -0.5 * math.sin(3.0 * t), 0.42 * y, 1.0)
    knot = bpy.data.objects.new("knot", curve)
    bpy.context.collection.objects.link(knot)
    curve.materials.append(material("gold", (1.0, 0.62, 0.22), 0.22, 1.0))
    for spline in curve.splines:
        spline.use_smooth = True
    knot.location.z = 1.35
    for frame in range(1, frames + 2):
        # A third of a turn: the knot then looks as at the start.
        knot.rotation_euler.y = 2.0 * math.pi / 3.0 * (frame - 1) / frames
        knot.keyframe_insert("rotation_euler", index=1, frame=frame)


def add_lamp(
    place: tuple[float, float, float],
    color: tuple[float, float, float],
    watts: float,
    size: float,
) -> None:
    """Add a square lamp that shines at the middle."""
    light = bpy.data.lights.new("lamp", "AREA")
    light.energy, light.size, light.color = watts, size, color
    lamp = bpy.data.objects.new("lamp", light)
    bpy.context.collection.objects.link(lamp)
    lamp.location = place
    look_at(lamp, (0.0, 0.0, 0.8))


def look_at(thing: Any, target: tuple[float, float, float]) -> None:
    """Turn a camera or lamp towards a point."""
    vector = import_module("mathutils").Vector
    thing.rotation_euler = (vector(target) - thing.location).to_track_quat("-Z", "Y").to_euler()


def add_camera(scene: Any) -> None:
    """Add the camera, a little above the ring."""
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(scene.camera)
    scene.camera.data.lens = 42.0
    scene.camera.location = (0.0, -10.0, 3.8)
    look_at(scene.camera, (0.0, 0.0, 0.75))


def set_render(scene: Any, frames: int) -> None:
    """Choose Cycles with few samples, and PNG files in `frames/` beside the project."""
    scene.render.engine = "CYCLES"
    scene.cycles.samples = SAMPLES
    scene.cycles.use_denoising = False  # Debian's Blender has no denoiser.
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.max_bounces = 3
    scene.cycles.sample_clamp_indirect = 0.5
    scene.cycles.blur_glossy = 2.0
    scene.cycles.caustics_reflective = scene.cycles.caustics_refractive = False
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    scene.render.filepath = "//frames/frame_"
    scene.frame_start, scene.frame_end = 1, frames
    scene.world.use_nodes = True
    sky = scene.world.node_tree.nodes["Background"].inputs
    sky["Color"].default_value = (0.10, 0.16, 0.28, 1.0)
    sky["Strength"].default_value = 0.7


def main(path: str, frames: int) -> None:
    """Build the scene from nothing and save it."""
    bpy.ops.wm.read_factory_settings()
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    scene = bpy.context.scene
    add_floor()
    add_marbles(frames)
    add_knot(frames)
    add_lamp((-5.0, -4.5, 7.0), (1.0, 0.86, 0.68), 1100.0, 3.0)
    add_lamp((6.0, 4.0, 6.0), (0.45, 0.68, 1.0), 500.0, 3.0)
    add_camera(scene)
    set_render(scene, frames)
    bpy.ops.wm.save_as_mainfile(filepath=path, check_existing=False, compress=True)


if __name__ == "__main__":
    main(sys.argv[-2], int(sys.argv[-1]))
