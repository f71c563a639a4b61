from collections.abc import Generator, Iterable
from contextlib import closing
from itertools import islice
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.bases.scratch import build_tokenizer
from tldrkit.datasets.batches import IGNORED, Tokens, collate, cut_evenly, stream_batches, tokenize_examples
from tldrkit.datasets.examples import Example
from tldrkit.specs import DataSpec, FitSpec

WORDS = ["a", "thread", "of", "posts", "about", "nothing", "much", "that", "goes", "on", "and", "on"]
EXAMPLES = [
    Example(str(index), " ".join(WORDS[: index * 7 % 11 + 1]), (WORDS[index % 5],)) for index in range(45)
]
TOKENIZER = build_tokenizer([" ".join(WORDS)] * 3, 300)


def stream(**fields: Any) -> Generator[list[Tokens], None, None]:  # noqa: ANN401  (any field of the spec)
    return stream_batches(EXAMPLES, TOKENIZER, FitSpec(**fields))


def pieces(batches: Iterable[list[Tokens]]) -> list[tuple[int, ...]]:
    return sorted((*row.source, *row.target) for batch in batches for row in batch)


def test_an_epoch_holds_every_example_once() -> None:
    """As many batches as the mean size says use every example once, epoch after epoch."""
    batches = stream(batch_size=5)
    with closing(batches):
        first, second = list(islice(batches, 9)), list(islice(batches, 9))
    whole = pieces([tokenize_examples(EXAMPLES, TOKENIZER, FitSpec())])

    assert pieces(first) == pieces(second) == whole
    assert first != second


def test_the_order_depends_on_the_seed_alone() -> None:
    """Equal seeds give equal batches, different seeds others: A, B, C and D see the same."""
    first, again, other = (list(islice(stream(batch_size=4, seed=seed), 30)) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_a_broken_example_reaches_the_caller() -> None:
    """What goes wrong while tokenizing ahead is raised where the batch is asked for."""
    broken = [SimpleNamespace(document="one")]

    with pytest.raises(AttributeError):
        next(stream_batches(broken, TOKENIZER, FitSpec()))  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(st.integers(1, 99), st.integers(1, 30)), min_size=1, max_size=300), st.integers(1, 40)
)
def test_batches_hold_about_as_many_tokens(lengths: list[tuple[int, int]], size: int) -> None:
    """Every row is in one batch, with neighbours in length; no batch exceeds its share by over one row."""
    rows = [Tokens([3] * source, [4] * target) for source, target in lengths]
    batches = cut_evenly(rows, size)
    sizes = [sum(map(len, batch)) for batch in batches]
    share = sum(map(len, rows)) / max(1, round(len(rows) / size))
    ordered = [len(row.source) for batch in batches for row in batch]

    assert sum(map(len, batches)) == len(rows)
    assert ordered == sorted(ordered)
    assert max(sizes) <= share + max(map(len, rows))


def test_collating_pads_and_masks() -> None:
    """Sources are padded with the pad id and masked, labels with what the loss ignores, to multiples of 8."""
    batch = collate([Tokens([5, 6, 1], [7, 1]), Tokens([5, 1], [8, 9, 1])], pad=0)

    assert batch.source.tolist() == [[5, 6, 1, *[0] * 5], [5, 1, *[0] * 6]]
    assert batch.mask.tolist() == [[1, 1, 1, *[0] * 5], [1, 1, *[0] * 6]]
    assert batch.labels.tolist() == [[7, 1, *[IGNORED] * 6], [8, 9, 1, *[IGNORED] * 5]]


@pytest.mark.parametrize("limit", [8, 12])
def test_long_documents_are_cut_with_their_end_mark(limit: int) -> None:
    """A cut document keeps its prefix and its end mark, within the limit."""
    tokenizer = build_tokenizer(["some words to learn from"] * 3, 300)
    spec = DataSpec(max_source_tokens=limit, prefix="so: ")
    (tokens,) = tokenize_examples([Example("1", "word " * 50, ("short",))], tokenizer, spec)

    assert len(tokens.source) == limit
    assert tokens.source[-1] == tokens.target[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(tokens.source).startswith("so: ")
