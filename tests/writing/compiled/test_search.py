"""Writing over packed tokens against Hugging Face's ``generate``, on networks of every kind."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn
from transformers import PreTrainedModel

from tests.networks import VOCAB
from tests.training.packed.references import T5S, Rows, draw_rows
from tldrkit.datasets.batches import pad_rows
from tldrkit.specs import Precision
from tldrkit.writing.compiled.decoder import Decoder
from tldrkit.writing.compiled.kernels.arrays import Integers
from tldrkit.writing.compiled.parameters import FrozenNetwork
from tldrkit.writing.compiled.rules import Rules
from tldrkit.writing.compiled.search import Beams, Follow, write_by_beams, write_greedily
from tldrkit.writing.freezing import freeze

ENDS = range(1, VOCAB // 6)
LONGEST = 12


def spread(network: PreTrainedModel) -> PreTrainedModel:
    """Make a random network write various tokens, ends among them."""
    torch.manual_seed(3)
    for name, parameter in network.named_parameters():
        if name.startswith("decoder.block") and name.endswith((".o.weight", "wo.weight")):
            nn.init.normal_(parameter, std=1.0)
    network.lm_head.weight = nn.Parameter(torch.randn(VOCAB, 32))  # one of its own, or tokens repeat
    return network.eval()


def take(network: PreTrainedModel) -> FrozenNetwork:
    frozen = freeze(network)
    assert frozen is not None
    return frozen


def read(network: PreTrainedModel, precision: Precision = "fp32") -> Decoder:
    return Decoder(take(network), precision)


def write_reference(network: PreTrainedModel, sources: Rows, **search: object) -> Rows:
    ids = network.generate(
        input_ids=pad_rows(sources, 0),
        attention_mask=pad_rows([[1] * len(row) for row in sources], 0),
        do_sample=False,
        eos_token_id=list(ENDS),
        pad_token_id=0,
        **({"num_beams": 1, "max_new_tokens": LONGEST} | search),
    )[:, 1:].tolist()
    ends = [next((place for place, token in enumerate(row) if token in ENDS), LONGEST) for row in ids]
    return [row[: end + 1] for row, end in zip(ids, ends, strict=True)]


@pytest.mark.parametrize("kind", T5S)
@pytest.mark.parametrize("rows", [1, 17])
def test_it_writes_what_generate_writes(kind: str, rows: int) -> None:
    """Token for token, for rows of many lengths that end at different places."""
    network = spread(T5S[kind]())
    sources = draw_rows(rows, 30)
    written = write_greedily(read(network), sources, LONGEST, Rules(ENDS))

    assert written == write_reference(network, sources)


@pytest.mark.parametrize("kind", T5S)
@pytest.mark.parametrize("num_beams", [1, 4])
def test_summaries_are_as_long_as_asked(kind: str, num_beams: int) -> None:
    """With a fewest number of tokens it writes what `generate` writes, and no summary is shorter."""
    network = spread(T5S[kind]())
    sources = draw_rows(17, 30)
    if num_beams == 1:
        written = write_greedily(read(network), sources, LONGEST, Rules(ENDS, min_tokens=7))
    else:
        written = write_by_beams(read(network), sources, LONGEST, Rules(ENDS, min_tokens=7), Beams(4))

    assert written == write_reference(network, sources, num_beams=num_beams, min_new_tokens=7)
    assert min(len(row) for row in written) >= 8


def test_rows_end_at_different_places() -> None:
    """What the other tests compare holds rows that end early, late and never, and more than one token."""
    network = spread(T5S["plain"]())
    written = write_reference(network, draw_rows(17, 30))

    assert len({len(row) for row in written}) > 2
    assert any(row[-1] not in ENDS for row in written)
    assert len({token for row in written for token in row}) > 5


@pytest.mark.parametrize("kind", T5S)
@pytest.mark.parametrize("rows", [1, 17])
def test_it_searches_as_generate_searches(kind: str, rows: int) -> None:
    """Four beams end with the tokens that `generate` ends with."""
    network = spread(T5S[kind]())
    sources = draw_rows(rows, 30)
    written = write_by_beams(read(network), sources, LONGEST, Rules(ENDS), Beams(4))

    assert written == write_reference(network, sources, num_beams=4)


def write_both(network: PreTrainedModel, sources: Rows) -> Rows:
    decoder = read(network)
    return write_greedily(decoder, sources, LONGEST, Rules(ENDS)) + write_by_beams(
        decoder, sources, LONGEST, Rules(ENDS), Beams(3)
    )


def test_a_row_is_written_alike_in_any_company() -> None:
    """Neighbours, and their leaving, change nothing."""
    network = spread(T5S["asymmetric and grown"]())
    sources = draw_rows(9, 30)
    together = write_both(network, sources)
    alone = [write_both(network, [source]) for source in sources]

    assert together == [greedy for greedy, _ in alone] + [searched for _, searched in alone]


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_share_the_work(threads: int) -> None:
    """However many there are, nothing else changes, bit by bit."""
    network = spread(T5S["asymmetric and grown"]())
    decoder, sources = read(network), draw_rows(5, 30)
    alone, together = (
        decoder.step(np.zeros(5, np.int64), decoder.begin(sources, 1, threads=count))
        for count in (1, threads)
    )

    assert np.array_equal(alone, together)


def test_without_an_end_rows_are_as_long_as_allowed() -> None:
    """No token ends a summary where none is said to."""
    network = spread(T5S["plain"]())
    written = write_greedily(read(network), draw_rows(3, 9), 5, Rules())

    assert [len(row) for row in written] == [5, 5, 5]


def test_bf16_writes_nearly_the_same() -> None:
    """In bf16 the first tokens are mostly those of float32."""
    network = spread(T5S["plain"]())
    sources = draw_rows(17, 30)
    exact, rough = (
        write_greedily(read(network, precision), sources, 1, Rules(ENDS)) for precision in ("fp32", "bf16")
    )

    assert sum(a == b for a, b in zip(exact, rough, strict=True)) > 12


@pytest.mark.parametrize("kind", T5S)
@pytest.mark.parametrize("count", [1, 4])
def test_what_is_followed_stays(kind: str, count: int) -> None:
    """At every place what is told begins the summary, and grows; what is written is the same unfollowed."""
    network = spread(T5S[kind]())
    sources = draw_rows(17, 30)
    told: list[list[list[int]]] = [[] for _ in sources]

    def follow(source: int, tokens: Integers) -> bool:
        told[source].append(tokens.tolist())
        return True

    written = write_followed(read(network), sources, count, follow)

    assert written == write_followed(read(network), sources, count, None)
    for summary, parts in zip(written, told, strict=True):
        assert all(summary[: len(part)] == part for part in parts)
        assert sorted(map(len, parts)) == list(map(len, parts))
    assert any(
        0 < len(part) < len(summary) for summary, parts in zip(written, told, strict=True) for part in parts
    )


@pytest.mark.parametrize("count", [1, 4])
def test_what_is_not_wanted_is_given_up(count: int) -> None:
    """A row that nobody wants is not told of again; the others are written as before."""
    network = spread(T5S["plain"]())
    sources = draw_rows(17, 30)
    whole = write_followed(read(network), sources, count, None)
    told = Counter[int]()

    def follow(source: int, _: Integers) -> bool:
        told[source] += 1
        return source % 2 == 0 or told[source] < 2

    written = write_followed(read(network), sources, count, follow)

    assert written[::2] == whole[::2]
    assert {told[source] for source in range(1, 17, 2)} <= {1, 2}
    assert max(told.values()) > 2
    assert write_followed(read(network), sources, count, lambda *_: False) != whole


def write_followed(decoder: Decoder, sources: Rows, count: int, follow: Follow | None) -> Rows:
    if count == 1:
        return write_greedily(decoder, sources, LONGEST, Rules(ENDS), follow=follow)
    return write_by_beams(decoder, sources, LONGEST, Rules(ENDS), Beams(count), follow=follow)
