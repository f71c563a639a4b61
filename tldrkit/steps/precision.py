"""Which number format a network is fitted in: `auto` is settled before the identity is computed."""

from typing import TypeVar

from tldrkit.options import Options
from tldrkit.sources.loading import choose_device
from tldrkit.specs import FitSpec

FitSpecT = TypeVar("FitSpecT", bound=FitSpec)


def settle_precision(spec: FitSpecT, options: Options) -> tuple[FitSpecT, FitSpecT | None]:
    """Fill in the number format that `auto` is on this machine; what it is on others comes second.

    Args:
        spec: How a network is fitted.
        options: The surroundings: where.

    Returns:
        The spec with its format; and the spec of machines where `auto` is the other one, None where a format
        was chosen.

    Raises:
        SpecError: A GPU is asked for and there is none.
    """
    if spec.precision != "auto":
        return spec, None
    from tldrkit.machine.processor import use_bf16

    formats = ["fp32", "bf16"]
    if use_bf16("auto", on_cpu=choose_device(options) == "cpu"):
        formats.reverse()
    here, elsewhere = (spec.model_copy(update={"precision": name}) for name in formats)
    return here, elsewhere
