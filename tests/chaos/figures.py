"""What the cases have measured, and the table in docs/reliability.md that is made of it.

Each case leaves a line of JSON in the file that RCONTROL_CHAOS_FIGURES names.
`python -m tests.chaos.figures FILE PAGE` writes the table into the page, between its marks.
"""

import json
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.invariants import Evidence

SEED = os.environ.setdefault("RCONTROL_CHAOS_SEED", str(time.time_ns() % 1_000_000))
"""Of the whole run: in the environment, where the processes that share the cases find it."""
RECOVERY_S = 15.0
"""The farm goes on by itself within this time of a fault's end, where cores are to be had."""
BEGIN, END = "<!-- figures -->\n", "<!-- /figures -->\n"


def load() -> float:
    """Return by how much this machine is busier than its cores allow; 1.0: it is not."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def record(
    name: str,
    promise: str,
    recovery_s: float | None,
    evidence: Evidence,
    failures: Sequence[str],
) -> None:
    """Add the figures of a case."""
    figures = {
        "seed": SEED,
        "date": time.strftime("%Y-%m-%d"),
        "case": name,
        "promise": promise,
        "recovery_s": recovery_s,
        "load": load(),
        "frames": len({each.frame for each in evidence.done}),
        "again": len(evidence.again),
        "given_back": evidence.given_back,
        "kept": not failures,
    }
    print(f"chaos: {json.dumps(figures)}")
    if file := os.environ.get("RCONTROL_CHAOS_FIGURES"):
        with Path(file).open("a") as lines:
            lines.write(json.dumps(figures) + "\n")


def table(lines: Sequence[str]) -> str:
    """Return the table of a run."""
    cases = {figures["case"]: figures for figures in map(json.loads, lines)}
    dates = sorted({each["date"] for each in cases.values()})
    seeds = sorted({each["seed"] for each in cases.values()})
    rows = [
        f"Run of {' to '.join(dates)}, seed {', '.join(seeds)}, {os.cpu_count()} cores.",
        "",
        "| case | promised | goes on after | frames | again | given back | kept |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for each in cases.values():
        after = "" if each["recovery_s"] is None else f"{each['recovery_s']:.1f} s"
        kept = "yes" if each["kept"] else "**no**"
        if (each["recovery_s"] or 0.0) > RECOVERY_S:
            after += f" at load {each['load']:.1f}"
            kept = "all but the time" if each["kept"] else kept
        rows.append(
            f"| {each['case']} | {each['promise']} | {after} | {each['frames']} "
            f"| {each['again']} | {each['given_back']} | {kept} |"
        )
    return "\n".join(rows) + "\n"


def main() -> None:
    figures, page = map(Path, sys.argv[1:])
    new = BEGIN + "\n" + table(figures.read_text().splitlines()) + "\n" + END
    text = page.read_text()
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: new, text, flags=re.DOTALL))
    print(new)


if __name__ == "__main__":
    main()
