"""The database's tables. Every change here needs a new revision in `migrations`."""

import re
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
)

_NOT_STORABLE: Final = re.compile(r"[\\\x00\ud800-\udfff]")
_ESCAPED: Final = re.compile(r"\\u([0-9a-f]{4})")


class AnyText(TypeDecorator[str]):
    r"""Any `str`, also one that UTF-8 or PostgreSQL cannot hold.

    File names and renderers' output may hold NUL and lone surrogates (bytes that are no UTF-8).
    Those, and the backslash, are kept as `\uXXXX`.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Escape what cannot be stored."""
        if value is None:
            return None
        return _NOT_STORABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Undo `process_bind_param`."""
        if value is None or "\\" not in value:
            return value
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)


metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

farm: Final = Table(
    "farm",
    metadata,
    Column("farm_id", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("autostart", Boolean),
    Column("removed_nodes", JSON),
)
"""One row, made together with the tables."""

nodes: Final = Table(
    "nodes",
    metadata,
    Column("name", AnyText, primary_key=True),
    Column("settings", JSON, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("added", Boolean, nullable=False),
    Column("duty", Text, nullable=False),
    Column("duty_reason", AnyText, nullable=False),
    Column("duty_since", Double, nullable=False),
    Column("successor", JSON(none_as_null=True)),
)

jobs: Final = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("name", AnyText, nullable=False),
    Column("path", AnyText, nullable=False),
    Column("engine", Text, nullable=False),
    Column("start_frame", BigInteger, nullable=False),
    Column("end_frame", BigInteger, nullable=False),
    Column("expression", Text),
    Column("output", AnyText, nullable=False),
    Column("scene", AnyText, nullable=False),
    Column("args", JSON, nullable=False),
    Column("publish", Text, nullable=False, server_default="fenced"),
    Column("priority", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("nodes", JSON, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", AnyText, nullable=False),
    Column("elapsed_s", Double, nullable=False),
    Column("counted_to", Double, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("stopped_at", Double, nullable=False),
)

frames: Final = Table(
    "frames",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("frame", BigInteger, primary_key=True, autoincrement=False),
    Column("status", SmallInteger, nullable=False),
    Column("failures", SmallInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Frames that were tried; one that never was has no row."""

attempts: Final = Table(
    "attempts",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("frame", BigInteger, nullable=False),
    Column("node", Text, nullable=False),
    Column("assigned_at", Double, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("error", AnyText, nullable=False),
    Column("blame", Text),
    Column("picture", AnyText),
    Index(None, "job_id", "seq"),
    Index(None, "job_id", "frame", "seq"),
)
"""Ended attempts; `seq` counts them in the order in which they were saved."""
