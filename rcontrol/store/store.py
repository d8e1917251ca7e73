"""Load and save the farm's state."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Final

from sqlalchemy import Connection, Engine, bindparam, delete, or_, select, update

from rcontrol.errors import StoreError
from rcontrol.farm.model import Changes, EndedAttempt, FarmState, JobId, StoredJob
from rcontrol.farm.views import FrameResult
from rcontrol.store.copies import Restored, keep_copy, restore_if_damaged
from rcontrol.store.database import engine_for, shown, sqlite_file, upsert
from rcontrol.store.failures import as_store_error
from rcontrol.store.migrate import migrate
from rcontrol.store.rows import (
    attempt_of,
    attempt_row,
    frame_rows,
    frame_runs,
    job_of,
    job_row,
    member_of,
    member_row,
)
from rcontrol.store.tables import attempts, farm, frames, jobs, nodes

_ROWS_AT_ONCE: Final = 10_000
_JUDGED: Final = or_(attempts.c.blame.is_not(None), attempts.c.error == "")


class Store:
    """The farm's state in a database.

    What `save` and `raise_epoch` return from is on disk; what they raise from has changed nothing,
    and they may be called again. Once the epoch is raised, a Store that raised it earlier, as of a
    JobManager that was replaced, saves nothing any more.

    Every method blocks; one thread at a time may call them. What only reads may be called from
    any other thread, where it waits for the one connection. All but the constructor raise
    StoreError when the database cannot be used.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._shown_url = shown(url)
        self._engine: Engine | None = None
        self._farm_id = ""
        self._epoch: int | None = None
        self._not_copied = False
        """Whether anything was saved since the last copy."""
        self._copying = Lock()
        self.restored: Restored | None = None
        """What became of a damaged database that was found when this was opened, if one was."""

    def open(self) -> None:
        """Connect; create the tables or migrate them.

        In the place of a damaged SQLite file comes the last good copy, if there is one.

        Raises:
            StoreTooNew: a newer version of rcontrol wrote the database.
            StoreDamaged: it is damaged, and there is no copy; nothing was changed.
        """
        self.close()
        file = sqlite_file(self._url)
        with as_store_error(self._shown_url):
            if file is not None:
                self.restored = restore_if_damaged(file) or self.restored
            migrate(self._url)
        self._not_copied = True
        self._engine = engine_for(self._url)
        with self._transaction(reads_only=True) as connection:
            self._farm_id = connection.execute(select(farm.c.farm_id)).scalar_one()

    def close(self) -> None:
        """Disconnect. A closed store may be opened again."""
        if self._engine is not None:
            self._engine.dispose()
        self._engine = None
        self._epoch = None

    @property
    def farm_id(self) -> str:
        """Thirty-two hex digits made when the database was; empty until `open`."""
        return self._farm_id

    def raise_epoch(self) -> int:
        """Add one to the epoch and return it. Call it before `load`: earlier epochs are over."""
        raising = update(farm).values(epoch=farm.c.epoch + 1).returning(farm.c.epoch)
        with self._transaction() as connection:
            epoch: int = connection.execute(raising).scalar_one()
        self._epoch = epoch
        return epoch

    def load(self) -> FarmState:
        """Return all that was saved; of a new database, nothing and `autostart=None`."""
        of_job = (
            select(frames.c.frame, frames.c.status, frames.c.failures)
            .where(frames.c.job_id == bindparam("job"))
            .order_by(frames.c.frame)
            .execution_options(yield_per=_ROWS_AT_ONCE)
        )
        with self._transaction(reads_only=True) as connection:
            row = connection.execute(select(farm)).mappings().one()
            members = connection.execute(select(nodes)).mappings().all()
            queue = connection.execute(select(jobs).order_by(jobs.c.place)).mappings().all()
            return FarmState(
                row["autostart"],
                tuple(
                    StoredJob(
                        job_of(row),
                        frame_runs(connection.execute(of_job, {"job": row["id"]})),
                    )
                    for row in queue
                ),
                tuple(map(member_of, members)),
                frozenset(row["removed_nodes"] or ()),
            )

    def save(self, changes: Changes) -> None:
        """Save all changes or none of them. A deleted job's frames and attempts go with it."""
        if not changes:
            return
        with self._transaction() as connection:
            self._hold_epoch(connection)
            self._not_copied = True
            if changes.autostart is not None:
                connection.execute(update(farm).values(autostart=changes.autostart))
            if changes.removed is not None:
                removed = sorted(changes.removed)
                connection.execute(update(farm).values(removed_nodes=removed))
            upsert(connection, nodes, ["name"], map(member_row, changes.members))
            for name in changes.gone:
                connection.execute(delete(nodes).where(nodes.c.name == name))
            upsert(connection, jobs, ["id"], map(job_row, changes.jobs))
            for job, changed in changes.frames.items():
                upsert(connection, frames, ["job_id", "frame"], frame_rows(job, changed))
            upsert(connection, attempts, ["id"], map(attempt_row, changes.attempts))
            for gone in changes.deleted:
                connection.execute(delete(jobs).where(jobs.c.id == gone))

    def attempts(
        self, job: JobId, frame: int | None = None, limit: int = 100
    ) -> Sequence[EndedAttempt]:
        """Return the last `limit` attempts of a job, or of one of its frames, newest last."""
        newest = select(attempts).where(attempts.c.job_id == job)
        if frame is not None:
            newest = newest.where(attempts.c.frame == frame)
        newest = newest.order_by(attempts.c.seq.desc()).limit(limit)
        with self._transaction(reads_only=True) as connection:
            found = connection.execute(newest).mappings().all()
        return [attempt_of(row) for row in reversed(found)]

    def results(self, job: JobId, after: int, limit: int) -> Sequence[FrameResult]:
        """Return the outcomes of a job's attempts after the one numbered `after`, oldest first.

        Those that ended without a verdict are left out.
        """
        columns = attempts.c
        wanted = (
            select(columns.seq, columns.frame, columns.node, columns.seconds, columns.blame)
            .where(columns.job_id == job, columns.seq > after, _JUDGED)
            .order_by(columns.seq)
            .limit(limit)
        )
        with self._transaction(reads_only=True) as connection:
            return [
                FrameResult(number, frame, node, seconds, blame is None)
                for number, frame, node, seconds, blame in connection.execute(wanted)
            ]

    def picture(self, job: JobId, frame: int) -> str:
        """Return the path of a done frame's picture; empty: there is none."""
        newest = (
            select(attempts.c.picture)
            .where(attempts.c.job_id == job, attempts.c.frame == frame, attempts.c.error == "")
            .order_by(attempts.c.seq.desc())
            .limit(1)
        )
        with self._transaction(reads_only=True) as connection:
            return connection.execute(newest).scalar() or ""

    def keep_copy(self) -> None:
        """Have a verified copy of all that is saved beside a SQLite file; of others none is kept.

        May be called from any thread.
        """
        file = sqlite_file(self._url)
        with self._copying:
            if file is None or not self._not_copied:
                return
            self._not_copied = False
            try:
                with as_store_error(self._shown_url):
                    keep_copy(file)
            except StoreError:
                self._not_copied = True
                raise

    def _hold_epoch(self, connection: Connection) -> None:
        """Keep the epoch from being raised until the transaction ends."""
        epoch = connection.execute(select(farm.c.epoch).with_for_update()).scalar_one()
        if self._epoch is not None and epoch != self._epoch:
            raise StoreError(
                self._shown_url,
                f"another rcontrol has taken it over (epoch {epoch}, this one has {self._epoch}); "
                "end one of the two",
            )

    @contextmanager
    def _transaction(self, *, reads_only: bool = False) -> Iterator[Connection]:
        if self._engine is None:
            raise StoreError(self._shown_url, "it is not open")
        engine = self._engine.execution_options(reads_only=reads_only)
        try:
            with as_store_error(self._shown_url), engine.begin() as connection:
                yield connection
        except StoreError:
            self._engine.dispose()
            raise
