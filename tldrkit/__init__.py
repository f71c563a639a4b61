"""Small summarizers of forum threads, and proof of what they are worth.

Every command is a method, with its options as keyword arguments. What a step makes goes into a store of
numbered artifacts, and a step that was done before is not done again, here as on the command line.

    model = tldrkit.load("tiny/b/s0/train")
    model.summarize(tldrkit.read_threads("forum/"))
    small = model.compress(ratio=0.75, dataset="samsum", name="small")
    trained = small.train(dataset="samsum", do_pb=True, name="b/train")
    tldrkit.compare(model.eval(dataset="samsum"), trained.eval(dataset="samsum")).to_frame()

Importing it loads nothing: each name is loaded when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tldrkit.api.forum import Threads, read_threads
    from tldrkit.api.model import Model
    from tldrkit.api.results import Comparison, Scores
    from tldrkit.api.store import Store, base, compare, load
    from tldrkit.errors import (
        Busy,
        ComparisonError,
        CompressionError,
        DamagedArtifact,
        DataError,
        DendriteError,
        ModelError,
        ProcessError,
        ReadOnlyStore,
        SpecError,
        StoreError,
        TldrkitError,
        UnknownReference,
    )
    from tldrkit.threads.thread import Post, Thread

__version__ = "0.2.0"

_PLACES = {
    "api.forum": ("Threads", "read_threads"),
    "api.model": ("Model",),
    "api.results": ("Comparison", "Scores"),
    "api.store": ("Store", "base", "compare", "load"),
    "errors": (
        "Busy",
        "ComparisonError",
        "CompressionError",
        "DamagedArtifact",
        "DataError",
        "DendriteError",
        "ModelError",
        "ProcessError",
        "ReadOnlyStore",
        "SpecError",
        "StoreError",
        "TldrkitError",
        "UnknownReference",
    ),
    "threads.thread": ("Post", "Thread"),
}
"""Where each name of the library is."""

_PLACE = {name: place for place, names in _PLACES.items() for name in names}

__all__ = [
    "Busy",
    "Comparison",
    "ComparisonError",
    "CompressionError",
    "DamagedArtifact",
    "DataError",
    "DendriteError",
    "Model",
    "ModelError",
    "Post",
    "ProcessError",
    "ReadOnlyStore",
    "Scores",
    "SpecError",
    "Store",
    "StoreError",
    "Thread",
    "Threads",
    "TldrkitError",
    "UnknownReference",
    "__version__",
    "base",
    "compare",
    "load",
    "read_threads",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401  (whatever has that name)
    if name not in _PLACE:
        raise AttributeError(f"module 'tldrkit' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f"tldrkit.{_PLACE[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
