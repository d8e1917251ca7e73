"""`python -m rcontrol` is `rcontrol`."""

from rcontrol.cli.main import app

# Pictures are made in processes that load this module, under another name.
if __name__ == "__main__":
    app()
