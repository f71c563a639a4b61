"""What the losses of all families over packed tokens have in common. Knows no module of a network."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from tldrkit.training.packed.dropout import Dropout, DropoutMasks
from tldrkit.training.packed.functions import CrossEntropy, apply


class PackedNetwork:
    """Compute the summed loss of rows of tokens.

    Args:
        network: Plain, of ours, or with layers wrapped by PerforatedAI; on a processor.
        linears: Applies linear layers of the network to one input.
        dtype: Number format of the input of products and what lies between them; sums, norms and the loss are
            float32.
        dropout: Dropout while the network is in training mode; None for none.
    """

    def __init__(
        self,
        network: nn.Module,
        linears: Callable[..., Tensor],
        dtype: torch.dtype,
        dropout: Dropout | None,
    ) -> None:
        self._network: Any = network
        self._linears = linears
        self._dtype = dtype
        self._dropout = dropout or Dropout(None, None, None)

    def __call__(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], smoothing: float = 0.0
    ) -> Tensor:
        """Sum the cross-entropy over the tokens of all targets.

        Args:
            sources: Token ids of each document.
            targets: Token ids of each summary.
            smoothing: Share of the target probability spread over all tokens.

        Shape:
            result: ().
        """
        labels = torch.tensor([token for row in targets for token in row])
        return apply(CrossEntropy, self.compute_logits(sources, targets), labels, smoothing)

    def compute_logits(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> Tensor:
        """Compute the logits of every token of all targets, each from those before it.

        Shape:
            result: (target tokens, vocabulary).
        """
        raise NotImplementedError

    def _shift(self, targets: Sequence[Sequence[int]]) -> list[int]:
        """Pack what the decoder reads: each target behind the start mark, without its last token."""
        start = self._network.config.decoder_start_token_id
        return [token for row in targets for token in (start, *row[:-1])]

    def _use(self, masks: DropoutMasks | None) -> DropoutMasks | None:
        """Use masks in training alone."""
        return masks if self._network.training else None

    def _drop(self, hidden: Tensor) -> Tensor:
        masks = self._use(self._dropout.hidden)
        return hidden if masks is None else hidden * masks.draw(hidden.shape).to(hidden.dtype)

    def _add(self, hidden: Tensor, change: Tensor) -> Tensor:
        """Add a layer's output, dropped out, to the hidden states."""
        masks = self._use(self._dropout.hidden)
        if masks is None:
            return hidden + change
        return torch.addcmul(hidden, change, masks.draw(change.shape))
