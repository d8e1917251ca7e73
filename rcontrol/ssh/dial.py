"""Opening an authenticated connection; blocking, and every failure becomes one sentence."""

import logging
import shlex
import socket
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from paramiko import (
    ChannelException,
    MissingHostKeyPolicy,
    PKey,
    ProxyCommand,
    SSHClient,
    SSHException,
    Transport,
)
from paramiko.channel import Channel

from rcontrol.ssh.hosts import Endpoint
from rcontrol.ssh.identities import Identities, KeysRefused
from rcontrol.ssh.known_hosts import KnownHosts

_PROXY_GRACE_S: Final = 1.0
_PARAMIKO_LOG: Final = "rcontrol.ssh.paramiko"
# paramiko logs each lost connection with a traceback; here each one becomes a cause
logging.getLogger(_PARAMIKO_LOG).setLevel(logging.CRITICAL)


class CannotConnect(Exception):
    """No connection; the text says what happened and what to do."""


class WatchedTransport(Transport):
    """Says when it has ended, so that nobody has to ask."""

    on_end: Callable[[], None] | None = None
    """Called once, on this thread."""

    def run(self) -> None:
        """Serve the connection until its end."""
        try:
            super().run()
        finally:
            if self.on_end is not None:
                self.on_end()


class _Proxy(ProxyCommand):
    """A ProxyCommand that may be closed again after its process was waited for.

    `ProxyCommand.close` signals a pid, which is nobody's or another's by then.
    """

    def close(self) -> None:
        """Tell the process to end, unless it has."""
        self.process.terminate()


class Line:
    """A connection that is open: its transport, and those of the jump hosts it goes through."""

    def __init__(self, transport: WatchedTransport, clients: list[SSHClient]) -> None:
        self.transport = transport
        self._clients = clients

    def hang_up(self) -> None:
        """Close it; takes some milliseconds even when the other side does not answer."""
        _shut(self.transport.sock)  # wakes the transport's thread, for which close waits
        _close(self._clients)


def dial(endpoint: Endpoint, timeout_s: float, silence_s: float) -> Line:
    """Connect and log in; each step may take `timeout_s`.

    The kernel gives the connection up when what was sent stays unacknowledged for `silence_s`.
    Raises CannotConnect.
    """
    timeout_s = min(timeout_s, endpoint.connect_timeout_s or timeout_s)
    clients: list[SSHClient] = []
    transport: WatchedTransport | None = None
    try:
        for hop in _hops(endpoint):
            sock = _socket(hop, transport, timeout_s, silence_s)
            client = SSHClient()
            clients.append(client)
            try:
                transport = _log_in(client, sock, hop, timeout_s)
            except CannotConnect as error:
                raise error if hop is endpoint else _through(hop, error) from error
    except BaseException:
        _close(clients)
        raise
    assert transport is not None
    return Line(transport, clients)


def _through(hop: Endpoint, error: CannotConnect) -> CannotConnect:
    return CannotConnect(f"at the jump host {hop}: {error}")


def _hops(endpoint: Endpoint) -> Iterable[Endpoint]:
    if endpoint.jump is not None:
        yield from _hops(endpoint.jump)
    yield endpoint


def _socket(
    to: Endpoint, over: Transport | None, timeout_s: float, silence_s: float
) -> socket.socket | Channel | ProxyCommand:
    where = f"{to.host}:{to.port}"
    try:
        if over is not None:
            return over.open_channel(
                "direct-tcpip", (to.host, to.port), ("127.0.0.1", 0), timeout=timeout_s
            )
        if to.proxy_command:
            return _Proxy(f"/bin/sh -c {shlex.quote('exec ' + to.proxy_command)}")
        sock = socket.create_connection((to.host, to.port), timeout=timeout_s)
    except ChannelException as error:
        raise CannotConnect(
            f"the jump host could not connect to {where} ({error.text}); check address and port,"
            " and AllowTcpForwarding on the jump host"
        ) from error
    except SSHException as error:
        raise CannotConnect(f"the jump host did not connect to {where} ({error})") from error
    except socket.gaierror as error:
        raise CannotConnect(
            f"the name {to.host} cannot be resolved ({error.strerror}); check it, or set host in"
            " the node's settings or HostName in ~/.ssh/config"
        ) from error
    except ConnectionRefusedError as error:
        raise CannotConnect(
            f"{where} refused the connection; start sshd there, or correct the port"
        ) from error
    except TimeoutError as error:
        raise CannotConnect(
            f"{where} did not answer within {timeout_s:g} s; check that it is switched on and that"
            " no firewall is in between"
        ) from error
    except OSError as error:
        raise CannotConnect(
            f"{where} cannot be reached ({error.strerror or error}); check network and address"
        ) from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; frees a send that no packet answers
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(silence_s * 1000))
    return sock


def _log_in(
    client: SSHClient,
    sock: socket.socket | Channel | ProxyCommand,
    to: Endpoint,
    timeout_s: float,
) -> WatchedTransport:
    where = f"{to.host}:{to.port}"
    transport: WatchedTransport | None = None
    try:
        known = KnownHosts(to.known_hosts)
        made = transport = WatchedTransport(sock)
        security = transport.get_security_options()
        security.key_types = tuple(known.preferred(to.known_as, security.key_types))
        client.set_log_channel(_PARAMIKO_LOG)
        client.set_missing_host_key_policy(_Check(to, known))
        client.connect(
            to.known_as,  # only names the host key: the socket is there
            username=to.user,
            sock=sock,
            timeout=timeout_s + 1,  # lets the banner's timeout speak first
            banner_timeout=timeout_s,
            auth_timeout=timeout_s,
            channel_timeout=timeout_s,
            auth_strategy=Identities(to),
            transport_factory=lambda _sock, **_options: made,
        )
    except KeysRefused as error:
        raise CannotConnect(str(error)) from error
    except PermissionError as error:
        raise CannotConnect(
            f"{error.filename} cannot be read; correct its owner or mode"
        ) from error
    except (SSHException, OSError, EOFError) as error:
        if transport is not None and transport.remote_version:
            raise CannotConnect(
                f"{where} ended the connection during login ({_said(error)}); see its sshd's log"
            ) from error
        raise CannotConnect(
            f"{where} did not greet as an SSH server within {timeout_s:g} s ({_said(error)});"
            " check the port, and the state and MaxStartups of the sshd there"
        ) from error
    finally:
        if transport is None:
            _shut(sock)
    return transport


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


class _Check(MissingHostKeyPolicy):
    """Lets only known host keys pass; the client, which knows none itself, asks for each."""

    def __init__(self, to: Endpoint, known: KnownHosts) -> None:
        self._to, self._known = to, known

    def missing_host_key(
        self,
        client: SSHClient,  # noqa: ARG002
        hostname: str,
        key: PKey,
    ) -> None:
        """Raises CannotConnect unless the key is known."""
        name, file = hostname, self._to.known_hosts[0]
        keys = self._known.keys(name)
        shown = f"{key.get_name()} {key.fingerprint}"
        if self._known.is_revoked(name, key):
            raise CannotConnect(f"the host key of {name} ({shown}) is revoked in known_hosts")
        if key in keys:
            return
        if keys:
            self._changed(name, file, keys, shown)
        raise CannotConnect(
            f"the host key of {name} is not known; it shows {shown}; if `ssh-keygen -lf` says the"
            f" same of its key on the node itself, trust it with: {self._trust(name, file, key)}"
        )

    def _changed(self, name: str, file: str, keys: list[PKey], shown: str) -> NoReturn:
        known = " or ".join(f"{key.get_name()} {key.fingerprint}" for key in keys)
        raise CannotConnect(
            f"the host key of {name} has changed: it shows {shown} but is known by {known};"
            " someone may be listening in, or the node was installed anew; in the latter case"
            f" forget the old key with: ssh-keygen -R {shlex.quote(name)} -f {shlex.quote(file)}"
        )

    def _trust(self, name: str, file: str, key: PKey) -> str:
        to, folder = self._to, Path(file).parent
        if to.jump or to.proxy_command or to.host_key_alias:  # not where ssh-keyscan looks
            line = shlex.quote(f"{name} {key.get_name()} {key.get_base64()}")
            command = f"echo {line}"
        else:
            kind = key.get_name().removeprefix("ssh-").partition("-")[0]
            command = f"ssh-keyscan -t {kind} -p {to.port} {shlex.quote(to.host)}"
        make = "" if folder.is_dir() else f"mkdir -p -m 700 {shlex.quote(str(folder))} && "
        return f"{make}{command} >> {shlex.quote(file)}"


def _close(clients: list[SSHClient]) -> None:
    for client in reversed(clients):
        transport = client.get_transport()
        client.close()
        sock: object = transport and transport.sock
        if isinstance(sock, ProxyCommand):  # told to end, but not yet waited for
            with sock.process as process:
                try:
                    process.wait(_PROXY_GRACE_S)
                except subprocess.TimeoutExpired:
                    process.kill()


def _shut(sock: socket.socket | Channel | ProxyCommand) -> None:
    with suppress(OSError):
        if isinstance(sock, socket.socket):
            sock.shutdown(socket.SHUT_RDWR)
        else:
            sock.close()
