# Blender 2.79 has Python 3.5.
"""The resident loop: runs inside Blender on a node and renders frames as it is told to.

It is sent as text, to `blender -b FILE --python-expr TEXT` or, where only the bpy wheel is
installed, to `python -c TEXT`; it needs the standard library and bpy, of Blender 2.79 or later.

stdin: lines of JSON. First the settings {"file", "output", "scene", "args"}; then one order a line,
{"frame": N, "overwrite": bool, "name": TEXT, "hidden": PATH}; one whose name was taken before is
skipped, so that it may be sent again by who cannot know whether it arrived. Files are made in
folders PATH beside the places where they belong, or, where it is empty, in these places.
{"quit": true} or the end of the input ends it; empty lines are skipped.

stdout: between Blender's own lines, lines of MARK and a JSON object with "is":

    ready                                      the file is loaded, orders are awaited
    begun     frame                            an order was taken
    rendered  frame files skipped memory_mb    the files were written, or were there (skipped);
                                               each as [where it belongs, where it is]
    problem   error blame ends_frame final     see `rcontrol.engines.base.Problem`
    outdated                                   the file on disk is no longer the one that was loaded

All JSON is ASCII; bytes of a path that are not UTF-8 travel as surrogates (PEP 383).
"""

import ctypes
import json
import os
import re
import shutil
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from typing import Any, Dict, Iterator, List, Optional, Tuple

MARK = "@rcontrol-7c1e5a@ "
"""Begins every line of the loop's own."""

Stamp = Tuple[int, int, int]
"""Modification time in nanoseconds, size in bytes, inode."""


class Trouble(Exception):
    """A reason to report as a problem."""

    def __init__(self, error: str, blame: str = "", final: bool = False) -> None:
        Exception.__init__(self, error)
        self.error, self.blame, self.final = error, blame, final


def c_library() -> Any:
    """Return the C library this process uses, or None where it cannot be reached."""
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):
        return None


def print_line_by_line() -> None:
    """Make C's stdout pass lines on at once; to a file it would hold back 4096 bytes."""
    library = c_library()
    for name in ("stdout", "__stdoutp"):  # glibc and musl; macOS
        try:
            stream = ctypes.c_void_p.in_dll(library, name)
            library.fflush(None)
            library.setvbuf(stream, None, 1, 0)  # 1 is _IOLBF on all of them
        except (AttributeError, TypeError, ValueError):
            continue


def flush_everything() -> None:
    """Let what Blender and scripts have printed so far go out before the next marked line."""
    sys.stdout.flush()
    sys.stderr.flush()
    library = c_library()
    if library is not None:
        library.fflush(None)


def say(what: str, **facts: Any) -> None:
    """Print one marked line."""
    facts["is"] = what
    flush_everything()
    # The newline in front closes a line that Blender has left open.
    unsent = ("\n" + MARK + json.dumps(facts) + "\n").encode("ascii")
    while unsent:
        unsent = unsent[os.write(1, unsent) :]


def say_problem(trouble: Trouble) -> None:
    """Report that the frame, or the whole start, has failed."""
    say(
        "problem",
        error=trouble.error,
        blame=trouble.blame,
        ends_frame=True,
        final=trouble.final,
    )


def lines_of_json() -> Iterator[Dict[str, Any]]:
    """Yield what comes in on stdin until it ends or says quit."""
    with os.fdopen(0, "rb", closefd=False) as stdin:
        for line in iter(stdin.readline, b""):
            if line.strip():
                order = json.loads(line.decode("ascii"))
                if order.get("quit"):
                    return
                yield order


def to_bytes(path: str) -> bytes:
    """Return a path as the operating system spells it, in any locale."""
    return path.encode("utf-8", "surrogateescape")


def stamp(path: str) -> Optional[Stamp]:
    """Return what changes when a file is written, or None when it is not there."""
    try:
        found = os.stat(to_bytes(path))
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def resident_mb() -> float:
    """Return the memory this process holds; where /proc is missing, the most it ever held."""
    try:
        with open("/proc/self/statm") as statm:
            pages = int(statm.read().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1048576.0
    except (OSError, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1048576.0 if sys.platform == "darwin" else 1024.0)


def words_of(error: RuntimeError) -> str:
    """Return the lines of an operator's error."""
    lines = [line.strip() for line in str(error).splitlines()]
    return "\n".join(line for line in lines if line)


def load_file(path: str, args: List[str]) -> Any:
    """Import the bpy wheel and open the project as `blender -b FILE` does; return bpy."""
    if args and args[0] != "--":
        raise Trouble(
            "this node renders with the bpy wheel, which takes no Blender arguments ({}): "
            "disable the node for this job, or set executables: blender for it".format(
                " ".join(args)
            )
        )
    try:
        bpy = import_module("bpy")
    except ImportError as error:
        raise Trouble(
            "the Python set as executables: bpy ({}) cannot import bpy: {}".format(
                sys.executable, error
            ),
            blame="node",
        ) from error
    print_line_by_line()
    try:
        bpy.ops.wm.open_mainfile(filepath=path)
    except RuntimeError as error:
        raise Trouble(words_of(error)) from error
    return bpy


def check_loaded(bpy: Any, path: str) -> None:
    """Raise Trouble when Blender holds another scene than the file's.

    Old ones go on with their start-up scene when a file cannot be read.
    """
    loaded, asked = stamp(bpy.data.filepath), stamp(path)
    if bpy.data.filepath and loaded is not None and loaded == asked:
        return
    try:
        with open(to_bytes(path), "rb"):
            reason = "it went on with {!r}".format(bpy.data.filepath or "its start-up scene")
    except OSError as error:
        reason = str(error.strerror)
    raise Trouble("Blender has not loaded {!r}: {}".format(path, reason))


def choose_scene(bpy: Any, name: str) -> Any:
    """Make the named scene the active one, as `-S` does; return the active scene."""
    if not name:
        return bpy.context.scene
    scene = bpy.data.scenes.get(name)
    if scene is None:
        raise Trouble(
            "there is no scene {!r} in {!r}; it has {}".format(
                name, bpy.data.filepath, ", ".join(repr(each.name) for each in bpy.data.scenes)
            ),
            final=True,
        )
    if "scene" in bpy.types.Window.bl_rna.properties:
        for window in bpy.context.window_manager.windows:
            window.scene = scene
    return scene


def refuse_movie(scene: Any) -> None:
    """Raise Trouble when the frames would all go into one file."""
    if scene.render.is_movie_format:
        raise Trouble(
            "scene {!r} is set to write a movie ({}), whose frames cannot be shared out: choose "
            "an image format such as PNG or OpenEXR in its output properties and make the movie "
            "from the frames".format(scene.name, scene.render.image_settings.file_format),
            final=True,
        )


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
        self.places = {}  # type: Dict[str, str]
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


def render_frame(bpy: Any, scene: Any, chosen: str, order: Dict[str, Any], kept: Any) -> None:
    """Render exactly as `-f N` does and report the outcome."""
    frame = order["frame"]
    scene.frame_start = frame
    scene.frame_end = frame
    if scene.frame_start != frame or scene.frame_end != frame:
        raise Trouble("Blender cannot render frame {}".format(frame), final=True)
    render = scene.render
    scene_overwrites = render.use_overwrite
    overwrite = scene_overwrites or bool(order.get("overwrite"))
    before = {path: stamp(path) for path in frame_files(scene, frame)}
    # Blender leaves the whole frame out when a single one of its views is there.
    if not overwrite and any(before.values()):
        say_rendered(frame, [(path, path) for path in before], skipped=True)
        return
    detour = Detour(order.get("hidden", ""))
    try:
        if detour.hidden:
            detour.take(bpy, scene, frame)
            kept.add(detour)
            detour.make_folders()
        expected = frame_files(scene, frame)
        render.use_overwrite = overwrite
        if chosen:
            bpy.ops.render.render(animation=True, scene=chosen)
        else:
            bpy.ops.render.render(animation=True)
        for path in expected:
            after = stamp(path)
            if after is None or after == before.get(path):
                raise Trouble("Blender has not written {!r} and does not say why".format(path))
    except RuntimeError as error:
        detour.discard()
        raise Trouble(words_of(error)) from error
    except Trouble:
        detour.discard()
        raise
    finally:
        render.use_overwrite = scene_overwrites
        detour.back()
    own = [os.path.abspath(path) for path in before]
    made = sorted(detour.files(), key=lambda pair: pair[0] not in own)
    say_rendered(frame, made or [(path, path) for path in expected])


def say_rendered(frame: int, files: List[Tuple[str, str]], skipped: bool = False) -> None:
    """Report that the files of a frame are there; each one as (where it belongs, where it is).

    What the scene itself writes comes before what its File Output nodes write.
    """
    say("rendered", frame=frame, files=files, skipped=skipped, memory_mb=round(resident_mb(), 1))


def serve() -> None:
    """Load, report, and render what is ordered until the input ends."""
    print_line_by_line()
    lines = lines_of_json()
    settings = next(lines, None)
    if settings is None:
        return
    path, chosen = settings["file"], settings.get("scene", "")
    stamp_loaded = stamp(path)
    inside_blender = "bpy" in sys.modules
    bpy = import_module("bpy") if inside_blender else load_file(path, settings.get("args", []))
    check_loaded(bpy, path)
    scene = choose_scene(bpy, chosen)
    if settings.get("output"):
        scene.render.filepath = settings["output"]
    refuse_movie(scene)
    say("ready")
    kept = HiddenFolders()
    taken = []  # type: List[str]
    for order in lines:
        if order.get("name") in taken:
            continue
        if "name" in order:
            taken.append(order["name"])
        if stamp(path) != stamp_loaded:
            say("outdated")
            return
        say("begun", frame=order["frame"])
        try:
            render_frame(bpy, scene, chosen, order, kept)
        except Trouble as trouble:
            say_problem(trouble)


def main() -> None:
    """Serve; whatever goes wrong is said before the process ends with status 1."""
    try:
        serve()
    except Trouble as trouble:
        say_problem(trouble)
    except BrokenPipeError:
        pass
    except Exception as error:
        place = traceback.extract_tb(sys.exc_info()[2])[-1]
        say_problem(
            Trouble(
                "the render loop failed: {}: {} (in {}, line {})".format(
                    type(error).__name__, error, place[2], place[1]
                )
            )
        )
    else:
        return
    sys.exit(1)


if __name__ == "__main__":
    main()
