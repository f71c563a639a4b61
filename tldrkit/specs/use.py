"""How a model is put to use: threads summarized, a model written for others."""

from typing import Literal

from pydantic import Field, model_validator

from tldrkit.specs.spec import Spec

Form = Literal["jsonl", "csv", "parquet", "markdown"]
Precision = Literal["fp32", "bf16", "int8"]

PRECISION = "Of matrix products; int8 is faster, and for T5 on a processor only."
RESTORE_CASE = "Of a tokenizer without capitals: write words as the thread does, and no stray spaces."


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
    precision: Precision = Field("fp32", description=PRECISION)
    restore_case: bool = Field(True, description=RESTORE_CASE)

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
