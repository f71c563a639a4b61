from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.data.batches import IGNORED, Tokens, collate, order_batches, tokenize_examples
from tldrkit.data.examples import Example
from tldrkit.models.scratch import build_tokenizer
from tldrkit.specs import DataSpec


@given(st.lists(st.integers(1, 99), min_size=1, max_size=300), st.integers(1, 40), st.integers(0, 5))
def test_an_epoch_holds_every_example(lengths: list[int], size: int, seed: int) -> None:
    """Batches are full, an epoch uses every example, and only what fills the last batch comes twice."""
    size = min(size, len(lengths))
    count = -(-len(lengths) // size)
    epoch = list(islice(order_batches(lengths, size, seed), count))

    assert {len(batch) for batch in epoch} == {size}
    assert {index for batch in epoch for index in batch} == set(range(len(lengths)))


def test_the_order_depends_on_the_seed_alone() -> None:
    """Equal seeds give equal batches, different seeds others: A, B, C and D see the same."""
    lengths = list(range(100))
    first, again, other = (list(islice(order_batches(lengths, 8, seed), 30)) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_neighbours_in_length_share_a_batch() -> None:
    """Sorting in pools leaves little padding."""
    lengths = [index * 7919 % 500 + 1 for index in range(1000)]
    batches = list(islice(order_batches(lengths, 10, 0), 100))
    padded = sum(10 * max(lengths[index] for index in batch) for batch in batches)

    assert padded < 1.1 * sum(lengths)


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
