"""The keys by which hosts are known: files in the format of sshd(8), SSH_KNOWN_HOSTS."""

import binascii
import logging
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from paramiko import HostKeys, PKey, SSHException
from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

log = logging.getLogger(__name__)

_RSA_ALGORITHMS: Final = ("rsa-sha2-512", "rsa-sha2-256")
"""How a server proves that it has a key of type `ssh-rsa`."""


class KnownHosts:
    """What some files say about the keys of hosts.

    Hashed names, patterns, `[host]:port`, several keys of one type and `@revoked` are understood;
    certificate authorities are not.
    """

    def __init__(self, files: Iterable[str]) -> None:
        """Read the files that exist. Raises OSError for one that cannot be read."""
        self._entries: list[HostKeyEntry] = []
        self._revoked: list[HostKeyEntry] = []
        for name in files:
            path = Path(name)
            if path.exists():
                for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
                    self._take(line.strip(), name, number)

    def _take(self, line: str, file: str, number: int) -> None:
        marker, _, rest = line.partition(" ")
        if not line or line.startswith("#") or marker == "@cert-authority":
            return
        try:
            entry = HostKeyEntry.from_line(rest.strip() if marker == "@revoked" else line, number)
        except (SSHException, InvalidHostKey, ValueError, binascii.Error):
            entry = None
        if entry is None:
            log.info("ssh.known_hosts_line_skipped", extra={"file": file, "line": number})
        else:
            (self._revoked if marker == "@revoked" else self._entries).append(entry)

    def keys(self, name: str) -> list[PKey]:
        """The keys a host may have."""
        return [entry.key for entry in self._entries if _matches(name, entry.hostnames)]

    def is_revoked(self, name: str, key: PKey) -> bool:
        """Whether a key is marked as one that must not be believed."""
        return any(e.key == key and _matches(name, e.hostnames) for e in self._revoked)

    def preferred(self, name: str, algorithms: Sequence[str]) -> list[str]:
        """`algorithms` with those first by which the host can show a key that is known.

        Without this a server that has more keys than the file may show one that is not in it.
        """
        known: list[str] = []
        for key in self.keys(name):
            known += _RSA_ALGORITHMS if key.get_name() == "ssh-rsa" else [key.get_name()]
        return sorted(algorithms, key=lambda algorithm: algorithm not in known)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    found = False
    for pattern in patterns:
        if pattern.startswith("|1|"):
            found |= HostKeys.hash_host(name, pattern) == pattern
        elif pattern.startswith("!"):
            if _fits(name, pattern[1:]):
                return False
        else:
            found |= _fits(name, pattern)
    return found


def _fits(name: str, pattern: str) -> bool:
    # only `*` and `?` are special in this format
    return fnmatchcase(name, pattern.lower().replace("[", "[[]"))
