"""PerforatedAI takes seconds to import and is global to the process: all its tests are in this file."""

import ast
import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel, T5EncoderModel

from tests.networks import KIN, build_kin
from tests.training.packed.references import pack
from tests.writing.compiled.test_search import read
from tldrkit.dendrites import perforated as dendrites
from tldrkit.dendrites.perforated import Dendrites
from tldrkit.dendrites.placements import choose_modules, count_cost
from tldrkit.errors import DendriteError
from tldrkit.families.hub_code.modeling_tldr import TldrT5ForConditionalGeneration
from tldrkit.specs import TrainSpec
from tldrkit.writing.compiled.rules import Rules
from tldrkit.writing.compiled.search import write_greedily
from tldrkit.writing.freezing import freeze

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # PerforatedAI's
Batch = dict[str, torch.Tensor]


class Run:
    """A training loop of one step between validations."""

    def __init__(self, network: PreTrainedModel, folder: Path, batch: Batch, **fields: object) -> None:
        fields = {"do_pb": True, "switch_mode": "fixed", "n_epochs_to_switch": 1, "max_dendrites": 5} | fields
        self.policy = Dendrites(TrainSpec(**fields), folder / "scratch", folder / "log.txt")
        self.network, self.batch = self.policy.attach(network.train()), batch
        self.events: list[dict[str, Any]] = []
        self.renew()

    def renew(self) -> None:
        """Build the optimizer anew."""
        trained = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=1e-2)
        self.policy.use_optimizer(self.optimizer)

    def learn(self) -> None:
        """Take one step."""
        self.optimizer.zero_grad()
        self.network(**self.batch).loss.backward()
        self.optimizer.step()

    def validate(self, *scores: float) -> None:
        """Take a step and report a score, for every score."""
        for score in scores:
            self.learn()
            growth = self.policy.after_validation(self.network, score)
            self.network = growth.network
            self.events.append(growth.event)
            if growth.restructured:
                self.renew()

    def disturb(self) -> None:
        """Move all that trains a little, so that nothing is as it was made."""
        with torch.no_grad():
            for parameter in self.network.parameters():
                if parameter.requires_grad:
                    parameter.add_(0.05 * torch.randn_like(parameter))

    def dendrites(self) -> list[int]:
        """List the dendrites of a layer after every validation."""
        return [event["dendrites"] for event in self.events]


def compute_logits(network: PreTrainedModel, batch: Batch) -> torch.Tensor:
    with torch.no_grad():
        return network.eval()(**batch).logits


@pytest.mark.parametrize(
    ("kind", "count", "activation", "placement"),
    [
        ("tiny_t5", 0, "sigmoid", "all"),
        ("tiny_t5", 1, "sigmoid", "decoder-feed-forward"),
        ("tiny_flan", 3, "relu", "decoder-feed-forward"),
        ("narrow_t5", 0, "sigmoid", "feed-forward"),
        ("narrow_t5", 2, "tanh", "all"),
        ("tiny_bart", 0, "relu", "all"),
        ("tiny_bart", 3, "sigmoid", "decoder-feed-forward"),
        ("tiny_bart", 1, "tanh", "encoder"),
        ("tiny_bart", 2, "relu", "decoder-attention"),
        ("narrow_t5", 1, "relu", "attention"),
        ("narrow_t5", 3, "sigmoid", "encoder-feed-forward"),
        ("tiny_flan", 1, "tanh", "decoder"),
        ("tiny_t5", 2, "relu", "encoder-attention"),
        *((kind, 2, "tanh", "all") for kind in KIN),
    ],
)
def test_the_detached_network_is_the_perforated_one(
    kind: str, count: int, activation: str, placement: str,
    request: pytest.FixtureRequest, tmp_path: Path, tiny_batch: Batch,
) -> None:  # fmt: skip
    """Plain torch computes and writes the same, shares no memory, and survives the disk exactly."""
    network = build_kin(kind) if kind in KIN else request.getfixturevalue(kind)
    paths = choose_modules(network, TrainSpec(dendrite_placement=placement))
    run = Run(network, tmp_path, tiny_batch, dendrite_activation=activation, dendrite_placement=placement)
    run.validate(*(0.1 + 0.1 * n for n in range(count)))
    run.disturb()
    plain, perforated = run.policy.detach(run.network), run.network
    assert not any("perforatedai" in type(module).__module__ for module in plain.modules())
    assert (getattr(plain.config, "growth", None) or {}) == (dict.fromkeys(paths, count) if count else {})
    held = {tensor.data_ptr() for tensor in perforated.state_dict().values() if tensor.numel()}
    assert all(tensor.data_ptr() not in held for tensor in plain.state_dict().values())
    assert sum(p.numel() for p in plain.parameters()) == run.policy.count_deployed(perforated)
    expected = compute_logits(perforated, tiny_batch)
    torch.testing.assert_close(compute_logits(plain, tiny_batch), expected, atol=1e-5, rtol=0)
    for beams in (1, 4):
        asked = {"input_ids": tiny_batch["input_ids"], "num_beams": beams, "max_new_tokens": 6}
        assert torch.equal(plain.generate(**asked), perforated.generate(**asked))
    plain.save_pretrained(tmp_path / "saved")
    loaded = type(plain).from_pretrained(tmp_path / "saved")
    assert torch.equal(compute_logits(loaded, tiny_batch), compute_logits(plain, tiny_batch))


def test_a_growing_network_writes_what_will_be_deployed(
    narrow_t5: TldrT5ForConditionalGeneration, tmp_path: Path, tiny_batch: Batch
) -> None:
    """Over packed tokens too, in training as when detached."""
    run = Run(narrow_t5, tmp_path, tiny_batch, dendrite_placement="all")
    run.validate(0.1, 0.2)
    run.disturb()
    sources = tiny_batch["input_ids"].tolist()
    growing, deployed = (
        write_greedily(read(network.eval()), sources, 8, Rules({1}))
        for network in (run.network, run.policy.detach(run.network))
    )

    assert run.dendrites()[-1] == 2
    assert growing == deployed


@pytest.mark.parametrize("kind", ["bart", *KIN])
def test_a_growing_network_trains_on_packed_tokens(
    kind: str, tiny_bart: PreTrainedModel, tmp_path: Path, tiny_batch: Batch
) -> None:
    """With biases and dendrites that grow now: loss and gradients are those of its own forward pass."""
    run = Run(
        tiny_bart if kind == "bart" else build_kin(kind), tmp_path, tiny_batch, dendrite_placement="all"
    )
    run.validate(0.1, 0.2)
    run.disturb()
    check_packed(run, tiny_batch)
    assert run.dendrites()[-1] == 2


def unpad(batch: Batch) -> tuple[list[list[int]], list[list[int]]]:
    lengths = batch["attention_mask"].sum(1).tolist()
    sources = [row[:length] for row, length in zip(batch["input_ids"].tolist(), lengths, strict=True)]
    return sources, batch["labels"].tolist()


def check_packed(run: Run, batch: Batch) -> None:
    """Hold loss and gradients over packed tokens to those of the network's own forward pass."""
    run.network.eval()
    packed = pack(run.network)
    found = []
    for loss in (run.network(**batch).loss * batch["labels"].numel(), packed(*unpad(batch))):
        run.optimizer.zero_grad()
        loss.backward()
        gradients = {name: p.grad.clone() for name, p in run.network.named_parameters() if p.grad is not None}
        found.append((loss.detach(), gradients))
    (expected, theirs), (loss, ours) = found

    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=0)
    assert ours.keys() == theirs.keys()
    largest = max(float(gradient.abs().max()) for gradient in theirs.values())
    for name, gradient in ours.items():
        torch.testing.assert_close(gradient / largest, theirs[name] / largest, rtol=0, atol=2e-5, msg=name)


@pytest.mark.parametrize("kind", ["tiny_flan", "narrow_t5"])
def test_blocks_grow_as_modules(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, tiny_batch: Batch
) -> None:
    """A feed-forward with its norm grows whole: trained packed, counted, deployed, written and loaded."""
    network = request.getfixturevalue(kind)
    fields: dict[str, Any] = {"dendrite_placement": "feed-forward", "dendrite_unit": "block"}
    paths = choose_modules(network, TrainSpec(**fields))
    cost = count_cost(network, paths, 2)
    run = Run(network, tmp_path, tiny_batch, dendrite_activation="tanh", **fields)
    before = run.policy.count_deployed(run.network)
    assert freeze(run.network) is not None
    run.validate(0.1, 0.2)
    run.disturb()
    check_packed(run, tiny_batch)
    plain = run.policy.detach(run.network)
    plain.save_pretrained(tmp_path / "saved")
    loaded = type(plain).from_pretrained(tmp_path / "saved")
    asked = {"input_ids": tiny_batch["input_ids"], "num_beams": 4, "max_new_tokens": 6}

    assert plain.config.growth == dict.fromkeys(paths, 2)
    assert run.policy.count_deployed(run.network) - before == cost
    assert sum(p.numel() for p in plain.parameters()) == before + cost
    expected = compute_logits(run.network, tiny_batch)
    torch.testing.assert_close(compute_logits(plain, tiny_batch), expected, atol=1e-5, rtol=0)
    assert torch.equal(compute_logits(loaded, tiny_batch), compute_logits(plain, tiny_batch))
    assert torch.equal(plain.generate(**asked), run.network.generate(**asked))
    assert (freeze(plain), freeze(run.network)) == (None, None)
    found = pack(plain)(*unpad(tiny_batch))
    torch.testing.assert_close(found, pack(run.network)(*unpad(tiny_batch)), rtol=1e-5, atol=0)


def test_blocks_need_a_module_of_their_own(tiny_bart: PreTrainedModel) -> None:
    """BART's feed-forwards are no modules, attention is no block; the sentence says what grows instead."""
    for fields in ({}, {"dendrite_placement": "attention"}):
        with pytest.raises(DendriteError, match="no feed-forward that is a module") as caught:
            choose_modules(tiny_bart, TrainSpec(dendrite_unit="block", **fields))
        assert "dendrite_unit: linear" in caught.value.hint


def test_a_process_of_several_grows_by_itself(
    tiny_t5: PreTrainedModel, tmp_path: Path, tiny_batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PerforatedAI is not told the rank, since ranks above 0 would read what they do not write."""
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("LOCAL_RANK", "1")
    run = Run(tiny_t5, tmp_path, tiny_batch)
    run.validate(0.1, 0.2)

    assert run.dendrites() == [1, 2]
    assert (os.environ["RANK"], os.environ["LOCAL_RANK"]) == ("1", "1")


def test_growing_goes_back_to_the_best_and_keeps_its_function(
    tiny_t5: PreTrainedModel, tmp_path: Path, tiny_batch: Batch
) -> None:
    """After two validations that brought nothing, the best network is back, with a dendrite a layer."""
    run = Run(tiny_t5, tmp_path, tiny_batch, switch_mode="history", n_epochs_to_switch=2)
    run.validate(0.1, 0.3)
    best = compute_logits(run.policy.detach(run.network), tiny_batch)
    run.validate(0.2, 0.25)
    assert run.dendrites() == [0, 0, 0, 1]
    assert [event["restructured"] for event in run.events] == [False, False, False, True]
    torch.testing.assert_close(compute_logits(run.network, tiny_batch), best)


def test_the_first_validation_may_be_the_best(
    tiny_t5: PreTrainedModel, tmp_path: Path, tiny_batch: Batch
) -> None:
    """A run that only gets worse goes back to where it was first validated."""
    run = Run(tiny_t5, tmp_path, tiny_batch, switch_mode="history", n_epochs_to_switch=2)
    run.validate(0.5)
    best = compute_logits(run.policy.detach(run.network), tiny_batch)
    run.validate(0.4, 0.3)
    assert run.events[-1]["best"] == 0.5
    torch.testing.assert_close(compute_logits(run.network, tiny_batch), best)


def test_everything_deployed_learns_after_growing(
    tiny_t5: PreTrainedModel, tmp_path: Path, tiny_batch: Batch
) -> None:
    """Main weights, dendrites, links and output weights all move; nothing is frozen."""
    run = Run(tiny_t5, tmp_path, tiny_batch)
    run.validate(0.1, 0.2)
    before = run.policy.detach(run.network).state_dict()
    for _ in range(3):
        run.learn()
    after = run.policy.detach(run.network).state_dict()
    assert run.dendrites() == [1, 2]
    assert [name for name in before if torch.equal(before[name], after[name])] == []


def test_dendrites_that_bring_nothing_are_dropped(
    tiny_t5: PreTrainedModel, tmp_path: Path, tiny_batch: Batch
) -> None:
    """Two attempts without a better score end growing, with the best network and its dendrites in place."""
    run = Run(tiny_t5, tmp_path, tiny_batch)
    run.validate(0.1, 0.5)
    best = compute_logits(run.policy.detach(run.network), tiny_batch)
    run.validate(0.2, 0.2)
    assert run.dendrites() == [1, 2, 2, 1]
    assert [event["finished"] for event in run.events] == [False, False, False, True]
    torch.testing.assert_close(compute_logits(run.network, tiny_batch), best)


def test_training_goes_on_after_growing_has_ended(
    tiny_t5: PreTrainedModel, tmp_path: Path, tiny_batch: Batch
) -> None:
    """At the most dendrites allowed the end is told once; later validations change nothing."""
    run = Run(tiny_t5, tmp_path, tiny_batch, max_dendrites=1)
    run.validate(0.1, 0.2, 0.3, 0.1)
    assert run.dendrites() == [1, 1, 1, 1]
    assert [event["finished"] for event in run.events] == [False, True, False, False]
    assert [event["restructured"] for event in run.events] == [True, True, False, False]
    json.dumps(run.events)


def test_fixed_growth_keeps_to_its_times(tiny_t5: PreTrainedModel, tmp_path: Path, tiny_batch: Batch) -> None:
    """Every second validation brings a dendrite, whether or not the score went up just then."""
    run = Run(tiny_t5, tmp_path, tiny_batch, n_epochs_to_switch=2)
    run.validate(0.3, 0.2, 0.4, 0.5)
    assert run.dendrites() == [0, 1, 1, 2]


@pytest.mark.parametrize("mode", ["history", "fixed"])
@pytest.mark.parametrize("wait", [1, 2, 3])
def test_a_growth_is_announced(
    tiny_t5: PreTrainedModel, tmp_path: Path, tiny_batch: Batch, mode: str, wait: int
) -> None:
    """Each event tells after how many more validations without a better score the network grows."""
    run = Run(tiny_t5, tmp_path, tiny_batch, switch_mode=mode, n_epochs_to_switch=wait, max_dendrites=2)
    run.validate(0.2, 0.3, *[0.1] * 12)
    grown = [number for number, event in enumerate(run.events) if event["restructured"]]

    assert len(grown) >= 3
    for number, event in enumerate(run.events[1 : grown[-1]], 1):
        assert min(n for n in grown if n > number) - number == event["epochs_before_switch"]
    assert run.events[-1]["epochs_before_switch"] is None


def test_every_setting_reaches_perforatedai(tiny_t5: PreTrainedModel, tmp_path: Path) -> None:
    """What the spec says is in the settings that PerforatedAI writes down."""
    spec = TrainSpec(
        do_pb=True, max_dendrites=7, max_dendrite_tries=4, dendrite_init=0.25, history_lookback=2,
        improvement_threshold=0.125, n_epochs_to_switch=6,
    )  # fmt: skip
    Dendrites(spec, tmp_path / "scratch", tmp_path / "log.txt").attach(tiny_t5)
    told = json.loads((tmp_path / "scratch/perforatedai/perforatedai_config.json").read_text())

    assert told["max_dendrites"] == 7
    assert told["max_dendrite_tries"] == 4
    assert told["candidate_weight_initialization_multiplier"] == 0.25
    assert told["history_lookback"] == 2
    assert told["improvement_threshold"] == [0.125]
    assert told["n_epochs_to_switch"] == 6


def test_arithmetic_in_half_precision_is_the_same(
    tiny_t5: PreTrainedModel, tmp_path: Path, tiny_batch: Batch
) -> None:
    """Under bf16 autocast the plain network computes what the perforated one does."""
    run = Run(tiny_t5, tmp_path, tiny_batch)
    run.validate(0.1, 0.2, 0.3)
    with torch.autocast("cpu", torch.bfloat16):
        perforated = compute_logits(run.network, tiny_batch)
        plain = compute_logits(run.policy.detach(run.network), tiny_batch)
    torch.testing.assert_close(plain, perforated, atol=2e-2, rtol=0)


def test_a_score_of_zero_is_a_score(tiny_t5: PreTrainedModel, tmp_path: Path, tiny_batch: Batch) -> None:
    """A network that writes nothing right is validated all the same: patience runs, and dendrites grow."""
    run = Run(tiny_t5, tmp_path, tiny_batch, switch_mode="history", n_epochs_to_switch=2)
    run.validate(0.0, 0.0, 0.0)
    assert run.dendrites() == [0, 0, 1]


def test_runs_do_not_touch_each_other(
    tmp_path: Path, tiny_batch: Batch, request: pytest.FixtureRequest
) -> None:
    """A run is the same to the last bit whatever ran before it in the process."""
    fields = {"dendrite_activation": "tanh", "dendrite_placement": "feed-forward", "seed": 5}
    network = request.getfixturevalue("tiny_t5")
    runs = []
    for name, changed in (
        ("first", {}),
        ("other", {"dendrite_activation": "relu", "seed": 6}),
        ("again", {}),
    ):
        (tmp_path / name).mkdir()
        torch.manual_seed(9)
        copied = type(network)(network.config)
        runs.append(Run(copied, tmp_path / name, tiny_batch, **(fields | changed)))
        runs[-1].validate(0.1, 0.2, 0.15, 0.1)
    first, other, again = (run.policy.detach(run.network).state_dict() for run in runs)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_perforatedai_is_contained(
    tiny_t5: PreTrainedModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its words go to the log, its files to the scratch folder; nothing else of the caller's changes."""
    folder = Path.cwd()
    entries = set(folder.iterdir())
    policy = Dendrites(TrainSpec(do_pb=True), tmp_path / "scratch", tmp_path / "log.txt")
    before = torch.get_rng_state()
    network = policy.attach(tiny_t5)
    policy.use_optimizer(torch.optim.AdamW(network.parameters()))
    policy.after_validation(network, 0.1)
    assert torch.equal(torch.get_rng_state(), before)
    assert capfd.readouterr() == ("", "")
    assert Path.cwd() == folder
    assert set(folder.iterdir()) == entries
    assert "Adding validation score" in (tmp_path / "log.txt").read_text()
    assert (tmp_path / "scratch/perforatedai/best_model.pt").exists()


def test_a_debugger_becomes_an_error(
    tiny_t5: PreTrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where PerforatedAI would ask a person (here: grown before any gradient), one sentence says so."""
    monkeypatch.setattr(dendrites, "_show_shapes", lambda _: None)
    policy = Dendrites(
        TrainSpec(do_pb=True, switch_mode="fixed", n_epochs_to_switch=1), tmp_path, tmp_path / "log"
    )
    network = policy.attach(tiny_t5)
    policy.use_optimizer(torch.optim.AdamW(network.parameters()))
    folder = Path.cwd()
    with pytest.raises(DendriteError, match="PerforatedAI stopped: it asked for a person") as caught:
        policy.after_validation(network, 0.1)
    assert str(tmp_path / "log") in caught.value.hint
    assert Path.cwd() == folder


def test_a_second_run_ends_the_first(
    tiny_t5: PreTrainedModel, tiny_flan: PreTrainedModel, tmp_path: Path, tiny_batch: Batch
) -> None:
    """PerforatedAI's state is one for the process: a run that lost it says so instead of mixing the two."""
    (tmp_path / "b").mkdir()
    first = Run(tiny_t5, tmp_path, tiny_batch)
    Run(tiny_flan, tmp_path / "b", tiny_batch)
    with pytest.raises(DendriteError, match="does not belong to this run"):
        first.validate(0.1)


def test_what_cannot_grow_is_refused(narrow_t5: PreTrainedModel, tmp_path: Path, tiny_batch: Batch) -> None:
    """Dendrites need a known family's summarizer that has none yet."""
    policy = Dendrites(TrainSpec(do_pb=True), tmp_path, tmp_path / "log")
    with pytest.raises(DendriteError, match="cannot grow on a tldr_t5 model"):
        policy.attach(T5EncoderModel(narrow_t5.config))
    run = Run(narrow_t5, tmp_path, tiny_batch)
    run.validate(0.1)
    with pytest.raises(DendriteError, match="has dendrites already"):
        policy.attach(run.policy.detach(run.network))


def test_perforatedai_is_loaded_late() -> None:
    """Importing the module costs nothing of PerforatedAI's seconds: no import of it at the top."""
    tree = ast.parse(Path(dendrites.__file__).read_text(encoding="utf-8"))
    top = [ast.unparse(node) for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert not any("perforatedai" in line for line in top)
