"""Which texts are used."""

from pydantic import Field

from tldrkit.specs.spec import added_field
from tldrkit.specs.taught import AS_TAUGHT, FEWEST_READ, FEWEST_WRITTEN, MOST_WRITTEN, TaughtSpec


class DataSpec(TaughtSpec):
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
    data_licence: str | None = added_field(
        None,
        pattern=r"^[^()\s][^()\n\r]{0,99}$",
        description="Licence of the data, such as cc-by-4.0, for manifests and cards. "
        "[of a known name: as the hub said]",
    )
    prefix: str | None = Field(None, description=f"Text set before every document. [{AS_TAUGHT}]")
    max_source_tokens: int | None = Field(
        None,
        ge=FEWEST_READ,
        description=f"Tokens of a document kept, prefix and end mark included. [{AS_TAUGHT}]",
    )
    max_target_tokens: int | None = Field(
        None,
        ge=FEWEST_WRITTEN,
        le=MOST_WRITTEN,
        description=f"Tokens of a summary kept or written, end mark included. [{AS_TAUGHT}]",
    )
