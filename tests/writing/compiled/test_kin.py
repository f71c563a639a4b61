"""The compiled engine with the families beside T5 and BART, against Hugging Face's ``generate``."""

from dataclasses import replace

import numpy as np
import pytest

from tests.networks import KIN, KIN_NETWORKS, build_kin
from tests.training.packed.references import draw_rows
from tests.writing.compiled.test_bart import spread
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


def test_without_a_start_it_is_one_sentence() -> None:
    """What neither generation defaults nor the configuration say is asked for."""
    network = build_kin("mbart", decoder_start_token_id=None)
    network.generation_config.update(decoder_start_token_id=None, bos_token_id=None)
    with pytest.raises(ModelError, match="which token a summary begins behind"):
        _ = read(network).start
