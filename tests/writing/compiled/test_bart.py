"""BART over packed tokens against Hugging Face's ``generate``, and the rules of generation defaults."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from transformers import PreTrainedModel

from tests.networks import VOCAB
from tests.training.packed.references import BARTS, T5S, Rows, draw_rows
from tests.writing.compiled.test_search import ENDS, LONGEST, read, write_reference
from tests.writing.compiled.test_search import spread as spread_t5
from tldrkit.specs.search import EarlyStopping
from tldrkit.writing.compiled.rules import Rules
from tldrkit.writing.compiled.search import Beams, write_by_beams, write_greedily

PLAIN = {"forced_eos_token_id": None, "forced_bos_token_id": None}


def spread(network: PreTrainedModel) -> PreTrainedModel:
    """Make a random network write various tokens, ends among them."""
    torch.manual_seed(3)
    if hasattr(network, "model"):
        positions = network.model.decoder.embed_positions.weight
        if positions.requires_grad:
            nn.init.normal_(positions, std=2.0)
        else:  # sines and cosines are what they are: the source makes the difference
            for layer in network.model.decoder.layers:
                nn.init.normal_(layer.encoder_attn.out_proj.weight, std=1.0)
        network.lm_head.weight = nn.Parameter(torch.randn(VOCAB, 32))
        network.generation_config.update(**PLAIN)
        return network.eval()
    return spread_t5(network)


@pytest.mark.parametrize("kind", BARTS)
@pytest.mark.parametrize("rows", [1, 17])
@pytest.mark.parametrize("num_beams", [1, 4])
def test_it_writes_what_generate_writes(kind: str, rows: int, num_beams: int) -> None:
    """Token for token, for rows of many lengths that end at different places."""
    network = spread(BARTS[kind]())
    sources = draw_rows(rows, 30)
    decoder, rules = read(network), Rules(ENDS)
    written = (
        write_greedily(decoder, sources, LONGEST, rules)
        if num_beams == 1
        else write_by_beams(decoder, sources, LONGEST, rules, Beams(num_beams))
    )

    assert written == write_reference(network, sources, num_beams=num_beams)
    assert rows == 1 or len({len(row) for row in written}) > 1


BAD_WORDS = [
    *([token] for token in range(100, 200, 2)),
    *([first, second] for first in range(60, 80) for second in range(60, 90)),
]
RULES: dict[str, dict[str, Any]] = {
    "no repeats": {"no_repeat_ngram_size": 2},
    "no token twice": {"no_repeat_ngram_size": 1},
    "penalty": {"repetition_penalty": 3.0},
    "bonus": {"repetition_penalty": 0.8},
    "bad words": {"bad_words_ids": BAD_WORDS},
    "forced": {"forced_bos_token_id": 7, "forced_eos_token_id": 3},
    "suppressed": {"suppress_tokens": [*range(60, 120)], "begin_suppress_tokens": [*range(1, 200)]},
    "suppressed behind the forced": {"forced_bos_token_id": 7, "begin_suppress_tokens": [*range(1, 200)]},
    "all at once": {
        "no_repeat_ngram_size": 3, "repetition_penalty": 1.2, "min_length": 6, "forced_bos_token_id": 7,
        "forced_eos_token_id": 3, "bad_words_ids": [[100, 101]], "suppress_tokens": [150],
        "length_penalty": 2.0, "early_stopping": True,
    },
}  # fmt: skip


def write_by_defaults(network: PreTrainedModel, sources: Rows, num_beams: int) -> Rows:
    """Write as a network's generation defaults say, but for the number of beams and the longest summary."""
    decoder, defaults = read(network), network.generation_config
    rules = Rules.read(defaults, (defaults.min_length or 1) - 1)
    if num_beams == 1:
        return write_greedily(decoder, sources, LONGEST, rules)
    penalty = 1.0 if defaults.length_penalty is None else defaults.length_penalty
    beams = Beams(num_beams, penalty, defaults.early_stopping or False)
    return write_by_beams(decoder, sources, LONGEST, rules, beams)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("num_beams", [1, 4])
@pytest.mark.parametrize("network", ["bart", "t5"])
def test_generation_defaults_mean_the_same(network: str, num_beams: int, name: str) -> None:
    """Each rule, and all at once, choose what `generate` chooses, and change what is written without."""
    made = spread(BARTS["plain"]() if network == "bart" else T5S["plain"]())
    sources = draw_rows(17, 30)
    plain = write_reference(made, sources, num_beams=num_beams)
    made.generation_config.update(eos_token_id=list(ENDS), **RULES[name])
    written = write_by_defaults(made, sources, num_beams)

    assert written == write_reference(
        made, sources, num_beams=num_beams, max_new_tokens=None, max_length=1 + LONGEST
    )
    assert written != plain


@pytest.mark.parametrize("early_stopping", [False, True, "never"])
@pytest.mark.parametrize(("num_beams", "length_penalty"), [(2, 1.0), (3, 2.5), (5, 0.0), (4, -1.0)])
@pytest.mark.parametrize("network", ["bart", "t5"])
def test_the_settings_of_a_search_are_those_of_generate(
    network: str, num_beams: int, length_penalty: float, early_stopping: EarlyStopping
) -> None:
    """Number of beams, length penalty, and each of the three ways to stop early mean the same."""
    made = spread(BARTS["plain"]() if network == "bart" else T5S["plain"]())
    sources = draw_rows(17, 30)
    beams = Beams(num_beams, length_penalty, early_stopping)
    written = write_by_beams(read(made), sources, LONGEST, Rules(ENDS), beams)

    assert written == write_reference(
        made,
        sources,
        num_beams=num_beams,
        length_penalty=length_penalty,
        early_stopping=early_stopping,
    )


def test_each_way_to_stop_early_writes_something_else() -> None:
    """Where longer summaries are rewarded, the three ways differ, so the grid above tells them apart."""
    decoder, sources = read(spread(T5S["plain"]())), draw_rows(17, 30)
    stops: tuple[EarlyStopping, ...] = (False, True, "never")
    ways = [write_by_beams(decoder, sources, LONGEST, Rules(ENDS), Beams(2, 2.5, stop)) for stop in stops]

    assert ways[0] != ways[1] != ways[2] != ways[0]


def test_in_int8_it_stays_close() -> None:
    """Weights and inputs of 8 bits move logits by a tenth at most."""
    network = spread(BARTS["grown"]())
    sources = draw_rows(9, 30)
    exact, rounded = (
        decoder.step(np.full(9, 1), decoder.begin(sources, 1))
        for decoder in (read(network), read(network, "int8"))
    )

    assert np.linalg.norm(rounded - exact) / np.linalg.norm(exact) < 0.1
