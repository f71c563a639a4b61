"""Lineage: what an artifact was made from, back to what no store holds.

Knows the tree; the store builds it.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """One artifact or input, and what it was made from.

    ``kind`` is empty and ``inputs`` too where the store does not hold that content (a hub id, a folder of
    texts, an artifact since changed or removed). ``problem`` tells in words what is wrong with an artifact.
    """

    role: str
    reference: str
    digest: str
    kind: str = ""
    problem: str = ""
    inputs: tuple["Lineage", ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong with it, nor with anything that it was made from."""
        return not self.problem and all(item.is_sound for item in self.inputs)

    def to_dict(self) -> dict[str, Any]:
        """Build the JSON form."""
        return {**vars(self), "inputs": [item.to_dict() for item in self.inputs]}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "Lineage":
        """Build from the JSON form."""
        return cls(**{**value, "inputs": tuple(cls.from_dict(item) for item in value["inputs"])})


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a verdict on a model hangs on: the weights, what they go back to, and where they were rounded."""

    weights: str
    """Digest of the model."""
    base: str
    """Digest of the network that all training began from; empty where it cannot be told any more."""
    base_name: str
    trained_on: str
    """The processor or GPU of its last training; empty where none is recorded."""
    trained_in: str
    """The number format of that training, such as ``bf16``."""
