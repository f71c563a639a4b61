"""What a server counts, in Prometheus' text form. The only room that knows prometheus_client."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

TEXT = "text/plain; version=0.0.4; charset=utf-8"
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)


class Gauges:
    """Counts requests and batches.

    Args:
        waiting: Tells how many documents wait.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "tldrkit_requests", "Requests answered.", ("path", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "tldrkit_request_seconds", "Seconds to the answer.", ("path",), registry=self._registry
        )
        self._batches = Histogram(
            "tldrkit_batch_documents",
            "Documents written together.",
            buckets=_BATCHES,
            registry=self._registry,
        )
        self._waiting = Gauge(
            "tldrkit_waiting_documents", "Documents that wait for a network.", registry=self._registry
        )

    def watch_waiting(self, count: Callable[[], int]) -> None:
        """Ask `count` for the documents that wait whenever the numbers are read."""
        self._waiting.set_function(count)

    def count_request(self, path: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def count_batch(self, documents: int) -> None:
        """Count one batch."""
        self._batches.observe(documents)

    def render(self) -> bytes:
        """Render all numbers as text."""
        return generate_latest(self._registry)
