import json
from pathlib import Path

import pytest

from tldrkit.errors import ComparisonError
from tldrkit.options import Options
from tldrkit.specs import CompareSpec, PredictionsSpec
from tldrkit.steps.compare import compare, read_scores
from tldrkit.steps.predictions import score_predictions
from tldrkit.steps.step import Outcome
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
