"""How a model was taught to read and write, and the specs that may say otherwise."""

from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from tldrkit.specs.spec import Spec

FEWEST_READ, FEWEST_WRITTEN = 8, 4
MOST_BEAMS = 64  # of a search: each takes memory
MOST_WRITTEN = 1 << 14  # tokens of a summary: all their memory is taken before the first
AS_TAUGHT = "as the model was taught"

TaughtSpecT = TypeVar("TaughtSpecT", bound="TaughtSpec")


@dataclass(frozen=True, kw_only=True)
class Taught:
    """How a model reads and writes.

    Args:
        prefix: Text set before every document.
        max_source_tokens: Tokens of a document read at once, prefix and end mark included.
        max_target_tokens: Tokens of a summary written at most, end mark included.
    """

    prefix: str = "summarize: "
    max_source_tokens: int = 512
    max_target_tokens: int = 128


class TaughtSpec(Spec):
    """What is done with a model; what is left open of reading and writing is as the model was taught."""

    @property
    def taught(self) -> Taught:
        """How to read and write by this spec; what it leaves open has the default."""
        return self.tell(Taught())

    def tell(self, taught: Taught) -> Taught:
        """Tell how a model reads and writes when this spec, which wins, is applied to it."""
        said = {name: getattr(self, name, None) for name in asdict(taught)}
        return replace(taught, **{name: value for name, value in said.items() if value is not None})

    def complete(self: TaughtSpecT, taught: Taught) -> TaughtSpecT:
        """Build the same spec with what it leaves open filled in: as the model was taught."""
        told = asdict(self.tell(taught))
        known = type(self).model_fields
        return self.model_copy(update={name: value for name, value in told.items() if name in known})
