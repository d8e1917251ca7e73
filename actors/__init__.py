"""The Ray actors and all that starts them: the only code that imports ray."""

from actors.notebook import NotebookFarm, connect

__all__ = ["NotebookFarm", "connect"]
