"""The configuration file: what it comes to, and the one line a mistake gets."""

import pickle
from pathlib import Path

import pytest

from rcontrol.config import RaySettings, Settings, load
from rcontrol.config.document import document
from rcontrol.config.renderers import shipped
from rcontrol.errors import ConfigError
from rcontrol.farm.settings import FarmSettings, NodeSettings, SessionSettings

ROOT = Path(__file__).parents[1]

ORIGINAL = r"""
listen_addr: localhost
listen_port: 2020
cors_origin: "http://localhost:3000"
autostart: True                 # state at start; changes through the API persist
log_level: info                 # everything | debug | info | warning
log_file_path: /var/log/rendercontroller.log
work_dir: /var/rendercontroller # state lives here
fileserver_base_dir: /mnt/data  # also: filesystem_base_dir, file_browser_base_dir
timeout: 1000                   # also: node_timeout
ssh_user: igp
render_nodes: [hex1, hex2, mac1]
macs: [mac1]                    # these use the *_mac paths
renice_list: [mac1]             # render at low priority there
blenderpath_mac: /Applications/blender.app/Contents/MacOS/blender
blenderpath_linux: /usr/local/bin/blender
terragenpath_mac: '/Applications/Terragen\ 3.app/Contents/MacOS/Terragen\ 3'
terragenpath_linux: /usr/local/bin/terragen
allowed_filetypes: [.png, .jpg, .exr]
"""

LEAST = "fileserver_base_dir: /mnt/data\nrender_nodes: [hex1]\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "farm.yaml"
    path.write_text(text, "utf-8")
    return path


def line_for(folder: Path, text: str) -> str:
    """Return the line that `text` is refused with, without the folder."""
    path = written(folder, text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    line = str(caught.value)
    assert "\n" not in line
    assert str(pickle.loads(pickle.dumps(caught.value))) == line
    return line.removeprefix(f"{folder}/")


def test_a_file_of_the_original(tmp_path: Path) -> None:
    linux = {"blender": "/usr/local/bin/blender", "terragen": "/usr/local/bin/terragen"}
    mac = {
        "blender": "/Applications/blender.app/Contents/MacOS/blender",
        "terragen": "/Applications/Terragen 3.app/Contents/MacOS/Terragen 3",
    }
    assert load(written(tmp_path, ORIGINAL)) == Settings(
        base_dir=Path("/mnt/data"),
        nodes=(
            NodeSettings(name="hex1", user="igp", executables=linux),
            NodeSettings(name="hex2", user="igp", executables=linux),
            NodeSettings(name="mac1", user="igp", os="mac", executables=mac, low_priority=True),
        ),
        listen_addr="localhost",
        listen_port=2020,
        cors_origin="http://localhost:3000",
        autostart=True,
        log_level="info",
        log_file_path=Path("/var/log/rendercontroller.log"),
        work_dir=Path("/var/rendercontroller"),
        allowed_filetypes=(".png", ".jpg", ".exr"),
        renderers=shipped(),
        sessions=SessionSettings(silence_s=1000.0),
    )


def test_the_least_there_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = load(written(tmp_path, LEAST))
    assert settings == Settings(
        base_dir=Path("/mnt/data"), nodes=(NodeSettings("hex1"),), renderers=shipped()
    )
    assert settings.work_dir == Path("/home/somebody/.local/share/rcontrol")
    assert settings.log_file == settings.work_dir / "rcontrol.log"


def test_the_keys_the_original_did_not_have(tmp_path: Path) -> None:
    text = """
        fileserver_base_dir: /mnt/data
        render_nodes: [hex1]
        lease: 30
        max_attempts: 5
        session_frames: 20
        session_memory_mb: 512
        database: postgresql+psycopg://rcontrol@db/rcontrol
        ray: {address: "ray-head:6379", dashboard_port: 8300}
    """
    settings = load(written(tmp_path, text))
    assert settings.farm == FarmSettings(max_attempts=5)
    assert settings.sessions == SessionSettings(lease_s=30, max_frames=20, max_growth_mb=512.0)
    assert settings.database == "postgresql+psycopg://rcontrol@db/rcontrol"
    assert settings.ray == RaySettings(address="ray-head:6379", dashboard_port=8300)


def test_a_node_with_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    text = """
        fileserver_base_dir: ~/data
        ssh_user: igp
        executables: {blender: blender, bpy: /opt/bpy/bin/python}
        blenderpath_linux: /usr/local/bin/blender
        render_nodes:
          - {name: hex1, host: 127.0.0.1, port: 2222, user: me, key: ~/key,
             known_hosts: ~/known, os: linux, slots: 2, executables: {bpy: /usr/bin/python3}}
          - {name: mac1, os: mac}
    """
    settings = load(written(tmp_path, text))
    assert settings.base_dir == Path("/home/somebody/data")
    assert settings.nodes == (
        NodeSettings(
            name="hex1",
            host="127.0.0.1",
            port=2222,
            user="me",
            key="/home/somebody/key",
            known_hosts="/home/somebody/known",
            os="linux",
            slots=({}, {}),
            executables={"bpy": "/usr/bin/python3"},
        ),
        NodeSettings(
            name="mac1",
            user="igp",
            os="mac",
            executables={"blender": "blender", "bpy": "/opt/bpy/bin/python"},
        ),
    )


@pytest.mark.parametrize(
    "key", ["fileserver_base_dir", "filesystem_base_dir", "file_browser_base_dir"]
)
def test_spellings_of_the_base_directory(tmp_path: Path, key: str) -> None:
    assert load(written(tmp_path, f"{key}: /srv\nrender_nodes: [a]\n")).base_dir == Path("/srv")


@pytest.mark.parametrize("key", ["timeout", "node_timeout"])
def test_spellings_of_the_timeout(tmp_path: Path, key: str) -> None:
    assert load(written(tmp_path, f"{LEAST}{key}: 7.5\n")).sessions.silence_s == 7.5


@pytest.mark.parametrize(
    "lines", ["listen_addr: 127.0.0.1", "listen_addr: ::1", "listen_addr: 0.0.0.0\nauth: none"]
)
def test_addresses_to_listen_on(tmp_path: Path, lines: str) -> None:
    address = load(written(tmp_path, f"{LEAST}{lines}\n")).listen_addr
    assert lines.startswith(f"listen_addr: {address}")


def test_yaml_anchors_and_merges(tmp_path: Path) -> None:
    text = (
        "fileserver_base_dir: /mnt/data\n"
        "render_nodes:\n"
        "  - &usual {name: hex1, slots: 2}\n"
        "  - {<<: *usual, name: hex2}\n"
    )
    assert [len(node.slots) for node in load(written(tmp_path, text)).nodes] == [2, 2]


def test_the_example_loads_as_it_is() -> None:
    settings = load(ROOT / "conf/rcontrol.yaml")
    assert pickle.loads(pickle.dumps(settings)) == settings  # Ray carries them to the actors
    assert [node.name for node in settings.nodes] == ["hex1", "hex2", "mac1"]


def test_the_page_about_the_keys_is_up_to_date() -> None:
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    assert page == document(), "run: python -m rcontrol.config > docs/configuration.md"


MISTAKES_IN_A_VALUE = {
    # unknown keys
    "listen_prt: 2020": "listen_prt: is not a known key; did you mean listen_port?",
    "ray: {adress: x}": "ray.adress: is not a known key; did you mean address?",
    "ray: {zzz: x}": "ray.zzz: is not a known key; the keys there are address, dashboard_port",
    "executables: {blendr: /x}": ("executables.blendr: is not a known key; did you mean blender?"),
    # wrong types
    "listen_port: '2020'": "listen_port: is the text '2020'; write a whole number",
    "listen_port: true": (
        "listen_port: is true, which YAML reads as true or false; write a whole number"
    ),
    "listen_port: 20.5": "listen_port: is the number 20.5; write a whole number",
    "autostart: 'on'": "autostart: is the text 'on'; write true or false",
    "autostart: 1": "autostart: is the number 1; write true or false",
    "autostart:": "autostart: has no value; write true or false",
    "timeout: soon": "timeout: is the text 'soon'; write a number",
    "macs: hex1": "macs: is the text 'hex1'; write a list: [one, two]",
    "macs: {hex1: x}": "macs: is a mapping; write a list: [one, two]",
    "ray: [x]": "ray: is a list; write a mapping: {key: value}",
    "executables: blender": "executables: is the text 'blender'; write a mapping: {key: value}",
    "ssh_user: no": (
        "ssh_user: is no, which YAML reads as true or false; "
        "write text, in quotes if YAML takes it for something else"
    ),
    "ssh_user: 5": (
        "ssh_user: is the number 5; write text, in quotes if YAML takes it for something else"
    ),
    "allowed_filetypes: [.png, 2024-01-01]": (
        "allowed_filetypes[1]: is 2024-01-01, which YAML reads as a date; "
        "write text, in quotes if YAML takes it for something else"
    ),
    "on: true": "on: is a key that YAML does not read as text; write it in quotes",
    # out of range
    "listen_port: 70000": (
        "listen_port: is 70000, which is no port; write a number from 1 to 65535"
    ),
    "listen_port: 0": "listen_port: is 0, which is no port; write a number from 1 to 65535",
    "ray: {dashboard_port: -1}": (
        "ray.dashboard_port: is -1, which is no port; write a number from 1 to 65535"
    ),
    "timeout: 0": "timeout: is the number 0; write more than 0",
    "timeout: .inf": "timeout: is the number .inf; write a number",
    "timeout: .nan": "timeout: is the number .nan; write a number",
    "lease: 1": "lease: is the number 1; write 5 or more",
    "max_attempts: 0": "max_attempts: is the number 0; write 1 or more",
    "log_level: loud": (
        "log_level: is the text 'loud'; write 'everything', 'debug', 'info' or 'warning'"
    ),
    # paths, programs, addresses
    "work_dir: state": (
        "work_dir: is the relative path 'state'; write a path that starts with / or with ~/"
    ),
    "work_dir: ''": (
        "work_dir: is the relative path ''; write a path that starts with / or with ~/"
    ),
    "work_dir: ~nobody-like-this/x": (
        "work_dir: is '~nobody-like-this/x', a home that does not exist; write it out"
    ),
    "blenderpath_linux: bin/blender": (
        "blenderpath_linux: is the relative path 'bin/blender'; "
        "write a path that starts with / or a bare name that is found on the node's PATH"
    ),
    "executables: {bpy: ~/python}": (
        "executables.bpy: is the relative path '~/python'; "
        "write a path that starts with / or a bare name that is found on the node's PATH"
    ),
    "cors_origin: http://localhost:3000/": (
        "cors_origin: is 'http://localhost:3000/'; "
        "write scheme, host and port alone, such as http://localhost:3000"
    ),
    "database: mysql://me:secret@db/x": (
        "database: is no URL of a database that is supported; "
        "write sqlite:////path/of/file.db or postgresql+psycopg://user@host/name"
    ),
    "listen_addr: 0.0.0.0": (
        "listen_addr: is '0.0.0.0', which other machines can reach; "
        "write localhost, or add `auth: none` to let everybody there act"
    ),
    "listen_addr: '::'": (
        "listen_addr: is '::', which other machines can reach; "
        "write localhost, or add `auth: none` to let everybody there act"
    ),
    "auth: token": "auth: is the text 'token'; write 'none'",
    # one thing said twice
    "render_nodes: [hex2]": "render_nodes: is given twice, first in line 2; remove one of them",
    "filesystem_base_dir: /srv": (
        "filesystem_base_dir: says the same as fileserver_base_dir; remove one of them"
    ),
    # nodes that are not there
    "macs: [hex11]": "macs[0]: is 'hex11', which is not in render_nodes; did you mean hex1?",
    "renice_list: [hex1, zzz]": (
        "renice_list[1]: is 'zzz', which is not in render_nodes; add it there or remove it here"
    ),
}


@pytest.mark.parametrize(("text", "line"), MISTAKES_IN_A_VALUE.items())
def test_a_mistake_in_a_value(tmp_path: Path, text: str, line: str) -> None:
    assert line_for(tmp_path, f"{LEAST}{text}\n") == f"farm.yaml:3: {line}"


NO_NAME = "write a name without blanks and slashes that does not start with -"
MISTAKES_IN_A_NODE = {
    "hex 1": f"render_nodes[1]: is 'hex 1'; {NO_NAME}",
    "a/b": f"render_nodes[1]: is 'a/b'; {NO_NAME}",
    "-oProxyCommand": f"render_nodes[1]: is '-oProxyCommand'; {NO_NAME}",
    "''": f"render_nodes[1]: is ''; {NO_NAME}",
    "..": f"render_nodes[1]: is '..'; {NO_NAME}",
    '"hex\\x07"': f"render_nodes[1]: is 'hex\\x07'; {NO_NAME}",
    "hex1": "render_nodes[1]: is 'hex1', as render_nodes[0] is; give every node a name of its own",
    "{name: hex1}": (
        "render_nodes[1].name: is 'hex1', as render_nodes[0] is; give every node a name of its own"
    ),
    "off": (
        "render_nodes[1]: is off, which YAML reads as true or false; "
        "write a name, in quotes if YAML takes it for something else, or a mapping"
    ),
    "[a]": (
        "render_nodes[1]: is a list; "
        "write a name, in quotes if YAML takes it for something else, or a mapping"
    ),
    "{host: a}": "render_nodes[1].name: is missing; add it as docs/configuration.md says",
    "{name: a, slots: 0}": "render_nodes[1].slots: makes 0 slots; write 1 to 1000",
    "{name: a, slot: 2}": "render_nodes[1].slot: is not a known key; did you mean slots?",
    "{name: a, name: b}": (
        "render_nodes[1].name: is given twice, first in line 4; remove one of them"
    ),
    "{name: a, os: windows}": "render_nodes[1].os: is the text 'windows'; write 'linux' or 'mac'",
    "{name: a, port: 99999}": (
        "render_nodes[1].port: is 99999, which is no port; write a number from 1 to 65535"
    ),
    "{name: a, key: id_rsa}": (
        "render_nodes[1].key: is the relative path 'id_rsa'; "
        "write a path that starts with / or with ~/"
    ),
    "{name: a, executables: {bpy: 3}}": (
        "render_nodes[1].executables.bpy: is the number 3; "
        "write text, in quotes if YAML takes it for something else"
    ),
    "{name: a, executables: {terragn: x}}": (
        "render_nodes[1].executables.terragn: is not a known key; did you mean terragen?"
    ),
}


@pytest.mark.parametrize(("entry", "line"), MISTAKES_IN_A_NODE.items())
def test_a_mistake_in_a_node(tmp_path: Path, entry: str, line: str) -> None:
    text = f"fileserver_base_dir: /mnt/data\nrender_nodes:\n  - hex1\n  - {entry}\n"
    assert line_for(tmp_path, text) == f"farm.yaml:4: {line}"


MISTAKES_IN_A_FILE = {
    "": "farm.yaml: is empty; start from conf/rcontrol.yaml",
    "# nothing\n": "farm.yaml: is empty; start from conf/rcontrol.yaml",
    "- hex1\n": "farm.yaml:1: is a list; write lines of the form `key: value`",
    "hex1\n": "farm.yaml:1: is the text 'hex1'; write lines of the form `key: value`",
    "a: b: c\n": (
        "farm.yaml:1: is not YAML in column 5: mapping values are not allowed here; "
        "check indentation, quotes and brackets there"
    ),
    "macs: [a\n": (
        "farm.yaml:2: is not YAML in column 1: expected ',' or ']', but got '<stream end>'; "
        "check indentation, quotes and brackets there"
    ),
    "a: 1\n---\nb: 2\n": (
        "farm.yaml:2: is not YAML in column 1: but found another document; "
        "check indentation, quotes and brackets there"
    ),
    "work_dir: !!python/name:os.system\n": (
        "farm.yaml:1: is not YAML in column 11: could not determine a constructor for the tag "
        "'tag:yaml.org,2002:python/name:os.system'; check indentation, quotes and brackets there"
    ),
    "? [a]\n: b\n": "farm.yaml:1: is a key that YAML does not read as text; write it in quotes",
    "macs: &loop [*loop]\n": (
        "farm.yaml:1: render_nodes: is missing; add it as docs/configuration.md says"
    ),
    "render_nodes: [a]\n": (
        "farm.yaml:1: fileserver_base_dir: is missing; "
        "name the folder of the project files, such as /mnt/data"
    ),
    "\nfileserver_base_dir: /mnt/data\n": (
        "farm.yaml:2: render_nodes: is missing; add it as docs/configuration.md says"
    ),
    "fileserver_base_dir: /srv\nrender_nodes: []\n": (
        "farm.yaml:2: render_nodes: is a list; write at least one"
    ),
    "fileserver_base_dir: /srv\nrender_nodes: [{name: a, os: linux}]\nmacs: [a]\n": (
        "farm.yaml:2: render_nodes[0].os: is 'linux', but a is in macs; remove it here or there"
    ),
    f"{LEAST}timeout: 1\nnode_timeout: 2\n": (
        "farm.yaml:4: node_timeout: says the same as timeout; remove one of them"
    ),
    f"{LEAST}lease: 1\nlisten_port: x\n": "farm.yaml:3: lease: is the number 1; write 5 or more",
}


@pytest.mark.parametrize(("text", "line"), MISTAKES_IN_A_FILE.items())
def test_a_mistake_in_a_file(tmp_path: Path, text: str, line: str) -> None:
    assert line_for(tmp_path, text) == line


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "farm.yaml")
    assert str(caught.value) == (
        f"{tmp_path}/farm.yaml: cannot be read: No such file or directory; "
        "name a file that the server may read"
    )


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory; name a file"):
        load(tmp_path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "farm.yaml"
    path.write_bytes(b"ssh_user: \xff\n")
    with pytest.raises(ConfigError, match="byte 10 is not UTF-8; save the file as UTF-8"):
        load(path)


def test_characters_that_yaml_refuses(tmp_path: Path) -> None:
    line = line_for(tmp_path, "ssh_user: \x00\n")
    assert line.startswith("farm.yaml: is not YAML: ")
