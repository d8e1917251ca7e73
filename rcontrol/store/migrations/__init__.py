"""The Alembic environment: `env.py` runs what is in `versions`."""
