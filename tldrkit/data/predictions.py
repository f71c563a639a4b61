"""Outputs of any system, as a file of rows: what it wrote, and what it should have written.

Knows rows; knows nothing of how they are scored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tldrkit.data.local import read_rows
from tldrkit.errors import DataError

_FIELDS = "A row holds `prediction`, and `reference` or `references`; `id` and `document` if you have them."


@dataclass(frozen=True, kw_only=True)
class Output:
    """A prediction and its references (at least one); the document is empty where not told."""

    id: str
    prediction: str
    references: tuple[str, ...]
    document: str = ""


def read_outputs(path: Path) -> tuple[Output, ...]:
    """Read a file of predictions; rows without an id are numbered from 1.

    Raises:
        DataError: The file cannot be read, is empty or cut short, a row lacks its prediction or its
            references, or two rows have one id.
    """
    outputs: dict[str, Output] = {}
    for number, row in enumerate(read_rows(path), start=1):
        output = _build_output(row, number, f"{path}, row {number}")
        if output.id in outputs:
            raise DataError(
                f"{path}, row {number}: the id {output.id!r} is there already.",
                hint="Give every row its own.",
            )
        outputs[output.id] = output
    if not outputs:
        raise DataError(f"{path} is empty.", hint=_FIELDS)
    return tuple(outputs.values())


def _build_output(row: Mapping[str, Any], number: int, place: str) -> Output:
    prediction = row.get("prediction")
    if not isinstance(prediction, str):
        raise DataError(f"{place} has no text `prediction`.", hint=f'{_FIELDS} An empty prediction is "".')
    references = row.get("references", row.get("reference"))
    texts = references if isinstance(references, list) else [references]
    if not all(isinstance(text, str) and text.strip() for text in texts) or not texts:
        raise DataError(f"{place} has no reference, or an empty one.", hint=_FIELDS)
    document = row.get("document") or ""
    if not isinstance(document, str):
        raise DataError(f"{place}: its document is no text.", hint=_FIELDS)
    return Output(
        id=str(row.get("id") or number),
        prediction=prediction.strip(),
        references=tuple(texts),
        document=document,
    )
