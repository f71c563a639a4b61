"""How summaries are decoded, as specs have it."""

from dataclasses import asdict, dataclass
from typing import Any

from tldrkit.specs import AS_IT_IS, DataSpec, EvalSpec, Precision, Search


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How summaries are decoded."""

    prefix: str
    max_source_tokens: int
    max_target_tokens: int
    num_beams: int
    batch_size: int
    min_target_tokens: int = 0
    precision: Precision = "fp32"
    """Of matrix products; int8 on a processor only."""
    threads: int | None = None
    """Processor threads that write; None for those that ``count_threads`` counts."""
    restore_case: bool = True
    """Whether summaries of a tokenizer without case are written as people write (``spelling.py``)."""
    search: Search = AS_IT_IS
    """What is asked for otherwise than a network's generation defaults say (``asking.py``)."""

    def find_shortest(self, defaults: Any) -> int:  # noqa: ANN401  (of transformers, or of our lean networks)
        """Find how many tokens a summary has before its end at least, by a network's generation defaults too.

        Its lengths count the start mark, numbers of new tokens do not. A summary that the defaults want
        longer than it may be gets all that is allowed.
        """
        shortest = self.min_target_tokens or defaults.min_new_tokens or (defaults.min_length or 1) - 1
        return min(shortest, self.max_target_tokens)

    @property
    def settings(self) -> dict[str, object]:
        """What must be equal where outputs are compared: not what is done for speed."""
        plain = {} if self.restore_case else {"restore_case": False}
        return {
            "prefix": self.prefix,
            "max_source_tokens": self.max_source_tokens,
            "max_target_tokens": self.max_target_tokens,
            "num_beams": self.num_beams,
            **self.search.told,
            **plain,
        }


def read_decoding(spec: EvalSpec) -> Decoding:
    """Read from a spec how to decode."""
    return build_decoding(
        spec,
        num_beams=spec.num_beams,
        batch_size=spec.batch_size,
        precision=spec.precision,
        restore_case=spec.restore_case,
        search=spec.search,
    )


def build_decoding(
    spec: DataSpec,
    *,
    num_beams: int,
    batch_size: int,
    precision: Precision = "fp32",
    restore_case: bool = True,
    search: Search = AS_IT_IS,
) -> Decoding:
    """Decode with a spec's prefix and lengths."""
    return Decoding(
        **asdict(spec.taught),
        num_beams=num_beams,
        batch_size=batch_size,
        precision=precision,
        restore_case=restore_case,
        search=search,
    )
