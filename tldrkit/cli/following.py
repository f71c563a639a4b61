"""Silences the processes that torchrun starts beside the first one: they work, and the first one speaks."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tldrkit.cli.app import INTERRUPTED
from tldrkit.options import is_first_process
from tldrkit.store.notices import catch

_GRACE = 10  # seconds


@contextmanager
def following() -> Iterator[None]:
    """Silence every process but the first; with TLDRKIT_DEBUG=1 all speak."""
    if is_first_process() or os.environ.get("TLDRKIT_DEBUG"):
        yield
        return
    with catch():
        try:
            yield
        except SystemExit as end:
            if end.code not in (None, 0, INTERRUPTED):
                # torchrun ends all as soon as one has failed: let the first one speak before
                with suppress(KeyboardInterrupt):
                    time.sleep(_GRACE)
            raise
