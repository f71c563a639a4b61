"""`tldrkit eval`."""

from tldrkit.cli.options import AsName, Source, step_command
from tldrkit.options import Options
from tldrkit.specs import EvalSpec


@step_command(EvalSpec, how=("artifacts", "data", "device", "threads", "force"))
def eval(source: Source, *, name: AsName, spec: EvalSpec, options: Options) -> None:  # noqa: A001  (the command's name)
    """Score a model: ROUGE, every prediction, parameters, bytes, latency and throughput.

    Example: `tldrkit eval b/train --as b/eval --dataset synthetic --split test`
    """
    from tldrkit.cli.outcome import show_outcome
    from tldrkit.steps.eval import eval as run

    show_outcome(run(options, spec, source=source, target=name))
