"""The Ray actors and all that starts them: the only code that imports ray."""

from actors.notebook import connect

__all__ = ["connect"]
