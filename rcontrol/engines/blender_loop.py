# Blender 2.79 has Python 3.5.
"""The resident loop: runs inside Blender on a node and renders frames as it is told to.

It is sent as text, that of `blender_places` in front, to `blender -b FILE --python-expr TEXT` or,
where only the bpy wheel is installed, to `python -c TEXT`; it needs the standard library and bpy,
of Blender 2.79 or later.

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
import sys
import traceback
from importlib import import_module
from typing import Any, Dict, Iterator, List, Optional, Tuple

from rcontrol.engines.blender_places import (
    Detour,
    HiddenFolders,
    Trouble,
    frame_files,
    to_bytes,
    words_of,
)

MARK = "@rcontrol-7c1e5a@ "
"""Begins every line of the loop's own."""

Stamp = Tuple[int, int, int]
"""Modification time in nanoseconds, size in bytes, inode."""


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


class Status:
    """Prints how far a frame is, as Blender did before 5.0.

    Since then it does so only where the frame was ordered on its command line.
    """

    def __init__(self) -> None:
        self.frame = 0

    def listen(self, bpy: Any) -> None:
        """Have Blender tell its status; other scripts' handlers stay as they are."""
        if bpy.app.version >= (5, 0, 0):
            bpy.app.handlers.render_stats.append(self.take)

    def take(self, text: Any, *_: Any) -> None:
        """Print a line; called on threads of Blender's own."""
        line = "Fra:{} | {}\n".format(self.frame, text)
        os.write(1, line.encode("utf-8", "replace"))


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
    kept, status = HiddenFolders(), Status()
    status.listen(bpy)
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
        status.frame = order["frame"]
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
