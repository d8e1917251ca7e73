"""An engine whose renderer is `tests/fakes/renderer.py`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rcontrol.engines.base import (
    Begun,
    Line,
    Outdated,
    Problem,
    Program,
    Progress,
    Reader,
    Ready,
    Rendered,
    RenderedFile,
)
from rcontrol.farm.model import Blame, JobSpec
from rcontrol.farm.settings import NodeSettings
from tests.fakes.renderer import MARK

PROGRAM = Path(__file__).with_name("renderer.py")


class ScriptedReader:
    """Reads marked lines."""

    def read_line(self, line: str) -> Line | None:
        mark, _, rest = line.partition(" ")
        if mark != MARK:
            return None
        what, _, facts_text = rest.partition(" ")
        facts = json.loads(facts_text)
        match what:
            case "ready":
                return Ready()
            case "begun":
                return Begun(facts["frame"])
            case "progress":
                return Progress(facts["percent"])
            case "rendered":
                facts["files"] = tuple(RenderedFile(*file) for file in facts["files"])
                return Rendered(**facts)
            case "hint":
                return Problem(facts["error"], Blame(facts["blame"]))
            case "problem":
                blame = Blame(facts["blame"])
                return Problem(facts["error"], blame, ends_frame=True, final=facts["final"])
            case _:
                return Outdated()

    def explain_exit(self, status: int) -> Problem:
        blame = Blame.NODE if status in (126, 127) or status > 128 else Blame.JOB
        return Problem(f"ended with status {status}", blame, ends_frame=True)


@dataclass(frozen=True, slots=True)
class ScriptedEngine:
    """Runs the scripted renderer, under `executables["scripted"]` if there is one."""

    name: str = "scripted"
    extensions: tuple[str, ...] = (".json",)
    last_frame: int = 1_000_000

    def check(self, spec: JobSpec) -> None:
        """Take everything."""

    def program(self, node: NodeSettings) -> Program:
        return Program("scripted", node.executables.get("scripted", sys.executable))

    def command(self, spec: JobSpec, node: NodeSettings) -> Sequence[str]:
        return (self.program(node).path, "-S", str(PROGRAM), spec.path)

    def settings_line(self, spec: JobSpec) -> str:
        return spec.name

    def order_line(
        self, spec: JobSpec, frame: int, *, name: str, overwrite: bool, hidden: str
    ) -> str:
        return f"{frame} {overwrite} {name} {hidden}"

    def reader(self, spec: JobSpec) -> Reader:
        return ScriptedReader()
