import pytest
import torch

from tldrkit.compression.calibration import choose_calibration, encode_calibration, run_calibration
from tldrkit.families.summarizer import Summarizer
from tldrkit.specs import CompressSpec

DOCUMENTS = [(f"the cat sat on mat {number}", f"mat {number}") for number in range(20)]


def test_documents_are_encoded_as_in_training(tiny_summarizer: Summarizer) -> None:
    """Prefix in front, both sides cut to their tokens, end mark kept."""
    spec = CompressSpec(prefix="say: ", max_source_tokens=8, max_target_tokens=4)
    example = encode_calibration(tiny_summarizer, spec, DOCUMENTS[:1])[0]
    assert example.document.shape == (1, 8)
    assert example.summary.shape == (1, 4)
    assert example.document[0, -1] == example.summary[0, -1] == tiny_summarizer.tokenizer.eos_token_id
    assert tiny_summarizer.tokenizer.decode(example.document[0]).startswith("say: the")


@pytest.mark.parametrize(("wanted", "taken"), [(5, 5), (20, 20), (500, 20)])
def test_as_many_as_asked_are_taken(wanted: int, taken: int) -> None:
    """No more than asked, no more than there are, each once, in their order."""
    chosen = choose_calibration(CompressSpec(calibration_examples=wanted), DOCUMENTS)
    assert len(set(chosen)) == len(chosen) == taken
    assert chosen == [pair for pair in DOCUMENTS if pair in chosen]


def test_the_seed_chooses() -> None:
    """Another seed takes other documents, the same seed the same."""
    first, again, other = (
        choose_calibration(CompressSpec(calibration_examples=3, seed=seed), DOCUMENTS) for seed in (0, 0, 1)
    )
    assert first == again != other


def test_calibration_leaves_no_gradients(tiny_summarizer: Summarizer) -> None:
    """Running documents through changes nothing in the network."""
    before = [parameter.clone() for parameter in tiny_summarizer.network.parameters()]
    run_calibration(
        tiny_summarizer.network, encode_calibration(tiny_summarizer, CompressSpec(), DOCUMENTS[:2])
    )
    for parameter, value in zip(tiny_summarizer.network.parameters(), before, strict=True):
        assert parameter.grad is None
        assert torch.equal(parameter, value)
