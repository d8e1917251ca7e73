"""One renderer process on this machine, talked to as on a node: a pipe in, a file out."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from rcontrol.engines.base import Begun, Engine, Line, Outdated, Problem, Ready, Rendered
from rcontrol.farm.model import JobSpec
from rcontrol.farm.settings import NodeSettings

PATIENCE_S = 120.0


@dataclass
class LocalSession:
    """Runs an engine's renderer for one job."""

    engine: Engine
    spec: JobSpec
    executables: Mapping[str, str]
    folder: Path
    """Takes the renderer's output."""
    lines: list[tuple[float, Line]] = field(default_factory=list)
    """Everything understood so far, with the time it was read, in seconds."""

    def __enter__(self) -> Self:
        node = NodeSettings("local", executables=self.executables)
        argv = self.engine.command(self.spec, node)
        self.output = self.folder / f"output-{time.monotonic_ns()}"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=output, stderr=output, cwd=self.folder
            )
        self._stream = self.output.open(errors="surrogateescape", newline="\n")
        self._partial = ""
        self._orders = 0
        self._reader = self.engine.reader(self.spec)
        self._incoming = self._read()
        self.send(self.engine.settings_line(self.spec))
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self._stream.close()

    def send(self, line: str) -> None:
        assert self.process.stdin
        try:
            self.process.stdin.write(line.encode("ascii") + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def order(self, frame: int, *, overwrite: bool = False, hidden: str = "") -> None:
        self._orders += 1
        name = f"1-{self._orders}"
        line = self.engine.order_line(
            self.spec, frame, name=name, overwrite=overwrite, hidden=hidden
        )
        self.send(line)

    def until(self, wanted: Callable[[Line], bool]) -> Line:
        """Return the next line that is wanted, or the problem that a premature end is."""
        for line in self._incoming:
            if wanted(line):
                return line
        return self._reader.explain_exit(self.exit_status())

    def ready(self) -> Line:
        return self.until(lambda line: isinstance(line, Ready) or _ends(line))

    def render(self, frame: int, *, overwrite: bool = False, hidden: str = "") -> Line:
        """Order a frame and return how it ended."""
        self.order(frame, overwrite=overwrite, hidden=hidden)
        return self.until(_ends)

    def finish(self) -> int:
        """Close the input and return the exit status."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.exit_status()

    def exit_status(self) -> int:
        """Return the exit status as a shell would."""
        status = self.process.wait(PATIENCE_S)
        return status if status >= 0 else 128 - status

    def begun(self, frame: int) -> float:
        """Return when the frame's begin was read."""
        return next(at for at, line in self.lines if line == Begun(frame))

    def _read(self) -> Iterator[Line]:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            ended = self.process.poll() is not None
            *whole, self._partial = (self._partial + self._stream.read()).split("\n")
            for text in whole:
                line = self._reader.read_line(text)
                if line is not None:
                    self.lines.append((time.monotonic(), line))
                    yield line
            if ended:
                return
            if not whole:
                time.sleep(0.0005)
        raise AssertionError(f"nothing came: {self.output.read_text(errors='replace')[-2000:]}")


def _ends(line: Line) -> bool:
    return isinstance(line, Rendered | Outdated) or (isinstance(line, Problem) and line.ends_frame)
