"""What is made: one frozen spec per step, read from YAML and the command line alike.

A spec is part of an artifact's identity. How the work is done (device, threads, folders) is no spec: see
``options.py``.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tldrkit.errors import SpecError

_NUMBERS = r"^\d+(,\d+)*$"
SpecT = TypeVar("SpecT", bound="Spec")

Form = Literal["jsonl", "csv", "parquet", "markdown"]
_COUNT = r"^\d+(\.\d+)?[kKMB]?$"
Placement = Literal[
    "all", "attention", "feed-forward",
    "encoder", "encoder-attention", "encoder-feed-forward",
    "decoder", "decoder-attention", "decoder-feed-forward",
]  # fmt: skip


class Spec(BaseModel):
    """A frozen set of fields; an unknown key is refused with the nearest known one."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)


class DataSpec(Spec):
    """Which texts are used, and how much of each reaches the network."""

    dataset: str = Field(
        "synthetic", description="Data set: a known name, a hub id, or a local file or folder."
    )
    document_column: str | None = Field(
        None, description="Column holding the document, where it has another name."
    )
    summary_column: str | None = Field(
        None, description="Column holding the summary, where it has another name."
    )
    revision: str | None = Field(None, description="Revision of a hub data set.")
    prefix: str = Field("summarize: ", description="Text set before every document.")
    max_source_tokens: int = Field(
        512, ge=8, description="Tokens of a document kept, prefix and end mark included."
    )
    max_target_tokens: int = Field(
        128, ge=4, description="Tokens of a summary kept or written, end mark included."
    )


class FitSpec(DataSpec):
    """How a network is fitted; shared by pretraining a base and by training."""

    seed: int = Field(0, ge=0, lt=2**32, description="Seed of weights, order of examples and dropout.")
    max_steps: int = Field(5000, ge=1, description="Optimizer steps.")
    batch_size: int = Field(
        16,
        ge=1,
        description="Examples in one optimizer step, on average: all batches hold about as many tokens.",
    )
    grad_accum: int = Field(
        1, ge=1, description="Parts a process cuts its batch into to save memory; the result is the same."
    )
    lr: float = Field(5e-4, gt=0, description="Peak learning rate of AdamW, reached after the warm-up.")
    warmup_steps: int = Field(200, ge=0, description="Steps of linear warm-up; linear decay to zero follows.")
    weight_decay: float = Field(
        0.01, ge=0, description="Decoupled weight decay of matrices (never of norms and biases)."
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="Share of the target probability spread over all tokens."
    )
    clip_norm: float = Field(1.0, gt=0, description="Largest global norm of the gradient.")
    dropout: float | None = Field(
        None, ge=0, lt=1, description="Dropout rate; the network's own where not given."
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="Arithmetic; auto is bf16 where the processor has it."
    )
    eval_every: int = Field(500, ge=1, description="Steps between two validations.")
    eval_examples: int = Field(200, ge=1, description="Validation examples scored during training.")
    patience: int = Field(
        0, ge=0, description="Validations without a better ROUGE-L before stopping; 0 never stops early."
    )


class BaseSpec(FitSpec):
    """A small T5 from scratch: a tokenizer trained on the corpus, then the network pretrained on it."""

    vocab_size: int = Field(2000, ge=300, description="Pieces of the tokenizer.")
    d_model: int = Field(192, ge=8, description="Width of encoder and decoder.")
    d_kv: int = Field(32, ge=4, description="Width of one attention head.")
    num_heads: int = Field(6, ge=1, description="Attention heads.")
    d_ff: int = Field(512, ge=8, description="Width of the feed-forward layers.")
    enc_num_layers: int = Field(4, ge=1, description="Encoder layers.")
    dec_num_layers: int = Field(4, ge=1, description="Decoder layers.")


class CompressSpec(DataSpec):
    """The smaller network; what is not given stays as it is."""

    enc_num_layers: int | None = Field(None, ge=1, description="Encoder layers kept.")
    dec_num_layers: int | None = Field(None, ge=1, description="Decoder layers kept.")
    enc_layers: str | None = Field(
        None, pattern=_NUMBERS, description="Encoder layers kept, by their numbers, such as 0,2,5."
    )
    dec_layers: str | None = Field(
        None, pattern=_NUMBERS, description="Decoder layers kept, by their numbers."
    )
    layers_by: Literal["evenly", "importance", "loss"] = Field(
        "evenly",
        description="Which layers are kept: evenly spaced ones, those that change the most, or those whose "
        "absence costs the most loss.",
    )
    dec_d_model: int | None = Field(None, ge=8, description="Width of the decoder (T5 only).")
    width_by: Literal["pca", "importance"] = Field(
        "pca", description="What a narrower decoder keeps: principal directions, or its largest features."
    )
    num_heads: int | None = Field(None, ge=1, description="Heads of every attention (T5 only).")
    d_ff: int | None = Field(None, ge=8, description="Width of the feed-forward layers, encoder and decoder.")
    vocab_size: int | None = Field(None, ge=8, description="Pieces kept, those the corpus uses most.")
    target_params: str | None = Field(
        None,
        pattern=_COUNT,
        description="Deployed parameters at most, such as 45M: sizes not given are found.",
    )
    ratio: float | None = Field(
        None, gt=0, le=1, description="The same, as a share of the teacher's parameters."
    )
    calibration_examples: int = Field(128, ge=1, description="Training documents that tell what to keep.")
    seed: int = Field(
        0, ge=0, description="Seed of the choice of calibration documents and of added weights."
    )

    @field_validator("enc_layers", "dec_layers", "target_params", mode="before")
    @classmethod
    def _write_out(cls, value: object) -> object:
        """Take YAML's numbers and lists for what is written on the command line."""
        if isinstance(value, list | tuple):
            return ",".join(map(str, value))
        return str(value) if type(value) in (int, float) else value

    @field_validator("enc_layers", "dec_layers")
    @classmethod
    def _name_once(cls, value: str | None) -> str | None:
        names = value.split(",") if value else []
        if len(set(map(int, names))) < len(names):
            raise ValueError("a layer is named twice")
        return value

    @model_validator(mode="after")
    def _have_one_mind(self) -> "CompressSpec":
        for one, other in (
            ("target_params", "ratio"),
            ("enc_num_layers", "enc_layers"),
            ("dec_num_layers", "dec_layers"),
        ):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                raise ValueError(f"{one} and {other} say the same thing twice")
        return self

    def name_layers(self, side: Literal["encoder", "decoder"]) -> list[int] | None:
        """Tell the numbers of the layers that are named for a side, in order; None where none are."""
        names = self.enc_layers if side == "encoder" else self.dec_layers
        return sorted(map(int, names.split(","))) if names else None

    def count_layers(self, side: Literal["encoder", "decoder"]) -> int | None:
        """Tell how many layers a side shall keep; None where that is left open."""
        named = self.name_layers(side)
        given = self.enc_num_layers if side == "encoder" else self.dec_num_layers
        return len(named) if named else given

    def compute_budget(self, before: int) -> int | None:
        """Compute the most parameters allowed; None without a budget.

        Args:
            before: The teacher's parameters.
        """
        if self.ratio is not None:
            return int(self.ratio * before)
        if self.target_params is None:
            return None
        return read_count(self.target_params)


class TrainSpec(FitSpec):
    """One fine-tuning run, with or without dendrites."""

    experiment: str = Field("", description="Label of the run in comparisons, such as A, B, C or D.")
    do_pb: bool = Field(False, description="Grow dendrites with PerforatedAI.")
    dendrite_placement: Placement = Field(
        "decoder-feed-forward", description="Linear layers that may grow dendrites."
    )
    dendrite_last_layers: int | None = Field(
        None, ge=1, description="Of that placement, the last so many layers of encoder and decoder only."
    )
    dendrite_modules: str | None = Field(
        None, description="Instead of a placement: paths of linear layers, such as decoder.*.wi,decoder.*.wo"
    )
    dendrite_budget: str | None = Field(
        None,
        pattern=_COUNT,
        description="Parameters that dendrites may add, such as 6M; what is not given is chosen to fit.",
    )
    dendrite_activation: Literal["sigmoid", "tanh", "relu"] = Field(
        "sigmoid", description="Activation of the dendrites."
    )
    dendrite_init: float = Field(0.01, gt=0, description="Standard deviation of new dendrites' weights.")
    max_dendrites: int = Field(1, ge=1, description="Most dendrites a layer may grow.")
    max_dendrite_tries: int = Field(
        2, ge=1, description="Attempts at a dendrite that brings no better score, before growing ends."
    )
    switch_mode: Literal["history", "fixed"] = Field(
        "history", description="When to grow: after stagnation, or at fixed times."
    )
    n_epochs_to_switch: int = Field(
        3, ge=1, description="Validations without improvement (history), or between growths (fixed)."
    )
    history_lookback: int = Field(
        1, ge=1, description="Validations whose mean PerforatedAI takes for the score (history)."
    )
    improvement_threshold: float = Field(
        0.0, ge=0, lt=1, description="Share by which a score must be better to count as an improvement."
    )
    p_epochs_to_switch: int | None = Field(
        None, ge=1, description="Acts with PerforatedAI's licensed add-on only: validations of its own phase."
    )
    cap_n: bool | None = Field(
        None, description="Acts with PerforatedAI's licensed add-on only: end its phase when it is due."
    )

    distill_weight: float = Field(
        0.5, ge=0, le=1, description="With --teacher: share of the loss that asks for its probabilities."
    )
    distill_temperature: float = Field(
        2.0, gt=0, description="With --teacher: by how much its probabilities are flattened."
    )
    teacher_outputs: bool = Field(
        False, description="With --teacher: learn its own summaries (beam 4) instead of the references."
    )

    @model_validator(mode="after")
    def _let_it_grow(self) -> "TrainSpec":
        waits = self.n_epochs_to_switch
        if self.do_pb and self.switch_mode == "history" and 0 < self.patience <= waits:
            raise ValueError(
                f"with patience {self.patience} a run stops before it grows after {waits} validations"
            )
        if self.dendrite_modules and {"dendrite_placement", "dendrite_last_layers"} & self.model_fields_set:
            raise ValueError("dendrite_modules and a placement say the same thing twice")
        return self


def read_count(text: str) -> int:
    """Read a number such as 45M; k, M and B are thousands, millions and billions."""
    factors = {"k": 1_000, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
    return int(float(text.rstrip("kKMB")) * factors.get(text[-1], 1))


class ScoreSpec(Spec):
    """How texts are scored."""

    over_references: Literal["best", "mean"] = Field(
        "best", description="Of several references the best ROUGE counts, for each metric, or the mean."
    )


class PredictionsSpec(ScoreSpec):
    """How the outputs of another system are scored."""

    label: str = Field(description="Label of the system in comparisons; outputs of one label are its seeds.")
    seed: int = Field(0, ge=0, lt=2**32, description="Seed the outputs were made with.")


class EvalSpec(DataSpec, ScoreSpec):
    """How a model is scored."""

    split: Literal["train", "validation", "test"] = Field("test", description="Split that is scored.")
    max_examples: int | None = Field(None, ge=1, description="Score the first so many examples only.")
    num_beams: int = Field(4, ge=1, description="Beams of the search; 1 is greedy.")
    batch_size: int = Field(64, ge=1, description="Documents decoded together.")
    latency_documents: int = Field(20, ge=1, description="Documents timed one at a time, after a warm-up.")
    throughput_documents: int = Field(
        64, ge=1, description="Documents timed in batches of several sizes, to find the fastest."
    )


class SummarizeSpec(Spec):
    """How threads are summarized."""

    prefix: str = Field("summarize: ", description="Text set before every document.")
    max_source_tokens: int = Field(
        512, ge=8, description="Tokens of a thread read at once, prefix and end mark included."
    )
    length: Literal["short", "medium", "long"] | None = Field(
        None, description="Tokens of a summary: 8 to 32, 24 to 72 or 56 to 144."
    )
    max_tokens: int | None = Field(
        None, ge=4, description="Tokens of a summary at most; 128 where no length is given."
    )
    min_tokens: int | None = Field(None, ge=0, description="Tokens of a summary at least.")
    num_beams: int = Field(4, ge=1, description="Beams of the search; 1 is greedy.")
    batch_size: int = Field(16, ge=1, description="Threads decoded together.")

    @property
    def token_range(self) -> tuple[int, int]:
        """Fewest and most tokens of a summary; what is given by itself wins over the named length."""
        fewest, most = _LENGTHS[self.length]
        most = self.max_tokens or max(most, self.min_tokens or 0)
        return min(fewest, most) if self.min_tokens is None else self.min_tokens, most

    @model_validator(mode="after")
    def _leave_room(self) -> "SummarizeSpec":
        fewest, most = self.token_range
        if fewest > most:
            raise ValueError(f"min_tokens {fewest} is more than max_tokens {most}")
        return self


_LENGTHS = {None: (0, 128), "short": (8, 32), "medium": (24, 72), "long": (56, 144)}


class ExportSpec(Spec):
    """How a model is written for others."""

    format: Literal["hf", "onnx"] = Field(
        "hf", description="A Hugging Face folder, or two ONNX graphs (T5 only)."
    )
    dtype: Literal["fp32", "bf16", "int8"] = Field(
        "fp32", description="Number format of the weights: bf16 for hf only, int8 for onnx only."
    )
    num_beams: int = Field(4, ge=1, description="Beams others decode with, unless they say otherwise.")
    max_target_tokens: int = Field(128, ge=4, description="Tokens others write at most, likewise.")

    @model_validator(mode="after")
    def _have_the_format(self) -> "ExportSpec":
        if self.dtype == {"hf": "int8", "onnx": "bf16"}[self.format]:
            raise ValueError(f"{self.format} has no {self.dtype} here")
        return self


class ClaimSpec(Spec):
    """A claim about two runs: what ``label`` has over ``against`` is at least, or at most, a number."""

    label: str
    against: str
    measure: Literal["parameters", "rouge1", "rouge2", "rougeL", "rougeLsum"]
    """Parameters differ in percent, ROUGE in points."""
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _state_one_bound(self) -> "ClaimSpec":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a claim states one of at_least and at_most")
        return self


class CompareSpec(Spec):
    """How runs are set side by side."""

    resamples: int = Field(10_000, ge=100, description="Bootstrap resamples behind each interval.")
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of the resampling.")
    claims: tuple[ClaimSpec, ...] = Field((), description="Claims to judge, in a --spec file only.")


def build_spec(
    kind: type[SpecT],
    files: Sequence[Path] = (),
    fields: Mapping[str, Any] | None = None,
    *,
    origin: str = "the command line",
) -> SpecT:
    """Build a spec from YAML files and given fields; what comes later wins.

    Args:
        kind: The spec class.
        files: YAML files, each a mapping of field names.
        fields: Fields given otherwise.
        origin: Where they come from, for the message.

    Raises:
        SpecError: If a file cannot be read, or a key or a value cannot be used.
    """
    values: dict[str, Any] = {}
    for file in files:
        values.update(_checked_keys(kind, read_yaml(file), str(file)))
    values.update(_checked_keys(kind, fields or {}, origin))
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        problem = first["msg"].removeprefix("Value error, ")
        problem = f"{problem[:1].lower()}{problem[1:]}."
        if not field:
            raise SpecError(
                f"These fields do not fit together: {problem}", hint="Change one of them."
            ) from None
        message = f"{field} = {first['input']!r} cannot be used: {problem}"
        raise SpecError(message, hint=_describe(kind, field)) from None


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises:
        SpecError: If the file is missing, is not YAML, or holds something else than a mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(
            f"{path} cannot be read: {error.strerror}.",
            hint="Name a YAML file, such as one under experiments/.",
        ) from None
    except UnicodeDecodeError:
        raise SpecError(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "not readable"
        raise SpecError(
            f"{where} is not valid YAML: {problem}.", hint="Check the indentation and the colons."
        ) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SpecError(f"{path} holds no mapping.", hint="Write one `field: value` pair a line.")
    return {str(key): value for key, value in content.items()}


def render_yaml(fields: Mapping[str, Any]) -> str:
    """Render fields as a YAML mapping that ``read_yaml`` reads, in the order given."""
    return yaml.safe_dump(dict(fields), sort_keys=False, allow_unicode=True)


def _checked_keys(kind: type[Spec], values: Mapping[str, Any], origin: str) -> dict[str, Any]:
    known = list(kind.model_fields)
    values = {key if key in known else key.lower(): value for key, value in values.items()}
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(known)}."
            raise SpecError(f"Unknown key {key!r} in {origin}.", hint=hint)
    return dict(values)


def _describe(kind: type[Spec], field: str) -> str:
    info = kind.model_fields.get(field.split(".")[0])
    return f"{field}: {info.description}" if info and info.description else ""
