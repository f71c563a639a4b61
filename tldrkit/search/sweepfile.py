"""A sweep file: W&B's own form, read into a spec. Knows what can be run here; runs nothing."""

from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tldrkit.errors import SpecError
from tldrkit.search.space import Axis, Choice, list_values, read_axis
from tldrkit.specs import RunSpec, Spec, build_spec

METRIC = "val_rouge_l"
_WORDS = (
    "${env}",
    "${interpreter}",
    "${program}",
    "-m",
    "tldrkit",
    "train",
    "--spec",
    "--wandb",
    "online",
    "offline",
)


class MetricSpec(Spec):
    """What is asked of a run."""

    name: str
    goal: Literal["maximize", "minimize"] = "minimize"


class StoppingSpec(Spec):
    """When a run that falls behind is stopped."""

    type: Literal["hyperband"]
    min_iter: int | None = Field(None, ge=1)
    max_iter: int | None = Field(None, ge=1)
    eta: int = Field(3, ge=2)
    s: int | None = Field(None, ge=1)


class SweepSpec(Spec):
    """A sweep: the axes, how they are searched, and for what."""

    name: str = ""
    description: str = ""
    project: str = ""
    entity: str = ""
    program: Literal["tldrkit"]
    command: tuple[str, ...] = Field((), description="The words an agent runs; ${args} are the parameters.")
    method: Literal["bayes", "random", "grid"] = Field(description="bayes, random or grid.")
    metric: MetricSpec
    early_terminate: StoppingSpec | None = None
    run_cap: int | None = Field(None, ge=1, description="Most runs of the sweep.")
    parameters: dict[str, Any]

    @cached_property
    def axes(self) -> dict[str, Axis]:
        """The parameters by name, constants among them."""
        return {name: read_axis(name, written) for name, written in self.parameters.items()}

    @property
    def constants(self) -> dict[str, Any]:
        """What is the same in every run."""
        return {
            name: axis.values[0]
            for name, axis in self.axes.items()
            if isinstance(axis, Choice) and len(axis.values) == 1
        }

    @property
    def searched(self) -> dict[str, Axis]:
        """What differs from run to run."""
        return {name: axis for name, axis in self.axes.items() if name not in self.constants}


def read_sweep(path: Path) -> SweepSpec:
    """Read a sweep file, and refuse what cannot be run here.

    Raises:
        SpecError: It is no sweep, or says something that has no equivalent here.
    """
    sweep = build_spec(SweepSpec, [path])
    if sweep.metric != MetricSpec(name=METRIC, goal="maximize"):
        raise SpecError(
            f"The metric of {path} is {sweep.metric.name!r}, to {sweep.metric.goal}.",
            hint=f"`tldrkit train` logs one to search by: metric: {{name: {METRIC}, goal: maximize}}",
        )
    for word in sweep.command:
        if word not in _WORDS and not word.startswith("${args"):
            raise SpecError(
                f"{word!r} in the command of {path} is unknown to a local sweep.",
                hint="Settings of all runs are parameters: max_steps: {value: 500}",
            )
    for name, axis in sweep.axes.items():
        ends = axis.values if isinstance(axis, Choice) else (axis.low, axis.high)
        for value in ends:
            build_spec(RunSpec, fields={name: value}, origin=str(path))
        if sweep.method == "grid":
            list_values(name, axis)
    stopping = sweep.early_terminate
    if stopping and (stopping.min_iter is None) == (stopping.max_iter is None or stopping.s is None):
        raise SpecError("early_terminate needs min_iter, or max_iter and s.", hint="Give one of the two.")
    return sweep
