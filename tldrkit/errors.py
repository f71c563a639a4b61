"""The error tree. Every error carries a hint that names the next thing to do.

TldrkitError
├── SpecError            a YAML file or an option that cannot be used
├── StoreError           the artifact store refused or could not do something
│   ├── UnknownReference     no artifact of that name or version
│   ├── ReadOnlyStore        it may be read, not written
│   ├── Busy                 another process is making this very result
│   └── DamagedArtifact      files that are missing, cut short or changed
├── DataError            texts that cannot be read or used
├── ModelError           a network, tokenizer or checkpoint that cannot be used
│   ├── CompressionError     a size that cannot be made from this network
│   └── DendriteError        PerforatedAI stopped, or was asked for what it cannot do
├── ProcessError         another of the processes that share a run failed
├── TrialStopped         a sweep ended one of its runs early
└── ComparisonError      runs that cannot be set side by side
"""


class TldrkitError(Exception):
    """Any failure a user can act on.

    Args:
        message: One clear sentence saying what is wrong.
        hint: What to do next; empty where the message says it all.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class SpecError(TldrkitError):
    """A YAML file or an option cannot be used."""


class StoreError(TldrkitError):
    """The artifact store refused or could not do something."""


class UnknownReference(StoreError):  # noqa: N818  (names the thing, as the store's user would)
    """No artifact has that name or version."""


class ReadOnlyStore(StoreError):  # noqa: N818  (names the thing, as the store's user would)
    """The store may be read, not written."""


class DamagedArtifact(StoreError):  # noqa: N818  (names the thing, as the store's user would)
    """Files of an artifact are missing, cut short or changed."""


class Busy(StoreError):  # noqa: N818  (names the thing, as the store's user would)
    """Another process is making this very result."""


class DataError(TldrkitError):
    """Texts cannot be read or used."""


class ModelError(TldrkitError):
    """A network, tokenizer or checkpoint cannot be used."""


class CompressionError(ModelError):
    """A size cannot be made from this network."""


class DendriteError(ModelError):
    """PerforatedAI stopped, or was asked for what it cannot do."""


class ProcessError(TldrkitError):
    """Another of the processes that share a run failed."""


class TrialStopped(TldrkitError):  # noqa: N818  (no failure: the run fell behind)
    """A sweep ended one of its runs early."""


class ComparisonError(TldrkitError):
    """Runs cannot be set side by side."""
