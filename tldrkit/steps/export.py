"""`tldrkit export`: a model as a Hugging Face folder, for others."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tldrkit.errors import StoreError, UnknownReference
from tldrkit.families.footprint import compute_bytes
from tldrkit.families.taught import KEY, ORIGIN
from tldrkit.options import Options
from tldrkit.sources.model import ModelSource, resolve_model
from tldrkit.sources.origin import (
    TRAINED_ON,
    TrainingData,
    describe_terms,
    find_training_data,
    render_training_data,
)
from tldrkit.specs import ExportSpec, Taught
from tldrkit.steps.revisions import describe_code
from tldrkit.steps.step import record_use
from tldrkit.store.store import Artifact, ArtifactStore

if TYPE_CHECKING:
    from tldrkit.families.summarizer import Summarizer
    from tldrkit.reports.card import ScoreFacts


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A folder others can load."""

    folder: Path
    model: str
    done_before: bool
    bytes: int
    """Weights on disk."""
    terms: str
    """What licences of its training data forbid, in a sentence; empty where none is known to."""


def export(
    options: Options,
    spec: ExportSpec,
    *,
    source: str,
    to: Path,
    comparison: str | None = None,
    name: str | None = None,
) -> Exported:
    """Write a model as a Hugging Face folder with its card; it appears whole or not at all.

    Networks of our own classes carry the code they need, so that `trust_remote_code=True` loads them.

    Args:
        options: Where the store is, and whether to replace an earlier export.
        spec: How it is written.
        source: The model, or a comparison: its winner, with the comparison in the card.
        to: The folder.
        comparison: Reference of a comparison for the card, where the source is none.
        name: What the card calls it; the folder's name where not given.

    Raises:
        StoreError: If the folder exists and holds something else, or has a name that is no text.
        SpecError: If the comparison does not hold the model.
    """
    store = ArtifactStore(options.artifacts)
    _check_name(to)
    model = resolve_model(store, source)
    spec = model.complete(spec, options)
    compared = _find_comparison(store, source, comparison)
    origin = {
        "model": Path(model.reference).name if model.manifest is None else model.reference,
        "digest": model.digest,
        "name": name or to.resolve().name,
        "spec": spec.model_dump(mode="json"),
        "code": describe_code("export", options),
        "comparison": compared.manifest.digest if compared else None,
        KEY: asdict(spec.tell(model.taught)),
    }
    data = find_training_data(store, model)
    terms = describe_terms(model.reference, data)
    to = to.resolve()
    written = _read_origin(to)
    if (
        not options.force
        and written
        and origin.items() <= written.items()
        and _count_bytes(to) == written["files"]
    ):
        return Exported(
            folder=to, model=model.reference, done_before=True, bytes=compute_bytes(to), terms=terms
        )
    if not _may_replace(to, written if options.force else None):
        raise StoreError(
            f"{to} exists and is no folder that export may replace.",
            hint="Choose another one; --force replaces an earlier export that nobody changed.",
        )
    fields = spec.model_dump(mode="json") | {"source": model.reference}
    with record_use(options, "export", fields):
        from tldrkit.steps.card import find_scores

        scores = find_scores(store, compared, model) if compared else None
        with _replacing(to) as draft:
            _fill(store, model, spec, scores, origin, draft, data=data)
    return Exported(folder=to, model=model.reference, done_before=False, bytes=compute_bytes(to), terms=terms)


def _check_name(folder: Path) -> None:
    """Refuse what the tokenizers library cannot write to."""
    try:
        str(folder.resolve()).encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(folder).decode(errors="replace")
        raise StoreError(f"{shown} is no name in UTF-8.", hint="Choose another folder.") from error


def _find_comparison(store: ArtifactStore, source: str, comparison: str | None) -> Artifact | None:
    """Find the comparison that is named, or that stands for the model."""
    if comparison is not None:
        return store.take(comparison)
    try:
        artifact = store.take(source)
    except UnknownReference:
        return None
    return artifact if artifact.manifest.kind == "comparison" else None


def _read_origin(folder: Path) -> dict[str, Any] | None:
    """Read what an earlier export wrote about itself; None where there was none."""
    try:
        origin = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(origin, dict) and "digest" in origin and isinstance(origin.get("files"), dict)
    return origin if whole else None


def _count_bytes(folder: Path) -> dict[str, int]:
    """Count the bytes of every file but the origin's own."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ORIGIN)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def _may_replace(folder: Path, written: dict[str, Any] | None) -> bool:
    """Tell whether nothing is lost: nothing is there, or nothing but what an earlier export wrote."""
    if not folder.exists():
        return True
    there = _count_bytes(folder) if folder.is_dir() else {".": 0}
    return not there or (written is not None and there.items() <= written["files"].items())


def _fill(
    store: ArtifactStore,
    model: ModelSource,
    spec: ExportSpec,
    scores: "ScoreFacts | None",
    origin: dict[str, Any],
    folder: Path,
    *,
    data: list[TrainingData],
) -> None:
    """Write the model, its card, and what this export is."""
    from tldrkit.families.footprint import count_parameters
    from tldrkit.families.huggingface import export_summarizer, is_custom
    from tldrkit.families.summarizer import load_summarizer
    from tldrkit.reports.card import render_card
    from tldrkit.steps.card import build_facts

    summarizer = load_summarizer(model.location)
    origin = origin | {TRAINED_ON: render_training_data(data)}
    if spec.format == "onnx":
        origin = origin | {"graphs": _fill_with_graphs(summarizer, spec, folder)}
        _write_origin(origin, folder)
        return
    export_summarizer(summarizer, folder, spec)
    facts = build_facts(
        store,
        model,
        spec,
        scores,
        name=origin["name"],
        taught=Taught(**origin[KEY]),
        parameters=count_parameters(summarizer.network),
        weights=compute_bytes(folder),
        custom_code=is_custom(summarizer.network),
        trained_on=data,
    )
    (folder / "README.md").write_text(render_card(facts), encoding="utf-8")
    _write_origin(origin, folder)


def _fill_with_graphs(summarizer: "Summarizer", spec: ExportSpec, folder: Path) -> dict[str, int]:
    """Write the graphs and the tokenizer; return what a reader of the graphs must know."""
    from tldrkit.families.onnx_graphs import describe_graphs, write_graphs
    from tldrkit.families.summarizer import save_tokenizer

    write_graphs(summarizer.network, folder, int8=spec.dtype == "int8")
    save_tokenizer(summarizer.tokenizer, folder)
    return describe_graphs(summarizer.network)


def _write_origin(origin: dict[str, Any], folder: Path) -> None:
    whole = origin | {"files": _count_bytes(folder)}
    (folder / ORIGIN).write_text(json.dumps(whole, indent=1), encoding="utf-8")


@contextmanager
def _replacing(to: Path) -> Iterator[Path]:
    """Give a folder to fill that takes the place of another one when the block ends well."""
    to.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{to.name}-", dir=to.parent))
    old = draft.with_name(f"{draft.name}-old")
    try:
        yield draft
        draft.chmod(0o755)
        if to.exists():
            to.rename(old)
        draft.rename(to)
    finally:
        if old.exists() and not to.exists():
            old.rename(to)
        for leftover in (draft, old):
            shutil.rmtree(leftover, ignore_errors=True)
