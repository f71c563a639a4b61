"""What training minimizes: the loss of label tokens, computed as quickly as network and device allow."""

from collections.abc import Sequence
from typing import Protocol

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from transformers import PreTrainedModel

from tldrkit.datasets.batches import IGNORED, Tokens, collate
from tldrkit.dendrites.perforated import read_linear
from tldrkit.families.anatomy import draw_packable
from tldrkit.families.drawing import draw_blueprint
from tldrkit.training.packed.dropout import Dropout
from tldrkit.training.packed.linear import Trained
from tldrkit.training.packed.network import PackedNetwork

_RATES = ("dropout_rate", "dropout", "attention_dropout", "activation_dropout")


class Objective(Protocol):
    """Sums the loss of some examples for one network."""

    def __call__(self, rows: Sequence[Tokens], smoothing: float) -> Tensor:
        """Sum the cross-entropy over label tokens.

        Shape:
            result: ().
        """
        ...


class LogitsObjective(Objective, Protocol):
    """One that can also show the logits that it scores."""

    def compute_logits(self, rows: Sequence[Tokens]) -> Tensor:
        """Compute the logits of every label token, float32, in the order of `read_labels`.

        Shape:
            result: (label tokens, vocabulary).
        """
        ...


class PackedLoss:
    """A known family on a processor: no work on padding, and dropout that costs next to nothing."""

    def __init__(self, loss: PackedNetwork) -> None:
        self._loss = loss

    def __call__(self, rows: Sequence[Tokens], smoothing: float) -> Tensor:
        """Sum the cross-entropy over label tokens."""
        ordered = _order(rows)
        return self._loss([row.source for row in ordered], [row.target for row in ordered], smoothing)

    def compute_logits(self, rows: Sequence[Tokens]) -> Tensor:
        """Compute the logits of every label token."""
        ordered = _order(rows)
        return self._loss.compute_logits(
            [row.source for row in ordered], [row.target for row in ordered]
        ).float()


class PaddedLoss:
    """Any network on any device: padded tensors through its own forward pass."""

    def __init__(self, network: PreTrainedModel, accelerator: Accelerator) -> None:
        self._network = network
        self._accelerator = accelerator

    def __call__(self, rows: Sequence[Tokens], smoothing: float) -> Tensor:
        """Sum the cross-entropy over label tokens."""
        logits, labels = self._run(rows)
        return nn.functional.cross_entropy(
            logits.float().flatten(0, 1),
            labels.flatten(),
            ignore_index=IGNORED,
            reduction="sum",
            label_smoothing=smoothing,
        )

    def compute_logits(self, rows: Sequence[Tokens]) -> Tensor:
        """Compute the logits of every label token."""
        logits, labels = self._run(_order(rows))
        return logits[labels != IGNORED].float()

    def _run(self, rows: Sequence[Tokens]) -> tuple[Tensor, Tensor]:
        """Compute padded logits and labels.

        Shape:
            logits: (rows, longest target, vocabulary). labels: (rows, longest target).
        """
        network = self._network
        batch = collate(rows, network.config.pad_token_id).to(self._accelerator.device)
        shifted = network.prepare_decoder_input_ids_from_labels(batch.labels)
        with self._accelerator.autocast():
            logits = network(
                input_ids=batch.source, attention_mask=batch.mask, decoder_input_ids=shifted, use_cache=False
            ).logits
        return logits, batch.labels


def read_labels(rows: Sequence[Tokens]) -> Tensor:
    """Read the labels in the order of `compute_logits`.

    Shape:
        result: (label tokens,).
    """
    return torch.tensor([token for row in _order(rows) for token in row.target])


def _order(rows: Sequence[Tokens]) -> list[Tokens]:
    """Order rows by length: neighbours in length share their padding."""
    return sorted(rows, key=lambda row: len(row.source))


def build_dropout(network: PreTrainedModel, accelerator: Accelerator, seed: int) -> Dropout | None:
    """Build the dropout of packed training; None where the network has none, or drops out on its own."""
    blueprint = draw_packable(network)
    if blueprint is None:
        return None
    hidden, attention, activation = (getattr(network.config, name) for name in blueprint.dropout.names)
    return Dropout.build((hidden, attention, activation), seed, find_dtype(accelerator))


def set_dropout(network: nn.Module, rate: float) -> None:
    """Set the dropout rate everywhere in a network, and in its configuration."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = rate
        for name in _RATES:
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, rate)
    for name in _RATES:
        if hasattr(network.config, name):
            setattr(network.config, name, rate)


def choose_attention(network: PreTrainedModel, accelerator: Accelerator) -> None:
    """Choose unfused attention where it is faster than torch's fused one (benchmarks/attention.py)."""
    # On a processor the fused kernel has no fast path for a bias that learns, such as T5's, and is slower in
    # bf16 with BART too; of BART in fp32 it is the faster one.
    blueprint = draw_blueprint(network.config)
    biased = blueprint is not None and blueprint.encoder.bias is not None
    slow = find_dtype(accelerator) == torch.bfloat16 or biased
    if accelerator.device.type == "cpu" and slow:
        network.set_attn_implementation("eager")


def build_objective(
    network: PreTrainedModel, accelerator: Accelerator, dropout: Dropout | None
) -> LogitsObjective:
    """Build the objective of a network, anew whenever its parameters are new ones."""
    blueprint = draw_packable(network)
    if blueprint is None:
        return PaddedLoss(network, accelerator)
    dtype = find_dtype(accelerator)
    return PackedLoss(PackedNetwork(network, blueprint, Trained(read_linear), dtype, dropout))


def find_dtype(accelerator: Accelerator) -> torch.dtype:
    """Tell the number format of matrix products."""
    return torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32
