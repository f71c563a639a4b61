from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from tests.encoders import KINDS, save_encoder
from tldrkit.errors import SpecError
from tldrkit.families.embedder import load_embedder

TEXTS = ["the lift is broken", "", "a", "one of the doors on floor two is open since noon"]


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_those_of_the_layer(kind: str, tmp_path: Path) -> None:
    """Whatever texts are beside it, a text's vectors are its layer's output alone, of unit length."""
    folder = save_encoder(tmp_path / "encoder", kind)
    embedder = load_embedder(folder)
    network, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    assert embedder.layer == 3  # of three
    for text, (vectors, counted) in zip(TEXTS, embedder.embed(TEXTS), strict=True):
        tokens = tokenizer(text, truncation=True, max_length=embedder.limit).input_ids
        with torch.no_grad():
            states = network(torch.tensor([tokens]), output_hidden_states=True).hidden_states[3][0]
        wanted = (states / states.norm(dim=-1, keepdim=True)).numpy()
        assert np.allclose(vectors, wanted, atol=1e-5)
        assert counted.tolist() == [False, *[True] * (len(tokens) - 2), False]


@pytest.mark.parametrize("kind", KINDS)
def test_long_texts_are_cut_where_positions_end(kind: str, tmp_path: Path) -> None:
    """A text of more tokens than the encoder has positions is read up to there."""
    embedder = load_embedder(save_encoder(tmp_path / "encoder", kind), layer=1)
    ((vectors, _),) = embedder.embed(["a b c d " * 50])
    assert len(vectors) == embedder.limit == 32


def test_no_such_layer_is_refused(tmp_path: Path) -> None:
    """A layer beyond the last one is named, with how many there are."""
    with pytest.raises(SpecError, match="has 3 layers; there is no layer 4"):
        load_embedder(save_encoder(tmp_path / "encoder"), layer=4)
