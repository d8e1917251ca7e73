import getpass
from pathlib import Path

import pytest

from rcontrol.farm.settings import NodeSettings
from rcontrol.ssh.hosts import BadSshConfig, Endpoint, resolve


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    return tmp_path / ".ssh" / "config"


def jumps(endpoint: Endpoint) -> list[str]:
    return [*jumps(endpoint.jump), str(endpoint.jump)] if endpoint.jump else []


def test_without_a_config(config: Path) -> None:
    found = resolve(NodeSettings("hex1"))
    assert str(found) == f"{getpass.getuser()}@hex1:22"
    assert found.known_as == "hex1"
    assert found.known_hosts[0] == str(config.parent / "known_hosts")
    assert not found.only_these_keys


def test_settings_win(config: Path) -> None:
    config.write_text(
        "Host hex1\n  HostName a\n  Port 1\n  User u\n  IdentityFile ~/k\n"
        "  UserKnownHostsFile ~/kh 'other one'\n  ConnectTimeout 3\n  ProxyCommand x %r@%h:%p\n"
    )
    (config.parent.parent / "k").touch()
    found = resolve(NodeSettings("hex1"))
    assert str(found) == "u@a:1"
    assert found.keys == (str(config.parent.parent / "k"),)
    assert found.known_hosts[:2] == (str(config.parent.parent / "kh"), "other one")
    assert found.connect_timeout_s == 3
    assert found.known_as == "[a]:1"
    assert found.proxy_command == "x u@a:1"
    found = resolve(NodeSettings("hex1", port=2, user="v", key="/m", known_hosts="/n"))
    assert str(found) == "v@a:2"
    assert (found.keys, found.only_these_keys, found.known_hosts) == (("/m",), True, ("/n",))
    assert found.proxy_command == "x v@a:2"
    assert str(resolve(NodeSettings("hex1", host="b", user="w"))) == "w@b:22"


@pytest.mark.parametrize(
    ("text", "through"),
    [
        ("Host hex1\n  ProxyJump a", ["u@a:22"]),
        ("Host hex1\n  ProxyJump me@a:7,ssh://b:8", ["me@a:7", "u@b:8"]),
        ("Host hex1\n  ProxyJump [::1]:9", ["u@::1:9"]),
        ("Host hex1\n  ProxyJump b\nHost b\n  ProxyJump a", ["u@a:22", "u@b:22"]),
        ("Host hex1\n  ProxyJump none\nHost *\n  ProxyJump a", []),
        ("Host *\n  ProxyJump a", ["u@a:22"]),
    ],
)
def test_jump_hosts(config: Path, text: str, through: list[str]) -> None:
    config.write_text(f"{text}\nHost *\n  User u\n")
    assert jumps(resolve(NodeSettings("hex1"))) == through


def test_jump_hosts_in_a_circle(config: Path) -> None:
    config.write_text("Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n")
    with pytest.raises(BadSshConfig, match="round in circles"):
        resolve(NodeSettings("a"))


def test_what_follows_an_include_belongs_to_the_section_around_it(config: Path) -> None:
    (config.parent / "more").write_text("Host other\n  User o\n")
    config.write_text("Include more missing\nPort 7\nHost hex1\n  Include more\n  User u\n")
    assert str(resolve(NodeSettings("hex1"))) == "u@hex1:7"
    assert str(resolve(NodeSettings("other"))) == "o@other:7"
