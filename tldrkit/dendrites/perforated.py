"""Dendrites grown by PerforatedAI: which layers, when, and the plain network that comes out.

The only importer of PerforatedAI, whose state is global to the process, whose files go to the current
folder, and which prints, exits and opens a debugger: all of that is contained here. Nothing is known of data
or of the training loop.
"""

import contextlib
import copy
import importlib.util
import io
import json
import os
import pdb
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import nn
from torch.optim import Optimizer
from transformers import PreTrainedModel

from tldrkit.dendrites.cascade import Cascade
from tldrkit.dendrites.deployed import Block, read_deployed, read_deployed_block
from tldrkit.dendrites.growth import Growth
from tldrkit.dendrites.placements import choose_modules, find_norm
from tldrkit.dendrites.settings import build_settings, configure, list_licensed
from tldrkit.errors import DendriteError
from tldrkit.families.anatomy import build_config
from tldrkit.families.drawing import draw_blueprint
from tldrkit.families.footprint import count_trained
from tldrkit.families.hub_code.dendritic_linear import ACTIVATIONS, DendriticLinear
from tldrkit.families.rebuilding import find_ours
from tldrkit.specs import TrainSpec
from tldrkit.texts import name_error, say_reason

SAVE_NAME = "perforatedai"
SCORES = "scores.json"
SMALLEST_SCORE = 1e-9  # PerforatedAI takes a score of exactly 0 for "no score yet"


class Dendrites:
    """The growth policy that adds gradient-descent dendrites; one run at a time in a process.

    A call of ``after_validation`` is what PerforatedAI calls an epoch. When it is time to grow, it goes back
    to the best network it has seen and gives every chosen layer one more dendrite, without changing the
    function computed. Growing ends when the newest dendrites brought no better score in two attempts, or when
    growth falls due and no more dendrites are allowed; the best network is then in place, and later calls
    change nothing.

    Args:
        spec: Placement, activation, number and timing of dendrites, and the seed of their weights.
        scratch: Folder for PerforatedAI's own files; its subfolder there is emptied first.
        log: File its words are added to.
    """

    def __init__(self, spec: TrainSpec, scratch: Path, log: Path) -> None:
        self.spec = spec
        self.scratch = scratch.resolve()
        self.log = log.resolve()
        self._tracker: Any = None
        self._calls = 0
        self._ended = False
        self._since_growth = 0
        self._scores: list[float] = []

    def attach(self, network: PreTrainedModel) -> nn.Module:
        """Wrap the chosen layers, in place.

        Raises:
            DendriteError: The network is of another kind, has dendrites already, or lacks such layers.
        """
        paths = check_growable(network, self.spec)
        shutil.rmtree(self.scratch / SAVE_NAME, ignore_errors=True)
        with self._contained():
            from perforatedai import globals_perforatedai as state
            from perforatedai import utils_perforatedai as steps

            state.pc = state.PAIConfig()  # afresh: nothing set by an earlier run stays
            state.pai_tracker = []
            configure(state.pc, build_settings(self.spec, network, paths))
            if find_addon():
                configure(state.pc, list_licensed(self.spec))
            perforated: nn.Module = steps.perforate_model(
                network, save_name=SAVE_NAME, making_graphs=False, maximizing_score=True
            )
            self._tracker = state.pai_tracker
            _show_shapes(perforated)
        return perforated

    def use_optimizer(self, optimizer: Optimizer) -> None:
        """Tell PerforatedAI the optimizer, and with it the device that new dendrites are to be made on."""
        with self._contained():
            state = self._resolve_state()
            state.pc.set_device(optimizer.param_groups[0]["params"][0].device)
            state.pai_tracker.set_optimizer_instance(optimizer)

    def after_validation(self, network: nn.Module, score: float) -> Growth:
        """Take note of a score (more is better) and grow the network where it is time.

        Raises:
            DendriteError: PerforatedAI stopped, or another run in this process took its state over.
        """
        restructured = finished = False
        self._scores.append(score)
        self._since_growth += 1
        if not self._ended:
            with self._contained():
                tracker = self._resolve_state().pai_tracker
                answer = tracker.add_validation_score(max(float(score), SMALLEST_SCORE), network)
                network, restructured, finished = answer[0], bool(answer[1]), bool(answer[2])
                if restructured:
                    _show_shapes(network)
                    self._since_growth = 0
            self._ended = finished
        event = {
            "restructured": restructured,
            "finished": finished,
            "dendrites": max(_count_dendrites(network).values(), default=0),
            "params_trained": count_trained(network),
            **self._describe_waiting(),
        }
        return Growth(network, restructured, finished, event, self.spec.lr_after_growth)

    def _describe_waiting(self) -> dict[str, Any]:
        """Describe what PerforatedAI waits for; an epoch is a call of ``after_validation``."""
        told = self._tracker.member_vars
        unimproved = told["num_epochs_run"] - 1 - told["epoch_last_improved"]
        waited = self._since_growth if self.spec.switch_mode == "fixed" else unimproved
        return {
            "best": told["global_best_validation_score"],
            "mode": told["mode"],
            "epochs_since_improvement": max(0, unimproved),
            "epochs_before_switch": None if self._ended else self.spec.n_epochs_to_switch - waited,
        }

    def save(self, folder: Path) -> None:
        """Write down the scores so far and PerforatedAI's own files."""
        (folder / SCORES).write_text(json.dumps(self._scores), encoding="utf-8")
        if (self.scratch / SAVE_NAME).is_dir():  # there is one from the first better score on
            shutil.copytree(self.scratch / SAVE_NAME, folder / SAVE_NAME)

    def restore(
        self, network: nn.Module, folder: Path, build_optimizer: Callable[[nn.Module], Optimizer]
    ) -> tuple[nn.Module, Optimizer]:
        """Tell PerforatedAI the same scores again, and give it back the files it wrote of the real weights.

        Its state is what it makes of the scores: nothing of it is written down, or unpickled.

        Raises:
            DendriteError: PerforatedAI stopped.
        """
        optimizer = build_optimizer(network)
        for score in json.loads((folder / SCORES).read_text(encoding="utf-8")):
            growth = self.after_validation(network, score)
            if growth.restructured:
                network = growth.network
                optimizer = build_optimizer(network)
        shutil.rmtree(self.scratch / SAVE_NAME, ignore_errors=True)
        if (folder / SAVE_NAME).is_dir():
            shutil.copytree(folder / SAVE_NAME, self.scratch / SAVE_NAME)
        return network, optimizer

    def detach(self, network: nn.Module) -> PreTrainedModel:
        """Build the plain torch network that computes the same; no memory is shared."""
        return _build_deployed(network, self.spec.dendrite_activation)

    def count_deployed(self, network: nn.Module) -> int:
        """Compute how many parameters ``detach`` would return, tied ones counted once."""
        deployed = {id(tensor): tensor for tensor in _collect_deployed(network).values()}
        return sum(tensor.numel() for tensor in deployed.values() if isinstance(tensor, nn.Parameter))

    def _resolve_state(self) -> Any:  # noqa: ANN401  (a module without types)
        """Resolve PerforatedAI's global state, if it is this run's."""
        from perforatedai import globals_perforatedai as state

        if self._tracker is None or state.pai_tracker is not self._tracker:
            raise DendriteError(
                "PerforatedAI's state in this process does not belong to this run.",
                hint="Attach a network first, and train networks with dendrites one after the other.",
            )
        return state

    @contextlib.contextmanager
    def _contained(self) -> Iterator[None]:
        """Hold PerforatedAI to its folder, its log and random numbers of its own, without a debugger."""
        self._calls += 1
        # PerforatedAI lets rank 0 alone write what every rank reads; here each has a folder of its own.
        ranks = {name: os.environ.pop(name) for name in ("RANK", "LOCAL_RANK") if name in os.environ}
        said, folder, random_state, debugger = io.StringIO(), Path.cwd(), torch.get_rng_state(), pdb.set_trace
        self.scratch.mkdir(parents=True, exist_ok=True)
        try:
            os.chdir(self.scratch)
            pdb.set_trace = _refuse_debugger
            torch.default_generator.manual_seed(self.spec.seed * 1_000_003 + self._calls)
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                yield
        except DendriteError:
            raise
        except (Exception, SystemExit) as error:
            asked = isinstance(error, SystemExit)
            why = "it asked for a person to look" if asked else f"{name_error(error)}: {say_reason(error)}"
            hint = f"Its own words are at the end of {self.log}."
            raise DendriteError(f"PerforatedAI stopped: {why}.", hint=hint) from error
        finally:
            os.chdir(folder)
            os.environ.update(ranks)
            pdb.set_trace = debugger
            torch.set_rng_state(random_state)
            with self.log.open("a", encoding="utf-8") as log:
                log.write(said.getvalue())


def find_addon() -> bool:
    """Tell whether PerforatedAI's licensed add-on is installed, which alone reads some settings."""
    return importlib.util.find_spec("perforatedbp") is not None


def _refuse_debugger(*_: object, **__: object) -> NoReturn:
    raise SystemExit


def check_growable(network: PreTrainedModel, spec: TrainSpec) -> list[str]:
    """Choose the layers or blocks to wrap.

    Raises:
        DendriteError: The network is of another kind, has dendrites already, or lacks such layers.
    """
    blueprint = draw_blueprint(network.config)
    if not (blueprint and blueprint.ours and type(network).__name__ in (blueprint.stock, blueprint.ours)):
        kind = network.config.model_type
        raise DendriteError(
            f"Dendrites cannot grow on a {kind} model.", hint="Use a T5, BART, Pegasus or kin."
        )
    if getattr(network.config, "growth", None):
        raise DendriteError(
            "This network has dendrites already.",
            hint="Start from the network they grew on, or train this one with do_pb: false.",
        )
    return choose_modules(network, spec)


def _find_wrapped(network: nn.Module) -> dict[str, Any]:
    from perforatedai.modules_perforatedai import PAINeuronModule

    return {path: module for path, module in network.named_modules() if isinstance(module, PAINeuronModule)}


def _show_shapes(network: nn.Module) -> None:
    """Let every wrapped layer see one gradient: PerforatedAI takes the shapes of its buffers from the first.

    A loop that reads the layers' parameters without calling them would never show it one.
    """
    for layer in _find_wrapped(network).values():
        main = layer.main_module
        weight = main.weight if isinstance(main, nn.Linear) else find_norm(main)
        layer(weight.new_zeros(1, 1, weight.shape[-1])).sum().backward()
    network.zero_grad(set_to_none=True)


def _count_dendrites(network: nn.Module) -> dict[str, int]:
    """Count the dendrites of every layer that has some, by module path."""
    counts = {path: int(layer.dendrite_modules_added) for path, layer in _find_wrapped(network).items()}
    return {path: count for path, count in counts.items() if count}


def _collect_deployed(network: nn.Module) -> dict[str, torch.Tensor]:
    """Collect the tensors to deploy under their names there; tied names hold one and the same tensor."""
    wrapped = _find_wrapped(network)
    scaffolding = (*(f"{path}." for path in wrapped), "tracker_string")
    state = dict(network.state_dict(keep_vars=True))
    state = {name: tensor for name, tensor in state.items() if not name.startswith(scaffolding)}
    for path, layer in wrapped.items():
        state.update((f"{path}.{name}", tensor) for name, tensor in _collect_layer(layer).items())
    return state


def _collect_layer(layer: Any) -> dict[str, torch.Tensor]:  # noqa: ANN401  (a class without types)
    """Collect one perforated layer's tensors under the names of ``DendriticLinear`` or ``DendriticBlock``."""
    state = dict(layer.main_module.named_parameters())
    count, grown = int(layer.dendrite_modules_added), layer.dendrite_module
    if not count:
        return state
    if isinstance(layer.main_module, nn.Linear):
        for name in list(state):
            parts = [getattr(dendrite, name).detach() for dendrite in grown.layers]
            state[f"dendrite_{name}"] = nn.Parameter(torch.stack(parts))
    else:
        state.update((f"dendrites.{name}", tensor) for name, tensor in grown.layers.named_parameters())
    state["dendrite_to_output"] = layer.dendrites_to_top[count - 1]  # earlier entries are superseded
    if count > 1:
        links = [grown.dendrites_to_dendrites[dendrite].detach() for dendrite in range(1, count)]
        state["dendrite_links"] = nn.Parameter(torch.cat(links))
    return state


def read_linear(module: nn.Module) -> Cascade[torch.Tensor]:
    """Read the parameters of a linear layer as they train: plain, grown before, or growing now."""
    known = isinstance(module, nn.Linear | DendriticLinear)
    return read_deployed(module) if known else _read_growing(module)


def _read_growing(layer: Any) -> Cascade[torch.Tensor]:  # noqa: ANN401  (a class without types)
    count, grown, main = int(layer.dendrite_modules_added), layer.dendrite_module, layer.main_module
    if not count:
        return Cascade(main.weight, bias=main.bias)
    return Cascade(
        main.weight,
        tuple(dendrite.weight for dendrite in grown.layers),
        layer.dendrites_to_top[count - 1],
        tuple(grown.dendrites_to_dendrites[dendrite] for dendrite in range(1, count)),
        _read_activation(),
        main.bias,
        () if main.bias is None else tuple(dendrite.bias for dendrite in grown.layers),
    )


def _read_activation() -> str:
    """Read which activation the dendrites of this process's run have."""
    from perforatedai import globals_perforatedai as state

    function = state.pc.get_pai_forward_function()
    return next(name for name, known in ACTIVATIONS.items() if known is function)


def read_block(module: nn.Module) -> Block | None:
    """Read the dendrites of a feed-forward block, grown before or growing now; None where it has none."""
    if not _wraps_block(module):
        return read_deployed_block(module)
    layer: Any = module
    count, grown = int(layer.dendrite_modules_added), layer.dendrite_module
    if not count:
        return None
    links = tuple(grown.dendrites_to_dendrites[dendrite] for dendrite in range(1, count))
    return Block(tuple(grown.layers), layer.dendrites_to_top[count - 1], links, _read_activation())


def list_modules(network: nn.Module) -> dict[str, nn.Module]:
    """List the modules of a network by path; what is in a wrapped block, as if it were not wrapped."""
    modules = dict(network.named_modules(remove_duplicate=False))
    for path, module in list(modules.items()):
        if _wraps_block(module):
            inner = module.get_submodule("main_module").named_modules()
            modules |= {f"{path}.{name}": part for name, part in inner if name}
    return modules


def _wraps_block(module: nn.Module) -> bool:
    """Tell whether PerforatedAI wrapped a block; without its package, which takes seconds to import."""
    main = getattr(module, "main_module", None)
    return isinstance(main, nn.Module) and not isinstance(main, nn.Linear)


def _build_deployed(network: PreTrainedModel, activation: str) -> PreTrainedModel:
    """Build the plain network: of its own class where nothing grew, else of ours."""
    growth = _count_dendrites(network)
    deployed_class, config = type(network), copy.deepcopy(network.config)
    if growth:
        deployed_class = find_ours(network)
        config = build_config(
            deployed_class.config_class, config, growth=growth, dendrite_activation=activation
        )
    with torch.device("meta"):
        deployed = deployed_class(config)
    copies: dict[int, torch.Tensor] = {}
    state = _collect_deployed(network)
    for tensor in state.values():
        copied = tensor.detach().clone()
        copies[id(tensor)] = nn.Parameter(copied) if isinstance(tensor, nn.Parameter) else copied
    deployed.load_state_dict({name: copies[id(tensor)] for name, tensor in state.items()}, assign=True)
    deployed.generation_config = copy.deepcopy(network.generation_config)
    return deployed.eval()
