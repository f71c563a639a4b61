"""How a model is put to use: threads summarized, a model written for others."""

from dataclasses import replace
from typing import Literal

from pydantic import Field, model_validator

from tldrkit.specs.search import SearchSpec
from tldrkit.specs.taught import (
    AS_TAUGHT,
    FEWEST_READ,
    FEWEST_WRITTEN,
    MOST_BEAMS,
    MOST_WRITTEN,
    Taught,
    TaughtSpec,
)

Form = Literal["jsonl", "csv", "parquet", "markdown"]
Precision = Literal["fp32", "bf16", "int8"]

PRECISION = "Number format of matrix products; int8 is faster (T5, BART, Pegasus and kin)."
RESTORE_CASE = "With a tokenizer without capitals: write words with the thread's case, accents and spaces."


class SummarizeSpec(TaughtSpec, SearchSpec):
    """How threads are summarized."""

    prefix: str | None = Field(None, description=f"Text set before every document. [{AS_TAUGHT}]")
    max_source_tokens: int | None = Field(
        None,
        ge=FEWEST_READ,
        description=f"Tokens of a thread read at once, prefix and end mark included. [{AS_TAUGHT}]",
    )
    length: Literal["short", "medium", "long"] | None = Field(
        None, description="Tokens of a summary: 8 to 32, 24 to 72 or 56 to 144."
    )
    max_tokens: int | None = Field(
        None,
        ge=FEWEST_WRITTEN,
        le=MOST_WRITTEN,
        description="Most tokens of a summary. [by --length, else as the model was taught]",
    )
    min_tokens: int | None = Field(None, ge=0, le=MOST_WRITTEN, description="Fewest tokens of a summary.")
    batch_size: int = Field(16, ge=1, description="Threads decoded together.")
    precision: Precision = Field("fp32", description=PRECISION)
    restore_case: bool = Field(True, description=RESTORE_CASE)

    @property
    def token_range(self) -> tuple[int, int]:
        """Fewest and most tokens of a summary; what is given by itself wins over the named length."""
        most = self.taught.max_target_tokens
        fewest = min(_LENGTHS[self.length][0], most) if self.min_tokens is None else self.min_tokens
        return fewest, most

    @property
    def max_target_tokens(self) -> int | None:
        """Most tokens of a summary, by themselves or by the named length; None where that is open."""
        return self.max_tokens or _LENGTHS[self.length][1]

    def tell(self, taught: Taught) -> Taught:
        """Tell how a model reads and writes when this spec is applied to it."""
        told = super().tell(taught)
        return replace(told, max_target_tokens=max(told.max_target_tokens, self.min_tokens or 0))

    def complete(self, taught: Taught) -> "SummarizeSpec":
        """Build the same spec with what it leaves open filled in: as the model was taught."""
        most = self.tell(taught).max_target_tokens
        return super().complete(taught).model_copy(update={"max_tokens": most})

    @model_validator(mode="after")
    def _leave_room(self) -> "SummarizeSpec":
        if self.max_tokens is not None and (self.min_tokens or 0) > self.max_tokens:
            raise ValueError(f"min_tokens {self.min_tokens} is more than max_tokens {self.max_tokens}")
        return self


_LENGTHS = {None: (0, None), "short": (8, 32), "medium": (24, 72), "long": (56, 144)}


class ExportSpec(TaughtSpec):
    """How a model is written for others."""

    format: Literal["hf", "onnx"] = Field("hf", description="A Hugging Face folder, or two ONNX graphs.")
    dtype: Literal["fp32", "bf16", "int8"] = Field(
        "fp32", description="Number format of the weights: bf16 for hf only, int8 for onnx only."
    )
    num_beams: int = Field(
        4, ge=1, le=MOST_BEAMS, description="Beams others decode with, unless they say otherwise."
    )
    max_target_tokens: int | None = Field(
        None,
        ge=FEWEST_WRITTEN,
        le=MOST_WRITTEN,
        description=f"Most tokens that others write, unless they say otherwise. [{AS_TAUGHT}]",
    )

    @model_validator(mode="after")
    def _have_the_format(self) -> "ExportSpec":
        if self.dtype == {"hf": "int8", "onnx": "bf16"}[self.format]:
            raise ValueError(f"{self.format} has no {self.dtype} here")
        return self
