"""What a whole farm says of what waits, asked as people ask it: with the `rcontrol` command."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.server import Server, until
from tests.fakes.sshd import Sshd, free_port, keygen
from tests.scenes import build_scene, executables


def why(server: Server, *words: str) -> str:
    """Return what `rcontrol why` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "rcontrol", "--server", server.url, "why", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "HOME": str(server.folder)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_jobs_frames_and_nodes_say_what_they_wait_for(
    tmp_path: Path, sshd: Sshd, base: Path
) -> None:
    scene = build_scene(base / "why" / "cube.blend")
    stranger = tmp_path / "stranger"
    keygen(stranger)
    nodes: list[str | dict[str, Any]] = [
        {"name": "down", "host": "127.0.0.1", "port": free_port()},
        {"name": "lonely", "key": str(stranger)},
        {"name": "bare", "executables": {"blender": "/nowhere/blender"}},
        "hex1",
    ]
    blender = executables("blender")
    settings = {"executables": blender, "autostart": False, "timeout": 30}
    with Server(tmp_path / "farm", sshd, nodes, base, **settings) as server:
        server.nodes_online("hex1", "bare")
        job = server.submit(scene, 1, 4, "down", "lonely", "bare", output="//out/f_")
        short = job[:8]
        assert why(server, short) == "autostart is off: switch it on or start the job"
        assert why(server, short, "3").startswith("its job is Waiting: autostart is off")
        assert why(server, "--node", "hex1").startswith(f"no job renders; cube.blend ({short})")
        server.get(f"/job/start/{job}")

        def out() -> str:
            said = why(server, short)
            return said if said.startswith("no enabled node can work: ") else ""

        said = until(out)
        assert "down (offline: 127.0.0.1:" in said
        assert "bare (resting " in said
        assert "/nowhere/blender" in said
        assert "key" in said
        assert why(server, "--node", "hex1") == "every rendering job has it disabled: enable it"
        other = server.submit(scene, 1, 1, "hex1")
        server.get("/config/autostart/enable")
        assert why(server, other).startswith(f"cube.blend ({short}) is rendering; jobs start one")
        server.get(f"/node/enable/hex1/{job}")
        server.wait(job)
        assert why(server, short) == "every frame is done"
        server.wait(other)
