"""A whole run as one spec: compression and training together, as one command line or one file gives them."""

from typing import Any

from pydantic import Field

from tldrkit.specs.compression import CompressSpec
from tldrkit.specs.data import DataSpec
from tldrkit.specs.training import TrainSpec


class RunSpec(TrainSpec, CompressSpec):
    """A whole run in one line or one file: what to start from, the size it is compressed to, its training."""

    model_type: str | None = Field(None, description="Another way to give SOURCE, such as t5-small.")
    teacher: str | None = Field(
        None, description="A model to learn from as well, such as the base (distillation)."
    )

    test_dendrite_capacity: bool = Field(
        False,
        description="Train nothing; take one step with 0 to 3 dendrites, and show memory and time of each.",
    )

    @property
    def sizes(self) -> dict[str, Any]:
        """What is asked of the compression, where that is not what ``compress`` does anyway."""
        asked = {name: getattr(self, name) for name in SIZES}
        return {
            name: value for name, value in asked.items() if value != CompressSpec.model_fields[name].default
        }

    def build_compression(self) -> CompressSpec | None:
        """Build the spec of the compress step that is implied; None where the model stays whole.

        Experiment A is the model whole, whatever sizes are given with it.
        """
        if not self.sizes or self.experiment.upper() == "A":
            return None
        return CompressSpec(**{name: getattr(self, name) for name in DataSpec.model_fields}, **self.sizes)

    def build_training(self) -> TrainSpec:
        """Build the spec of the training."""
        given = self.model_fields_set & set(TrainSpec.model_fields)
        return TrainSpec(**{name: getattr(self, name) for name in given})


SIZES = tuple(name for name in CompressSpec.model_fields if name not in TrainSpec.model_fields)
"""What a run's compress step may be told; its seed stays 0, so that the runs of all seeds share one."""
