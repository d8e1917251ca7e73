"""`rcontrol demo`: a whole farm on this machine, from nothing to rendered frames."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import yaml

from rcontrol.cli.show import progress_bar, progress_lines
from rcontrol.client import Client, ServerUnreachable
from rcontrol.demo.embedded_node import nodes_running
from rcontrol.demo.scene import FRAMES, build_demo_scene
from rcontrol.errors import RcontrolError

NODES: Final = ("node1", "node2")
START_S: Final = 90.0
STOP_S: Final = 40.0


class DemoError(RcontrolError):
    """The demo cannot go on; says why and what to do."""

    def __str__(self) -> str:
        return str(self.args[0])


def run_demo(folder: Path) -> int:
    """Render the demo scene on two embedded nodes and return the exit status.

    Everything is kept in `folder`; all but the scene, the frames and the log is removed again.

    Raises:
        RcontrolError: something is missing; says what.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    program, renderer = _renderer()
    print(f"Building the scene with {' '.join(renderer)}", flush=True)
    scene = build_demo_scene(folder, renderer)
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(folder / "frames", ignore_errors=True)
    work.mkdir(mode=0o700)
    # For the server, for what runs on the nodes, and for their renderers.
    os.environ["TMPDIR"] = str(work / "tmp")
    (work / "tmp").mkdir()
    try:
        with nodes_running(work / "nodes", NODES) as nodes:
            executables = {program: renderer[0]}
            config = _write_config(folder, work, nodes, executables)
            with _server(config, folder / "rcontrol.log") as url:
                return _render(url, scene)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _interrupt(*_: object) -> None:
    """Let SIGTERM do what Ctrl-C does: end the farm first."""
    raise KeyboardInterrupt


def _renderer() -> tuple[str, Sequence[str]]:
    """Return (program, how to start it): Blender if it is on the PATH, else the bpy wheel."""
    if blender := shutil.which("blender"):
        return "blender", [blender]
    if find_spec("bpy") is not None:
        return "bpy", [sys.executable]
    raise DemoError("there is no Blender on the PATH and no bpy wheel; pip install 'rcontrol[bpy]'")


def _render(url: str, scene: Path) -> int:
    with Client(url) as client:
        job = client.submit(str(scene), 1, FRAMES)
        client.start(job)
        print(f"Rendering {FRAMES} frames on {' and '.join(NODES)}", flush=True)
        show = progress_bar if sys.stdout.isatty() else progress_lines
        last = show(client.follow(job))
    if last["status"] != "Finished":
        print(f"The job is {last['status']}: {last['reason']}", file=sys.stderr)
        return 1
    print(f"The frames are in {scene.parent / 'frames'}")
    return 0


def _write_config(
    folder: Path, work: Path, nodes: list[dict[str, Any]], executables: dict[str, str]
) -> Path:
    config = work / "rcontrol.yaml"
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": _free_port(),
        "autostart": False,
        "drain": 0,
        "log_file_path": str(folder / "rcontrol.log"),
        "work_dir": str(work),
        "fileserver_base_dir": str(folder),
        "render_nodes": nodes,
        "executables": executables,
        "ray": {"dashboard_port": _free_port()},
    }
    config.write_text(yaml.safe_dump(settings))
    return config


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _server(config: Path, log: Path) -> Iterator[str]:
    """Run `rcontrol serve` and yield its address once it answers."""
    settings = yaml.safe_load(config.read_text())
    url = f"http://127.0.0.1:{settings['listen_port']}"
    print(f"Starting the farm at {url}", flush=True)
    # A session of its own: Ctrl-C is for the demo, which then ends the server in order.
    server = subprocess.Popen(
        [sys.executable, "-m", "rcontrol", "serve", "-c", str(config)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    said = _Tail(server)
    try:
        _wait_until_ready(url, server, said, log)
        print(f"Ray's dashboard: http://127.0.0.1:{settings['ray']['dashboard_port']}", flush=True)
        yield url
    finally:
        print("Stopping the farm", flush=True)
        server.terminate()
        try:
            server.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


class _Tail:
    """Keeps the last line a process wrote to standard error, and keeps the pipe empty."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.last = ""
        self._process = process
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stderr or ():
            self.last = line.strip() or self.last


def _wait_until_ready(url: str, server: "subprocess.Popen[str]", said: _Tail, log: Path) -> None:
    deadline = time.monotonic() + START_S
    with Client(url, timeout_s=5.0) as client:
        while time.monotonic() < deadline:
            if server.poll() is not None:
                raise DemoError(f"the server ended: {said.last}; see {log}")
            with suppress(ServerUnreachable):
                states = client.nodes()
                if all(state["state"] == "online" for state in states):
                    return
            time.sleep(0.2)
    raise DemoError(f"the farm is not ready after {START_S:.0f} s; see {log}")
