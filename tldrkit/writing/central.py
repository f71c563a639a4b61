"""Summaries without a network: the most central sentences of a thread, as they stand there.

Called as networks are, so that whatever writes with a model writes with this too. Tokens are words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tldrkit.scoring.baselines import choose_units, count_words, cut_words
from tldrkit.writing.compiled.search import Follow
from tldrkit.writing.decoding import Decoding
from tldrkit.writing.generation import Generated
from tldrkit.writing.unfolding import Unfolding


class WordTokenizer:
    """Counts words where a network's tokenizer counts tokens."""

    def __call__(self, texts: Sequence[str], **_: object) -> dict[str, list[range]]:
        """Give as many ids for each text as it has words."""
        return {"input_ids": [range(count_words(text)) for text in texts]}


@dataclass(frozen=True)
class CentralSummarizer:
    """What stands for a network and its tokenizer."""

    tokenizer: WordTokenizer = field(default_factory=WordTokenizer)
    folder: Path | None = None
    parameters: int = 0
    device: str = "cpu"


class CentralGenerator:
    """Takes sentences, within the numbers of tokens that a decoding allows; its search has no meaning here.

    Args:
        decoding: How much is read and written.
    """

    def __init__(self, decoding: Decoding) -> None:
        self._decoding = decoding

    def with_decoding(self, decoding: Decoding) -> "CentralGenerator":
        """Write in another way."""
        return CentralGenerator(decoding)

    def unfold(self, _: str) -> Unfolding:
        """Build what tells nothing before the summary is whole: it is there at once."""
        return Unfolding(lambda _: "")

    def __call__(
        self,
        documents: Sequence[str],
        advance: Callable[[int], object] = int,
        *,
        follow: Follow | None = None,  # noqa: ARG002  (as networks are called; there are no tokens to follow)
    ) -> list[Generated]:
        """Summarize documents, results in the order given.

        Args:
            documents: Texts.
            advance: Told the number of documents done, after each.
            follow: Never called.
        """
        read, most = self._decoding.max_source_tokens, self._decoding.max_target_tokens
        written = list[Generated]()
        for document in documents:
            chosen = choose_units(cut_words(document, read), most)
            text = cut_words(chosen, most)
            written.append(Generated(text, count_words(text), ended=text == chosen))
            advance(len(written))
        return written
