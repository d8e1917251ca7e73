"""What the farm adds to Blender's own time, and what it saves over one process a frame.

The same frames of the same scene, in turns:

    a  `blender -s 1 -e N -a` on this machine: no farm and no network
    b  a job on a farm of one node with one slot, over SSH
    c  GNU parallel over the same SSH server, one Blender a frame, one at a time

The bar: b takes at most 1.25 times as long as a, and c at least 5 times as long as b.

The SSH server is OpenSSH's on 127.0.0.1, so all three render on the same machine. Every run starts
its own Blender and loads the scene. b is timed by a client that polls the server: from the request
that starts the job to the first answer that says Finished. The server runs before, and stands idle
while a and c run. c uses one job slot because the node has one; it opens a connection for each
frame, which is what GNU parallel does unless told otherwise.

The farm adds a fixed cost to a frame, so the ratio depends on what a frame takes. The scene is a
light one on any machine: its samples are chosen so that a frame takes about 0.125 s locally;
`--samples` sets them instead.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.e2e.server import Server, renderers, until
from tests.fakes.sshd import Sshd, sshd_missing
from tests.scenes import blender, build_scene

NODE: Final = "hex1"
MOST_OVER_LOCAL: Final = 1.25
LEAST_UNDER_PARALLEL: Final = 5.0
POLL_S: Final = 0.05
LIGHT_FRAME_S: Final = 0.125
PROBES: Final = (16, 64)
"""Numbers of samples between which the cost of one is measured."""
PATIENCE_S: Final = 3600.0
METHODS: Final = {
    "a": "blender -a, local",
    "b": "farm, one node",
    "c": "GNU parallel, one process a frame",
}


@dataclass(frozen=True, slots=True)
class Work:
    """What is rendered."""

    scene: Path
    frames: int

    @property
    def folder(self) -> Path:
        return self.scene.parent / "out"


@dataclass(frozen=True, slots=True)
class Scenes:
    """Scenes that differ in their samples alone."""

    storage: Path
    frames: int
    size: tuple[int, int]

    def make(self, samples: int) -> Work:
        folder = self.storage / f"samples-{samples}"
        scene = build_scene(
            folder / "cube.blend", frames=self.frames, size=self.size, samples=samples
        )
        return Work(scene, self.frames)


class Bench:
    """The three ways to render the same work; each returns its seconds."""

    def __init__(self, sshd: Sshd, server: Server) -> None:
        self._sshd, self._server = sshd, server
        self._work: Work
        # What the node's commands get, too: nothing of the user's settings of Blender.
        self._env = {**os.environ, "HOME": str(sshd.node_home)}

    def local(self) -> float:
        frames = ("-s", "1", "-e", str(self._work.frames), "-a")
        return self._timed([blender(), "-b", "-noaudio", str(self._work.scene), *frames])

    def farm(self) -> float:
        job = self._server.submit(self._work.scene, 1, self._work.frames)
        begun = time.monotonic()
        self._server.get(f"/job/start/{job}")
        while (now := self._server.status(job))["status"] == "Rendering":
            time.sleep(POLL_S)
        seconds = time.monotonic() - begun
        if now["status"] != "Finished":
            raise SystemExit(f"the job is {now['status']}: {now['reason']}")
        until(lambda: not renderers(str(self._work.scene)))
        return seconds

    def parallel(self) -> float:
        command = [
            *("parallel", "--will-cite", "-j1", "--ssh", f"ssh -F {self._sshd.home}/.ssh/config"),
            *("-S", f"1/{NODE}", blender(), "-b", "-noaudio", str(self._work.scene), "-f", "{}"),
            *(":::", *map(str, range(1, self._work.frames + 1))),
        ]
        return self._timed(command)

    def take(self, work: Work) -> None:
        """Render this from now on; Blender and the scene are read from disk once."""
        self._work = work
        self.run(self.local)

    def light(self, scenes: Scenes) -> int:
        """Return the samples with which a frame takes about LIGHT_FRAME_S."""
        few, many = PROBES
        seconds = []
        for samples in PROBES:
            self.take(scenes.make(samples))
            seconds.append(min(self.run(self.local) for _ in range(2)))
        a_sample = max((seconds[1] - seconds[0]) / (many - few) / scenes.frames, 1e-6)
        loading = self._blender_alone()
        rest_s = (seconds[0] - loading) / scenes.frames - few * a_sample
        return max(1, round((LIGHT_FRAME_S - rest_s) / a_sample))

    def _blender_alone(self) -> float:
        return self._timed([blender(), "-b", "-noaudio", str(self._work.scene)])

    def run(self, method: Callable[[], float]) -> float:
        """Run one of the three into an empty folder, and see that every frame is there."""
        shutil.rmtree(self._work.folder, ignore_errors=True)
        seconds = method()
        found = len(list(self._work.folder.iterdir()))
        if found != self._work.frames:
            raise SystemExit(f"{found} of {self._work.frames} frames were rendered")
        return seconds

    def _timed(self, command: Sequence[str]) -> float:
        begun = time.monotonic()
        done = subprocess.run(
            command,
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=PATIENCE_S,
        )
        seconds = time.monotonic() - begun
        if done.returncode:
            raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
        return seconds


def measure(bench: Bench, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each method, round by round."""
    ways = {"a": bench.local, "b": bench.farm, "c": bench.parallel}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(1, rounds + 1):
        for name, way in ways.items():
            times[name].append(bench.run(way))
        shown = "  ".join(f"{name} {seconds[-1]:7.2f} s" for name, seconds in times.items())
        print(f"round {number}  {shown}", flush=True)
    return times


def report(times: dict[str, list[float]], frames: int) -> bool:
    """Print medians and ratios; return whether the bar is met."""
    middle = {name: statistics.median(seconds) for name, seconds in times.items()}
    print(f"\n{'median':37} {'seconds':>8} {'a frame':>8}")
    for name, what in METHODS.items():
        print(f"{name}  {what:34} {middle[name]:8.2f} {middle[name] / frames:8.3f}")
    over, under = middle["b"] / middle["a"], middle["c"] / middle["b"]
    met = over <= MOST_OVER_LOCAL and under >= LEAST_UNDER_PARALLEL
    print(f"\nb / a  {over:5.2f}  (at most {MOST_OVER_LOCAL})")
    print(f"c / b  {under:5.2f}  (at least {LEAST_UNDER_PARALLEL:g})")
    print("The bar is met." if met else "The bar is NOT met.")
    return met


def versions() -> str:
    """Return what took part, in one line each."""
    programs = {
        "blender": [blender(), "--version"],
        "parallel": ["parallel", "--version"],
        "ssh": ["ssh", "-V"],
    }
    lines = [f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"]
    lines.append(f"load average before: {os.getloadavg()[0]:.2f}")
    for name, command in programs.items():
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        lines.append(f"{name}: {(said.stdout or said.stderr).strip().splitlines()[0]}")
    lines.append(f"Python {platform.python_version()}")
    lines.append(" ".join(f"{name} {version(name)}" for name in ("ray", "paramiko", "starlette")))
    return "\n".join(lines)


def missing() -> str | None:
    """Why this cannot be measured here; None: it can."""
    if not blender():
        return "there is no Blender on the PATH; RCONTROL_BLENDER may name one"
    for program in ("parallel", "ssh"):
        if shutil.which(program) is None:
            return f"there is no {program} on the PATH"
    return sshd_missing()


def size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.session_overhead",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=3, help="of a, b and c [3]")
    parser.add_argument("--frames", type=int, default=40, help="of the scene [40]")
    parser.add_argument("--size", type=size, default=(160, 120), help="of a picture [160x120]")
    parser.add_argument("--samples", type=int, help="of Cycles, a pixel [as many as are light]")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0: the bar is met, 1: it is not, 2: something is missing."""
    options = parse(arguments)
    if reason := missing():
        print(f"session_overhead: {reason}", file=sys.stderr)
        return 2
    print(versions())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rcontrol-bench-")))
        scenes = Scenes(folder / "storage", options.frames, options.size)
        scenes.storage.mkdir()
        (folder / "sshd").mkdir()
        sshd = stack.enter_context(Sshd(folder / "sshd", (NODE,)))
        server = stack.enter_context(
            Server(
                folder / "farm",
                sshd,
                (NODE,),
                scenes.storage,
                executables={"blender": blender()},
                autostart=False,
            )
        )
        server.nodes_online()
        bench = Bench(sshd, server)
        samples = options.samples or bench.light(scenes)
        width, height = options.size
        print(f"{options.frames} frames, {width}x{height}, {samples} samples, Cycles\n")
        bench.take(scenes.make(samples))
        met = report(measure(bench, options.rounds), options.frames)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
