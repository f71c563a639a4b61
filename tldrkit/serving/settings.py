"""Who may reach a server, and how much it takes on."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where a server listens, and whom it answers."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0 lets the system choose."""
    token: str | None = field(default=None, repr=False)
    """Bearer token that requests must carry; None asks for none."""
    origins: tuple[str, ...] = ()
    """Origins whose pages may call from a browser; `*` is any."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a server takes on; whatever goes beyond is refused with a sentence."""

    body: int = 1_000_000
    """Bytes of a request's body."""
    waiting: int = 256
    """Documents that wait for a network, all requests together; more are answered with 429."""
    seconds: float = 60.0
    """From a request's first byte to its answer."""
