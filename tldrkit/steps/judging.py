"""BERTScore of many summaries: the encoder found, loaded, and asked a bounded number of texts at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from tldrkit.datasets.predictions import Prediction
from tldrkit.options import Options
from tldrkit.sources.encoder import resolve_judge
from tldrkit.sources.loading import choose_device
from tldrkit.sources.model import ModelSource
from tldrkit.specs import ScoreSpec
from tldrkit.steps.step import Bench
from tldrkit.store.manifest import Input
from tldrkit.store.store import ArtifactStore

_CHUNK = 64  # documents, of each of which several summaries' vectors are held at once


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What an encoder found of several systems, and itself with its layer, as ``RunScores`` records it."""

    scores: list[dict[str, list[float]]]
    """By metric, one dictionary a system; empty ones where nothing was asked."""
    encoder: dict[str, Any] | None = None


@dataclass(frozen=True)
class Judge:
    """The encoder that was asked for; without one nothing is judged."""

    source: ModelSource | None

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The encoder, as a step's input."""
        return (self.source.to_input("bertscore"),) if self.source else ()

    def score(
        self, bench: Bench, options: Options, spec: ScoreSpec, systems: Sequence[Sequence[Prediction]]
    ) -> Judged:
        """Compute the BERTScore of each output of each system; of several references as ROUGE takes them.

        All systems wrote of the same documents, in the same order.

        Raises:
            ModelError: The encoder cannot be loaded.
            SpecError: It has no such layer.
        """
        if self.source is None:
            return Judged(scores=[{} for _ in systems])
        from tldrkit.families.embedder import load_embedder
        from tldrkit.machine.device import set_threads
        from tldrkit.scoring.bertscore import Embedded, compute_bertscore

        set_threads(options.threads)
        bench.tracker.log({"kind": "load", "message": f"loading {self.source.reference} for BERTScore"})
        embedder = load_embedder(self.source.find_folder(), spec.bertscore_layer)
        embedder.network.to(choose_device(options))
        choose = max if spec.over_references == "best" else fmean
        documents = list(zip(*systems, strict=True))
        scores: list[list[float]] = [[] for _ in systems]
        for start in range(0, len(documents), _CHUNK):
            chunk = [one for document in documents[start : start + _CHUNK] for one in document]
            texts = list(dict.fromkeys(text for one in chunk for text in (one.prediction, *one.references)))
            known = {text: Embedded(*found) for text, found in zip(texts, embedder.embed(texts), strict=True)}
            for number, one in enumerate(chunk):
                own = known[one.prediction]
                score = choose([compute_bertscore(own, known[text]) for text in one.references])
                scores[number % len(systems)].append(score)
            told = {"kind": "BERTScore", "unit": "document", "done": len(scores[0]), "total": len(documents)}
            bench.tracker.log(told)
        encoder = {"name": self.source.reference, "digest": self.source.digest, "layer": embedder.layer}
        return Judged(scores=[{"bertscore": values} for values in scores], encoder=encoder)


def find_judge(options: Options, spec: ScoreSpec) -> Judge:
    """Find the encoder that was asked for, if any.

    Raises:
        ModelError: It is no encoder, or not whole.
        UnknownReference: There is none of that name.
    """
    store = ArtifactStore(options.artifacts)
    return Judge(resolve_judge(store, spec.bertscore) if spec.bertscore else None)
