"""A model's card for the Hugging Face hub: what it is, how it was made, what it scores, what it cannot.

Knows facts as values; reads no manifests and no files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from tldrkit.reports.comparison import ComparedRuns
from tldrkit.reports.page import render_list, render_table
from tldrkit.reports.tables import build_quality
from tldrkit.scoring.metrics import METRICS
from tldrkit.scoring.overlap import ROUGE_TYPES
from tldrkit.texts import count_noun, show_text


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """A data set that a model was made from or scored on."""

    name: str
    kind: str = ""
    """The language and the kind of its texts; empty where not known."""
    licence: str = ""
    """As its own card states it; empty where not known."""
    hub_id: str = ""
    """Empty where it is not on the hub."""


@dataclass(frozen=True, kw_only=True)
class ScoreFacts:
    """What this very model scores, and beside which others."""

    data: DataFacts
    split: str
    rouge: Mapping[str, float]
    """Points, for each of ``ROUGE_TYPES``."""
    comparison: ComparedRuns
    label: str


@dataclass(frozen=True, kw_only=True)
class LineageFacts:
    """One artifact or input that a model was made from."""

    role: str
    reference: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """All that a card tells."""

    name: str
    dtype: str
    parameters: int
    bytes: int
    """Weights on disk, in ``dtype``."""
    custom_code: bool
    prefix: str
    max_source_tokens: int
    num_beams: int
    max_target_tokens: int
    base: str
    base_on_hub: bool
    training: str
    """What it was trained on, in a sentence."""
    terms: str = ""
    """What licences of that data forbid, in a sentence; empty where none is known to forbid anything."""
    making: Sequence[str]
    """How it was compressed, grown and trained, a sentence each."""
    data: Sequence[DataFacts]
    lineage: Sequence[LineageFacts]
    scores: ScoreFacts | None = None
    tags: Sequence[str] = field(default=())


def render_card(facts: CardFacts) -> str:
    """Render the card: metadata that the hub reads, then Markdown."""
    blocks = [
        f"# {facts.name}",
        f"A summarizer of forum threads with {count_noun(facts.parameters, 'parameter')}, "
        f"{count_noun(facts.bytes, 'byte')} of weights in {facts.dtype}, made from {facts.base} with "
        f"tldrkit. {facts.training}",
        "## Use it",
        _render_use(facts),
        "## What it scores",
        *_render_scores(facts.scores),
        "## How it was made",
        render_list(facts.making),
        "## Data",
        render_list([_describe_data(data) for data in facts.data]),
        *filter(None, [facts.terms]),
        "## Limits",
        render_list(_describe_limits(facts)),
        "## Lineage",
        render_table(
            [["role", "reference", "digest"]]
            + [[one.role, f"`{one.reference}`", f"`{one.digest}`"] for one in facts.lineage]
        ),
    ]
    return f"---\n{build_metadata(facts).to_yaml()}\n---\n\n" + show_text("\n\n".join(blocks) + "\n")


def build_metadata(facts: CardFacts) -> ModelCardData:
    """Build what the hub reads; ROUGE as a `model-index`, in points."""
    more: dict[str, Any] = {}
    if facts.scores:
        more["eval_results"] = [_build_result(facts.scores, metric) for metric in ROUGE_TYPES]
        more["metrics"] = ["rouge"]
    if facts.base_on_hub:
        more |= {"base_model": facts.base, "base_model_relation": "finetune"}
    if datasets := [data.hub_id for data in facts.data if data.hub_id]:
        more["datasets"] = datasets
    return ModelCardData(
        model_name=facts.name,
        library_name="transformers",
        pipeline_tag="summarization",
        tags=["summarization", "tldr", *(["custom_code"] if facts.custom_code else []), *facts.tags],
        **more,
    )


def _build_result(scores: ScoreFacts, metric: str) -> EvalResult:
    return EvalResult(
        task_type="summarization",
        task_name="Summarization",
        dataset_type=scores.data.hub_id or scores.data.name,
        dataset_name=scores.data.name,
        dataset_split=scores.split,
        metric_type="rouge",
        metric_name=METRICS[metric].head,
        metric_config=metric,
        metric_value=scores.rouge[metric],
    )


def _render_use(facts: CardFacts) -> str:
    trust = ", trust_remote_code=True" if facts.custom_code else ""
    code = (
        "from transformers import AutoModelForSeq2SeqLM, AutoTokenizer\n\n"
        f'name = "{facts.name}"\n'
        f"tokenizer = AutoTokenizer.from_pretrained(name{trust})\n"
        f"network = AutoModelForSeq2SeqLM.from_pretrained(name{trust})\n"
        f'thread = "{facts.prefix}" + "title\\n\\nauthor: post\\n\\nauthor: post"\n'
        f"batch = tokenizer(thread, truncation=True, max_length={facts.max_source_tokens}, "
        'return_tensors="pt")\n'
        "print(tokenizer.decode(network.generate(**batch)[0], skip_special_tokens=True))"
    )
    return (
        f"```python\n{code}\n```\n\nIt decodes with {count_noun(facts.num_beams, 'beam')} and writes at "
        f"most {count_noun(facts.max_target_tokens, 'token')}. `handler.py` answers on Hugging "
        "Face's Inference Endpoints; `tldrkit serve` answers anywhere."
    )


def _render_scores(scores: ScoreFacts | None) -> list[str]:
    if scores is None:
        return ["Not known here: it was exported without a comparison."]
    own = ", ".join(f"{METRICS[metric].head} {scores.rouge[metric]:.2f}" for metric in ROUGE_TYPES)
    comparison = scores.comparison
    return [
        f"On {count_noun(comparison.documents, 'thread')} of {comparison.data}: {own} (times 100). It is run "
        f"{scores.label} of this comparison; a line with several seeds holds their means, brackets 95 % "
        "intervals.",
        render_table(build_quality(comparison)),
        render_list([f"{contrast.sentence} {contrast.answer}" for contrast in comparison.contrasts]),
    ]


def _describe_data(data: DataFacts) -> str:
    licence = f"licence: {data.licence}" if data.licence else "licence not known to tldrkit"
    return f"{data.name}{f', {data.kind}' if data.kind else ''}; {licence}."


def _describe_limits(facts: CardFacts) -> list[str]:
    return [
        f"It reads the first {count_noun(facts.max_source_tokens, 'token')} of a thread; what follows is not "
        "summarized.",
        "Summaries can state what the thread does not say, and leave out what matters: ROUGE counts shared "
        "words, not truth.",
        "It knows the language and the kind of threads it was trained on, and repeats their biases; of "
        "others it writes what sounds like them. `tldrkit summarize` says which threads these are.",
        "No licence of the weights is stated: that of the base model and of the data bind them.",
    ]
