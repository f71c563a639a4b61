"""How small a network gets, and what it keeps."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from tldrkit.specs.data import DataSpec
from tldrkit.specs.spec import COUNT, read_count

_NUMBERS = r"^\d+(,\d+)*$"


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
    dec_d_model: int | None = Field(None, ge=8, description="Width of the decoder (T5, BART).")
    width_by: Literal["pca", "importance"] = Field(
        "pca", description="What a narrower decoder keeps: principal directions, or its largest features."
    )
    num_heads: int | None = Field(None, ge=1, description="Heads of every attention (T5, mT5, BART).")
    d_ff: int | None = Field(None, ge=8, description="Width of the feed-forward layers, encoder and decoder.")
    vocab_size: int | None = Field(None, ge=8, description="Tokens kept, those the corpus uses most.")
    target_params: str | None = Field(
        None,
        pattern=COUNT,
        description="Most deployed parameters, such as 45M; sizes that are not given are chosen to fit.",
    )
    ratio: float | None = Field(
        None, gt=0, le=1, description="Most deployed parameters, as a share of the model's, such as 0.75."
    )
    calibration_examples: int = Field(128, ge=1, description="Training documents read to see what to keep.")
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
