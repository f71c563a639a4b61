"""PerforatedAI's settings for an unattended run of gradient-descent dendrites on a transformer."""

from typing import Any

from transformers import PreTrainedModel

from tldrkit.errors import DendriteError
from tldrkit.families.hub_code.dendritic_linear import ACTIVATIONS
from tldrkit.specs import TrainSpec


def build_settings(spec: TrainSpec, network: PreTrainedModel, paths: list[str]) -> dict[str, Any]:
    """Build the settings.

    Args:
        spec: The run.
        network: Before anything is wrapped.
        paths: What is to be wrapped.
    """
    tensors = network.state_dict(keep_vars=True)
    first = {id(tensor): name for name, tensor in reversed(tensors.items())}
    tied = [f".{name}" for name, tensor in tensors.items() if first[id(tensor)] != name]
    wrapped = tuple(f"{path}." for path in paths)
    others = [f".{name}" for name, _ in network.named_parameters() if not name.startswith(wrapped)]
    return {
        "device": network.device,
        "configuration_confirmed": True,
        "unwrapped_modules_confirmed": True,
        "testing_dendrite_capacity": False,
        "test_saves": False,
        "module_names_to_perforate": [],
        "module_ids_to_perforate": [f".{path}" for path in paths],
        "parameter_ids_to_track": others,
        "module_names_to_not_save": [".base_model", *tied],
        "output_dimensions": [-1, -1, 0],  # batch, length, features
        "pai_forward_function": ACTIVATIONS[spec.dendrite_activation],
        "max_dendrites": spec.max_dendrites,
        "max_dendrite_tries": spec.max_dendrite_tries,
        "candidate_weight_initialization_multiplier": spec.dendrite_init,
        "history_lookback": spec.history_lookback,
        "improvement_threshold": [spec.improvement_threshold],
        "improvement_threshold_raw": 0.0,
        "initial_history_after_switches": -1,  # at 0 the first validation could not be the best
        "find_best_lr": False,  # the loop owns the learning rate
        "dont_give_up_unless_learning_rate_lowered": False,
        "switch_mode": {"history": 1, "fixed": 2}[spec.switch_mode],
        "n_epochs_to_switch": spec.n_epochs_to_switch,
        "fixed_switch_num": spec.n_epochs_to_switch,
        "first_fixed_switch_num": 1,
    }


def configure(pc: Any, settings: dict[str, Any]) -> None:  # noqa: ANN401  (a module without types)
    """Set settings.

    Raises:
        DendriteError: This PerforatedAI does not know one.
    """
    for name, value in settings.items():
        if not hasattr(pc, f"get_{name}"):  # setting an unknown one would be ignored without a word
            message = f"This PerforatedAI has no setting {name!r}."
            raise DendriteError(message, hint="Install perforatedai 3.2.9.")
        getattr(pc, f"set_{name}")(value)


def list_licensed(spec: TrainSpec) -> dict[str, Any]:
    """List the settings given that the licensed add-on alone reads."""
    given = {"p_epochs_to_switch": spec.p_epochs_to_switch, "cap_at_n": spec.cap_n}
    return {name: value for name, value in given.items() if value is not None}
