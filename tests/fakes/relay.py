"""A network that can fail: forwards TCP connections to a port, until it is told not to."""

import selectors
import socket
import threading
from contextlib import suppress
from typing import Self


class Relay:
    """Listens on 127.0.0.1 and passes on what comes, on a thread of its own."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._frozen = threading.Event()
        self._refusing = threading.Event()
        self._stop, self._stopped = socket.socketpair()
        self._peers: dict[socket.socket, socket.socket] = {}
        self._thread = threading.Thread(target=self._forward, name="relay", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.send(b".")
        self._thread.join(10)
        for sock in (*self._peers, self._listener, self._stop, self._stopped):
            sock.close()

    def freeze(self) -> None:
        """From now on everything is swallowed and nobody is told, as when a cable is pulled."""
        self._frozen.set()

    def thaw(self) -> None:
        """Forward again."""
        self._frozen.clear()

    def refuse(self) -> None:
        """Close all connections, and new ones as they come."""
        self._refusing.set()
        self.cut()

    def cut(self) -> None:
        """Close all connections."""
        for sock in list(self._peers):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _forward(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._listener, selectors.EVENT_READ)
            waiting.register(self._stopped, selectors.EVENT_READ)
            while True:
                for ready, _ in waiting.select():
                    sock = ready.fileobj
                    assert isinstance(sock, socket.socket)
                    if sock is self._stopped:
                        return
                    if sock is self._listener:
                        self._accept(waiting)
                    else:
                        self._pass_on(sock, waiting)

    def _accept(self, waiting: selectors.BaseSelector) -> None:
        near, _ = self._listener.accept()
        if self._refusing.is_set():
            near.close()
            return
        far = socket.create_connection(("127.0.0.1", self._to_port))
        for one, other in ((near, far), (far, near)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._peers[one] = other
            waiting.register(one, selectors.EVENT_READ)

    def _pass_on(self, sock: socket.socket, waiting: selectors.BaseSelector) -> None:
        if sock not in self._peers:
            return
        peer = self._peers[sock]
        data = b""
        with suppress(OSError):
            data = sock.recv(65536)
            if data and not self._frozen.is_set():
                peer.sendall(data)
        if not data:
            for end in (sock, peer):
                waiting.unregister(end)
                del self._peers[end]
                end.close()
