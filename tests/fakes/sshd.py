"""OpenSSH's own server, with everything it needs made on the spot."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

_DEADLINE_S = 10.0


def sshd_missing() -> str | None:
    """Why there can be no `Sshd` here; None: there can."""
    if _sshd() is None:
        return "OpenSSH's sshd is not installed (Debian: openssh-server)"
    if shutil.which("ssh-keygen") is None:
        return "ssh-keygen is not installed (Debian: openssh-client)"
    return None if Path("/proc/self/stat").exists() else "there is no /proc"


class Sshd:
    """A running sshd, and the home of a client that trusts it and may log in.

    `home/.ssh/config` names it by each of `names`; with HOME set to `home` a node needs no more
    settings than one of these names. `environment` is what logins get on top of sshd's own.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str] = ("hex1",),
        *,
        max_sessions: int = 64,
        address: str = "127.0.0.1",
        environment: Mapping[str, str] | None = None,
        within: Sequence[str] = (),
    ) -> None:
        """`within`: a command that runs another in the network that has `address`."""
        self.folder, self.names, self.max_sessions = folder, tuple(names), max_sessions
        self.address, self.environment = address, dict(environment or {})
        self._within = tuple(within)
        self.more_options = ""
        """Further lines of sshd_config, from the next start on."""
        self.home = folder / "home"
        self.node_home = folder / "node_home"
        self.port = free_port()
        self.client_key = self.home / ".ssh" / "id_test"
        self.known_hosts = self.home / ".ssh" / "known_hosts"
        self.log = folder / "sshd.log"
        self._running: subprocess.Popen[bytes] | None = None
        self._orphans: set[int] = set()
        (self.home / ".ssh").mkdir(mode=0o700, parents=True)
        self.node_home.mkdir()
        for kind in ("ed25519", "ecdsa"):
            keygen(folder / f"host_{kind}", kind)
        keygen(self.client_key, "ed25519")
        shutil.copy(self.client_key.with_suffix(".pub"), folder / "authorized_keys")
        self.known_hosts.write_text(self.known_as(address, self.port))
        self.write_client_config()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Of the listening process."""
        assert self._running is not None, "not started"
        return self._running.pid

    def start(self) -> None:
        """Start it on its port and wait until it listens."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # Debian's starts only with it
        program = _sshd()
        assert program is not None
        config = self.folder / "sshd_config"
        config.write_text("\n".join(self._options(program)))
        self._running = subprocess.Popen(
            [*self._within, program, "-D", "-f", str(config), "-E", str(self.log)],
            stdin=subprocess.DEVNULL,
            cwd="/",
        )
        deadline = time.monotonic() + _DEADLINE_S
        while not _listens(self.address, self.port):
            if self._running.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"sshd did not start:\n{self.log.read_text()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it and its connections; `start` brings it back on the same port."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As `stop`, without a chance to say goodbye."""
        self._end(signal.SIGKILL)

    def kill_listener(self) -> None:
        """Kill the listening process alone; connections go on, and `start` brings it back."""
        assert self._running is not None, "not started"
        self._orphans.update(self.connections())
        self._running.kill()
        self._running.wait(_DEADLINE_S)

    def connections(self) -> set[int]:
        """Return the processes that serve connections."""
        orphans = {pid for pid, _, command in _processes() if command.startswith("sshd")}
        self._orphans &= orphans
        return {*self._connections(self.pid), *self._orphans}

    def drop_connections(self) -> int:
        """Kill the processes that serve connections, not what was started over them.

        Returns how many connections there were.
        """
        mine = self.connections()
        for pid in mine:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(mine)

    def write_client_config(self, more: str = "") -> None:
        """Write `home/.ssh/config`; `more` are further options of the names."""
        (self.home / ".ssh" / "config").write_text(
            f"Host {' '.join(self.names)}\n"
            f"  HostName {self.address}\n  Port {self.port}\n  User {getpass.getuser()}\n"
            f"  IdentityFile {self.client_key}\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.known_hosts}\n{more}"
        )

    def known_as(self, host: str, port: int, kind: str = "ed25519") -> str:
        """The line of a known_hosts file by which this server is known at another address."""
        key = (self.folder / f"host_{kind}.pub").read_text().split()
        return f"[{host}]:{port} {key[0]} {key[1]}\n"

    def _options(self, program: str) -> Iterator[str]:
        yield f"Port {self.port}"
        yield f"ListenAddress {self.address}"
        for kind in ("ed25519", "ecdsa"):
            yield f"HostKey {self.folder / f'host_{kind}'}"
        yield f"AuthorizedKeysFile {self.folder / 'authorized_keys'}"
        # nothing of this user's start files
        environment = {"HOME": str(self.node_home), **self.environment}
        yield "SetEnv " + " ".join(f"{name}={value}" for name, value in environment.items())
        yield f"MaxSessions {self.max_sessions}"
        yield "MaxStartups 100"
        yield "StrictModes no"
        yield "UsePAM no"
        yield "PidFile none"
        yield "PermitRootLogin prohibit-password"
        yield "PasswordAuthentication no"
        yield "KbdInteractiveAuthentication no"
        yield "AllowTcpForwarding yes"
        yield "LogLevel VERBOSE"
        yield self.more_options
        penalties = "PerSourcePenalties=no"  # known from OpenSSH 9.8 on, which has them
        probe = [program, "-t", "-o", penalties, "-h", str(self.folder / "host_ed25519")]
        known = subprocess.run([*probe, "-f", "/dev/null"], check=False, capture_output=True)
        if known.returncode == 0:
            yield penalties.replace("=", " ")

    def _end(self, how: signal.Signals) -> None:
        if self._running is None:
            return
        served = self.connections()
        self._running.send_signal(how)
        self._running.wait(_DEADLINE_S)
        for pid in served:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._running = None

    def _connections(self, parent: int) -> Iterator[int]:
        for pid, above, command in list(_processes()):
            if above == parent and command.startswith("sshd"):
                yield pid
                yield from self._connections(pid)


def free_port() -> int:
    """A port on which nobody listens at the moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def keygen(path: Path, kind: str = "ed25519", passphrase: str = "") -> None:
    """Make a key pair `path` and `path.pub`."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )


def _sshd() -> str | None:
    # sshd starts itself again for each connection and must be called by its full path
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


def _listens(address: str, port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex((address, port)) == 0


def _processes() -> Iterator[tuple[int, int, str]]:
    """Pid, pid of the parent, and command of every process."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, _, rest = stat.read_text("utf-8", "replace").partition(" (")
            command, _, fields = rest.rpartition(") ")
            yield int(pid), int(fields.split()[1]), command
