import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.errors import SpecError
from tldrkit.specs import (
    BaseSpec,
    CompareSpec,
    CompressSpec,
    EvalSpec,
    ExportSpec,
    SummarizeSpec,
    TrainSpec,
    WarmStartSpec,
    build_spec,
)
from tldrkit.specs.spec import Spec

PROFILES = sorted((Path(__file__).parents[1] / "experiments").glob("*/*.yaml"))
KINDS = {
    "base": BaseSpec,
    "compress": CompressSpec,
    "train": TrainSpec,
    "eval": EvalSpec,
    "questions": CompareSpec,
    "questions-best": CompareSpec,
}
WARM = dict.fromkeys(("base", "whole"), WarmStartSpec)
"""What a profile that begins with an encoder has otherwise."""


def write(folder: Path, text: str) -> Path:
    path = folder / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_later_files_and_options_win(tmp_path: Path) -> None:
    """A later file overrides an earlier one, and given fields override all files."""
    first = write(tmp_path, "lr: 0.1\nmax_steps: 10\nseed: 1\n")
    second = tmp_path / "second.yaml"
    second.write_text("max_steps: 20\nseed: 2\n")

    spec = build_spec(TrainSpec, [first, second], {"seed": 3})

    assert (spec.lr, spec.max_steps, spec.seed) == (0.1, 20, 3)


def test_null_is_the_default(tmp_path: Path) -> None:
    """Of any field, in a file or given: agents write null for what is not said, JSON too."""
    nothing = dict.fromkeys(TrainSpec.model_fields)
    first = write(tmp_path, "seed: 1\nlr: 0.1\n")
    second = tmp_path / "agent.json"
    second.write_text(json.dumps(nothing | {"seed": 2}))

    assert build_spec(TrainSpec, [first, second]) == TrainSpec(seed=2)
    assert build_spec(TrainSpec, fields=nothing).model_fields_set == set()


def test_an_unknown_key_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    """A misspelt key stops the step and names what was meant."""
    with pytest.raises(SpecError, match="max_stepps") as caught:
        build_spec(TrainSpec, [write(tmp_path, "max_stepps: 5\n")])

    assert "max_steps" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lr: [1\n", "not valid YAML"),
        ("- a\n- b\n", "no mapping"),
        ("lr: fast\n", "lr = 'fast'"),
        ("max_steps: 0\n", "max_steps = 0"),
        ("precision: fp8\n", "precision = 'fp8'"),
        ("lr: .inf\n", "lr = inf"),
        ("seed: 5000000000\n", "seed = 5000000000"),
        ("a: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
    ],
)
def test_a_broken_file_is_one_clear_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """Broken YAML, a value that cannot be used, and a tag that would run code are all refused in words."""
    with pytest.raises(SpecError, match=sentence):
        build_spec(TrainSpec, [write(tmp_path, text)])


def test_a_missing_file_and_one_that_is_not_text_are_refused(tmp_path: Path) -> None:
    """A spec file must exist and be UTF-8."""
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")

    for path in (tmp_path / "none.yaml", binary):
        with pytest.raises(SpecError, match=path.name):
            build_spec(TrainSpec, [path])


def test_keys_may_be_capitals(tmp_path: Path) -> None:
    """A file may name settings as the guide does."""
    (tmp_path / "spec.yaml").write_text("N_EPOCHS_TO_SWITCH: 4\nCAP_N: true\n", encoding="utf-8")
    spec = build_spec(TrainSpec, [tmp_path / "spec.yaml"])

    assert (spec.n_epochs_to_switch, spec.cap_n) == (4, True)


def test_a_spec_is_frozen() -> None:
    """A spec cannot be changed once built."""
    with pytest.raises(ValueError, match="frozen"):
        TrainSpec().lr = 1.0  # type: ignore[misc]


@given(
    st.builds(TrainSpec, lr=st.floats(1e-6, 1), seed=st.integers(0, 10**6), experiment=st.text(max_size=5))
)
def test_a_spec_survives_yaml(spec: TrainSpec) -> None:
    """What a spec renders as YAML builds the same spec again."""
    assert TrainSpec(**yaml.safe_load(yaml.safe_dump(spec.model_dump(mode="json")))) == spec


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_profile_is_valid(path: Path) -> None:
    """Every spec under experiments/ builds."""
    kinds = KINDS | (WARM if path.parent.name == "minilm" else {})
    build_spec(kinds[path.stem], [path])


STUDY = Path(__file__).parents[1] / "experiments/study"


@pytest.mark.parametrize("cell", sorted(STUDY.glob("cells/*-*.yaml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("more", [None, "two", "three"])
def test_every_cell_of_the_study_is_valid(cell: Path, more: str | None) -> None:
    """A cell over its profile says how it grows, what grows and when; its questions are compare's."""
    files = [STUDY.parent / "tiny/train.yaml", STUDY / "tiny/train.yaml", cell]
    spec = build_spec(TrainSpec, files + ([STUDY / f"cells/{more}.yaml"] if more else []))
    questions = build_spec(CompareSpec, [STUDY / f"questions{'-best' if more else ''}.yaml"]).questions

    when = "plateau" if spec.switch_mode == "history" else "fixed"
    assert f"{spec.dendrite_unit}-{when}" == cell.stem
    steps = {"fixed": 800, "plateau": 1600, "two": 2400, "three": 3200}
    assert spec.max_steps == steps[more or when]
    pairs = [(one.label, one.against) for one in questions]
    assert (f"B {more or cell.stem}", f"D {more or cell.stem}") in pairs
    build_spec(CompressSpec, [STUDY.parent / "tiny/compress.yaml", STUDY / "tiny/compress.yaml"])


@pytest.mark.parametrize("run", "abcdef")
def test_the_experiments_differ_in_yaml_alone(run: str) -> None:
    """Each has a file of its own label, and only B and F grow dendrites."""
    spec = build_spec(TrainSpec, [Path(__file__).parents[1] / f"experiments/{run}.yaml"])

    assert (spec.experiment, spec.do_pb) == (run.upper(), run in "bf")


def test_every_field_has_a_description() -> None:
    """Every field teaches in --help."""
    for kind in (*KINDS.values(), WarmStartSpec):
        assert all(info.description for info in kind.model_fields.values())


def test_patience_shorter_than_growth_is_refused() -> None:
    """A run that would stop before it could grow is refused, with both numbers."""
    fields = {"do_pb": True, "switch_mode": "history", "n_epochs_to_switch": 3, "patience": 2}
    with pytest.raises(SpecError, match=r"patience 2 .* after 3 validations"):
        build_spec(TrainSpec, fields=fields)


@pytest.mark.parametrize("value", [1 << 32, "99999999999999999999", 1e30])
@pytest.mark.parametrize(
    ("kind", "field"),
    [(TrainSpec, "max_steps"), (EvalSpec, "batch_size"), (SummarizeSpec, "batch_size"), (BaseSpec, "seed")],
)
def test_numbers_that_no_library_holds_are_refused(kind: type[Spec], field: str, value: object) -> None:
    """A whole number beyond 32 bits is one sentence, however it is written."""
    with pytest.raises(SpecError, match=r"must be less than 4,294,967,296|whole number"):
        build_spec(kind, fields={field: value})


@pytest.mark.parametrize(
    ("kind", "field"),
    [(SummarizeSpec, "max_tokens"), (SummarizeSpec, "min_tokens"), (EvalSpec, "max_target_tokens"),
     (ExportSpec, "max_target_tokens"), (BaseSpec, "max_target_tokens")],
)  # fmt: skip
def test_no_summary_is_longer_than_memory_holds(kind: type[Spec], field: str) -> None:
    """Memory for a whole summary is taken before its first token, so the number is bounded, as beams are."""
    for value in (16_385, 4_000_000_000):
        with pytest.raises(SpecError, match=f"{field} = {value} cannot be used: it must be at most 16,384"):
            build_spec(kind, fields={field: value})
