"""What a network knows before it is trained: its loss beside the teacher's and a random network's."""

import copy
from collections.abc import Callable, Sequence

import torch
from transformers import PreTrainedModel

from tldrkit.compression.calibration import Watched, encode_calibration, ignore, run_calibration
from tldrkit.families.summarizer import Summarizer
from tldrkit.specs import CompressSpec


def compare_losses(
    teacher: Summarizer,
    student: Summarizer,
    spec: CompressSpec,
    pairs: Sequence[tuple[str, str]],
    advance: Callable[[], object] = ignore,
) -> dict[str, float]:
    """Compute the loss of a summary's word, nats, for teacher, student and a random network of its shape.

    Of a word, since a token is not the same for two tokenizers. ``advance`` is told of each pair run.
    """
    words = sum(len(summary.split()) for _, summary in pairs)
    random = Summarizer(build_random(student.network, spec.seed), student.tokenizer)
    losses = {}
    for name, summarizer in (("teacher", teacher), ("student", student), ("random", random)):
        examples = encode_calibration(summarizer, spec, pairs)
        tokens = sum(example.summary.numel() for example in examples)
        losses[name] = run_calibration(summarizer.network, Watched(examples, advance)) * tokens / words
    return losses


def build_random(network: PreTrainedModel, seed: int) -> PreTrainedModel:
    """Build a network of the same shape with weights drawn as its class draws them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        drawn: PreTrainedModel = type(network)(copy.deepcopy(network.config))
    drawn.generation_config = copy.deepcopy(network.generation_config)
    return drawn.to(network.device).eval()
