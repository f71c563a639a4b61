"""A network loaded without transformers against the same one loaded with it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers.pre_tokenizers import ByteLevel
from torch import nn
from transformers import (
    MBartTokenizer,
    PegasusTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    RobertaTokenizer,
    T5Tokenizer,
)
from transformers.models.mbart.tokenization_mbart import FAIRSEQ_LANGUAGE_CODES

from tests.networks import KIN_NETWORKS, build_t5
from tests.training.packed.references import BARTS, T5S, draw_rows
from tests.writing.compiled.test_bart import spread
from tests.writing.compiled.test_search import ENDS, LONGEST, read, take
from tldrkit.bases.scratch import build_tokenizer
from tldrkit.datasets.tokens import tokenize_documents
from tldrkit.families.footprint import count_parameters
from tldrkit.families.summarizer import Summarizer, load_summarizer, save_summarizer
from tldrkit.writing.compiled.decoder import Decoder
from tldrkit.writing.compiled.positions import compute_bias
from tldrkit.writing.compiled.rules import Rules
from tldrkit.writing.compiled.search import Beams, write_by_beams, write_greedily
from tldrkit.writing.lean import LeanSummarizer, load_lean

TOKENS = [(letter, -3.0) for letter in "▁abcdefghijklmnopqrstuvwxyz.,"] + [("▁the", -1.0), ("▁fan", -1.5)]
TEXTS = ["The fan is loud.", "", "It says </s> and <pad>, Gr\u00fc\u00dfe \U0001f600", "words " * 60]
FAMILIES = T5S | {f"bart {kind}": build for kind, build in BARTS.items()} | KIN_NETWORKS


def save(network: PreTrainedModel, folder: Path) -> LeanSummarizer:
    """Save a network with a tokenizer, and load it without transformers."""
    save_summarizer(Summarizer(network, build_tokenizer(TEXTS, 300)), folder)
    lean = load_lean(folder)
    assert lean is not None
    return lean


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("tied", [True, False])
def test_it_writes_what_the_whole_network_writes(kind: str, tied: bool, tmp_path: Path) -> None:
    """Token for token, greedily and by beams, with the head tied or not; its parameters are as many."""
    network = spread(FAMILIES[kind]())
    network.config.tie_word_embeddings = tied
    if tied:
        network.tie_weights()
    elif hasattr(network, "model"):  # BART's sides then have embeddings of their own
        for side in (network.model.encoder, network.model.decoder):
            side.embed_tokens.weight = nn.Parameter(torch.randn_like(side.embed_tokens.weight))
    lean = save(network, tmp_path)
    whole = load_summarizer(tmp_path).network
    sources = draw_rows(9, 200)  # longer than the reach of the position buckets
    written = []
    for decoder in (Decoder(lean.network, "fp32"), read(whole)):
        greedy = write_greedily(decoder, sources, LONGEST, Rules(ENDS))
        searched = write_by_beams(decoder, sources, LONGEST, Rules(ENDS), Beams(3))
        written.append((greedy, searched, decoder.step(np.zeros(9, np.int64), decoder.begin(sources, 1))))

    assert written[0][:2] == written[1][:2]
    assert np.array_equal(written[0][2], written[1][2])
    assert lean.parameters == count_parameters(whole)


@pytest.mark.parametrize("side", ["encoder", "decoder"])
@pytest.mark.parametrize("length", [1, 5, 40, 1300])
@pytest.mark.parametrize(("buckets", "reach"), [(32, 128), (16, 1000), (10, 17)])
def test_the_position_bias_is_transformers(side: str, length: int, buckets: int, reach: int) -> None:
    """Every distance has the same bucket, on both sides."""
    network = build_t5(relative_attention_num_buckets=buckets, relative_attention_max_distance=reach)
    attention = getattr(network, side).block[0].layer[0].SelfAttention
    expected = attention.compute_bias(length, length)[0].detach()
    causal = side == "decoder"
    bias = compute_bias(
        attention.relative_attention_bias.weight.detach().numpy(), length, reach, causal=causal
    )

    for query in range(length):
        seen = slice(length - 1 - query, 2 * length - 1 - query)
        assert np.array_equal(bias[:, seen], expected[:, query])


def build_ours() -> PreTrainedTokenizerBase:
    """Build the tokenizer of a base of ours."""
    return build_tokenizer(TEXTS, 300)


def build_pegasus() -> PreTrainedTokenizerBase:
    """Build Pegasus's, whose marks of pretraining come first."""
    marks = ["<pad>", "</s>", "<mask_1>", "<mask_2>", *(f"<unk_{number}>" for number in range(2, 103))]
    return PegasusTokenizer(vocab=[(mark, 0.0) for mark in [*marks, "<unk>"]] + TOKENS)


def build_mbart() -> PreTrainedTokenizerBase:
    """Build mBART's for texts in German and summaries in French."""
    marks, codes = (
        ("<s>", "<pad>", "</s>", "<unk>"),
        [(code, 0.0) for code in (*FAIRSEQ_LANGUAGE_CODES, "<mask>")],
    )
    vocabulary = [(mark, 0.0) for mark in marks] + TOKENS + codes
    return MBartTokenizer(vocab=vocabulary, src_lang="de_DE", tgt_lang="fr_XX")


def build_mt5() -> PreTrainedTokenizerBase:
    """Build mT5's, which is T5's."""
    return T5Tokenizer(vocab=[(mark, 0.0) for mark in ("<pad>", "</s>", "<unk>")] + TOKENS)


def build_bart() -> PreTrainedTokenizerBase:
    """Build BART's, which is RoBERTa's."""
    marks = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    letters = (*sorted(ByteLevel.alphabet()), "Ġf", "an")
    merges = [("Ġ", "f"), ("a", "n")]
    return RobertaTokenizer(
        vocab={token: number for number, token in enumerate((*marks, *letters))}, merges=merges
    )


@pytest.mark.parametrize("build", [build_ours, build_pegasus, build_mbart, build_mt5, build_bart])
def test_the_tokenizer_is_transformers(build: Callable[[], PreTrainedTokenizerBase], tmp_path: Path) -> None:
    """The same tokens, cut alike, and the same texts back; marks in a text are text."""
    save_summarizer(Summarizer(T5S["plain"](), build()), tmp_path)
    lean, whole = load_lean(tmp_path), load_summarizer(tmp_path)
    assert lean is not None
    assert lean.tokenizer.unk_token_id == whole.tokenizer.unk_token_id is not None
    for prefix, longest in (("summarize: ", 512), ("", 16)):
        rows = [tokenize_documents(TEXTS, one.tokenizer, prefix, longest) for one in (lean, whole)]
        assert rows[0] == rows[1]
    counted = [
        one.tokenizer(TEXTS, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
        for one in (lean, whole)
    ]
    assert counted[0] == counted[1]
    texts = [one.tokenizer.batch_decode([[5, 1, 9], []], skip_special_tokens=True) for one in (lean, whole)]
    assert texts[0] == texts[1]


def test_layers_keep_their_order(tmp_path: Path) -> None:
    """The eleventh layer comes after the tenth, and not after the first."""
    lean = save(build_t5(num_layers=12, num_decoder_layers=11), tmp_path)
    whole = load_summarizer(tmp_path).network
    frozen = take(whole)
    for path in ("encoder.block.10.layer.1.DenseReluDense.wi", "decoder.block.10.layer.0.SelfAttention.q"):
        assert np.array_equal(lean.network.read_linear(path).weight, frozen.read_linear(path).weight)


@pytest.mark.parametrize("name", ["scale_decoder_outputs", "decoder_start_token_id", "layer_norm_epsilon"])
def test_what_is_not_told_is_left(name: str, tmp_path: Path) -> None:
    """A configuration that leaves something to transformers' defaults is not guessed at."""
    save(T5S["plain"](), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    del config[name]
    (tmp_path / "config.json").write_text(json.dumps(config))

    assert load_lean(tmp_path) is None


def change(path: Path, **fields: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize(
    ("file", "fields"),
    [
        ("config.json", {"model_type": "bart"}),
        ("config.json", {"dense_act_fn": "relu6"}),
        ("config.json", {"d_ff": 7}),
        ("config.json", {"num_heads": 1, "d_kv": 3}),
        ("config.json", {"num_layers": 7}),
        ("config.json", {"num_decoder_layers": 1}),
        ("config.json", {"vocab_size": 10}),
        ("config.json", {"growth": {"decoder.block.0.layer.2.DenseReluDense.wi": 1}}),
        ("config.json", {"dec_d_model": 8}),
        ("config.json", {"scale_decoder_outputs": None, "d_model": 10}),
        ("generation_config.json", {"penalty_alpha": 0.5}),
        ("generation_config.json", {"early_stopping": "always"}),
        ("tokenizer_config.json", {"tokenizer_class": "T5Tokenizer", "backend": None}),  # of transformers 4
        ("tokenizer_config.json", {"tokenizer_class": "CodeGenTokenizer", "backend": "tokenizers"}),
        ("tokenizer_config.json", {"clean_up_tokenization_spaces": True}),
    ],
)
def test_what_it_does_not_know_it_leaves(file: str, fields: dict[str, object], tmp_path: Path) -> None:
    """Other networks, defaults and tokenizers, and weights that do not fit, are not loaded."""
    save(T5S["plain"](), tmp_path)
    change(tmp_path / file, **fields)

    assert load_lean(tmp_path) is None


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "generation_config.json"]
)
@pytest.mark.parametrize("how", ["missing", "cut", "empty"])
def test_a_damaged_folder_is_left(name: str, how: str, tmp_path: Path) -> None:
    """What is missing or cut short is for the other loader to name."""
    save(T5S["plain"](), tmp_path)
    path = tmp_path / name
    whole = path.read_bytes()
    path.unlink()
    if how != "missing":
        path.write_bytes(whole[: len(whole) // 2] if how == "cut" else b"")

    assert load_lean(tmp_path) is None


def test_a_missing_tensor_is_left(tmp_path: Path) -> None:
    """Weights without one of their tensors are not filled with anything."""
    from safetensors.torch import load_file, save_file

    save(T5S["plain"](), tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    for name in list(tensors):
        left = {other: tensor for other, tensor in tensors.items() if other != name}
        save_file(left, tmp_path / "model.safetensors", metadata={"format": "pt"})
        assert load_lean(tmp_path) is None


def test_summarizing_needs_no_torch(tmp_path: Path) -> None:
    """A summary is written without torch, and what needs it, having been imported."""
    save(T5S["plain"](), tmp_path / "model")
    (tmp_path / "thread.txt").write_text("ann: The fan is loud.\n\nbob: Clean it.")
    script = (
        "import sys\n"
        "from tldrkit.__main__ import main\n"
        "try:\n    main()\nfinally:\n"
        "    print(sorted(set(sys.modules) & {'torch', 'transformers', 'perforatedai', 'datasets'}))"
    )
    command = ["summarize", "thread.txt", "--model", "model", "--out", "out.jsonl", "--max-tokens", "8"]
    done = subprocess.run(
        [sys.executable, "-c", script, *command, "--device", "cpu"], cwd=tmp_path,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    assert "[]" in done.stdout, done.stderr
    assert json.loads((tmp_path / "out.jsonl").read_text())["posts_read"]
    shutil.rmtree(tmp_path / "model")
