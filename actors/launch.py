"""Composition root: configuration -> Ray -> store -> actors -> web server."""

import asyncio
import fcntl
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import uvicorn

from actors.cluster import FARM_FILE, joined
from actors.shutdown import Shutdown
from rcontrol.config import Settings, load
from rcontrol.errors import RcontrolError
from rcontrol.framelogs import Logs
from rcontrol.logs import set_up_logging
from rcontrol.storage import Storage
from rcontrol.web.app import create_app
from rcontrol.web.http import HttpProtocol
from rcontrol.web.live import Live
from rcontrol.web.site import page_routes

log = logging.getLogger(__name__)

READY_S: Final = 60.0
CLOSE_S: Final = 30.0


class CannotServe(RcontrolError):
    """The server cannot start; says what to do."""

    def __str__(self) -> str:
        return str(self.args[0])


def serve(config: Path) -> int:
    """Run the farm until SIGINT or SIGTERM and return the exit status 0.

    Raises:
        ConfigError: the configuration file has a mistake.
        RcontrolError: it cannot start; says why and what to do.
    """
    settings = load(config)
    with _work_dir(settings), _listening(settings) as listener, joined(settings) as address:
        _run(config, settings, listener, address)
    return 0


def _run(config: Path, settings: Settings, listener: socket.socket, address: str) -> None:
    # Imported late: Ray reads its environment when it is imported.
    from actors.handles import answer_now, start_job_manager
    from actors.ray_farm import RayFarm

    manager = start_job_manager(settings)
    try:
        answer_now(manager.start.remote(), READY_S)
        if restored := answer_now(manager.restored.remote(), READY_S):
            print(f"rcontrol: {restored}", file=sys.stderr, flush=True)
        # A JobManager on a cluster may have started long before the file was last changed.
        answer_now(manager.list_nodes.remote(settings.nodes, False), READY_S)
        farm = RayFarm(manager, config)
        with _announced(config, settings, address, listener):
            asyncio.run(_serve_http(settings, farm, listener))
    finally:
        if not settings.ray.address:
            with suppress(RcontrolError, TimeoutError):
                answer_now(manager.close.remote(), CLOSE_S)


async def _serve_http(settings: Settings, farm: Any, listener: socket.socket) -> None:
    following = asyncio.create_task(farm.follow())
    await farm.wait_until_ready(READY_S)
    host, port = listener.getsockname()[:2]
    app = create_app(
        farm,
        Storage(settings.base_dir),
        Logs(settings.logs_dir),
        cors_origin=settings.cors_origin,
        filetypes=settings.allowed_filetypes,
        hosts=(settings.listen_addr, socket.gethostname(), *settings.server_names),
        extra_routes=page_routes(),
    )
    server = _Server(
        uvicorn.Config(
            app,
            http=HttpProtocol,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        ),
        app.state.live,
    )
    # Actors on a cluster go on, and so do their frames.
    shutdown = Shutdown(farm, 0.0 if settings.ray.address else settings.drain_s, server.stop)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, shutdown.signalled)
    log.info("server.listening", extra={"address": host, "port": port})
    await server.serve(sockets=[listener])
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to us.

    It would raise them again when it has stopped, and end the process before the farm is closed.
    """

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live = live

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the pages' streams, which would be waited for, then the server."""
        await self._live.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


@contextmanager
def _work_dir(settings: Settings) -> Iterator[None]:
    """Make the farm's folder and hold it, so that no second server uses it."""
    folder = settings.work_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        set_up_logging(settings.log_level, settings.log_file, echo=True)
        lock = (folder / "lock").open("a")
    except OSError as error:
        raise CannotServe(
            f"{error.filename}: {error.strerror}; see work_dir and log_file_path"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotServe(
                f"another rcontrol serves from {folder}; stop it, or set another work_dir"
            ) from None
        yield


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """Take the port before anything is started."""
    where = f"{settings.listen_addr}:{settings.listen_port}"
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            settings.listen_addr, settings.listen_port, type=socket.SOCK_STREAM
        )[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        raise CannotServe(
            f"cannot listen on {where}: {error.strerror}; see listen_addr and listen_port"
        ) from None
    with listener:
        yield listener


@contextmanager
def _announced(
    config: Path, settings: Settings, address: str, listener: socket.socket
) -> Iterator[None]:
    """Say in the work folder where notebooks on this machine find the farm."""
    file = settings.work_dir / FARM_FILE
    host, port = listener.getsockname()[:2]
    facts = {
        "pid": os.getpid(),
        "ray": address,
        "http": f"{host}:{port}",
        "config": str(config.absolute()),
    }
    file.write_text(json.dumps(facts))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
