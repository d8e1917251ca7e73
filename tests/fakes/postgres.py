"""PostgreSQL's own server on a socket of its own, with everything it needs made on the spot.

It neither meets nor disturbs a server of the machine: it listens on no port, and its socket and
its data are in a temporary folder.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Final, Self, TypedDict

import psycopg
from sqlalchemy import URL

_DEADLINE_S: Final = 60.0
_ROOTS_STAND_IN: Final = "postgres"
"""Who runs it when we are root, as whom PostgreSQL refuses to run; Debian's package makes them."""
_OWNER: Final = "rcontrol"
# Nothing here outlives the machine.
_OPTIONS: Final = ("listen_addresses=", "fsync=off", "shared_buffers=16MB")


class _AsWhom(TypedDict, total=False):
    user: str
    group: int
    extra_groups: Sequence[int]


def postgres_missing() -> str | None:
    """Why there can be no `Postgres` here; None: there can."""
    if _programs() is None:
        return "PostgreSQL's server is not installed (Debian: postgresql)"
    try:
        _as_whom()
    except KeyError:
        return f"root runs PostgreSQL as {_ROOTS_STAND_IN}, and there is no such user"
    return None


class Postgres:
    """A running server, whose databases are gone with it."""

    def __init__(self) -> None:
        programs = _programs()
        assert programs is not None
        self._programs = programs
        # pytest's folders are closed to the one who runs the server
        self.folder = Path(tempfile.mkdtemp(prefix="rcontrol-postgres-"))
        """Holds its socket, its log and its data."""
        self._data = self.folder / "data"
        self._log = self.folder / "log"
        self._numbers = count(1)
        self._running: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._make()
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"farm{next(self._numbers)}"
        with psycopg.connect(
            host=str(self.folder), user=_OWNER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        url = URL.create(
            "postgresql+psycopg", username=_OWNER, database=name, query={"host": str(self.folder)}
        )
        return url.render_as_string()

    def stop(self) -> None:
        """End it, whoever is connected, and remove its folder."""
        if self._running is not None:
            self._running.send_signal(signal.SIGINT)  # its word for "do not wait for clients"
            try:
                self._running.wait(_DEADLINE_S)
            finally:
                self._running.kill()
                self._running.wait()
                self._running = None
        shutil.rmtree(self.folder)

    def _make(self) -> None:
        if "user" in (whom := _as_whom()):
            shutil.chown(self.folder, whom["user"], whom["group"])
        argv = [str(self._programs / "initdb"), f"--pgdata={self._data}", f"--username={_OWNER}"]
        argv += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            **whom,
        )
        assert made.returncode == 0, made.stdout

    def _start(self) -> None:
        argv = [str(self._programs / "postgres"), "-D", str(self._data), "-k", str(self.folder)]
        for option in _OPTIONS:
            argv += ["-c", option]
        with self._log.open("wb") as log:
            self._running = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                **_as_whom(),
            )
        deadline = time.monotonic() + _DEADLINE_S
        while not self._is_ready():
            if self._running.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"PostgreSQL did not start:\n{self._log.read_text()}")
            time.sleep(0.01)

    def _is_ready(self) -> bool:
        try:
            said = (self._data / "postmaster.pid").read_text()
        except FileNotFoundError:
            return False
        return said.rstrip().endswith("\nready")


def _programs() -> Path | None:
    """Where `initdb` and `postgres` are; of several versions, those of the newest."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if found:  # Debian keeps them off PATH
        return max(found, key=lambda path: float(path.parent.name))
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


def _as_whom() -> _AsWhom:
    """As whom it runs; raises KeyError when root has nobody for that."""
    if os.geteuid():
        return {}
    stand_in = pwd.getpwnam(_ROOTS_STAND_IN)
    return {"user": _ROOTS_STAND_IN, "group": stand_in.pw_gid, "extra_groups": ()}
