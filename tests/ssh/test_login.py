import dataclasses
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from rcontrol.errors import NodeUnreachable
from rcontrol.farm.settings import NodeSettings
from rcontrol.ssh import Connection
from tests.fakes.need import need
from tests.fakes.sshd import Sshd, free_port, keygen
from tests.ssh.targets import Target, run


async def cause(node: NodeSettings, timeout_s: float = 5.0) -> str:
    with pytest.raises(NodeUnreachable) as caught:
        (await Connection.open(node, timeout_s=timeout_s)).close()
    assert caught.value.node == node.name
    assert "\n" not in caught.value.cause
    return caught.value.cause


async def works(node: NodeSettings) -> None:
    connection = await Connection.open(node)
    try:
        assert (await connection.run("echo here")).stdout == "here\n"
    finally:
        connection.close()


def test_an_unknown_host_key_names_the_command_that_trusts_it(
    target: Target, tmp_path: Path
) -> None:
    known_hosts = tmp_path / "new folder" / "known_hosts"
    node = dataclasses.replace(target.node(), known_hosts=str(known_hosts))

    said = run(lambda: cause(node))
    assert f"the host key of [127.0.0.1]:{target.port} is not known" in said
    shown = re.search(r"SHA256:\S+?(?=;)", said)
    assert shown
    command = said.partition("trust it with: ")[2]
    assert f"ssh-keyscan -t ed25519 -p {target.port} 127.0.0.1" in command
    need(None if shutil.which("ssh-keyscan") else "ssh-keyscan is not installed")
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    listed = subprocess.run(
        ["ssh-keygen", "-lf", str(known_hosts)], check=True, capture_output=True, text=True
    )
    assert shown.group() in listed.stdout
    run(lambda: works(node))


def test_a_changed_host_key_is_told(target: Target, tmp_path: Path) -> None:
    keygen(tmp_path / "other")
    kind, key = (tmp_path / "other.pub").read_text().split()[:2]
    node = target.node()
    Path(node.known_hosts).write_text(f"[127.0.0.1]:{target.port} {kind} {key}\n")

    async def check() -> None:
        said = await cause(node)
        assert "has changed" in said
        assert said.count("SHA256:") == 2
        assert "ssh-keygen -R" in said

    run(check)


def test_a_refused_key_is_named(target: Target, tmp_path: Path) -> None:
    keygen(tmp_path / "stranger")
    node = dataclasses.replace(target.node(), key=str(tmp_path / "stranger"))

    async def check() -> None:
        said = await cause(node)
        assert f"{node.user}@127.0.0.1:{target.port} refused {node.key}" in said

    run(check)


def test_a_key_that_cannot_be_used_is_named(target: Target, tmp_path: Path) -> None:
    keygen(tmp_path / "locked", passphrase="open sesame")
    (tmp_path / "nonsense").write_text("nonsense")

    async def check() -> None:
        for name, reason in (
            ("locked", "has a passphrase"),
            ("nonsense", "is not a private key"),
            ("missing", "cannot be read (No such file"),
        ):
            path = str(tmp_path / name)
            said = await cause(dataclasses.replace(target.node(), key=path))
            assert f"{path} {reason}" in said
            assert "sesame" not in said

    run(check)


def test_addresses_where_nobody_is() -> None:
    async def check() -> None:
        port = free_port()
        said = await cause(NodeSettings("hex9", host="127.0.0.1", port=port))
        assert said.startswith(f"127.0.0.1:{port} refused the connection")
        said = await cause(NodeSettings("no-such-host.invalid"))
        assert "the name no-such-host.invalid cannot be resolved" in said
        with socket.create_server(("127.0.0.1", 0), backlog=5) as silent:
            port = int(silent.getsockname()[1])
            said = await cause(NodeSettings("hex9", host="127.0.0.1", port=port), timeout_s=0.3)
            assert "did not greet as an SSH server within 0.3 s" in said

    run(check)


def test_by_name_through_the_ssh_config(sshd: Sshd) -> None:
    run(lambda: works(NodeSettings("hex1")))
    run(lambda: works(NodeSettings("shown-name", host="hex2")))


def test_an_included_config(sshd: Sshd) -> None:
    folder = sshd.home / ".ssh"
    shutil.move(folder / "config", folder / "farm.conf")
    (folder / "config").write_text("Include farm.*\nHost *\n  Port 1\n")
    run(lambda: works(NodeSettings("hex1")))


def test_a_broken_config_is_told(sshd: Sshd) -> None:
    sshd.write_client_config("  Port x\n")
    (sshd.home / ".ssh" / "config").write_text("Host hex1\n  Port x\n")

    async def check() -> None:
        assert "~/.ssh/config cannot be used" in await cause(NodeSettings("hex1"))

    run(check)


def test_hashed_names(sshd: Sshd) -> None:
    subprocess.run(
        ["ssh-keygen", "-H", "-f", str(sshd.known_hosts)], check=True, capture_output=True
    )
    assert "127.0.0.1" not in sshd.known_hosts.read_text()
    run(lambda: works(NodeSettings("hex1")))


def test_the_known_one_of_several_host_keys_is_asked_for(sshd: Sshd) -> None:
    sshd.known_hosts.write_text(sshd.known_as("127.0.0.1", sshd.port, kind="ecdsa"))
    run(lambda: works(NodeSettings("hex1")))


def test_a_host_key_alias(sshd: Sshd) -> None:
    line = sshd.known_as("x", 1).replace("[x]:1", "the-alias")
    sshd.known_hosts.write_text(line)
    sshd.write_client_config("  HostKeyAlias the-alias\n")
    run(lambda: works(NodeSettings("hex1")))
    sshd.known_hosts.write_text("")

    async def check() -> None:
        assert f"echo '{line.strip()}' >> {sshd.known_hosts}" in await cause(NodeSettings("hex1"))

    run(check)


def test_a_revoked_host_key(sshd: Sshd) -> None:
    line = sshd.known_hosts.read_text()
    sshd.known_hosts.write_text(f"{line}@revoked {line}")

    async def check() -> None:
        assert "is revoked" in await cause(NodeSettings("hex1"))

    run(check)


def test_default_keys(sshd: Sshd) -> None:
    folder = sshd.home / ".ssh"
    config = folder / "config"
    config.write_text(
        "\n".join(line for line in config.read_text().splitlines() if "Identit" not in line)
    )

    async def refused() -> None:
        assert "refused a login without any key" in await cause(NodeSettings("hex1"))

    run(refused)
    shutil.copy(sshd.client_key, folder / "id_ed25519")
    run(lambda: works(NodeSettings("hex1")))


def test_a_locked_key_that_is_in_the_agent(
    sshd: Sshd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    agent = subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(tmp_path / "agent")], stdout=subprocess.PIPE
    )
    try:
        assert agent.stdout is not None
        agent.stdout.readline()  # it listens
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
        subprocess.run(["ssh-add", "-q", str(sshd.client_key)], check=True)
        change = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", str(sshd.client_key)]
        subprocess.run(change, check=True, capture_output=True)
        run(lambda: works(NodeSettings("hex1")))
        subprocess.run(["ssh-add", "-q", "-D"], check=True, capture_output=True)

        async def locked() -> None:
            assert "has a passphrase" in await cause(NodeSettings("hex1"))

        run(locked)
    finally:
        agent.terminate()
        agent.wait()
        agent.stdout.close()  # type: ignore[union-attr]


@pytest.mark.parametrize("hops", ["jump", "jump,root2", "jump , root2,jump"])
def test_jump_hosts(sshd: Sshd, hops: str) -> None:
    me = NodeSettings("hex1")
    sshd.write_client_config(f"  ProxyJump {hops}\n")
    text = (sshd.home / ".ssh" / "config").read_text()
    alone = text.replace(f"  ProxyJump {hops}\n", "").replace("Host hex1 hex2", "Host jump root2")
    (sshd.home / ".ssh" / "config").write_text(text + alone)
    run(lambda: works(me))
    assert sshd.log.read_text().count("Accepted publickey") == hops.count(",") + 2


def test_a_jump_host_that_cannot_go_on(sshd: Sshd) -> None:
    port = free_port()
    text = (sshd.home / ".ssh" / "config").read_text()
    far = f"Host far\n  HostName 127.0.0.1\n  Port {port}\n  ProxyJump hex1\n"
    (sshd.home / ".ssh" / "config").write_text(text + far)

    async def check() -> None:
        said = await cause(NodeSettings("far"))
        assert f"the jump host could not connect to 127.0.0.1:{port}" in said
        sshd.client_key.unlink()
        assert "at the jump host" in await cause(NodeSettings("far"))

    run(check)


def test_a_proxy_command(sshd: Sshd) -> None:
    relay = sshd.folder / "relay.py"
    relay.write_text(
        "import os, socket, sys, threading\n"
        "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def out():\n"
        "    while d := s.recv(9999): os.write(1, d)\n"
        "    os._exit(0)\n"
        "threading.Thread(target=out).start()\n"
        "while d := os.read(0, 9999): s.sendall(d)\n"
        "os._exit(0)\n"
    )
    sshd.write_client_config(f"  ProxyCommand python3 '{relay}' %h %p 2>/dev/null\n")
    run(lambda: works(NodeSettings("hex1")))


@pytest.mark.parametrize("shell", ["tcsh", "csh", "fish", "zsh"])
def test_other_login_shells(sshd: Sshd, shell: str) -> None:
    path = shutil.which(shell)
    need(None if path else f"{shell} is not installed")
    sshd.stop()
    sshd.more_options = f'ForceCommand exec {path} -c "$SSH_ORIGINAL_COMMAND"'
    sshd.start()
    run(lambda: works(NodeSettings("hex1")))
