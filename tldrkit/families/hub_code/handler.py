"""Summaries by the contract of Hugging Face's Inference Endpoints.

Exported flat beside a model as `handler.py`, so it imports nothing of the package, and `spelling.py` from
beside it.
"""

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

# Else oneDNN keeps a compiled kernel for every new shape of a batch, and memory grows without end.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "8")

import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

ORIGIN = "tldrkit.json"


def _load_spelling() -> ModuleType:
    """Load the file beside this one, whatever paths Python looks at."""
    spec = importlib.util.spec_from_file_location("spelling", Path(__file__).with_name("spelling.py"))
    if spec is None or spec.loader is None:
        raise ImportError("spelling.py belongs beside handler.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class EndpointHandler:
    """Summarizes what a request holds.

    Args:
        path: Folder of the model.
    """

    def __init__(self, path: str = "") -> None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        network = AutoModelForSeq2SeqLM.from_pretrained(path, trust_remote_code=True, dtype="auto")
        self._network = network.to(device).eval()
        self._tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=True)
        spelling = _load_spelling()
        self._restore = spelling.restore_writing if spelling.loses_case(self._tokenizer) else None
        reading = json.loads((Path(path) / ORIGIN).read_text(encoding="utf-8"))["reading"]
        self._prefix, self._longest = reading["prefix"], reading["max_source_tokens"]

    def __call__(self, data: dict[str, Any]) -> list[dict[str, str]]:
        """Answer one request.

        Args:
            data: `inputs`, a text or a list of texts; `parameters`, those of transformers' `generate`.

        Raises:
            ValueError: There is no text; the endpoint answers with the sentence.
        """
        inputs = data.get("inputs")
        texts = [inputs] if isinstance(inputs, str) else inputs
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise ValueError("inputs: give a text or a list of texts.")
        parameters = dict(data.get("parameters") or {})
        parameters |= parameters.pop("generate_parameters", None) or {}
        for name in ("clean_up_tokenization_spaces", "truncation"):  # of the contract, not of `generate`
            parameters.pop(name, None)
        batch = self._tokenizer(
            [self._prefix + text for text in texts],
            truncation=True,
            max_length=self._longest,
            padding=True,
            return_tensors="pt",
        ).to(self._network.device)
        with torch.no_grad():
            written = self._network.generate(**batch, **parameters)
        decoded = self._tokenizer.batch_decode(written, skip_special_tokens=True)
        share = len(decoded) // len(texts)  # num_return_sequences
        summaries = [
            self._restore(summary, texts[place // share]) if self._restore else summary.strip()
            for place, summary in enumerate(decoded)
        ]
        return [{"summary_text": summary} for summary in summaries]
