"""BERTScore of many summaries: the encoder found, loaded, and asked a bounded number of texts at a time."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from tldrkit.datasets.predictions import Output
from tldrkit.options import Options
from tldrkit.sources.encoder import resolve_judge
from tldrkit.sources.loading import choose_device
from tldrkit.sources.model import ModelSource
from tldrkit.specs import ScoreSpec
from tldrkit.steps.step import Bench
from tldrkit.store.store import ArtifactStore

_CHUNK = 256  # examples whose vectors are held at once


def find_judge(options: Options, spec: ScoreSpec) -> ModelSource | None:
    """Find the encoder that was asked for; None where none was.

    Raises:
        ModelError: It is no encoder, or not whole.
        UnknownReference: There is none of that name.
    """
    return resolve_judge(ArtifactStore(options.artifacts), spec.bertscore) if spec.bertscore else None


def score_by_encoder(
    bench: Bench, options: Options, spec: ScoreSpec, judge: ModelSource, outputs: Sequence[Output]
) -> tuple[list[float], dict[str, Any]]:
    """Compute the BERTScore of each output; of several references as ROUGE takes them.

    Returns:
        The scores, and the encoder with its layer, as ``RunScores`` records them.

    Raises:
        ModelError: The encoder cannot be loaded.
        SpecError: It has no such layer.
    """
    from tldrkit.families.embedder import load_embedder
    from tldrkit.machine.device import set_threads
    from tldrkit.scoring.bertscore import Embedded, compute_bertscore

    set_threads(options.threads)
    bench.tracker.log({"kind": "load", "message": f"loading {judge.reference} for BERTScore"})
    embedder = load_embedder(judge.find_folder(), spec.bertscore_layer)
    embedder.network.to(choose_device(options))
    choose = max if spec.over_references == "best" else fmean
    scores: list[float] = []
    for start in range(0, len(outputs), _CHUNK):
        chunk = outputs[start : start + _CHUNK]
        texts = list(dict.fromkeys(text for one in chunk for text in (one.prediction, *one.references)))
        known = {text: Embedded(*found) for text, found in zip(texts, embedder.embed(texts), strict=True)}
        for one in chunk:
            own = known[one.prediction]
            scores.append(choose([compute_bertscore(own, known[text]) for text in one.references]))
        bench.tracker.log({"kind": "BERTScore", "done": len(scores), "total": len(outputs)})
    return scores, {"name": judge.reference, "digest": judge.digest, "layer": embedder.layer}
