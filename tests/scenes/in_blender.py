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


def engine_called(name: str) -> str:
    """Return what this Blender calls an engine; 4.2 to 4.5 have another name for Eevee."""
    renamed = name == "BLENDER_EEVEE" and (4, 2, 0) <= bpy.app.version < (5, 0, 0)
    return "BLENDER_EEVEE_NEXT" if renamed else name


def apply_render_settings(scene: Any, options: dict[str, Any]) -> None:
    render = scene.render
    render.engine = engine_called(options["engine"])
    scene.cycles.samples = options["samples"]
    scene.eevee.taa_render_samples = options["samples"]
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


def add_passes(scene: Any) -> None:
    """Have the compositor write files of its own: loose ones, one in a group, a layered one."""
    scene.view_layers.new("Second").use_pass_z = True
    scene.use_nodes = True
    tree = scene.node_tree
    layers = [tree.nodes.new("CompositorNodeRLayers") for _ in scene.view_layers]
    for node, layer in zip(layers, scene.view_layers, strict=True):
        node.layer = layer.name
    loose = add_file_output(tree, "//passes/", ("first_", "below/second_", "ä ##_"))
    for socket, node in zip(loose.inputs, (*layers, layers[0]), strict=True):
        tree.links.new(node.outputs["Image"], socket)
    layered = add_file_output(tree, "//layers/all_", ())
    layered.format.file_format = "OPEN_EXR_MULTILAYER"
    layered.layer_slots.clear()
    for node in layers:
        tree.links.new(node.outputs["Image"], layered.layer_slots.new(node.layer))
    muted = add_file_output(tree, "//muted/", ("never_",))
    tree.links.new(layers[0].outputs["Image"], muted.inputs[0])
    muted.mute = True
    add_file_output(tree, "//linked to nothing/", ("never_",))
    inner = bpy.data.node_groups.new("Inner", "CompositorNodeTree")
    if hasattr(inner, "interface"):  # 4.0 and later
        inner.interface.new_socket("Image", in_out="INPUT", socket_type="NodeSocketColor")
    else:
        inner.inputs.new("NodeSocketColor", "Image")
    within = add_file_output(inner, "//passes/", ("grouped_",))
    inner.links.new(inner.nodes.new("NodeGroupInput").outputs[0], within.inputs[0])
    group = tree.nodes.new("CompositorNodeGroup")
    group.node_tree = inner
    tree.links.new(layers[1].outputs["Image"], group.inputs[0])


def add_file_output(tree: Any, folder: str, names: tuple[str, ...]) -> Any:
    node = tree.nodes.new("CompositorNodeOutputFile")
    node.base_path = folder
    node.file_slots.clear()
    for name in names or ("unused",):
        node.file_slots.new(name)
    return node


def main(path: str, options: dict[str, Any]) -> None:
    if not bpy.app.binary_path:
        bpy.ops.wm.read_factory_settings()
    scene = bpy.context.scene
    animate_cube(options["frames"])
    apply_render_settings(scene, options)
    if options["passes"]:
        add_passes(scene)
    for name in options["more_scenes"]:
        add_scene(name, scene)
    if not options["camera"]:
        scene.camera = None
    bpy.ops.wm.save_as_mainfile(filepath=path, check_existing=False)


if __name__ == "__main__":
    path, options = sys.argv[sys.argv.index("--") + 1 :]
    main(path, json.loads(options))
