"""A real server on 127.0.0.1, for what only sockets show."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from rcontrol.web.http import HttpProtocol


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Give the URL of a uvicorn that serves `app` from another thread."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http=HttpProtocol, log_level="warning", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline, "the server did not start in time"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
