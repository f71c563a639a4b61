"""Which texts are used."""

from pydantic import Field

from tldrkit.specs.spec import Spec


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
