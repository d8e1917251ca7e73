"""The Ray that the actors live in: an embedded one that ends with the server, or a cluster."""

import json
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from actors import leftovers, vigil
from rcontrol.config import Settings
from rcontrol.errors import FarmUnavailable

log = logging.getLogger(__name__)

NAMESPACE: Final = "rcontrol"
OBJECT_STORE_BYTES: Final = 80 * 1024 * 1024
"""Ray's smallest; the farm passes only small messages."""
FARM_FILE: Final = "farm.json"
"""In the work folder while the server runs: where this machine's notebooks find the farm."""
_TOKEN_FILE: Final = "ray-token"
_LONGEST_RAY_DIR: Final = 40
"""Bytes of Ray's folder: the socket paths under it must stay within the 107 that Linux allows."""


@contextmanager
def joined(settings: Settings) -> Iterator[str]:
    """Start an embedded Ray, or join the configured cluster; yields its address.

    Call on the main thread, before anything else uses Ray.
    """
    if settings.ray.address:
        with _connected(settings.ray.address) as address:
            yield address
    else:
        with _embedded(settings) as address:
            yield address


@contextmanager
def _connected(address: str) -> Iterator[str]:
    join(address)
    import ray

    try:
        yield address
    finally:
        ray.shutdown()


@contextmanager
def _embedded(settings: Settings) -> Iterator[str]:
    with _ray_dir(settings.work_dir) as folder:
        token = settings.work_dir / _TOKEN_FILE
        if not token.exists():
            descriptor = os.open(token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32))
        _stay_local(settings.work_dir)
        import ray

        context: Any = ray.init(
            address="local",
            namespace=NAMESPACE,
            object_store_memory=OBJECT_STORE_BYTES,
            include_dashboard=True,
            dashboard_host="127.0.0.1",
            dashboard_port=settings.ray.dashboard_port,
            log_to_driver=False,
            _node_ip_address="127.0.0.1",
            _temp_dir=str(folder),
        )
        leftovers.record(settings.work_dir, folder)
        try:
            with vigil.kept(_lost):
                yield str(context.address_info["address"])
        finally:
            ray.shutdown()


def _lost(part: str) -> None:
    """End at once: whoever keeps the server up starts it again, with a new Ray."""
    log.critical("ray.lost", extra={"part": part})
    os._exit(1)


@contextmanager
def _ray_dir(work_dir: Path) -> Iterator[Path]:
    """Yield a folder for the embedded Ray, after clearing up after a killed predecessor."""
    leftovers.clear(work_dir)
    folder = work_dir / "ray"
    if len(os.fsencode(folder)) > _LONGEST_RAY_DIR:
        folder = Path(tempfile.mkdtemp(prefix="rcontrol-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def join_local(work_dir: Path) -> Path:
    """Join the embedded Ray of the server that runs from `work_dir`, for a notebook.

    Returns that server's configuration file.

    Raises:
        FarmUnavailable: no server runs there.
    """
    try:
        facts = json.loads((work_dir / FARM_FILE).read_text())
        address, config = facts["ray"], Path(facts["config"])
    except (OSError, ValueError, KeyError):
        raise FarmUnavailable(f"no rcontrol serves from {work_dir}") from None
    _stay_local(work_dir)
    join(address)
    return config


def join(address: str) -> None:
    """Join a Ray cluster unless this process already has."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Here and elsewhere: Ray reads its environment when it is imported.
    import ray

    if not ray.is_initialized():
        try:
            ray.init(
                address=address,
                namespace=NAMESPACE,
                log_to_driver=False,
                logging_level=logging.WARNING,
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise FarmUnavailable(f"no Ray answers at {address}: {error}") from None


def _stay_local(work_dir: Path) -> None:
    """Keep the embedded Ray on this machine and to this farm; before Ray is imported.

    Its token lives with the farm, not in the user's home. Without the switch Ray looks up an
    address at which other machines could reach it, and listens on all of them, whatever node
    address it is given; macOS and Windows have it off by default.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(work_dir / _TOKEN_FILE)
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
