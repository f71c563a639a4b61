"""Which code a result is made by, as far as results depend on it: part of identities and journals."""

from typing import Any

from tldrkit.options import Options
from tldrkit.sources.loading import choose_device
from tldrkit.specs import Precision

REVISIONS = {
    "base": 2,
    "compare": 4,
    "compress": 1,
    "eval": 5,
    "export": 3,
    "summarize": 1,
    "train": 1,
}
"""Whoever changes what a step makes of the same spec and inputs raises its number.

``tests/steps/test_revisions.py`` holds values of each revision.
"""


def describe_code(step: str, options: Options, precision: Precision = "fp32") -> dict[str, Any]:
    """Describe the code that a step's result depends on, as JSON values.

    Args:
        step: The command.
        options: The surroundings: where it writes summaries.
        precision: In which summaries are written. In fp32 they are the same on every processor; in others
            rounding tells, so that the loops they are written with, and the processor's instructions, count.
    """
    code: dict[str, Any] = {"revision": REVISIONS[step]}
    if precision != "fp32":
        code["loops"] = _describe_loops(options)
    return code


def _describe_loops(options: Options) -> str:
    if choose_device(options) != "cpu":
        return "torch's, on a GPU"
    from tldrkit.writing.compiled.kernels.compiling import describe_loops

    return describe_loops()
