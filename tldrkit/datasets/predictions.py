"""Outputs of any system, as a file of rows: what it wrote, and what it should have written.

Knows rows, and the marks that tokenizers leave in texts; knows nothing of how they are scored.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tldrkit.datasets.local import read_id, read_rows
from tldrkit.errors import DataError

_MARK = re.compile(
    r"(?P<line><(?:n|q|nl|newline|br/?|/?t|0x0A)>|\[(?:X_SEP|unused\d{1,3})\])"
    r"|(?P<end><(?:/s|eos|EOS|sep|SEP|end_of_turn)>|\[(?:SEP|EOS|STOP)\]"
    r"|<\|(?:endoftext|end_of_text|eot_id|im_end|end)\|>)"
    r"|(?P<nothing><(?:s|pad|PAD|bos|BOS|sos|SOS|cls|CLS|mask|extra_id_\d{1,2})>|\[(?:PAD|BOS|CLS|MASK)\]"
    r"|<\|(?:startoftext|begin_of_text|im_start|assistant)\|>)"
)
"""Of T5, BART, Pegasus, PreSumm, pointer-generators, BERT, GPT, Llama, Qwen and Gemma, by what they mean."""

_FIELDS = "A row holds `prediction`, and `reference` or `references`; `id` and `document` if you have them."


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A prediction and its references (at least one); the document is empty where not told."""

    id: str
    prediction: str
    references: tuple[str, ...]
    document: str = ""
    marks: frozenset[str] = frozenset()
    """Marks of a tokenizer that stood in prediction or references, and were read as what they mean."""


def read_outputs(path: Path) -> tuple[Prediction, ...]:
    """Read a file of predictions; rows without an id are numbered from 1, marks are read as they are meant.

    Raises:
        DataError: The file cannot be read, is empty or cut short, a row lacks its prediction or its
            references, or two rows have one id.
    """
    outputs: dict[str, Prediction] = {}
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


def _build_output(row: Mapping[str, Any], number: int, place: str) -> Prediction:
    prediction = row.get("prediction")
    if not isinstance(prediction, str):
        raise DataError(f"{place} has no text `prediction`.", hint=f'{_FIELDS} An empty prediction is "".')
    references = row.get("references", row.get("reference"))
    given = references if isinstance(references, list) else [references]
    texts = [_read_marks(text) for text in given if isinstance(text, str)]
    if not all(map(str.strip, texts)) or not texts or len(texts) < len(given):
        raise DataError(f"{place} has no reference, or an empty one.", hint=_FIELDS)
    marks = frozenset(found[0] for text in (prediction, *given) for found in _MARK.finditer(text))
    document = row.get("document") or ""
    if not isinstance(document, str):
        raise DataError(f"{place}: its document is no text.", hint=_FIELDS)
    return Prediction(
        id=read_id(row, str(number)),
        prediction=_read_marks(prediction).strip(),
        references=tuple(texts),
        document=document,
        marks=marks,
    )


def _read_marks(text: str) -> str:
    """Take a tokenizer's marks for what they mean: a new line, the end, or nothing.

    Some networks begin with the mark they end with, so an end counts behind a word only.
    """
    parts, begin, has_words = list[str](), 0, False
    for found in _MARK.finditer(text):
        parts.append(text[begin : found.start()])
        begin, has_words = found.end(), has_words or bool(parts[-1].strip())
        if found.lastgroup == "end" and has_words:
            return "".join(parts).strip()
        parts.append("\n" if found.lastgroup == "line" else " ")
    return "".join([*parts, text[begin:]]).strip() if parts else text
