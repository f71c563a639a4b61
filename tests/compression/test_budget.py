import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from tests.compression.test_compress import DOCUMENTS
from tests.networks import build_t5
from tldrkit.compression.budget import Sizes, count_sizes, plan_sizes
from tldrkit.compression.compress import compress
from tldrkit.errors import CompressionError, SpecError
from tldrkit.families.footprint import count_parameters
from tldrkit.families.summarizer import Summarizer
from tldrkit.specs import CompressSpec, build_spec


@pytest.fixture(params=["tiny_t5", "tiny_flan", "tiny_bart"])
def teacher(request: pytest.FixtureRequest, tiny_tokenizer: PreTrainedTokenizerFast) -> Summarizer:
    """Each family in turn."""
    return Summarizer(request.getfixturevalue(request.param), tiny_tokenizer)


def test_sizes_are_counted_before_they_are_built(teacher: Summarizer) -> None:
    """The count is that of the network that compression then builds."""
    sizes = Sizes(3, 2, 40)
    spec = CompressSpec(enc_num_layers=3, dec_num_layers=2, d_ff=40, dec_d_model=24, num_heads=3)
    built = compress(teacher, spec, DOCUMENTS).summarizer.network

    assert count_sizes(teacher.network, spec, sizes) == count_parameters(built)


@pytest.mark.parametrize("ratio", [0.95, 0.75, 0.5])
def test_a_budget_is_kept_and_used(teacher: Summarizer, ratio: float) -> None:
    """The result has at most the parameters allowed, and no fewer than 5 % less."""
    before = count_parameters(teacher.network)
    done = compress(teacher, CompressSpec(ratio=ratio), DOCUMENTS)
    after = count_parameters(done.summarizer.network)

    assert 0.95 * ratio * before < after <= ratio * before
    assert done.report["parameters"]["target"] == int(ratio * before)
    assert done.report["tried"][0]["params"] == before
    assert after in [tried["params"] for tried in done.report["tried"]]


def test_decoder_layers_go_first() -> None:
    """Few decoder layers rather than narrow feed-forwards, those rather than fewer encoder layers."""
    network = build_t5(d_ff=512)
    before = count_parameters(network)
    sizes = []
    for ratio in (0.95, 0.75, 0.55, 0.4):
        spec, _ = plan_sizes(network, CompressSpec(), int(ratio * before))
        sizes.append((spec.enc_num_layers, spec.dec_num_layers, spec.d_ff))
    encoders, decoders, widths = zip(*sizes, strict=True)

    assert encoders[:3] == (4, 4, 4)
    assert encoders[3] < 4
    assert list(decoders) == sorted(decoders, reverse=True)
    assert decoders[1] == decoders[2] == 2
    assert widths[1] > widths[2] >= 256


def test_what_is_given_stays(tiny_t5: PreTrainedModel) -> None:
    """Sizes that were asked for are not searched."""
    target = int(0.6 * count_parameters(tiny_t5))
    spec, _ = plan_sizes(tiny_t5, CompressSpec(dec_num_layers=4, dec_d_model=16), target)

    assert (spec.dec_num_layers, spec.dec_d_model) == (4, 16)


def test_a_budget_out_of_reach_says_the_least(teacher: Summarizer) -> None:
    """The smallest size in reach is told, and holds."""
    with pytest.raises(CompressionError, match="the sizes given make") as caught:
        compress(teacher, CompressSpec(target_params="1k"), DOCUMENTS)
    least = next(word for word in str(caught.value).split() if "," in word and word != "1,000")
    done = compress(teacher, CompressSpec(target_params=least.replace(",", "")), DOCUMENTS)

    assert count_parameters(done.summarizer.network) <= int(least.replace(",", ""))


@given(target=st.integers(min_value=12_000, max_value=60_000))
@settings(max_examples=15, deadline=None)
def test_any_budget_is_kept(target: int) -> None:
    """Whatever is allowed, the planned network has no more, or the least is told."""
    network = build_t5()
    try:
        spec, _ = plan_sizes(network, CompressSpec(), target)
    except CompressionError:
        return
    sizes = Sizes(spec.enc_num_layers or 0, spec.dec_num_layers or 0, spec.d_ff or 0)
    assert count_sizes(network, spec, sizes) <= target


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("45M", 45_000_000),
        ("1.5M", 1_500_000),
        ("300k", 300_000),
        ("1B", 10**9),
        ("12345", 12_345),
        (777, 777),
    ],
)
def test_budgets_are_read(text: object, number: int) -> None:
    """Thousands, millions and billions may be short; YAML's numbers are numbers."""
    assert CompressSpec(target_params=text).compute_budget(1) == number


@pytest.mark.parametrize(
    "fields",
    [
        {"target_params": "much"},
        {"target_params": "45M", "ratio": 0.5},
        {"ratio": 1.5},
        {"enc_num_layers": 2, "enc_layers": "0,1"},
        {"dec_layers": "0;1"},
        {"dec_layers": "1,1"},
    ],
)
def test_budgets_that_make_no_sense_are_refused(fields: dict[str, object]) -> None:
    """No number, two budgets, more than the teacher, or layers given twice."""
    with pytest.raises(SpecError):
        build_spec(CompressSpec, fields=fields)


@pytest.mark.parametrize("value", ["0,2", [0, 2], (0, 2)])
def test_layers_are_named_in_yaml_too(value: object) -> None:
    """A list of numbers is as good as their names."""
    assert build_spec(CompressSpec, fields={"enc_layers": value, "dec_layers": 0}).enc_layers == "0,2"
