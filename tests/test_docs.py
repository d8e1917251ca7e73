"""What the pages say is what the code does."""

import ast
import re
import tomllib
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from typer.main import get_command

from rcontrol.cli.main import app
from rcontrol.config import load
from rcontrol.config.keys import FileKeys
from rcontrol.farm.figures import FIGURES, FRAME_SECONDS
from rcontrol.farm.reasons import Reason
from rcontrol.notebook import NotebookFarm, NotebookJob
from rcontrol.states_page import page
from rcontrol.web.routes import ROUTES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LEVELS = {"exception": "error"}
"""Method of a logger -> level, where the two differ."""


def section(text: str, title: str) -> str:
    """Return what stands under a heading."""
    return re.split(r"^## ", text.split(f"\n## {title}\n", 1)[1], flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of the first table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines[2:]]
    return [[cell.strip() for cell in row] for row in cells]


def block(language: str) -> str:
    """Return README's first code block in a language."""
    found = re.search(rf"^( *)```{language}\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL)
    assert found is not None
    return re.sub(rf"^{found[1]}", "", found[2], flags=re.MULTILINE)


def events() -> Iterator[tuple[str, str]]:
    """Yield (name, level) of every event that the code logs."""
    for package in ("rcontrol", "actors"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id="log"), attr=level),
                        args=[ast.Constant(value=str(name)), *_],
                    ):
                        yield f"`{name}`", LEVELS.get(level, level)
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=method)):
                        if method == "isEnabledFor":
                            continue
                        raise AssertionError(f"{path}:{node.lineno}: an event without a fixed name")


def test_readme_lists_every_endpoint() -> None:
    listed = [(path, methods) for path, methods, _ in rows(section(README, "REST"))]
    assert listed == [(f"`{route.path}`", ", ".join(route.methods)) for route in ROUTES]


def commands(group: Any, *words: str) -> Iterator[str]:
    """Yield every command as it is typed, after `rcontrol`."""
    for name, command in group.commands.items():
        if not hasattr(command, "commands"):
            yield " ".join((*words, name))
        else:
            if command.invoke_without_command:
                yield " ".join((*words, name))
            yield from commands(command, *words, name)


def test_readme_lists_every_command() -> None:
    lines = [row[0].split("`")[1].split()[1:] for row in rows(section(README, "Command line"))]
    listed = [
        " ".join(takewhile(lambda word: word.isalpha() and word.islower(), line)) for line in lines
    ]
    assert sorted(listed) == sorted(commands(get_command(app)))


def test_readme_names_keys_that_exist_and_their_defaults() -> None:
    for key, default, _ in rows(section(README, "Configuration")):
        field = FileKeys.model_fields[key.strip("`")]
        if default:
            value = field.default
            assert default.strip("`") == (str(value).lower() if value is True else str(value))


def test_readmes_configuration_loads(tmp_path: Path) -> None:
    config = tmp_path / "rcontrol.yaml"
    config.write_text(block("yaml"))
    assert [node.name for node in load(config).nodes] == ["hex1", "hex2"]


@pytest.mark.parametrize(("name", "kind"), [("farm", NotebookFarm), ("job", NotebookJob)])
def test_readmes_notebook_calls_what_there_is(name: str, kind: type) -> None:
    called = {
        node.attr
        for node in ast.walk(ast.parse(block("python")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
    }
    called |= set(re.findall(rf"`{name}\.(\w+)\(", README))
    assert called
    assert not [attribute for attribute in called if not hasattr(kind, attribute)]


def test_the_notebook_is_kept_without_output() -> None:
    notebook: Any = nbformat.read(ROOT / "docs" / "notebook.ipynb", 4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell for cell in cells if cell.outputs or cell.execution_count]


def test_states_are_up_to_date() -> None:
    assert (ROOT / "docs" / "states.md").read_text() == page(), (
        "run `python -m rcontrol.states_page > docs/states.md`"
    )


def test_every_log_event_is_documented() -> None:
    operating = (ROOT / "docs" / "operating.md").read_text()
    listed = [(name, level) for name, level, _ in rows(section(operating, "The log"))]
    assert listed == sorted(set(events()))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        to = path.parent / file
        assert to.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.*)$", to.read_text(), re.MULTILINE)
            assert anchor in [head.lower().replace(" ", "-") for head in heads], target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_files_that_are_named_are_there(path: Path) -> None:
    for name in re.findall(
        r"`((?:rcontrol|actors|docs|conf|bench|tests)/[^`\s]*)`", path.read_text()
    ):
        assert (ROOT / name).exists(), name


def test_the_licence_is_the_one_that_is_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License 2.0" in section(README, "Licence")


def test_every_reason_for_waiting_has_an_example() -> None:
    operating = (ROOT / "docs" / "operating.md").read_text()
    listed = [word.strip("`") for word, _ in rows(section(operating, "Why is nothing happening?"))]
    assert listed == list(Reason)


def test_every_figure_is_documented() -> None:
    operating = (ROOT / "docs" / "operating.md").read_text()
    listed = [row[0].strip("`") for row in rows(section(operating, "Figures for Prometheus"))]
    ends = {"gauge": "", "counter": "_total"}
    assert listed == [*(figure.name + ends[figure.kind] for figure in FIGURES), FRAME_SECONDS]
