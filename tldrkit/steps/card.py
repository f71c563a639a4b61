"""What a model's card tells, gathered from manifests: its own, those it was made from, and a comparison's."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from tldrkit.datasets.sources import describe_kind, describe_licence
from tldrkit.errors import SpecError
from tldrkit.reports.card import CardFacts, DataFacts, LineageFacts, ScoreFacts
from tldrkit.scoring.metrics import compute_mean
from tldrkit.scoring.overlap import ROUGE_TYPES
from tldrkit.sources.model import ModelSource
from tldrkit.sources.origin import TrainingData, describe_terms, describe_training, walk_lineage
from tldrkit.specs import ExportSpec, Taught
from tldrkit.steps.compare import read_comparison
from tldrkit.steps.scored import read_scores
from tldrkit.store.manifest import Manifest
from tldrkit.store.store import Artifact, ArtifactStore
from tldrkit.texts import count_noun

_HUB = " (Hugging Face hub"


def find_scores(store: ArtifactStore, comparison: Artifact, model: ModelSource) -> ScoreFacts:
    """Find what a model scores, and the comparison it stands in.

    Raises:
        SpecError: The comparison does not hold the model.
        UnknownReference: The scores behind it are gone.
    """
    if comparison.manifest.kind != "comparison":
        raise SpecError(
            f"{comparison.reference} is of kind {comparison.manifest.kind!r}, not a comparison.",
            hint="`tldrkit compare` makes one.",
        )
    compared = read_comparison(comparison)
    for row in compared.rows:
        for scores, reference in zip(row.references, row.models, strict=False):
            if reference == model.reference:
                artifact = store.take(scores)
                run = read_scores(artifact)
                means = {name: compute_mean(run.scores[name]) or 0.0 for name in ROUGE_TYPES}
                data = next(one for one in artifact.manifest.inputs if one.role == "data")
                return ScoreFacts(
                    data=_describe_data(data.reference),
                    split=str(artifact.manifest.spec["split"]),
                    rouge={name: round(100 * mean, 2) for name, mean in means.items()},
                    comparison=compared,
                    label=row.label,
                )
    raise SpecError(
        f"{comparison.reference} does not compare {model.reference}.",
        hint="Score it with `tldrkit eval`, and compare it with the others.",
    )


def build_facts(
    store: ArtifactStore,
    model: ModelSource,
    spec: ExportSpec,
    scores: ScoreFacts | None,
    *,
    name: str,
    taught: Taught,
    parameters: int,
    weights: int,
    custom_code: bool,
    trained_on: Sequence[TrainingData],
) -> CardFacts:
    """Gather what a card tells.

    Args:
        store: Where the model's makers are looked up.
        model: What is exported.
        spec: How it is exported.
        scores: What it scores, where that is known.
        name: Of the exported model.
        taught: How it reads and writes.
        parameters: As deployed.
        weights: Bytes on disk.
        custom_code: Whether it brings code of its own.
        trained_on: Data that taught it.
    """
    tree = list(walk_lineage(store, model))
    makers = [manifest for _, manifest in tree if manifest]
    outside = [one for one, manifest in tree if not manifest]
    base = next((one.reference for one in reversed(outside) if one.role in ("source", "encoder")), "")
    data = dict.fromkeys(one.reference for one, _ in tree if one.role == "data")
    grown = any(manifest.metrics.get("dendrites") for manifest in makers)
    return CardFacts(
        name=name,
        dtype=spec.dtype,
        parameters=parameters,
        bytes=weights,
        custom_code=custom_code,
        **asdict(taught),
        num_beams=spec.num_beams,
        base=_hide_folders(base) or "a network from scratch",
        base_on_hub=bool(base) and _hide_folders(base) == base,
        training=describe_training(name, trained_on),
        terms=describe_terms(name, trained_on),
        making=[sentence for manifest in reversed(makers) for sentence in _describe_step(manifest)]
        or [f"It is {_hide_folders(model.reference)} as it was."],
        data=[_describe_data(reference) for reference in data],
        lineage=[
            LineageFacts(
                role=one.role or "model", reference=_hide_folders(one.reference), digest=one.digest[:12]
            )
            for one, _ in tree
        ],
        scores=scores,
        tags=["dendrites"] if grown else [],
    )


def _describe_step(manifest: Manifest) -> Iterator[str]:
    """Tell in sentences what the step did that published a model."""
    spec, metrics = manifest.spec, manifest.metrics
    if encoder := metrics.get("encoder"):
        licence = f"licence: {encoder['licence']}" if encoder["licence"] else "licence not known to tldrkit"
        yield (
            f"Begun with the weights of the encoder {_hide_folders(encoder['name'])} (digest "
            f"{encoder['digest'][:12]}; {licence}), which its decoder's layers were copied from too."
        )
    if trimmed := metrics.get("vocabulary"):
        tokens = count_noun(trimmed["after"], "token")
        yield f"Its vocabulary was trimmed from {trimmed['before']:,} to {tokens}."
    if report := metrics.get("compression"):
        total = report["parameters"]
        kept = " and ".join(
            f"of the {side} {count_noun(len(layers), 'layer')} ({', '.join(map(str, layers))})"
            for side, layers in report["layers_kept"].items()
        )
        yield (
            f"Compressed from {total['before']:,} to {count_noun(total['after'], 'parameter')} "
            f"({total['ratio'] - 1:+.1%}), keeping {kept}."
        )
    elif "training_tokens" in metrics:
        yield _describe_training(manifest)
        if spec.get("do_pb"):
            count = metrics.get("dendrites", 0)
            place = metrics.get("dendrites_planned", {}).get("placement", spec["dendrite_placement"])
            yield (
                f"Grown with PerforatedAI: {count_noun(count, 'dendrite')} "
                f"({spec['dendrite_activation']}) on each of the {place} layers."
                if count
                else "PerforatedAI was to grow dendrites; the best network had none."
            )


def _describe_training(manifest: Manifest) -> str:
    """Tell how the published weights were trained: those of the best validation, which may be the first."""
    spec, metrics = manifest.spec, manifest.metrics
    verb, total = "Trained" if "do_pb" in spec else "Pretrained", metrics["steps"]
    if not metrics["best_step"]:
        return (
            f"No validation of a training with seed {spec['seed']} was better than the one before its first "
            "step: the weights are those that came in."
        )
    tokens = f" on {count_noun(metrics['best_tokens'], 'token')}" if "best_tokens" in metrics else ""
    of = f" (of {count_noun(total, 'step')} and {count_noun(metrics['training_tokens'], 'token')} in all)"
    return (
        f"{verb} for {count_noun(metrics['best_step'], 'step')}{tokens}"
        f"{of if metrics['best_step'] < total else ''}, seed {spec['seed']}, to "
        f"{count_noun(metrics['params_deployed'], 'parameter')}."
    )


def _describe_data(reference: str) -> DataFacts:
    """Take a data set's reference apart; folders of this machine are nobody else's business."""
    name = reference.partition(" (")[0]
    kind = describe_kind(reference)
    hub_id = name if reference.startswith(f"{name}{_HUB}") else ""
    return DataFacts(
        name=hub_id or Path(name).name, kind=kind, hub_id=hub_id, licence=describe_licence(reference)
    )


def _hide_folders(reference: str) -> str:
    """Name a local folder or data set without its path; other references stay as they are."""
    name = reference.partition(" (")[0]
    return Path(name).name if name.startswith(("/", ".", "~")) or Path(name).exists() else name
