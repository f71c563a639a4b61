"""`tldrkit export`: a model as a Hugging Face folder, for others."""

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tldrkit.errors import StoreError
from tldrkit.options import Options
from tldrkit.steps.source import ModelSource, resolve_model
from tldrkit.steps.step import build_provenance
from tldrkit.store.runs import record_run
from tldrkit.store.store import ArtifactStore

ORIGIN = "tldrkit.json"


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A folder others can load."""

    folder: Path
    model: str
    done_before: bool


def export(options: Options, *, source: str, to: Path) -> Exported:
    """Write a model as a Hugging Face folder; it appears whole or not at all.

    Networks of our own classes carry the code they need, so that `trust_remote_code=True` loads them.

    Raises:
        StoreError: If the folder exists and holds something else.
    """
    store = ArtifactStore(options.artifacts)
    model = resolve_model(store, source)
    to = to.resolve()
    written = _read_origin(to)
    if (
        not options.force
        and written
        and written["digest"] == model.digest
        and _count_bytes(to) == written["files"]
    ):
        return Exported(folder=to, model=model.reference, done_before=True)
    if not _may_replace(to, written if options.force else None):
        raise StoreError(
            f"{to} exists and is no folder that export may replace.",
            hint="Choose another one; --force replaces an earlier export to which nothing was added.",
        )
    with record_run(store.root, "export", command=options.command, spec={"source": model.reference}) as run:
        run.provenance.update(build_provenance(options))
        _write_folder(model, to)
    return Exported(folder=to, model=model.reference, done_before=False)


def _read_origin(folder: Path) -> dict[str, Any] | None:
    """Read what an earlier export wrote about itself; None where there was none."""
    try:
        origin = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return origin if isinstance(origin, dict) and {"digest", "files"} <= set(origin) else None


def _count_bytes(folder: Path) -> dict[str, int]:
    """Count the bytes of every file but the origin's own."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ORIGIN)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def _may_replace(folder: Path, written: dict[str, Any] | None) -> bool:
    """Tell whether nothing is lost: nothing is there, or nothing but what an earlier export wrote."""
    if not folder.exists():
        return True
    there = set(_count_bytes(folder)) if folder.is_dir() else {"."}
    return not there or (written is not None and there <= set(written["files"]))


def _write_folder(model: ModelSource, to: Path) -> None:
    from tldrkit.models.huggingface import export_summarizer
    from tldrkit.models.summarizer import load_summarizer

    to.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{to.name}-", dir=to.parent))
    old = draft.with_name(f"{draft.name}-old")
    try:
        export_summarizer(load_summarizer(model.location), draft)
        origin = {"model": model.reference, "digest": model.digest, "files": _count_bytes(draft)}
        (draft / ORIGIN).write_text(json.dumps(origin, indent=1), encoding="utf-8")
        draft.chmod(0o755)
        if to.exists():
            to.rename(old)
        draft.rename(to)
    finally:
        if old.exists() and not to.exists():
            old.rename(to)
        for leftover in (draft, old):
            shutil.rmtree(leftover, ignore_errors=True)
