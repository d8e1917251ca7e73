"""Stands for Terragen and Maya, which cannot be had: `python standin.py terragen|maya ARGUMENT...`.

It takes the arguments that the real one takes and no others. What it does stands in its project
file, as JSON: {"says": transcript, "status": N, "signal": N, "hangs": bool, "waits": path,
"saves": [path...]}.
Paths are those a project names; where it is told to save elsewhere, they are names there. `{frame}`
in a path is the frame. Every call is noted in PROJECT.calls.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.fakes.renderer import png

TRANSCRIPTS = Path(__file__).parents[1] / "engines" / "transcripts"


def terragen(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("terragen", allow_abbrev=False, add_help=False)
    parser.add_argument("-p", dest="project", required=True)
    for flag in ("-hide", "-exit", "-r"):
        parser.add_argument(flag, action="store_true", required=True)
    parser.add_argument("-f", dest="frame", required=True)
    parser.add_argument("-o", dest="output", default="")
    parser.add_argument("-ox", dest="extra", default="")
    found = parser.parse_args(words)
    found.folder = ""
    assert Path(os.environ["TERRAGEN_PATH"]).is_absolute()
    return found


def maya(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("Render", allow_abbrev=False, add_help=False)
    for flag in ("-s", "-e", "-rd"):
        parser.add_argument(flag, required=True)
    for flag in ("-im", "-proj", "-r", "-cam"):
        parser.add_argument(flag, default="")
    parser.add_argument("project")
    found = parser.parse_args(words)
    assert found.s == found.e
    found.frame, found.output, found.folder = found.s, "", found.rd
    return found


def main() -> None:
    called = {"terragen": terragen, "maya": maya}[sys.argv[1]](sys.argv[2:])
    script = json.loads(Path(called.project).read_text())
    with Path(f"{called.project}.calls").open("a") as calls:
        calls.write(json.dumps([os.getpid(), *sys.argv[2:]]) + "\n")
    for line in (TRANSCRIPTS / f"{script['says']}.txt").read_text().splitlines():
        print(line, flush=True)
    if script.get("hangs"):
        child = subprocess.Popen(["sleep", "600"])
        with Path(f"{called.project}.calls").open("a") as calls:
            calls.write(json.dumps([child.pid]) + "\n")
        time.sleep(600)
    while "waits" in script and not Path(script["waits"]).exists():
        time.sleep(0.02)
    names = [
        name.replace("{frame}", f"{int(called.frame):04d}") for name in script.get("saves", ())
    ]
    folder = Path(called.folder)
    places = [Path(called.output)] if called.output else [folder / name for name in names]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(png())
    if "signal" in script:
        os.kill(os.getpid(), signal.Signals[script["signal"]])
    sys.exit(script.get("status", 0))


def standin(folder: Path, kind: str) -> str:
    """Return a program that stands for `terragen` or `maya`."""
    program = folder / f"{kind} 4's $(app)"
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -S '{__file__}' {kind} \"$@\"\n")
    program.chmod(0o755)
    return str(program)


if __name__ == "__main__":
    main()
