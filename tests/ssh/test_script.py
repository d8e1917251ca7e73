import shutil
import subprocess

import pytest

from rcontrol.ssh.script import COMMAND, payload
from tests.fakes.need import need

SHELLS = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "busybox sh", "csh", "tcsh", "fish"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_login_shell_reads_the_command_alike(shell: str) -> None:
    argv = shell.split()
    need(None if shutil.which(argv[0]) else f"{argv[0]} is not installed")
    arguments = ("it's", "$HOME !1 \\ `id`", "line\nbreak", "Größe\udcff")
    text = payload('printf "%s|" "$@"; cat', arguments)
    done = subprocess.run(
        [*argv, "-c", COMMAND], input=text + b"the rest", capture_output=True, check=True
    )
    expected = "".join(f"{argument}|" for argument in arguments) + "the rest"
    assert done.stdout == expected.encode("utf-8", "surrogateescape")
    assert done.stderr == b""


def test_a_script_that_arrived_in_part_is_not_run() -> None:
    text = payload("echo started\necho ended", ())
    for length in range(len(text)):
        done = subprocess.run(
            ["sh", "-c", COMMAND], input=text[:length], capture_output=True, check=False
        )
        assert done.stdout == b"", text[:length]
