"""The farm on a Ray cluster of its own: the actors outlive the front end."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import Server
from tests.fakes.sshd import Sshd, free_port
from tests.scenes import build_scene, executables

RAY = Path(sys.executable).with_name("ray")


@pytest.fixture
def cluster(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run `ray start --head` on this machine and yield its address."""
    port = free_port()
    # Its sockets' paths may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:
        token = Path(folder) / "token"
        token.write_text("0123456789abcdef" * 4)
        token.chmod(0o600)
        monkeypatch.setenv("RAY_AUTH_MODE", "token")
        monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(token))
        environment = {**os.environ, "HOME": str(sshd.home)}
        head = subprocess.Popen(
            [
                *(str(RAY), "start", "--head", "--block", f"--port={port}", "--num-cpus=1"),
                *("--node-ip-address=127.0.0.1", "--include-dashboard=false"),
                *("--object-store-memory=80000000", f"--temp-dir={folder}/r"),
                "--disable-usage-stats",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        try:
            yield f"127.0.0.1:{port}"
        finally:
            head.terminate()
            head.wait(60.0)


def test_the_actors_outlive_the_front_end(
    tmp_path: Path, sshd: Sshd, base: Path, cluster: str
) -> None:
    scene = build_scene(base / "cluster" / "cube.blend", size=(200, 150), samples=64, frames=12)
    server = Server(
        tmp_path / "farm",
        sshd,
        ["hex1"],
        base,
        executables=executables("blender"),
        ray={"address": cluster},
    )
    with server:
        server.nodes_online()
        job = server.submit(scene, 1, 12)
        server.wait_for_frames(job, 2)
        before = server.status(job)["frames_done"]
        assert server.stop() == 0
        server.start()
        now = server.status(job)
        assert now["frames_done"] > before, "they went on while there was no front end"
        server.wait(job)
        assert server.log.count("farm.loaded") == 1, "it is the same JobManager"
