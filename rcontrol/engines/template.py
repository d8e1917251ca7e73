"""Texts with placeholders, as the configuration has them: `+KFF{end}`, `{folder}/{frame:04}.png`.

`{{` and `}}` stand for braces.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from string import Formatter
from typing import Final, Self

Value = str | int | None
"""None: there is none for this job."""

NUMBERS: Final = frozenset({"frame", "start", "end"})
"""Placeholders that may say a width: `{frame:04}`."""


class BadTemplate(ValueError):
    """A text whose placeholders make no sense."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem, self.remedy = problem, remedy


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders."""

    text: str
    """As it is written."""
    parts: tuple[tuple[str, str, int], ...]
    """Literal text, then a placeholder (or nothing), then the least width of its number."""

    @classmethod
    def parse(cls, text: str, known: Collection[str]) -> Self:
        """Return the template for a text. Raises BadTemplate."""
        if "\0" in text:
            raise BadTemplate("holds a NUL character", "leave it out")
        try:
            pieces = list(Formatter().parse(text))
        except ValueError:
            raise BadTemplate(
                f"is {text!r}, with a brace that nothing closes or opens",
                "write {{ and }} for braces",
            ) from None
        return cls(text, tuple(_part(text, known, *piece) for piece in pieces))

    @property
    def fields(self) -> frozenset[str]:
        """The placeholders in it."""
        return frozenset(field for _, field, _ in self.parts if field)

    def fill(self, values: Mapping[str, Value]) -> str | None:
        """Return the text with values in the placeholders' stead; None: one has no value."""
        filled = []
        for literal, field, width in self.parts:
            filled.append(literal)
            if field:
                value = values[field]
                if value is None:
                    return None
                filled.append(f"{value:0{width}d}" if isinstance(value, int) else value)
        return "".join(filled)


def _part(
    text: str,
    known: Collection[str],
    literal: str,
    field: str | None,
    form: str | None,
    conversion: str | None,
) -> tuple[str, str, int]:
    if field is None:
        return literal, "", 0
    if field not in known or conversion:
        close = get_close_matches(field, known, n=1)
        names = ", ".join(f"{{{name}}}" for name in known)
        remedy = f"did you mean {{{close[0]}}}?" if close else f"there is {names}"
        raise BadTemplate(f"is {text!r}, where {{{field}}} is no placeholder", remedy)
    if form and not (field in NUMBERS and re.fullmatch(r"0[1-9]", form)):
        raise BadTemplate(
            f"is {text!r}, where :{form} is no width",
            f"write {{{field}}} or, of frames, {{frame:04}}",
        )
    return literal, field, int(form or 0)
