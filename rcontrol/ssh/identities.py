"""With which keys a login is tried."""

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from paramiko import (
    Agent,
    AuthenticationException,
    PasswordRequiredException,
    PKey,
    SSHConfig,
    SSHException,
    Transport,
)
from paramiko.auth_strategy import AuthSource, AuthStrategy, SourceResult
from paramiko.pkey import UnknownKeyType

from rcontrol.ssh.hosts import Endpoint

_DEFAULT_KEYS: Final = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")


class KeysRefused(AuthenticationException):
    """No key opened the door; the text says which were tried and why others were not."""


class Identities(AuthStrategy):
    """Tries the keys of an endpoint in turn, as ssh(1) would."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(ssh_config=SSHConfig())
        self._endpoint = endpoint
        self._refused: list[str] = []
        self._unusable: list[str] = []

    def get_sources(self) -> Iterator[AuthSource]:
        """None: `authenticate` goes through the keys itself, to tell what became of each."""
        return iter(())

    def authenticate(self, transport: Transport) -> list[SourceResult]:
        """Log in. Raises KeysRefused, or SSHException when the connection does not hold."""
        agent = Agent()
        try:
            for name, key in self._keys(agent):
                try:
                    further = transport.auth_publickey(self._endpoint.user, key)
                except AuthenticationException as error:
                    if not transport.is_active():
                        raise KeysRefused(self._told(f"; it hung up ({error})")) from error
                    self._refused.append(name)
                else:
                    if not further:
                        return []
                    raise KeysRefused(
                        f"{self._endpoint} accepts {name} but wants {' and '.join(further)} as"
                        " well; let a key suffice for this user"
                    )
        finally:
            agent.close()
        raise KeysRefused(self._told(""))

    def _keys(self, agent: Agent) -> Iterator[tuple[str, PKey]]:
        in_agent = {key.asbytes(): key for key in agent.get_keys()}
        for path in self._endpoint.keys:
            key = in_agent.pop(_public_half(path), None) or self._load(path)
            if key is not None:
                yield path, key
        if self._endpoint.only_these_keys:
            return
        for key in in_agent.values():
            yield f"{key.fingerprint} of the agent", key
        for path in (str(Path(name).expanduser()) for name in _DEFAULT_KEYS):
            if path not in self._endpoint.keys and Path(path).is_file():
                key = self._load(path)
                if key is not None:
                    yield path, key

    def _load(self, path: str) -> PKey | None:
        try:
            return PKey.from_path(path)  # with its certificate, if there is one
        except (PasswordRequiredException, TypeError):
            # TypeError: what the library that reads PEM says about a key with a passphrase
            self._unusable.append(f"{path} has a passphrase (add it to the agent with ssh-add)")
        except OSError as error:
            self._unusable.append(f"{path} cannot be read ({error.strerror})")
        except (SSHException, ValueError, UnknownKeyType, UnsupportedAlgorithm):
            self._unusable.append(f"{path} is not a private key of a kind that can be used")
        return None

    def _told(self, end: str) -> str:
        user, _, place = str(self._endpoint).rpartition("@")
        if self._refused or not self._unusable:
            keys = ", ".join(self._refused) or "a login without any key"
            text = f"{user}@{place} refused {keys}{end}"
        else:
            text = f"there is no key for {user}@{place}"
        remedy = "put the public key into ~/.ssh/authorized_keys there, or set user and key"
        return "; ".join([text, *self._unusable, remedy])


def _public_half(path: str) -> bytes:
    """The public key beside a private one, as the agent names keys; empty when there is none."""
    try:
        return b64decode(Path(f"{path}.pub").read_text("utf-8").split()[1])
    except (OSError, ValueError, IndexError):
        return b""
