"""`tldrkit base`."""

from tldrkit.cli.options import AsName, step_command
from tldrkit.options import Options
from tldrkit.specs import BaseSpec


@step_command(BaseSpec)
def base(*, name: AsName, spec: BaseSpec, options: Options) -> None:
    """Make a base from scratch: a tokenizer trained on the corpus, and a small T5 pretrained on it.

    For where no pretrained model can be had. With one, begin at `compress` or `train`.

    Example: `tldrkit base --as base --dataset synthetic --max-steps 2000`
    """
    from tldrkit.cli.outcome import show_outcome
    from tldrkit.steps.base import base as run

    show_outcome(run(options, spec, target=name))
