"""`rcontrol check`: whether a configuration works, before a farm runs on it."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rcontrol.cli import show
from rcontrol.cli.connect import ExitStatus, fail
from rcontrol.cli.options import AsJson
from rcontrol.config import load
from rcontrol.engines.registry import Engines
from rcontrol.errors import ConfigError, StorageError


def check(
    config: Annotated[
        Path, typer.Option("--config", "-c", metavar="FILE", help="The configuration file.")
    ],
    as_json: AsJson = False,
) -> None:
    """Try a configuration: reach every node, find its renderers, compare the storage."""
    # Late: paramiko takes longer to load than most commands to run.
    from rcontrol.check.nodes import check as try_nodes

    try:
        settings = load(config)
        reports = try_nodes(settings.nodes, settings.base_dir, Engines(settings.renderers))
    except ConfigError as error:
        fail(str(error), ExitStatus.USAGE)
    except StorageError as error:
        fail(str(error), ExitStatus.FAILED)
    if as_json:
        show.as_json([asdict(report) for report in reports])
    else:
        show.reports(reports)
    if any(report.problems for report in reports):
        raise typer.Exit(ExitStatus.FAILED)
