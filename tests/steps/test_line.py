import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.steps.conftest import DATA, FIT, GROWING, SMALLER, Line
from tldrkit.errors import ComparisonError, SpecError, StoreError, UnknownReference
from tldrkit.families.summarizer import load_summarizer, save_summarizer
from tldrkit.scoring.metrics import METRICS
from tldrkit.sources.model import resolve_model
from tldrkit.specs import (
    CompareSpec,
    CompressSpec,
    EvalSpec,
    ExportSpec,
    PredictionsSpec,
    SummarizeSpec,
    TrainSpec,
)
from tldrkit.steps.compare import compare, read_comparison
from tldrkit.steps.compress import compress
from tldrkit.steps.eval import eval as score
from tldrkit.steps.export import export
from tldrkit.steps.predictions import score_predictions
from tldrkit.steps.scored import read_scores
from tldrkit.steps.summarize import Output, summarize
from tldrkit.steps.train import train
from tldrkit.store.runs import list_runs
from tldrkit.store.store import ArtifactStore
from tldrkit.writing.compiled.kernels.target import has_int8


@pytest.fixture
def store(line: Line) -> ArtifactStore:
    return ArtifactStore(line.options.artifacts)


def test_everything_published_verifies(store: ArtifactStore) -> None:
    """After the whole line every file is as its manifest says."""
    assert store.verify() == []


def test_a_model_artifact_loads_with_its_recorded_size(store: ArtifactStore) -> None:
    """Published models load, and have as many parameters as their manifest says."""
    for name in ("base", "a/train", "b/compress", "b/train", "c/train", "d/train"):
        artifact = store.resolve(name)
        network = load_summarizer(artifact.path).network
        assert sum(p.numel() for p in network.parameters()) == artifact.manifest.metrics["params_deployed"]


def test_d_has_the_size_of_b(store: ArtifactStore) -> None:
    """The matched control has B's final deployed parameters within 1 %."""
    size = {run: store.resolve(f"{run}/train").manifest.metrics["params_deployed"] for run in "abcd"}

    assert abs(size["d"] / size["b"] - 1) < 0.01
    assert size["c"] < size["a"]


def test_all_four_saw_the_same_tokens(store: ArtifactStore) -> None:
    """A, B, C and D trained on equally many tokens in equally many steps."""
    metrics = [store.resolve(f"{run}/train").manifest.metrics for run in "abcd"]

    assert len({(m["training_tokens"], m["steps"]) for m in metrics}) == 1


@pytest.mark.parametrize(
    ("step", "spec", "arguments"),
    [
        (train, TrainSpec(**(FIT | GROWING)), {"source": "b/compress", "target": "b/train"}),
        (compress, CompressSpec(**SMALLER), {"source": "base", "target": "d/compress", "match": "b/train"}),
        (score, EvalSpec(**DATA, num_beams=2), {"source": "b/train", "target": "b/eval"}),
    ],
)
def test_a_step_already_done_is_skipped(line: Line, step, spec, arguments) -> None:  # noqa: ANN001
    """The same spec and inputs give the artifact that is there, and no new run is recorded."""
    runs = len(list_runs(line.options.artifacts))
    outcome = step(line.options, spec, **arguments)

    assert outcome.done_before
    assert len(list_runs(line.options.artifacts)) == runs


def test_forcing_a_step_makes_an_equal_artifact(line: Line, store: ArtifactStore) -> None:
    """A training step done again, dendrites included, gives bit-identical weights in a new version."""
    spec, asked = TrainSpec(**(FIT | GROWING)), {"source": "b/compress", "target": "again"}
    before = train(line.options, spec, **asked).artifact.manifest
    again = train(replace(line.options, force=True), spec, **asked).artifact.manifest

    assert again.version == before.version + 1
    assert again.digest == before.digest == store.resolve("b/train").manifest.digest


def test_a_compressed_model_says_what_was_kept(line: Line, store: ArtifactStore) -> None:
    """The manifest tells parts, losses, and the documents that calibration took; a budget is kept."""
    outcome = compress(line.options, CompressSpec(**DATA, ratio=0.8), source="base", target="budget")
    metrics = outcome.artifact.manifest.metrics
    report = metrics["compression"]

    assert metrics["params_deployed"] <= 0.8 * store.resolve("base").manifest.metrics["params_deployed"]
    assert sum(report["parts"]["after"].values()) == metrics["params_deployed"]
    assert report["loss_per_word"].keys() == {"teacher", "student", "random"}
    assert len(report["calibration"]["digest"]) == 64


def test_a_student_has_its_teacher_among_its_inputs(line: Line) -> None:
    """Distillation is part of a run's identity, by logits and by the teacher's own summaries."""
    spec = TrainSpec(**FIT, teacher_outputs=True)
    taught = train(line.options, spec, source="b/compress", target="taught", teacher="a/train")
    plain = train(line.options, TrainSpec(**FIT), source="b/compress", target="untaught")

    assert [item.role for item in taught.artifact.manifest.inputs] == ["source", "data", "teacher"]
    assert taught.artifact.manifest.digest != plain.artifact.manifest.digest
    with pytest.raises(SpecError, match="needs a teacher"):
        train(line.options, spec, source="b/compress", target="taught")


def test_eval_keeps_every_prediction(store: ArtifactStore) -> None:
    """One line a document, with its text, its references and its score."""
    rows = (store.resolve("a/eval").path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()

    assert len(rows) == 12
    assert {"id", "prediction", "references", "document", "rougeL", "chrf", "cut"} <= set(json.loads(rows[0]))


def test_eval_tells_what_summaries_are_worth_and_cost(store: ArtifactStore) -> None:
    """Scores hold every metric, all five baselines and the cost, training included."""
    run = read_scores(store.resolve("b/eval"))
    training = store.resolve("b/train").manifest.metrics

    assert list(run.scores) == [name for name in METRICS if name not in ("bertscore", "rating")]
    assert set(run.baselines) == {"Title", "Lead-1", "Lead-3", "Longest-3", "Central", "Extractive oracle"}
    assert run.cost is not None
    assert (run.cost.training_tokens, run.cost.training_steps) == (training["training_tokens"], 4)
    assert run.cost.peak_memory > run.cost.bytes > 0
    assert run.cost.threads_per_second > 0


def test_given_outputs_score_as_those_of_a_model(line: Line, store: ArtifactStore) -> None:
    """A model's own predictions, scored as another system's, have its ROUGE and baselines beside it."""
    file = store.resolve("a/eval").path / "predictions.jsonl"
    spec = PredictionsSpec(label="copy")
    outcome = score_predictions(line.options, spec, file=file, target="copy/eval")
    own, copy = read_scores(store.resolve("a/eval")), read_scores(outcome.artifact)
    compare(line.options, CompareSpec(resamples=200), references=["copy/eval", "a/eval"], target="both")
    comparison = read_comparison(store.resolve("both"))

    assert copy.scores == {name: scores for name, scores in own.scores.items() if name != "cut"}
    assert (copy.cost, copy.decoding, copy.baselines) == (None, None, own.baselines)
    assert comparison.contrasts[0].difference.mean == 0
    assert comparison.winner == "A"
    assert score_predictions(line.options, spec, file=file, target="copy/eval").done_before


def test_a_comparison_of_outputs_is_no_model(line: Line, store: ArtifactStore) -> None:
    """Where only outputs were compared there is no model to take, and a sentence says so."""
    file = store.resolve("a/eval").path / "predictions.jsonl"
    score_predictions(line.options, PredictionsSpec(label="x"), file=file, target="x/eval")
    compare(line.options, CompareSpec(resamples=200), references=["x/eval"], target="outputs")

    with pytest.raises(StoreError, match="no model to take"):
        resolve_model(store, "outputs")


def test_the_comparison_names_all_runs_and_a_winner(store: ArtifactStore) -> None:
    """The comparison has a row a run, the questions between them, and a model to take."""
    artifact = store.resolve("compare")
    comparison = read_comparison(artifact)

    assert [row.label for row in comparison.rows] == ["A", "B", "C", "D"]
    assert {(c.label, c.against) for c in comparison.contrasts} == {
        ("B", "A"),
        ("B", "C"),
        ("B", "D"),
        ("C", "A"),
    }
    assert resolve_model(store, "compare").reference == comparison.winner_model
    assert "| A |" in (artifact.path / "comparison.md").read_text(encoding="utf-8")


def test_runs_decoded_differently_are_not_compared(line: Line) -> None:
    """Other decoding settings are refused, and named."""
    score(line.options, EvalSpec(**DATA, num_beams=1), source="a/train", target="greedy/eval")

    with pytest.raises(ComparisonError, match="num_beams"):
        compare(line.options, CompareSpec(), references=["greedy/eval", "b/eval"], target="wrong")


@pytest.mark.skipif(not has_int8(), reason="this processor has no instructions for int8")
def test_a_model_in_int8_is_compared_with_itself(line: Line, store: ArtifactStore) -> None:
    """Scores of one model in two precisions have labels of their own, and may stand side by side."""
    score(line.options, EvalSpec(**DATA, num_beams=2, precision="int8"), source="a/train", target="int8/eval")
    compare(
        line.options, CompareSpec(resamples=200), references=["a/eval", "int8/eval"], target="int8/compare"
    )

    assert read_scores(store.resolve("int8/eval")).label == "A, int8"
    comparison = read_comparison(store.resolve("int8/compare"))
    assert {row.label for row in comparison.rows} == {"A", "A, int8"}


def test_only_scores_can_be_compared(line: Line) -> None:
    """A model where scores are due is refused with the command that scores it."""
    with pytest.raises(ComparisonError, match="not scores") as caught:
        compare(line.options, CompareSpec(), references=["a/train"], target="wrong")

    assert "tldrkit eval" in caught.value.hint


def test_a_model_is_due_where_scores_are_given(line: Line) -> None:
    """Scores cannot be trained, exported or summarized with."""
    with pytest.raises(StoreError, match="not a model"):
        train(line.options, TrainSpec(**FIT), source="a/eval", target="wrong")


def test_an_unknown_version_is_refused(store: ArtifactStore) -> None:
    """A reference that misses what the store holds, by version or name, is no hub id."""
    for missing in ("a/train@v99", "a/trian"):
        with pytest.raises(UnknownReference):
            resolve_model(store, missing)


def test_folders_and_hub_ids_are_found_beside_a_store(store: ArtifactStore, tmp_path: Path) -> None:
    """A model folder is found by any path, and a plain name is a hub id, whatever else the store holds."""
    folder = tmp_path / "model"
    shutil.copytree(store.resolve("a/train").path, folder)
    (folder / "manifest.json").unlink()
    (store.root / "t5-small").mkdir(exist_ok=True)

    assert resolve_model(store, str(folder)).location == str(folder)
    assert resolve_model(store, os.path.relpath(folder)).location == str(folder)
    assert resolve_model(store, "t5-small").location == "t5-small"
    assert resolve_model(store, "google-t5/t5-small").location == "google-t5/t5-small"


def test_a_run_of_another_label_is_scored_anew(line: Line, store: ArtifactStore) -> None:
    """Equal weights under another experiment's label are not taken for scored."""
    for label in ("X", "Y"):
        train(line.options, TrainSpec(**FIT, experiment=label), source="base", target="relabelled/train")
        score(
            line.options, EvalSpec(**DATA, num_beams=1), source="relabelled/train", target="relabelled/eval"
        )

    assert json.loads((store.resolve("relabelled/eval").path / "scores.json").read_text())["label"] == "Y"


def test_going_back_to_an_earlier_spec_makes_its_result_the_newest(line: Line, store: ArtifactStore) -> None:
    """After A, then B, asking for A again gives A's result as the newest version, without training."""
    for rate in (1e-3, 2e-3):
        train(line.options, TrainSpec(**FIT, lr=rate), source="base", target="undone/train")
    runs = len(list_runs(line.options.artifacts))
    again = train(line.options, TrainSpec(**FIT, lr=1e-3), source="base", target="undone/train")
    newest = store.resolve("undone/train").manifest

    assert (again.done_before, newest.version, len(list_runs(line.options.artifacts))) == (True, 3, runs)
    assert newest.spec["lr"] == 1e-3
    assert newest.digest == store.resolve("undone/train@v1").manifest.digest
    assert store.verify("undone/train") == []


def test_a_failed_step_is_recorded_and_leaves_nothing(line: Line, store: ArtifactStore) -> None:
    """A run that fails is recorded with its reason, and publishes neither artifact nor draft."""
    with pytest.raises(Exception, match="layers"):
        compress(
            line.options, CompressSpec(**DATA, enc_num_layers=9), source="base", target="failed/compress"
        )
    newest = list_runs(line.options.artifacts)[-1]

    assert newest["status"] == "failed"
    assert "failed/compress" not in {artifact.manifest.name for artifact in store.list()}
    assert store.collect_garbage() == []


@pytest.mark.parametrize("run", ["a", "b"])
def test_an_exported_folder_loads_elsewhere_and_writes_the_same(line: Line, tmp_path: Path, run: str) -> None:
    """An exported model has the artifact's weights, dendrites included, and the export's decoding."""
    exported = export(line.options, ExportSpec(), source=f"{run}/train", to=tmp_path / "model")
    original = load_summarizer(ArtifactStore(line.options.artifacts).resolve(f"{run}/train").path).network
    network = load_summarizer(exported.folder).network

    assert all((network.state_dict()[name] == tensor).all() for name, tensor in original.state_dict().items())
    assert (network.generation_config.num_beams, network.generation_config.max_new_tokens) == (4, 16)
    assert export(line.options, ExportSpec(), source=f"{run}/train", to=tmp_path / "model").done_before


def test_an_export_leaves_no_trace_in_later_models(line: Line, store: ArtifactStore, tmp_path: Path) -> None:
    """What is saved after an export in the same process has no code beside it, as before."""
    export(line.options, ExportSpec(), source="b/train", to=tmp_path / "model")
    save_summarizer(load_summarizer(store.resolve("b/train").path), tmp_path / "later")

    assert (tmp_path / "model" / "modeling_tldr.py").is_file()
    assert not list((tmp_path / "later").glob("*.py"))
    assert "auto_map" not in json.loads((tmp_path / "later" / "config.json").read_text())


def test_export_does_not_overwrite_what_is_not_its_own(line: Line, tmp_path: Path) -> None:
    """A folder that holds something else, or a file, is left alone, with --force too."""
    (tmp_path / "thesis.txt").write_text("years of work")

    for to in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(StoreError, match="may replace"):
            export(replace(line.options, force=True), ExportSpec(), source="a/train", to=to)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_an_export_replaces_an_earlier_one_when_forced(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--force puts another model in the place of an exported one, unless somebody wrote in the folder."""
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path / "model")
    export(line.options, ExportSpec(), source="a/train", to=Path())
    with pytest.raises(StoreError, match="may replace"):
        export(line.options, ExportSpec(), source="b/train", to=tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    export(replace(line.options, force=True), ExportSpec(), source="b/train", to=tmp_path / "model")

    assert json.loads((tmp_path / "model/config.json").read_text())["model_type"] == "tldr_t5"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    (tmp_path / "model/README.md").write_text("my own card")
    with pytest.raises(StoreError, match="may replace"):
        export(replace(line.options, force=True), ExportSpec(), source="a/train", to=tmp_path / "model")


@pytest.mark.parametrize("origin", ["[]", "{", "{}"])
def test_an_export_is_not_believed_unless_whole(line: Line, tmp_path: Path, origin: str) -> None:
    """A folder that lost a file is written again when asked to be, and a broken record is no record."""
    folder = export(line.options, ExportSpec(), source="a/train", to=tmp_path / "model").folder
    (folder / "model.safetensors").unlink()
    assert not export(
        replace(line.options, force=True), ExportSpec(), source="a/train", to=folder
    ).done_before
    (folder / "tldrkit.json").write_text(origin)

    with pytest.raises(StoreError, match="may replace"):
        export(line.options, ExportSpec(), source="a/train", to=folder)


def test_threads_are_summarized_in_order_and_a_bad_file_is_a_record(line: Line, tmp_path: Path) -> None:
    """Every thread gets a line in input order, its posts counted; what cannot be read, one with its error."""
    folder = tmp_path / "threads"
    folder.mkdir()
    for number in range(3):
        thread = {
            "id": str(number),
            "title": "t",
            "posts": [{"author": "a", "text": "word " * (30 - number * 9)}, {"text": ""}],
        }
        (folder / f"{number}.json").write_text(json.dumps(thread))
    (folder / "1b.json").write_text('{"posts": ')

    spec = SummarizeSpec(max_tokens=8, num_beams=1, batch_size=2)
    output = Output(file=tmp_path / "out" / "s.jsonl")
    done = summarize(line.options, spec, paths=[folder], model="b/train", output=output)
    assert done.out is not None
    rows = [json.loads(row) for row in done.out.read_text(encoding="utf-8").splitlines()]

    assert (done.threads, done.broken) == (3, 1)
    assert [row["id"] for row in rows] == ["0", "1", "1b", "2"]
    assert "summary" in rows[0]
    assert "error" in rows[2]
    assert (rows[0]["posts_read"], rows[0]["posts_used"]) == (2, 1)
    assert rows[0]["posts_unused"] == {"empty": 1}


def test_the_output_must_be_a_file_and_no_input(line: Line, tmp_path: Path) -> None:
    """A folder as output, or an input, is refused before anything is summarized."""
    thread = tmp_path / "thread.txt"
    thread.write_text("what I wrote")
    for out, sentence in ((tmp_path, "regular file"), (thread, "overwrite")):
        with pytest.raises(StoreError, match=sentence):
            summarize(line.options, SummarizeSpec(), paths=[thread], model="a/train", output=Output(file=out))

    assert thread.read_text() == "what I wrote"


def test_a_run_is_recorded_with_what_it_was_made_with(store: ArtifactStore) -> None:
    """The manifest says spec, inputs by digest, library versions and figures."""
    manifest = store.resolve("b/train").manifest

    assert manifest.spec["do_pb"] is True
    assert {one.role for one in manifest.inputs} == {"source", "data"}
    assert manifest.provenance["libraries"]["perforatedai"]
    assert manifest.metrics["restructurings"]
