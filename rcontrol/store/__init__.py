"""Keeps the farm's state in a database: the only code that imports SQLAlchemy."""

from rcontrol.store.database import sqlite_url
from rcontrol.store.store import Store

__all__ = ["Store", "sqlite_url"]
