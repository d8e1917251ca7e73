"""A renderer that does what its project file says, misbehaving included.

`python renderer.py PROJECT`. The project is JSON: {"out": FOLDER, "acts": {FRAME: ACT},
"act": ACT}; an act is a list of words, see `Renderer`. It prints lines of MARK, a word and JSON,
and reads orders `FRAME OVERWRITE NAME HIDDEN` after one line of settings. OUT/rendered gets a line
for each frame it begins.
"""

import json
import os
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

MARK = "@scripted@"


def png(width: int = 8, height: int = 8) -> bytes:
    """A small grey picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body)
        return len(body).to_bytes(4, "big") + kind + body + checksum.to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    rows = b"".join(b"\0" + bytes([128] * width) for _ in range(height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def say(what: str, **facts: object) -> None:
    print(f"\n{MARK} {what} {json.dumps(facts)}", flush=True)


class Renderer:
    """One method for each act; its words are the arguments."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.script = json.loads(project.read_text())
        self.out = Path(self.script["out"])
        self.memory_mb = 100.0
        self.frame = 0
        self.told_at = 0.0
        self.overwrite = False
        self.hidden = ""

    @property
    def place(self) -> Path:
        return self.out / f"f_{self.frame:04d}.png"

    @property
    def file(self) -> Path:
        """Where the picture is made."""
        folder = self.out / self.hidden
        folder.mkdir(parents=True, exist_ok=True)
        return folder / self.place.name

    def serve(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        with (self.out / "pids").open("a") as pids:
            pids.write(f"{os.getpid()}\n")
        sys.stdin.readline()
        for word in self.script.get("start", []):
            self.act([word])
        say("ready")
        taken = set()
        for line in iter(sys.stdin.readline, ""):
            frame, overwrite, name, *hidden = line.split()
            if name in taken:
                continue
            taken.add(name)
            with (self.out / "rendered").open("a") as rendered:
                rendered.write(f"{frame}\n")
            if self.told_at:
                with (self.out / "gaps").open("a") as gaps:
                    gaps.write(f"{time.monotonic() - self.told_at}\n")
            self.frame, self.overwrite = int(frame), overwrite == "True"
            self.hidden = "".join(hidden)
            self.note_hidden()
            say("begun", frame=self.frame)
            self.act(self.script.get("acts", {}).get(frame, self.script.get("act", ["save"])))

    def act(self, words: list[str]) -> None:
        name, *arguments = words
        getattr(self, name)(*arguments)

    def note_hidden(self) -> None:
        with Path(os.environ["RCONTROL_HIDDEN"]).open("a") as folders:
            folders.write(f"{self.out / self.hidden}\n")

    def rendered(self, skipped: bool = False) -> None:
        say(
            "rendered",
            frame=self.frame,
            files=[(str(self.place), str(self.place if skipped else self.file))],
            skipped=skipped,
            memory_mb=self.memory_mb,
        )
        self.told_at = time.monotonic()

    def save(self) -> None:
        self.file.write_bytes(png())
        self.rendered()

    def pretend(self) -> None:
        """Save nothing and say so, not."""
        self.file.unlink(missing_ok=True)
        self.rendered()

    def pretend_full(self) -> None:
        say("hint", error="No space left on device", blame="node")
        self.pretend()

    def half(self) -> None:
        self.file.write_bytes(png()[:40])
        self.rendered()

    def keep(self) -> None:
        """Save only where nothing is, unless told to overwrite."""
        if self.place.exists() and not self.overwrite:
            self.rendered(skipped=True)
        else:
            self.save()

    def steps(self, count: str) -> None:
        for step in range(int(count)):
            say("progress", percent=100.0 * step / int(count))
            time.sleep(0.01)
        self.save()

    def grow(self, by_mb: str) -> None:
        self.memory_mb += float(by_mb)
        self.save()

    def flood(self, megabytes: str) -> None:
        line = "Fra:1 Mem:2.00M and so on and so forth\n" * 1000
        for _ in range(int(megabytes) * 1_000_000 // len(line)):
            sys.stdout.write(line)
        self.save()

    def one_line(self, megabytes: str) -> None:
        sys.stdout.write("x" * int(megabytes) * 1_000_000)
        self.save()

    def binary(self) -> None:
        sys.stdout.flush()
        os.write(1, bytes(range(256)) * 100)
        self.save()

    def wait(self, name: str) -> None:
        """Render until there is a file of this name in OUT."""
        self.wait_and(name, "save")

    def wait_and(self, name: str, *act: str) -> None:
        say("progress", percent=1.0)
        while not (self.out / name).exists():
            time.sleep(0.01)
        self.act(list(act))

    def tell(self, name: str, *act: str) -> None:
        """Write what is set in the environment to a file of the frame; then go on."""
        (self.out / f"{name}.{self.frame}").write_text(os.environ.get(name, "unset"))
        self.act(list(act))

    def hang(self) -> None:
        time.sleep(1000)

    def deaf(self) -> None:
        """Ignore TERM, and have children that do, too."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for _ in range(2):
            child = subprocess.Popen(["sleep", "1000"])
            with (self.out / "pids").open("a") as pids:
                pids.write(f"{child.pid}\n")
        say("progress", percent=1.0)
        time.sleep(1000)

    def leave_child(self) -> None:
        """End, and leave someone behind."""
        child = subprocess.Popen(["sleep", "1000"])
        with (self.out / "pids").open("a") as pids:
            pids.write(f"{child.pid}\n")
        sys.exit(5)

    def quit(self, status: str) -> None:
        sys.exit(int(status))

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def fail(self) -> None:
        say("problem", error="no camera", blame="job", final=False)

    def fail_for_good(self) -> None:
        say("problem", error="a movie", blame="job", final=True)

    def outdated_once(self) -> None:
        if (self.out / "was_outdated").exists():
            self.save()
        else:
            (self.out / "was_outdated").touch()
            self.outdated()

    def outdated(self) -> None:
        say("outdated")
        sys.exit(0)


if __name__ == "__main__":
    Renderer(Path(sys.argv[1])).serve()
