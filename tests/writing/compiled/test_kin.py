"""The compiled engine with the families beside T5 and BART, against Hugging Face's ``generate``."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from transformers import PreTrainedModel

from tests.networks import KIN, KIN_NETWORKS, build_kin
from tests.training.packed.references import BARTS, draw_rows
from tests.writing.compiled.test_bart import spread, write_by_defaults
from tests.writing.compiled.test_search import ENDS, LONGEST, read, write_reference
from tldrkit.errors import ModelError
from tldrkit.specs import Precision
from tldrkit.writing.compiled.rules import Rules
from tldrkit.writing.compiled.search import Beams, write_by_beams, write_greedily


@pytest.mark.parametrize("kind", KIN_NETWORKS)
def test_it_writes_what_generate_writes(kind: str) -> None:
    """Token for token, greedily and with four beams, for rows of many lengths that end apart."""
    network = spread(KIN_NETWORKS[kind]())
    sources, decoder = draw_rows(17, 30), read(network)
    rules = replace(Rules.read(network.generation_config, 0), ends=ENDS)
    greedy = write_greedily(decoder, sources, LONGEST, rules)
    searched = write_by_beams(decoder, sources, LONGEST, rules, Beams(4))

    assert greedy == write_reference(network, sources)
    assert searched == write_reference(network, sources, num_beams=4)
    assert len({len(row) for row in (*greedy, *searched)}) > 1
    assert len({token for row in greedy for token in row}) > 5


@pytest.mark.parametrize("kind", KIN_NETWORKS)
@pytest.mark.parametrize(("precision", "apart"), [("bf16", 0.03), ("int8", 0.1)])
def test_rounded_weights_stay_close(kind: str, precision: Precision, apart: float) -> None:
    """Weights in 16 and in 8 bits move logits by a few hundredths, and a tenth, at most."""
    network = spread(KIN_NETWORKS[kind]())
    sources = draw_rows(9, 30)
    exact, rounded = (
        decoder.step(np.full(9, 1), decoder.begin(sources, 1))
        for decoder in (read(network), read(network, precision))
    )

    assert np.linalg.norm(rounded - exact) / np.linalg.norm(exact) < apart
    assert not np.array_equal(rounded, exact)


@pytest.mark.parametrize("family", KIN)
def test_generation_defaults_say_how_a_summary_begins(family: str) -> None:
    """A start of their own, such as a language, and a first token that is forced, as `generate` has them."""
    network = spread(build_kin(family))
    sources = draw_rows(9, 30)
    before = write_reference(network, sources)
    network.generation_config.update(decoder_start_token_id=200, forced_bos_token_id=201)
    decoder = read(network)
    rules = replace(Rules.read(network.generation_config, 0), ends=ENDS)
    written = write_greedily(decoder, sources, LONGEST, rules)

    assert decoder.start == 200
    assert written == write_reference(network, sources) != before


PUBLISHED: dict[str, tuple[Callable[[], PreTrainedModel], dict[str, Any]]] = {
    "bart-large-cnn, distilbart-cnn": (BARTS["plain"], {
        "num_beams": 4, "length_penalty": 2.0, "early_stopping": True, "no_repeat_ngram_size": 3,
        "min_length": 8, "forced_bos_token_id": 7, "forced_eos_token_id": 3,
    }),
    "bart-large-xsum": (BARTS["plain"], {
        "num_beams": 6, "length_penalty": 1.0, "early_stopping": True, "no_repeat_ngram_size": 3,
        "min_length": 5, "forced_eos_token_id": 3,
    }),
    "pegasus-cnn": (KIN_NETWORKS["pegasus"], {
        "num_beams": 8, "length_penalty": 0.8, "min_length": 6, "forced_eos_token_id": 3,
    }),
    "mbart-large-50": (KIN_NETWORKS["mbart"], {
        "num_beams": 5, "early_stopping": True, "forced_bos_token_id": 200, "forced_eos_token_id": 3,
    }),
    "mT5-XLSum": (KIN_NETWORKS["mt5"], {
        "num_beams": 4, "length_penalty": 0.6, "no_repeat_ngram_size": 2,
    }),
    "opus-mt": (KIN_NETWORKS["marian"], {
        "num_beams": 6, "bad_words_ids": [[0]], "forced_eos_token_id": 3,
    }),
}  # fmt: skip
"""Generation defaults of published checkpoints, on tiny networks of their families; lengths shrunk."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_defaults_mean_the_same(name: str) -> None:
    """With a known checkpoint's defaults it writes what `generate` writes, by its beams and greedily."""
    build, defaults = PUBLISHED[name]
    network, sources = spread(build()), draw_rows(9, 30)
    network.generation_config.update(eos_token_id=list(ENDS), **defaults)

    for num_beams in (1, defaults["num_beams"]):
        told = {"num_beams": num_beams, "max_new_tokens": None, "max_length": 1 + LONGEST}
        assert write_by_defaults(network, sources, num_beams) == write_reference(network, sources, **told)


def test_without_a_start_it_is_one_sentence() -> None:
    """What neither generation defaults nor the configuration say is asked for."""
    network = build_kin("mbart", decoder_start_token_id=None)
    network.generation_config.update(decoder_start_token_id=None, bos_token_id=None)
    with pytest.raises(ModelError, match="which token a summary begins behind"):
        _ = read(network).start
