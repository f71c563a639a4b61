"""How a network is fitted: a base from scratch, or a model that is trained."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from tldrkit.specs.data import DataSpec
from tldrkit.specs.scoring import WordsSpec
from tldrkit.specs.spec import COUNT, added_field
from tldrkit.specs.taught import FEWEST_READ, FEWEST_WRITTEN, MOST_WRITTEN, Taught
from tldrkit.texts import count_noun

Placement = Literal[
    "all", "attention", "feed-forward",
    "encoder", "encoder-attention", "encoder-feed-forward",
    "decoder", "decoder-attention", "decoder-feed-forward",
]  # fmt: skip

_MOST_LAYERS, _MOST_PARAMETERS = 1_000, 2_000_000_000


class FitSpec(DataSpec, WordsSpec):
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
    optimizer: Literal["adamw", "adafactor"] = added_field(
        "adamw",
        description="Optimizer; Adafactor takes less memory, and its rates are shares of a matrix's own "
        "size, such as 0.01.",
    )
    lr: float = Field(5e-4, gt=0, description="Peak learning rate, reached after the warm-up.")
    encoder_lr: float | None = added_field(
        None, ge=0, description="Peak learning rate of encoder and embeddings; --lr where not given."
    )
    warmup_steps: int = Field(200, ge=0, description="Steps of linear warm-up; the schedule follows.")
    schedule: Literal["linear", "cosine", "constant", "plateau"] = added_field(
        "linear",
        description="Learning rate after the warm-up: to zero in a line or in half a cosine, constant, or "
        "cut whenever the score stagnates.",
    )
    plateau_patience: int = added_field(
        3, ge=1, description="Validations without a better score before a cut (plateau)."
    )
    plateau_factor: float = added_field(
        0.5, gt=0, lt=1, description="What a cut leaves of the learning rate (plateau)."
    )
    average_steps: int = added_field(
        0,
        ge=0,
        description="Steps that the weights are averaged over, as an exponential moving average; the average "
        "is what is validated and published. 0 averages nothing.",
    )
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
        "auto", description="Number format; auto is bf16 where the processor has it, else fp32."
    )
    eval_every: int = Field(500, ge=1, description="Steps between two validations.")
    eval_examples: int = Field(200, ge=1, description="Validation examples scored during training.")
    patience: int = Field(
        0, ge=0, description="Validations without a better score before stopping; 0 never stops early."
    )


class BaseSpec(FitSpec):
    """A small T5 from scratch: a tokenizer trained on the corpus, then the network pretrained on it."""

    prefix: str | None = Field(
        None,
        description=f"Text set before every document. [{Taught.prefix!r}; with --encoder nothing]",
    )
    max_source_tokens: int | None = Field(
        None,
        ge=FEWEST_READ,
        description="Tokens of a document kept, prefix and end mark included; "
        f"{Taught.max_source_tokens} where not given.",
    )
    max_target_tokens: int | None = Field(
        None,
        ge=FEWEST_WRITTEN,
        le=MOST_WRITTEN,
        description="Tokens of a summary kept or written, end mark included; "
        f"{Taught.max_target_tokens} where not given.",
    )
    vocab_size: int = Field(
        2000,
        ge=300,
        description="Tokens of the vocabulary; with --encoder: of those it has, all if not given.",
    )
    d_model: int = Field(192, ge=8, description="Width of encoder and decoder.")
    d_kv: int = Field(32, ge=4, description="Width of one attention head.")
    num_heads: int = Field(6, ge=1, description="Attention heads.")
    d_ff: int = Field(512, ge=8, description="Width of the feed-forward layers.")
    enc_num_layers: int = Field(4, ge=1, le=_MOST_LAYERS, description="Encoder layers.")
    dec_num_layers: int = Field(
        4,
        ge=1,
        le=_MOST_LAYERS,
        description="Decoder layers; with --encoder: as many as it has if not given.",
    )
    copy_steps: int = added_field(
        0, ge=0, description="Of the steps, the first so many teach copying, on runs of random tokens."
    )

    @model_validator(mode="after")
    def _stay_small(self) -> "BaseSpec":
        attention = 4 * self.d_model * self.num_heads * self.d_kv
        layers = self.enc_num_layers * (attention + 2 * self.d_model * self.d_ff)
        layers += self.dec_num_layers * (2 * attention + 2 * self.d_model * self.d_ff)
        total = self.vocab_size * self.d_model + layers
        if total > _MOST_PARAMETERS:
            raise ValueError(
                f"that makes a network of {total / 1e6:,.0f} M parameters; a small one has at most "
                f"{_MOST_PARAMETERS / 1e6:,.0f} M"
            )
        return self


class WarmStartSpec(FitSpec):
    """A BART that begins with a pretrained encoder's weights, and may be fine-tuned."""

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("d_model", "d_kv", "num_heads", "d_ff", "enc_num_layers"), "with an encoder, its own size is kept"
    )

    vocab_size: int | None = Field(
        None, ge=8, description="Tokens kept of the encoder's vocabulary, those the corpus uses most."
    )
    dec_num_layers: int | None = Field(
        None, ge=1, description="Layers of the encoder that the decoder begins with, evenly spread."
    )
    max_steps: int = Field(0, ge=0, description="Optimizer steps; none where not given.")


class TrainSpec(FitSpec):
    """One fine-tuning run, with or without dendrites."""

    experiment: str = Field("", description="Label of the run in comparisons, such as A, B, C or D.")
    do_pb: bool = Field(False, description="Grow dendrites with PerforatedAI.")
    dendrite_placement: Placement = Field(
        "decoder-feed-forward", description="Linear layers that may grow dendrites."
    )
    dendrite_last_layers: int | None = Field(
        None, ge=1, description="Only in the last N layers of encoder and decoder."
    )
    dendrite_modules: str | None = Field(
        None,
        description="Instead of a placement: paths of linear layers, such as `decoder.*.wi,decoder.*.wo`.",
    )
    dendrite_unit: Literal["linear", "block"] = added_field(
        "linear",
        description="What grows dendrites: single linear layers, or whole feed-forward blocks with their "
        "norm (T5 and mT5).",
    )
    dendrite_budget: str | None = Field(
        None,
        pattern=COUNT,
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
    lr_after_growth: float = added_field(
        1.0, gt=0, le=1, description="Share of the learning rate to go on with once the network has grown."
    )
    p_epochs_to_switch: int | None = Field(
        None, ge=1, description="Only for PerforatedAI's licensed add-on: validations of its own phase."
    )
    cap_n: bool | None = Field(
        None, description="Only for PerforatedAI's licensed add-on: end its phase when it is due."
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

    @property
    def grown_at(self) -> str:
        """Where dendrites may grow: patterns of modules where these are given, else the placement."""
        return self.dendrite_modules or self.dendrite_placement

    @model_validator(mode="after")
    def _let_it_grow(self) -> "TrainSpec":
        waits = self.n_epochs_to_switch
        if self.do_pb and self.switch_mode == "history" and 0 < self.patience <= waits:
            raise ValueError(
                f"with patience {self.patience} a run stops before it grows, after "
                f"{count_noun(waits, 'validation')}"
            )
        if self.dendrite_modules and {"dendrite_placement", "dendrite_last_layers"} & self.model_fields_set:
            raise ValueError("dendrite_modules and a placement say the same thing twice")
        return self
