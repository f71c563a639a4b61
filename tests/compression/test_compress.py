import copy
import json
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from tldrkit.compression.calibration import encode_calibration, run_calibration
from tldrkit.compression.compress import compress
from tldrkit.compression.layers import measure_loss_without
from tldrkit.errors import CompressionError, ModelError
from tldrkit.families.anatomy import SideName, find_layers
from tldrkit.families.footprint import count_parameters
from tldrkit.families.summarizer import Summarizer, load_summarizer, save_summarizer
from tldrkit.specs import CompressSpec

Batch = dict[str, torch.Tensor]
DOCUMENTS = [
    (f"the cat sat on mat {number} and the dog looked at it", f"cat on mat {number}") for number in range(9)
]
SIZES = {"enc_num_layers": 3, "dec_num_layers": 2, "dec_d_model": 24, "d_ff": 40}


@pytest.fixture(params=["tiny_t5", "tiny_flan", "tiny_bart"])
def teacher(request: pytest.FixtureRequest, tiny_tokenizer: PreTrainedTokenizerFast) -> Summarizer:
    """Each family in turn."""
    return Summarizer(request.getfixturevalue(request.param), tiny_tokenizer)


def test_nothing_asked_is_nothing_changed(teacher: Summarizer, tiny_batch: Batch) -> None:
    """Without sizes the copy computes what the teacher computes, and needs no documents."""
    same = compress(teacher, CompressSpec(), [])
    assert torch.equal(same.summarizer.network(**tiny_batch).logits, teacher.network(**tiny_batch).logits)
    assert same.summarizer.network is not teacher.network
    assert same.report["parameters"]["ratio"] == 1


def test_the_teachers_own_sizes_change_nothing(teacher: Summarizer, tiny_batch: Batch) -> None:
    """Asking for every size it has, the full decoder width among them, changes nothing either."""
    own = {"enc_num_layers": 4, "dec_num_layers": 4, "d_ff": 48, "dec_d_model": 32, "num_heads": 4}
    network = compress(teacher, CompressSpec(**own), DOCUMENTS).summarizer.network
    assert torch.equal(network(**tiny_batch).logits, teacher.network(**tiny_batch).logits)


def test_the_teacher_is_left_alone(teacher: Summarizer) -> None:
    """Compression changes no weight, size or config of its input."""
    before = copy.deepcopy(teacher.network.state_dict())
    config = teacher.network.config.to_dict()
    compress(teacher, CompressSpec(**SIZES), DOCUMENTS)
    after = teacher.network.state_dict()
    assert teacher.network.config.to_dict() == config
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_small_network_is_what_was_asked(teacher: Summarizer, tiny_batch: Batch, tmp_path: Path) -> None:
    """All sizes at once: reported, saved, loaded with equal logits; the cache changes no token."""
    small = compress(teacher, CompressSpec(**SIZES), DOCUMENTS)
    assert small.report["layers_kept"] == {"encoder": [0, 2, 3], "decoder": [0, 3]}
    assert small.report["d_ff"] == {"before": 48, "after": 40}
    save_summarizer(small.summarizer, tmp_path)
    loaded = load_summarizer(tmp_path).network
    assert torch.equal(loaded(**tiny_batch).logits, small.summarizer.network(**tiny_batch).logits)
    ids = tiny_batch["input_ids"]
    cached = loaded.generate(ids, num_beams=4, max_new_tokens=8)
    assert torch.equal(loaded.generate(ids, num_beams=4, max_new_tokens=8, use_cache=False), cached)


def test_the_report_counts_what_is_deployed(teacher: Summarizer) -> None:
    """The report is JSON; its parts add up to the parameters of the networks."""
    small = compress(teacher, CompressSpec(**SIZES), DOCUMENTS)
    report = json.loads(json.dumps(small.report))
    networks = {"before": teacher.network, "after": small.summarizer.network}
    for when, network in networks.items():
        assert report["parameters"][when] == sum(report["parts"][when].values()) == count_parameters(network)
    assert 0 < report["variance_kept"] <= 1


def test_same_spec_same_weights(teacher: Summarizer) -> None:
    """The seed and the documents decide the result; nothing else does."""
    spec = CompressSpec(**SIZES | {"d_ff": 56}, calibration_examples=4, seed=1)
    first, again = (compress(teacher, spec, DOCUMENTS).summarizer.network.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)


@pytest.mark.parametrize("factor", [0.93, 1.5])
def test_a_target_is_reached_within_one_percent(teacher: Summarizer, factor: float) -> None:
    """The feed-forward width alone brings the deployed parameters to the target, wider or narrower."""
    spec = CompressSpec(**SIZES)
    control = count_parameters(compress(teacher, spec, DOCUMENTS).summarizer.network)
    target = round(factor * control)
    matched = compress(teacher, spec, DOCUMENTS, target_params=target)
    assert abs(count_parameters(matched.summarizer.network) - target) <= 0.01 * target
    assert matched.report["layers_kept"]["decoder"] == [0, 3]


def test_a_target_widens_without_changing_the_function(teacher: Summarizer, tiny_batch: Batch) -> None:
    """A matched control computes at first what the control it is matched with computes."""
    spec = CompressSpec(**{**SIZES, "d_ff": None})
    control = compress(teacher, spec, DOCUMENTS).summarizer.network
    matched = compress(teacher, spec, DOCUMENTS, target_params=2 * count_parameters(control))
    assert matched.report["d_ff"]["after"] > 48
    expected = control(**tiny_batch).logits
    torch.testing.assert_close(matched.summarizer.network(**tiny_batch).logits, expected, atol=1e-5, rtol=0)


def test_a_target_out_of_reach_says_what_is_in_reach(tiny_summarizer: Summarizer) -> None:
    """A target below what the rest of the network weighs names the smallest size."""
    with pytest.raises(CompressionError, match="1,000 parameters cannot be reached within 1 %"):
        compress(tiny_summarizer, CompressSpec(), DOCUMENTS, target_params=1000)


def test_named_layers_are_kept(teacher: Summarizer) -> None:
    """Layers may be named; those are kept whatever else would be chosen, and the report says so."""
    done = compress(teacher, CompressSpec(enc_layers="1,3", dec_layers="2,0"), DOCUMENTS)
    assert done.report["layers_kept"] == {"encoder": [1, 3], "decoder": [0, 2]}
    kept = find_layers(done.summarizer.network, "decoder")[1].state_dict()
    was = find_layers(teacher.network, "decoder")[2].state_dict()
    assert all(torch.equal(kept[name], was[name]) for name in kept)


def make_idle(network: PreTrainedModel, side: SideName, index: int) -> None:
    for name, parameter in find_layers(network, side)[index].named_parameters():
        if name.endswith((".o.weight", ".wo.weight")):
            parameter.data.zero_()


@pytest.mark.parametrize("kind", ["tiny_t5", "tiny_flan"])
def test_a_layer_that_changes_nothing_goes_first(
    kind: str, request: pytest.FixtureRequest, tiny_tokenizer: PreTrainedTokenizerFast
) -> None:
    """By importance a layer that leaves the stream alone is the first to go."""
    network = request.getfixturevalue(kind)
    make_idle(network, "encoder", 2)
    make_idle(network, "decoder", 1)
    spec = CompressSpec(enc_num_layers=3, dec_num_layers=3, layers_by="importance")
    kept = compress(Summarizer(network, tiny_tokenizer), spec, DOCUMENTS).report["layers_kept"]

    assert kept == {"encoder": [0, 1, 3], "decoder": [0, 2, 3]}


def test_layers_whose_absence_costs_least_go(tiny_summarizer: Summarizer) -> None:
    """By loss: without an idle layer the loss is what it was, and the dearest absences are kept."""
    network = tiny_summarizer.network
    make_idle(network, "decoder", 1)
    examples = encode_calibration(tiny_summarizer, CompressSpec(), DOCUMENTS)
    losses = measure_loss_without(network, "decoder", examples)
    spec = CompressSpec(dec_num_layers=2, layers_by="loss")
    kept = compress(tiny_summarizer, spec, DOCUMENTS).report["layers_kept"]["decoder"]

    assert losses[1].item() == pytest.approx(run_calibration(network, examples), abs=1e-5)
    assert losses[kept].min() >= losses.sort().values[2]


@pytest.mark.parametrize("by", ["importance", "loss"])
def test_barts_layers_are_measured_too(
    tiny_bart: PreTrainedModel, tiny_tokenizer: PreTrainedTokenizerFast, by: str
) -> None:
    """As many as asked are kept, and the network still writes."""
    spec = CompressSpec(enc_num_layers=2, dec_num_layers=1, layers_by=by)
    network = compress(Summarizer(tiny_bart, tiny_tokenizer), spec, DOCUMENTS).summarizer.network
    assert [len(find_layers(network, side)) for side in ("encoder", "decoder")] == [2, 1]
    assert network.generate(input_ids=torch.tensor([[5, 6, 1]]), max_new_tokens=3).shape[0] == 1


def test_the_report_tells_losses_and_documents(teacher: Summarizer) -> None:
    """The loss of a word: teacher, student, random network; and which documents calibration took."""
    same = compress(teacher, CompressSpec(), DOCUMENTS, held_out=DOCUMENTS[:3]).report
    small = compress(teacher, CompressSpec(dec_num_layers=1), DOCUMENTS, held_out=DOCUMENTS[:3]).report
    other = compress(teacher, CompressSpec(seed=1, calibration_examples=3), DOCUMENTS).report

    assert same["loss_per_word"]["student"] == same["loss_per_word"]["teacher"]
    assert same["loss_per_word"]["random"] != same["loss_per_word"]["teacher"]
    assert small["loss_per_word"]["teacher"] == same["loss_per_word"]["teacher"]
    assert small["loss_per_word"]["student"] != small["loss_per_word"]["teacher"]
    assert same["calibration"]["digest"] == small["calibration"]["digest"] != other["calibration"]["digest"]


@pytest.mark.parametrize("layers_by", ["importance", "loss"])
def test_progress_ends_where_it_said(teacher: Summarizer, layers_by: str) -> None:
    """However a network is measured, as many documents are run through it as were said at first."""
    spec = CompressSpec(**SIZES, num_heads=2, layers_by=layers_by, calibration_examples=2)
    told: list[tuple[int, int]] = []
    compress(
        teacher, spec, DOCUMENTS, held_out=DOCUMENTS[:2], advance=lambda *progress: told.append(progress)
    )
    assert [done for done, _ in told] == list(range(1, told[0][1] + 1))
    assert len({total for _, total in told}) == 1


def test_all_axes_together(teacher: Summarizer, tmp_path: Path) -> None:
    """Every axis at once gives a network that is saved, loaded and writes."""
    spec = CompressSpec(
        enc_num_layers=3, dec_layers="0,3", layers_by="importance", dec_d_model=16, width_by="importance",
        num_heads=2, d_ff=24, vocab_size=290,
    )  # fmt: skip
    small = compress(teacher, spec, DOCUMENTS, held_out=DOCUMENTS[:2]).summarizer
    save_summarizer(small, tmp_path)
    loaded = load_summarizer(tmp_path)
    batch = loaded.tokenizer("the cat sat", return_tensors="pt")
    with torch.no_grad():
        labels = torch.tensor([[5, 6, 1]])
        assert torch.equal(
            loaded.network(**batch, labels=labels).logits, small.network(**batch, labels=labels).logits
        )
    for beams in (1, 4):
        written = loaded.network.generate(**batch, num_beams=beams, max_new_tokens=5)
        uncached = loaded.network.generate(**batch, num_beams=beams, max_new_tokens=5, use_cache=False)
        assert torch.equal(written, uncached)
    assert small.network.get_input_embeddings().weight.shape == (290, 32)


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ({"enc_num_layers": 5}, "4 encoder layers, so 5"),
        ({"dec_num_layers": 9}, "4 decoder layers, so 9"),
        ({"dec_d_model": 40}, "32 features in its decoder, so 40"),
        ({"num_heads": 5}, "4 heads, so 5"),
        ({"vocab_size": 400}, "320 tokens, so 400"),
        ({"target_params": "45M"}, r"parameters, so 45,000,000 cannot be kept\."),
        ({"enc_layers": "0,4"}, "no layer 4: they are counted from 0 to 3"),
    ],
)
def test_sizes_the_teacher_does_not_have_are_refused(
    tiny_summarizer: Summarizer, sizes: dict[str, int | str], sentence: str
) -> None:
    """More layers, a wider decoder or more parameters than the teacher's are one sentence with the sizes."""
    with pytest.raises(CompressionError, match=sentence):
        compress(tiny_summarizer, CompressSpec(**sizes), DOCUMENTS)


def test_widths_need_documents(tiny_summarizer: Summarizer) -> None:
    """What calibration chooses cannot be chosen without documents."""
    with pytest.raises(CompressionError, match="there are none"):
        compress(tiny_summarizer, CompressSpec(d_ff=40), [])


def test_a_network_that_computes_no_numbers_is_refused(tiny_summarizer: Summarizer) -> None:
    """Its weights are finite, but so large that what it computes is not."""
    tiny_summarizer.network.decoder.final_layer_norm.weight.data.fill_(3e38)
    with pytest.raises(CompressionError, match="computes no finite loss"):
        compress(tiny_summarizer, CompressSpec(dec_d_model=24), DOCUMENTS)


def test_grown_networks_are_refused(tiny_summarizer: Summarizer) -> None:
    """Dendrites are not sliced."""
    tiny_summarizer.network.config.growth = {"decoder.block.0.layer.2.DenseReluDense.wi": 1}
    with pytest.raises(CompressionError, match="grown dendrites"):
        compress(tiny_summarizer, CompressSpec(d_ff=40), DOCUMENTS)


def test_other_families_are_refused(tiny_summarizer: Summarizer) -> None:
    """A family whose anatomy is not known is named."""
    tiny_summarizer.network.config.model_type = "led"
    with pytest.raises(ModelError, match="led"):
        compress(tiny_summarizer, CompressSpec(), [])


def test_a_deeper_decoder_still_generates(teacher: Summarizer, tiny_batch: Batch) -> None:
    """Fewer encoder than decoder layers is a network that generates, and its cache changes no token."""
    small = compress(teacher, CompressSpec(enc_num_layers=1), []).summarizer.network
    cached = small.generate(tiny_batch["input_ids"], max_new_tokens=6)
    assert torch.equal(small.generate(tiny_batch["input_ids"], max_new_tokens=6, use_cache=False), cached)
