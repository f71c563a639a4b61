"""A tracker for tests to look into."""

from typing import Any

from tldrkit.tracking import Event


class Notes:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def log(self, event: Event) -> None:
        """Keep it."""
        self.events.append(dict(event))

    def close(self) -> None:
        """Have nothing to close."""
