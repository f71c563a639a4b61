"""Summaries by a network's own ``generate``: on GPUs, and of whatever family and defaults."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from tldrkit.datasets.batches import pad_rows
from tldrkit.writing.decoding import Decoding

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel


class PaddedWriter:
    """Writes padded batches.

    Args:
        network: An encoder-decoder; left in the mode (training or not) it was in.
        pad: The token that fills rows up.
    """

    def __init__(self, network: "PreTrainedModel", pad: int) -> None:
        self._network: Any = network
        self._pad = pad

    def __call__(
        self, sources: Sequence[Sequence[int]], decoding: Decoding, told: Mapping[str, Any]
    ) -> list[list[int]]:
        """Write a summary of each source, as token ids.

        Args:
            sources: Token ids of each document.
            decoding: Lengths, beams and number format.
            told: What is asked for otherwise than the network's generation defaults say.
        """
        device = next(self._network.parameters()).device
        with (
            evaluating(self._network),
            torch.autocast(device.type, torch.bfloat16, enabled=decoding.precision == "bf16"),
        ):
            ids = self._network.generate(
                input_ids=pad_rows(sources, self._pad).to(device),
                attention_mask=pad_rows([[1] * len(row) for row in sources], 0).to(device),
                num_beams=decoding.num_beams,
                do_sample=False,
                **limit_lengths(self._network.generation_config, decoding),
                **told,
            )
        return [[token for token in row if token != self._pad] for row in ids[:, 1:].tolist()]


def limit_lengths(defaults: "GenerationConfig", decoding: Decoding) -> dict[str, int | None]:
    """Say how long summaries may be, in the one form that contradicts no generation defaults.

    Lengths count the start mark, numbers of new tokens do not; where a network's defaults give the one and
    the call the other, ``generate`` complains with every batch.
    """
    return {
        "max_length": decoding.max_target_tokens + 1,
        "max_new_tokens": None,
        "min_length": decoding.find_shortest(defaults) + 1,
        "min_new_tokens": None,
    }


class evaluating:  # noqa: N801  (a context manager, used as a verb)
    """Put a network in evaluation mode without gradients, and back."""

    def __init__(self, network: torch.nn.Module) -> None:
        self._network = network
        self._grad = torch.no_grad()

    def __enter__(self) -> None:
        self._was_training = self._network.training
        self._network.eval()
        self._grad.__enter__()

    def __exit__(self, *error: object) -> None:
        self._grad.__exit__(*error)
        self._network.train(self._was_training)
