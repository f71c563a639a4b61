"""`tldrkit doctor`."""

from tldrkit.cli import console
from tldrkit.cli.options import step_command
from tldrkit.options import Options

_WIDTH = 20  # of the names


@step_command(how=("artifacts", "data"))
def doctor(*, options: Options) -> None:
    """Show what this machine and this installation have, to paste into a bug report.

    Processor and number formats, memory, whether the hub answers (asked for three seconds at most),
    libraries and extras with their versions, and the store. Nothing is changed, and nothing is sent.

    Example: `tldrkit doctor`
    """
    from tldrkit.steps.doctor import examine

    for name, value in examine(options):
        console.show_line(f"{name:{_WIDTH}}{value}")
