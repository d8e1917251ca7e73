"""Keeps the farm's state in a database: the only code that imports SQLAlchemy."""
