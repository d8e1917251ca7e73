"""How a script gets to a node: the one place where anything is quoted.

The login shell of a node may be any of sh, bash, zsh, csh, tcsh, fish. All of them read `COMMAND`
alike, so that is the only thing they are given; the script itself follows on stdin, where nothing
but POSIX sh reads it.
"""

import shlex
from typing import Final

_END: Final = "\n#end"

COMMAND: Final = (
    'exec sh -c \'IFS= read -r n; s=$(dd ibs=1 obs=65536 count="$n" 2>/dev/null); '
    'case "$s" in *"#end") eval "$s" ;; esac\''
)
"""Reads a length, then a script of that many bytes, and runs it; stdin after that is the script's.

`ibs=1` reads no byte too many (10 kB in 2 ms); a script that arrived in part is not run at all.
"""


def payload(script: str, arguments: tuple[str, ...]) -> bytes:
    """What `COMMAND` reads from stdin: `script` with `arguments` as `$1`, `$2`, ...

    Surrogates (see `Completed.stdout`) become the bytes they stand for.
    Raises ValueError for NUL, which sh cannot hold.
    """
    words = " ".join(shlex.quote(argument) for argument in arguments)
    text = f"set -- {words}\n{script}{_END}"
    if "\0" in text:
        raise ValueError("a script and its arguments cannot hold a NUL")
    encoded = text.encode("utf-8", "surrogateescape")
    return b"%d\n%s" % (len(encoded), encoded)
