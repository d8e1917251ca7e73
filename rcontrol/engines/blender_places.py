# Blender 2.79 has Python 3.5.
"""Where a scene writes its files, and how they are made in hidden folders first.

The first part of what is sent to nodes; `blender_loop` is the second.
"""

import os
import re
import shutil
from contextlib import suppress
from typing import Any, Iterator, List, Tuple


class Trouble(Exception):
    """A reason to report as a problem."""

    def __init__(self, error: str, blame: str = "", final: bool = False) -> None:
        Exception.__init__(self, error)
        self.error, self.blame, self.final = error, blame, final


def to_bytes(path: str) -> bytes:
    """Return a path as the operating system spells it, in any locale."""
    return path.encode("utf-8", "surrogateescape")


def words_of(error: RuntimeError) -> str:
    """Return the lines of an operator's error."""
    lines = [line.strip() for line in str(error).splitlines()]
    return "\n".join(line for line in lines if line)


def frame_files(scene: Any, frame: int) -> List[str]:
    """Return the paths Blender writes for a frame: one, or one a view."""
    render = scene.render
    views = [""]
    if render.use_multiview and render.image_settings.views_format == "INDIVIDUAL":
        views = [
            view.name
            for view in render.views
            if view.use and (render.views_format == "MULTIVIEW" or view.name in ("left", "right"))
        ]
    try:
        return [render.frame_path(frame=frame, view=view) for view in views]
    except RuntimeError as error:  # a variable that does not exist
        raise Trouble(words_of(error), final=True) from error


def absolute(scene: Any, folder: str) -> str:
    """Return where a folder is that begins with // or holds variables, such as {blend_name}."""
    render = scene.render
    before = render.filepath
    render.filepath = os.path.join(folder, "x")
    try:
        return os.path.dirname(frame_files(scene, 0)[0])
    finally:
        render.filepath = before


def literal(bpy: Any, path: str) -> str:
    """Return a path as it is to be set, so that Blender sees no variables in it."""
    if bpy.app.version < (4, 5, 0):
        return path
    return path.replace("{", "{{").replace("}", "}}")


def nodes_below(tree: Any, seen: List[Any]) -> Iterator[Any]:
    """Yield the nodes of a tree and of the groups in it."""
    if tree is None or tree in seen:
        return
    seen.append(tree)
    for node in tree.nodes:
        yield node
        yield from nodes_below(getattr(node, "node_tree", None), seen)


def file_output_nodes(bpy: Any) -> Iterator[Any]:
    """Yield the compositor's nodes that write files, in whatever scene: strips render others."""
    seen = []  # type: List[Any]
    for scene in bpy.data.scenes:
        tree = getattr(scene, "compositing_node_group", None)  # 5.0 and later
        if tree is None and getattr(scene, "use_nodes", False):
            tree = getattr(scene, "node_tree", None)
        for node in nodes_below(tree, seen):
            writes = node.bl_idname == "CompositorNodeOutputFile" and not node.mute
            if writes and any(socket.is_linked for socket in node.inputs):
                yield node


class Detour:
    """Has the files of one frame made in hidden folders, one beside each place they belong to."""

    def __init__(self, hidden: str) -> None:
        self.hidden = hidden
        self.places = {}  # type: dict[str, str]
        """Hidden folder -> the folder it is in, which is where its files belong."""
        self.changed = []  # type: List[Tuple[Any, str, str]]

    def take(self, bpy: Any, scene: Any, frame: int) -> None:
        """Point everything that names files to hidden folders. Raises Trouble where that fails."""
        for node in file_output_nodes(bpy):
            attribute = "directory" if hasattr(node, "directory") else "base_path"
            folder, name = getattr(node, attribute), ""
            if attribute == "base_path" and node.format.file_format == "OPEN_EXR_MULTILAYER":
                folder, name = os.path.split(folder)
            self.lead(bpy, node, attribute, absolute(scene, folder), name)
        render = scene.render
        folder = os.path.dirname(frame_files(scene, frame)[0])
        made = self.lead(bpy, render, "filepath", folder, os.path.basename(render.filepath))
        for path in frame_files(scene, frame):
            if os.path.dirname(path) != made:
                raise Trouble(
                    "frames of {!r} cannot be made in a hidden folder first: shorten the output "
                    "path, or submit the job with publish: direct".format(folder),
                    final=True,
                )

    def lead(self, bpy: Any, owner: Any, attribute: str, folder: str, name: str) -> str:
        """Change an attribute that says FOLDER/NAME; return the hidden folder."""
        folder = os.path.abspath(folder)
        made = os.path.join(folder, self.hidden)
        self.places[made] = folder
        self.changed.append((owner, attribute, getattr(owner, attribute)))
        setattr(owner, attribute, os.path.join(literal(bpy, made), name))
        return made

    def make_folders(self) -> None:
        """Make the hidden folders; where that fails, Blender will say so in its own words."""
        for made, folder in self.places.items():
            for _ in range(3):
                try:
                    os.makedirs(to_bytes(made))
                    # Whoever may write beside them may write, and clear up, in them.
                    mode = os.stat(to_bytes(folder)).st_mode & 0o7777
                    os.chmod(to_bytes(os.path.dirname(made)), mode)
                    os.chmod(to_bytes(made), mode)
                except FileNotFoundError:
                    # Another attempt has just removed the folder that they share.
                    continue
                except OSError:
                    pass
                break

    def back(self) -> None:
        """Put everything back as the project has it."""
        for owner, attribute, value in reversed(self.changed):
            setattr(owner, attribute, value)

    def files(self) -> List[Tuple[str, str]]:
        """Return (where it belongs, where it is) of each file that was made."""
        found = []
        for made, folder in self.places.items():
            for parent, _, names in os.walk(to_bytes(made)):
                for name in names:
                    path = os.path.join(parent, name).decode("utf-8", "surrogateescape")
                    found.append((os.path.join(folder, os.path.relpath(path, made)), path))
        return sorted(found)

    def discard(self) -> None:
        """Remove what was made."""
        for made in self.places:
            shutil.rmtree(to_bytes(made), ignore_errors=True)
            with suppress(OSError):
                os.rmdir(to_bytes(os.path.dirname(made)))


class HiddenFolders:
    """Tells the session's end which hidden folders it has to remove.

    The file that RCONTROL_HIDDEN names gets a line for each, spelled for `printf %b`.
    """

    def __init__(self) -> None:
        self.file = os.environ.get("RCONTROL_HIDDEN", "")
        self.folders = []  # type: List[str]

    def add(self, detour: Detour) -> None:
        """Write a frame's folders down before they are made; those that are gone are left out."""
        left = [folder for folder in self.folders if os.path.isdir(to_bytes(folder))]
        self.folders = left + list(detour.places)
        if not self.file:
            return
        with open(self.file + ".new", "wb") as lines:
            for folder in self.folders:
                lines.write(SPECIAL.sub(spelled, to_bytes(folder)) + b"\n")
        os.rename(self.file + ".new", self.file)


SPECIAL = re.compile(b"[^0-9a-zA-Z._/-]")


def spelled(found: Any) -> bytes:
    """Return a byte as `printf %b` reads it."""
    return b"\\0%03o" % ord(found.group())
