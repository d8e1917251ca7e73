"""The renderers that the pages and the package describe."""

from functools import cache
from pathlib import Path

import yaml

from rcontrol.config.renderer_keys import RendererKeys
from rcontrol.config.renderers import settings_of
from rcontrol.engines.command_settings import CommandSettings

PAGE = Path(__file__).parents[2] / "docs" / "renderers.md"


@cache
def povray_example() -> dict[str, dict[str, object]]:
    """Return `renderers` as docs/renderers.md has it."""
    block = PAGE.read_text().split("```yaml\n")[1].split("```")[0]
    entries: dict[str, dict[str, object]] = yaml.safe_load(block)["renderers"]
    return entries


def povray() -> CommandSettings:
    """Return POV-Ray as docs/renderers.md describes it."""
    [(name, keys)] = povray_example().items()
    return settings_of(name, RendererKeys.model_validate(keys))


def project() -> str:
    """Return the project file that docs/renderers.md shows."""
    return PAGE.read_text().split("```ini\n")[1].split("```")[0]
