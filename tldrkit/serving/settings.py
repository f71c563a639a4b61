"""Who may reach a server, and how much it takes on."""

import os
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from tldrkit.errors import SpecError

_LONGEST = 4096
"""Characters of a token."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where a server listens, and whom it answers."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0 lets the system choose."""
    token: str | None = field(default=None, repr=False)
    """Bearer token that requests must carry; None asks for none."""
    hosts: tuple[str, ...] = ()
    """Names it may be called by besides those of loopback; where it listens elsewhere, none means any."""
    origins: tuple[str, ...] = ()
    """Origins whose pages may call from a browser; `*` is any."""

    @property
    def is_open(self) -> bool:
        """Whether requests may name the server as they like: it is reached by names that nobody told it."""
        return not self.hosts and not is_loopback(self.host)


def is_loopback(name: str) -> bool:
    """Tell whether a host's name or address is this machine's own, seen from itself."""
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a server takes on; whatever goes beyond is refused with a sentence."""

    body: int = 1_000_000
    """Bytes of a request's body."""
    waiting: int = 256
    """Documents that wait for a network, all requests together; more are answered with 429."""
    seconds: float = 60.0
    """From a request's first byte to its answer."""


def read_token(file: Path | None) -> str | None:
    """Read the token of a server from a file, or else from TLDRKIT_TOKEN; None where neither is given.

    Raises:
        SpecError: The file cannot be read, or what is given is no token.
    """
    place = str(file) if file else "TLDRKIT_TOKEN"
    text = _read(file) if file else os.environ.get(place)
    if text is None:
        return None
    token = text.strip()
    if not re.fullmatch(rf"[!-~]{{1,{_LONGEST}}}", token):
        raise SpecError(
            f"{place} holds no token.",
            hint="A token is one line of visible ASCII characters, without blanks.",
        )
    return token


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", errors="replace") as content:
            return content.read(_LONGEST + 2)
    except OSError as error:
        raise SpecError(
            f"{file} cannot be read: {error.strerror}.", hint="--token-file names a file."
        ) from None
