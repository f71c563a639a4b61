"""Families beside T5 and BART: what they can have of compression, and what is refused."""

from pathlib import Path

import pytest
import torch

from tests.compression.test_compress import DOCUMENTS
from tests.compression.test_vocabulary import unigram  # noqa: F401  (a fixture)
from tests.networks import KIN, build_kin
from tldrkit.compression.budget import Sizes, count_sizes
from tldrkit.compression.compress import compress
from tldrkit.errors import ModelError
from tldrkit.families.anatomy import find_blueprint
from tldrkit.families.footprint import count_parameters
from tldrkit.families.summarizer import Summarizer, load_summarizer, save_summarizer
from tldrkit.specs import CompressSpec

TIED = [family for family in KIN if family != "mt5"]


def build(family: str, tokenizer: object) -> Summarizer:
    return Summarizer(build_kin(family), tokenizer)  # type: ignore[arg-type]


@pytest.mark.parametrize("family", KIN)
def test_layers_feed_forwards_and_vocabulary_shrink(
    family: str,
    unigram: object,  # noqa: F811
    tmp_path: Path,
) -> None:
    """All at once: reported, saved, loaded with the same logits; the cache changes no token."""
    teacher = build(family, unigram)
    spec = CompressSpec(
        enc_num_layers=1,
        dec_num_layers=2,
        layers_by="importance",
        d_ff=24,
        vocab_size=len(teacher.tokenizer) - 3,
    )
    small = compress(teacher, spec, DOCUMENTS)
    save_summarizer(small.summarizer, tmp_path)
    network, batch = load_summarizer(tmp_path).network, {"labels": torch.tensor([[5, 6, 1]])}
    ids = small.summarizer.tokenizer("the cat", return_tensors="pt").input_ids
    blueprint = find_blueprint(network)

    assert [len(side.layers) for side in blueprint.sides] == [1, 2]
    assert [side.feed_forward for side in blueprint.sides] == [24, 24]
    assert blueprint.vocabulary == spec.vocab_size
    made, loaded = (one(input_ids=ids, **batch).logits for one in (small.summarizer.network, network))
    torch.testing.assert_close(loaded, made, atol=1e-5, rtol=0)
    cached = network.generate(ids, num_beams=2, max_new_tokens=6)
    assert torch.equal(network.generate(ids, num_beams=2, max_new_tokens=6, use_cache=False), cached)
    assert small.report["parameters"]["after"] == sum(small.report["parts"]["after"].values())


@pytest.mark.parametrize("family", KIN)
def test_sizes_are_counted_before_they_are_built(family: str, unigram: object) -> None:  # noqa: F811
    """A budget counts what compression then builds."""
    teacher = build(family, unigram)
    built = compress(teacher, CompressSpec(enc_num_layers=1, dec_num_layers=1, d_ff=40), DOCUMENTS)

    assert count_sizes(teacher.network, CompressSpec(), Sizes(1, 1, 40)) == count_parameters(
        built.summarizer.network
    )


@pytest.mark.parametrize("family", ["pegasus", "marian"])
def test_tokens_that_defaults_name_keep_their_meaning(family: str, unigram: object) -> None:  # noqa: F811
    """Words that are never written are renumbered with their tokens, and so is padding that stands last."""
    teacher = build(family, unigram)
    last = len(teacher.tokenizer) - 1
    teacher.network.generation_config.bad_words_ids = [[last], [3, last]]
    teacher.network.config.pad_token_id = last
    teacher.network.get_input_embeddings().padding_idx = last
    small = compress(teacher, CompressSpec(vocab_size=last - 3), DOCUMENTS).summarizer
    number = small.tokenizer.convert_tokens_to_ids(teacher.tokenizer.convert_ids_to_tokens(last))

    assert number < last
    assert small.network.generation_config.bad_words_ids == [[number], [3, number]]
    assert small.network.get_input_embeddings().padding_idx == number


@pytest.mark.parametrize(
    ("family", "sizes", "what"),
    [
        *((family, {"num_heads": 1}, "number of heads") for family in TIED),
        *((family, {"dec_d_model": 24}, "decoder width") for family in KIN),
    ],
)
def test_what_a_family_cannot_have_is_refused(
    family: str,
    sizes: dict[str, int],
    what: str,
    unigram: object,  # noqa: F811
) -> None:
    """Before any work, without documents, in one sentence with the family's name."""
    teacher = build(family, unigram)
    name = find_blueprint(teacher.network).family
    with pytest.raises(ModelError, match=f"{name} cannot be given another {what}"):
        compress(teacher, CompressSpec(**sizes), [])


def test_heads_of_mt5_go_as_t5s_do(unigram: object) -> None:  # noqa: F811
    """Its own class has them, so it stays what it was."""
    teacher = build("mt5", unigram)
    small = compress(teacher, CompressSpec(num_heads=2, dec_num_layers=2), DOCUMENTS).summarizer.network

    assert type(small) is type(teacher.network)
    assert [side.heads for side in find_blueprint(small).sides] == [2, 2]
    assert small(input_ids=torch.tensor([[5, 6]]), labels=torch.tensor([[7]])).loss.isfinite()
