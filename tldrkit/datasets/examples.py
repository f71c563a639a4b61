"""What a network learns from: documents with their reference summaries, and splits of them.

Knows nothing of where examples come from, nor of tokens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from tldrkit.errors import DataError


@dataclass(frozen=True)
class Example:
    """One document and the summaries written for it; at least one, none empty."""

    id: str
    document: str
    summaries: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.document.strip():
            raise DataError(f"Example {self.id!r} has an empty document.")
        if not self.summaries or not all(summary.strip() for summary in self.summaries):
            raise DataError(f"Example {self.id!r} has an empty summary, or none.")

    def to_dict(self) -> dict[str, Any]:
        """Render as the JSON-able row that `from_dict` and the local reader understand."""
        return {"id": self.id, "document": self.document, "summaries": list(self.summaries)}

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> "Example":
        """Build from what `to_dict` gave."""
        return cls(id=row["id"], document=row["document"], summaries=tuple(row["summaries"]))


@dataclass(frozen=True, kw_only=True)
class Split(Sequence[Example]):
    """The examples of one split, in a fixed order; reads like a list of them.

    Args:
        name: train, validation or test.
        examples: What can be used.
        dropped: Rows of the file it was taken from whose document or summary is empty, left out.
        revision: Commit the rows came from, where a hub told it.
    """

    name: str
    examples: tuple[Example, ...]
    dropped: int = 0
    revision: str = ""

    def describe(self) -> dict[str, Any]:
        """Tell what was read, for a manifest."""
        return {"split": self.name, "examples": len(self), "dropped": self.dropped, "revision": self.revision}

    def __len__(self) -> int:
        return len(self.examples)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Example, ...]: ...
    def __getitem__(self, index: int | slice) -> Example | tuple[Example, ...]:
        return self.examples[index]


@dataclass(frozen=True)
class Corpus:
    """What a run learns from and is validated on.

    Args:
        train: Learned from.
        validation: Validated on.
        repeated: Documents of validation that are in train too, and of test that are in either, counted.
    """

    train: Split
    validation: Split
    repeated: Mapping[str, int] = field(default_factory=dict)
