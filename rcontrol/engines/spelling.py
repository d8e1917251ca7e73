"""How a text travels to POSIX sh: as `printf %b` reads it, without blanks and quotes."""

import re
from typing import Final

_UNSAFE: Final = re.compile(rb"[^0-9a-zA-Z._/-]")


def spelled(text: str) -> bytes:
    """Return a text, bytes that are no UTF-8 among it (PEP 383), with `\\0ooo` for other signs."""
    return _UNSAFE.sub(
        lambda found: b"\\0%03o" % found[0][0], text.encode("utf-8", "surrogateescape")
    )
