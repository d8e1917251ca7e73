"""A Blender that renders what its project file says in milliseconds, misbehaviour included.

Started as the engine starts Blender, `blender.py -b -noaudio PROJECT --python-expr LOOP`. It speaks
the protocol of `rcontrol.engines.blender_loop` instead of running LOOP. PROJECT is JSON:

    {"out": FOLDER, "files": [NAME, ...], "acts": {FRAME: [ACT, WORD, ...]}}

NAME is relative to FOLDER and holds `{frame}`. Acts are methods of `Blender`; one is done at the
first attempt at its frame, later ones render it as all others are. Beside PROJECT it reads `pace`,
the seconds a frame takes, and appends to `begun` a line of JSON for every frame it begins. Each
picture says in its text chunk by which attempt and process it was made.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

MARK = "@rcontrol-7c1e5a@ "
"""As in the loop."""
STEP_S = 0.05
"""Between two lines of progress."""


def png(text: str, side: int = 48) -> bytes:
    """A picture that says something in its text chunk."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body)
        return len(body).to_bytes(4, "big") + kind + body + checksum.to_bytes(4, "big")

    size = side.to_bytes(4, "big")
    rows = b"".join(b"\0" + os.urandom(side) for _ in range(side))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size + size + bytes([8, 0, 0, 0, 0]))
        + chunk(b"tEXt", b"Attempt\0" + text.encode())
        + chunk(b"IDAT", zlib.compress(rows, 0))
        + chunk(b"IEND", b"")
    )


def say(what: str, **facts: object) -> None:
    line = "\n" + MARK + json.dumps({"is": what, **facts}) + "\n"
    sys.stdout.write(line)
    sys.stdout.flush()


class Blender:
    """Takes orders until its input ends."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.stamp = project.stat().st_mtime_ns
        script = json.loads(project.read_text())
        self.out, self.names, self.acts = Path(script["out"]), script["files"], script["acts"]
        self.hidden_folders: list[Path] = []
        self.frame = 0
        self.hidden = ""
        self.attempt = ""

    def serve(self) -> None:
        sys.stdin.readline()
        say("ready")
        taken = set()
        for line in iter(sys.stdin.readline, ""):
            order = json.loads(line)
            if order["name"] in taken:
                continue
            taken.add(order["name"])
            if self.project.stat().st_mtime_ns != self.stamp:
                say("outdated")
                return
            self.frame, self.hidden, self.attempt = order["frame"], order["hidden"], order["name"]
            self.begin()
            name, *words = self.act()
            try:
                getattr(self, name)(*words)
            except OSError as error:
                self.discard()
                problem = f"Error: cannot save {error.filename}: {error.strerror}"
                say("problem", error=problem, blame="", ends_frame=True, final=False)

    def begin(self) -> None:
        facts = {
            "frame": self.frame,
            "attempt": self.attempt,
            "pid": os.getpid(),
            "at": time.time(),
            "node": os.environ.get("CHAOS_NODE", ""),
        }
        note = os.open(self.project.parent / "begun", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(note, (json.dumps(facts) + "\n").encode())
        os.close(note)
        say("begun", frame=self.frame)

    def act(self) -> list[str]:
        words: list[str] = self.acts.get(str(self.frame), ["render"])
        if words != ["render"]:
            try:
                (self.project.parent / f"acted.{self.frame}").touch(exist_ok=False)
            except FileExistsError:
                return ["render"]
        return words

    # --- what it does with a frame ---

    def render(self) -> None:
        began = time.monotonic()
        while True:
            pace = float((self.project.parent / "pace").read_text() or "0")
            passed = time.monotonic() - began
            if passed >= pace:
                break
            done = int(100 * passed / pace)
            print(f"Fra:{self.frame} Mem:9.00M (Peak 9.00M) | Sample {done}/100", flush=True)
            time.sleep(min(STEP_S, pace - passed))
        self.save()

    def deaf(self) -> None:
        """Never end, not for TERM either; have children that do not."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for _ in range(3):
            subprocess.Popen(["sleep", "1000"])
        self.hang()

    def hang(self) -> None:
        while True:
            print(f"Fra:{self.frame} Mem:9.00M (Peak 9.00M) | Sample 1/100", flush=True)
            time.sleep(STEP_S)

    def forks(self) -> None:
        """Leave children behind, and end badly."""
        for _ in range(3):
            subprocess.Popen(["sleep", "1000"])
        sys.exit(5)

    def flood(self, megabytes: str) -> None:
        lines = f"Fra:{self.frame} Mem:9.00M (Peak 9.00M) | and so on and so forth\n" * 1000
        for _ in range(int(megabytes) * 1_000_000 // len(lines)):
            sys.stdout.write(lines)
        self.save()

    def binary(self) -> None:
        sys.stdout.flush()
        for _ in range(100):
            os.write(1, os.urandom(5000))
        self.save()

    def silent(self) -> None:
        time.sleep(1000)

    def pretend(self) -> None:
        """Save nothing, and say that all is saved."""
        self.rendered()

    def half(self) -> None:
        for path in self.made():
            path.write_bytes(self.picture()[:800])
        self.rendered()

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    # --- its parts ---

    def picture(self) -> bytes:
        return png(f"{self.attempt} {os.getpid()}")

    def made(self) -> list[Path]:
        """Return where the pictures are made; their folders are there."""
        paths = [self.made_for(name) for name in self.names]
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
        return paths

    def made_for(self, name: str) -> Path:
        final = self.out / name.format(frame=self.frame)
        hidden = final.parent / self.hidden
        if self.hidden and hidden not in self.hidden_folders:
            self.hidden_folders = [each for each in self.hidden_folders if each.exists()]
            self.hidden_folders.append(hidden)
            folders = Path(os.environ["RCONTROL_HIDDEN"])
            folders.write_text("".join(f"{each}\n" for each in self.hidden_folders))
        return hidden / final.name

    def save(self) -> None:
        for path in self.made():
            picture = self.picture()
            with path.open("wb") as file:
                # In two steps: who sees it too early sees half of it.
                file.write(picture[:1000])
                file.flush()
                time.sleep(0.002)
                file.write(picture[1000:])
        self.rendered()

    def discard(self) -> None:
        for folder in self.hidden_folders:
            shutil.rmtree(folder, ignore_errors=True)

    def rendered(self) -> None:
        files = [
            (str(self.out / name.format(frame=self.frame)), str(self.made_for(name)))
            for name in self.names
        ]
        say("rendered", frame=self.frame, files=files, skipped=False, memory_mb=9.0)


if __name__ == "__main__":
    Blender(Path(sys.argv[3])).serve()
