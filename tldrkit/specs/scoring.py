"""How texts are scored, and how runs are set side by side."""

from typing import Literal

from pydantic import Field, model_validator

from tldrkit.specs.data import DataSpec
from tldrkit.specs.search import SearchSpec
from tldrkit.specs.spec import Spec, added_field
from tldrkit.specs.use import PRECISION, RESTORE_CASE, Precision


class WordsSpec(Spec):
    """What ROUGE takes for words; one setting for training, scores and baselines."""

    rouge_words: Literal["a-z", "unicode"] = added_field(
        "a-z",
        description="Words of ROUGE: a-z, the English stems that rouge_score has; unicode, of any script.",
    )


class ScoreSpec(WordsSpec):
    """How texts are scored."""

    over_references: Literal["best", "mean"] = Field(
        "best", description="With several references: the best score counts, for each metric, or the mean."
    )
    bertscore: str | None = added_field(
        None,
        description="Encoder of BERTScore: a folder, a hub id, or minilm; without it none is computed.",
    )
    bertscore_layer: int | None = added_field(
        None,
        ge=0,
        description="Layer of that encoder whose vectors are compared; three quarters up where not given.",
    )

    @model_validator(mode="after")
    def _ask_a_layer_of_an_encoder(self) -> "ScoreSpec":
        if self.bertscore_layer is not None and self.bertscore is None:
            raise ValueError("bertscore_layer is a layer of an encoder: name it with bertscore")
        return self


class PredictionsSpec(ScoreSpec):
    """How the outputs of another system are scored."""

    label: str = Field(description="Label of the system in comparisons; outputs of one label are its seeds.")
    seed: int = Field(0, ge=0, lt=2**32, description="Seed the outputs were made with.")


class EvalSpec(DataSpec, ScoreSpec, SearchSpec):
    """How a model is scored."""

    split: Literal["train", "validation", "test"] = Field("test", description="Split that is scored.")
    max_examples: int | None = Field(None, ge=1, description="Score only the first N examples.")
    batch_size: int = Field(64, ge=1, description="Documents decoded together.")
    precision: Precision = Field("fp32", description=PRECISION)
    restore_case: bool = Field(True, description=RESTORE_CASE)
    latency_documents: int = Field(20, ge=1, description="Documents timed one at a time, after a warm-up.")
    throughput_documents: int = Field(
        64, ge=1, description="Documents timed in batches of several sizes, to find the fastest."
    )


class ClaimSpec(Spec):
    """A claim about two runs: what ``label`` has over ``against`` is at least, or at most, a number."""

    label: str
    against: str
    measure: str
    """``parameters``, which differ in percent, or a metric by its name, which differs in points."""
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _state_one_bound(self) -> "ClaimSpec":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a claim states one of at_least and at_most")
        return self


class QuestionSpec(Spec):
    """A question about two runs: does ``label`` score other than ``against``?"""

    label: str
    against: str
    text: str = ""
    """How it is put, such as ``Does it help?``."""

    @model_validator(mode="after")
    def _ask_of_two(self) -> "QuestionSpec":
        if self.label == self.against:
            raise ValueError("a question is asked of two labels")
        return self


class CompareSpec(Spec):
    """How runs are set side by side."""

    resamples: int = Field(10_000, ge=100, description="Bootstrap resamples behind each interval.")
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of the resampling.")
    questions: tuple[QuestionSpec, ...] = Field(
        (), description="Labels to set against each other beside A to D, in a --spec file only."
    )
    claims: tuple[ClaimSpec, ...] = Field((), description="Claims to judge, in a --spec file only.")
