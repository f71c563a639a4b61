"""Feed-forwards of another width: the least used neurons go, added ones change nothing until trained.

Knows a network by its anatomy. Does not choose the width.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import nn
from transformers import PreTrainedModel

from tldrkit.compression.calibration import CalibrationExample
from tldrkit.compression.importance import measure_written
from tldrkit.families.anatomy import FeedForward, find_feed_forwards, write_sizes

Change = Callable[[torch.Tensor], torch.Tensor]


def narrow_feed_forwards(
    network: PreTrainedModel, width: int, examples: Sequence[CalibrationExample]
) -> None:
    """Keep the ``width`` most important neurons of every wider feed-forward, in their order, in place."""
    feed_forwards = [wider for wider in find_feed_forwards(network) if wider.width > width]
    importances = measure_neurons(network, feed_forwards, examples)
    for feed_forward, importance in zip(feed_forwards, importances, strict=True):
        kept = importance.topk(width).indices.sort().values
        take = partial(torch.index_select, index=kept)
        _rebuild(feed_forward, partial(take, dim=0), partial(take, dim=1))
    write_sizes(network)


def measure_neurons(
    network: PreTrainedModel, feed_forwards: Sequence[FeedForward], examples: Sequence[CalibrationExample]
) -> list[torch.Tensor]:
    """Measure how much each hidden neuron adds to the residual stream.

    Shape:
        each result: (hidden neurons,)
    """
    writers = [feed_forward.linear(feed_forward.writer) for feed_forward in feed_forwards]
    return measure_written(network, writers, examples)


def widen_feed_forwards(network: PreTrainedModel, width: int, seed: int) -> None:
    """Add neurons to every narrower feed-forward up to ``width``, in place; what is computed stays the same.

    Added neurons read with random weights of the spread of those present and write with zeros: the
    function is kept, as in Net2Net (Chen et al. 2016), and no two of them learn the same.
    """
    generator = torch.Generator().manual_seed(seed)

    def add_rows(rows: torch.Tensor) -> torch.Tensor:
        added = torch.zeros(width - rows.shape[0], *rows.shape[1:])
        if rows.dim() > 1:  # biases of added neurons stay zero
            added.normal_(0.0, rows.std().item(), generator=generator)
        return torch.cat([rows, added.to(rows)])

    def add_columns(columns: torch.Tensor) -> torch.Tensor:
        return torch.cat([columns, columns.new_zeros(columns.shape[0], width - columns.shape[1])], dim=1)

    for feed_forward in find_feed_forwards(network):
        if feed_forward.width < width:
            _rebuild(feed_forward, add_rows, add_columns)
    write_sizes(network)


def _rebuild(feed_forward: FeedForward, change_rows: Change, change_columns: Change) -> None:
    """Replace the linear layers of a feed-forward: readers by changed rows, the writer by changed columns."""
    for name in feed_forward.readers:
        linear = feed_forward.linear(name)
        bias = None if linear.bias is None else change_rows(linear.bias.detach())
        setattr(feed_forward.module, name, build_linear(change_rows(linear.weight.detach()), bias))
    writer = feed_forward.linear(feed_forward.writer)
    weight = change_columns(writer.weight.detach())
    setattr(feed_forward.module, feed_forward.writer, build_linear(weight, writer.bias))


def build_linear(weight: torch.Tensor, bias: torch.Tensor | None) -> nn.Linear:
    """Build a linear layer that holds these values.

    Shape:
        weight: (out_features, in_features)
        bias: (out_features,)
    """
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    linear.weight = nn.Parameter(weight.detach().contiguous())
    if bias is not None:
        linear.bias = nn.Parameter(bias.detach().clone())
    return linear.eval()
