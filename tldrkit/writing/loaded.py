"""What writes summaries, made ready: a network with its tokenizer, or what does without one."""

from typing import TYPE_CHECKING, TypeAlias

from tldrkit.writing.central import CentralGenerator, CentralSummarizer
from tldrkit.writing.decoding import Decoding
from tldrkit.writing.generation import Generator

if TYPE_CHECKING:
    from tldrkit.families.summarizer import Summarizer
    from tldrkit.writing.lean import LeanSummarizer

Loaded: TypeAlias = "Summarizer | LeanSummarizer | CentralSummarizer"


def build_generator(loaded: Loaded, decoding: Decoding) -> Generator | CentralGenerator:
    """Build what turns documents into summaries.

    Raises:
        ModelError: int8 is asked for, and is not to be had.
    """
    if isinstance(loaded, CentralSummarizer):
        return CentralGenerator(decoding)
    return Generator(loaded.network, loaded.tokenizer, decoding)
