import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from tests.encoders import save_encoder
from tldrkit.errors import ComparisonError, ModelError
from tldrkit.options import Options
from tldrkit.scoring.baselines import lead
from tldrkit.scoring.metrics import compute_mean
from tldrkit.specs import CompareSpec, PredictionsSpec
from tldrkit.steps.compare import compare, read_comparison
from tldrkit.steps.predictions import score_predictions
from tldrkit.steps.scored import read_scores
from tldrkit.steps.step import Outcome
from tldrkit.store.store import ArtifactStore
from tldrkit.tracking import Event, NullTracker

PAIRS = [("Кошка сидит дома", "кошка спит дома"), ("Пёс лает", "пёс громко лает"), ("Да", "нет")]


class Listener(NullTracker):
    """Keeps what people are told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def log(self, event: Event) -> None:
        """Keep a message."""
        self.told.append(str(event.get("message", "")))


class Place:
    """A store, and a file of outputs in Russian."""

    def __init__(self, folder: Path) -> None:
        self.listener = Listener()
        self.options = Options(artifacts=folder / "store", display=self.listener)
        self.file = folder / "outputs.jsonl"
        rows = [{"id": str(n), "prediction": own, "reference": text} for n, (own, text) in enumerate(PAIRS)]
        self.file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def score(self, target: str, **how: object) -> Outcome:
        """Score the outputs."""
        spec = PredictionsSpec.model_validate({"label": target.partition("/")[0], **how})
        return score_predictions(self.options, spec, file=self.file, target=target)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_texts_beyond_a_to_z_are_told_the_option(place: Place) -> None:
    """All of Russian scores 0 by default, and the option that scores it is named; with it nothing is said."""
    plain = read_scores(place.score("x/eval").artifact)
    assert any("--rouge-words unicode" in told for told in place.listener.told)
    place.listener.told.clear()
    own = read_scores(place.score("y/eval", rouge_words="unicode").artifact)
    assert (set(plain.scores["rougeL"]), plain.hidden) == ({0.0}, 3)
    assert (own.scores["rougeL"][0], own.hidden) == (pytest.approx(2 / 3), 0)
    assert not any("--rouge-words" in told for told in place.listener.told)


def test_runs_scored_by_other_words_are_not_compared(place: Place) -> None:
    """What differs is named."""
    place.score("x/eval")
    place.score("y/eval", rouge_words="unicode")
    with pytest.raises(ComparisonError, match=r"scored differently: .*words 'a-z' and 'unicode'"):
        compare(place.options, CompareSpec(), references=["x/eval", "y/eval"], target="compare")


ENGLISH = [("the lift is broken", "a lift broke"), ("", "nothing"), ("she mends it", "she mends it")]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_encoder(tmp_path_factory.mktemp("encoders") / "one")


def write_english(place: Place) -> None:
    """Write outputs in words that the tests' encoder knows."""
    rows = [{"id": str(n), "prediction": own, "references": [text]} for n, (own, text) in enumerate(ENGLISH)]
    place.file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def score_by_formula(folder: Path, summary: str, reference: str) -> float:
    """Compute BERTScore's F1 of a pair with transformers and loops alone, by the last layer."""
    network, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)

    def embed(text: str) -> list[torch.Tensor]:
        with torch.no_grad():
            states = network(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        return [state / state.norm() for state in states]

    def match(own: list[torch.Tensor], other: list[torch.Tensor]) -> float:
        return float(np.mean([max(float(x @ y) for y in other) for x in own[1:-1]]))

    one, other = embed(summary), embed(reference)
    precision, recall = match(one, other), match(other, one)
    return 2 * precision * recall / (precision + recall)


def test_bertscore_is_its_formula_by_that_encoder(place: Place, encoder: Path) -> None:
    """Given outputs have the F1 of Zhang et al. by an encoder's layer, which the scores record by digest."""
    write_english(place)
    run = read_scores(place.score("x/eval", bertscore=str(encoder)).artifact)
    wanted = [score_by_formula(encoder, *pair) if pair[0] else 0.0 for pair in ENGLISH]
    assert run.scores["bertscore"] == pytest.approx(wanted, abs=1e-5)
    assert run.scores["bertscore"][2] == pytest.approx(1, abs=1e-5)
    assert run.encoder is not None
    assert (run.encoder["name"], run.encoder["layer"]) == (str(encoder), 3)
    place.score("y/eval", bertscore=str(encoder))
    made = compare(place.options, CompareSpec(), references=["x/eval", "y/eval"], target="compare").artifact
    assert "bertscore" in read_comparison(made).contrasts[0].others
    assert "BERTScore: F1 by the vectors of" in (made.path / "comparison.md").read_text()


def test_a_baseline_is_scored_as_a_system_is(place: Place, encoder: Path) -> None:
    """What a rule wrote has each metric's mean that the same texts have as somebody's predictions."""
    documents = ["The lift is broken. Nora mends it.", "She mends it. Tim waits.", "A lift broke. All walk."]
    for target, texts in (("x/eval", ("a", "b", "c")), ("lead/eval", map(lead, documents, (1, 1, 1)))):
        rows = [
            {"id": str(n), "prediction": own, "reference": "she mends the lift of Nora", "document": document}
            for n, (own, document) in enumerate(zip(texts, documents, strict=True))
        ]
        place.file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        place.score(target, bertscore=str(encoder))
    store = ArtifactStore(place.options.artifacts)
    run, copied = (read_scores(store.resolve(name)) for name in ("x/eval", "lead/eval"))

    means = {name: compute_mean(values) for name, values in copied.scores.items()}
    known = {name: pytest.approx(mean) for name, mean in means.items() if mean is not None}
    assert run.baselines["Lead-1"] == known
    assert {"rougeL", "bertscore", "chrf", "name_recall"} <= set(run.baselines["Lead-1"])
    made = compare(place.options, CompareSpec(), references=["x/eval"], target="compare").artifact
    lines = (made.path / "comparison.md").read_text().splitlines()
    assert sum(line.startswith("| Lead-1 |") for line in lines) == 2


def test_encoders_and_layers_are_not_mixed(place: Place, encoder: Path) -> None:
    """Scores by another layer are not compared; a run without any stands beside, and is told so."""
    write_english(place)
    place.score("x/eval", bertscore=str(encoder))
    place.score("y/eval", bertscore=str(encoder), bertscore_layer=1)
    place.score("z/eval")
    with pytest.raises(ComparisonError, match="BERTScore's layer 3 and 1"):
        compare(place.options, CompareSpec(), references=["x/eval", "y/eval"], target="compare")
    beside = compare(place.options, CompareSpec(), references=["x/eval", "z/eval"], target="beside").artifact
    compared = read_comparison(beside)
    assert any("A BERTScore is known of x only" in warning for warning in compared.warnings)
    assert "bertscore" not in compared.contrasts[0].others


def test_what_writes_summaries_scores_none(place: Place) -> None:
    """A model of the store is refused as an encoder, in words that say what is taken."""
    store = ArtifactStore(place.options.artifacts)
    with store.publish("a/train", kind="model", spec={}, inputs=(), provenance={}) as draft:
        (draft.path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="a/train@v1 is a summarizer") as caught:
        place.score("x/eval", bertscore="a/train")
    assert "minilm" in caught.value.hint
