"""Who may reach a server, and how much it takes on."""

from dataclasses import dataclass, field
from ipaddress import ip_address


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
