"""What a model was made from, and in a sentence for people what it was trained on.

By its lineage; of a folder of others, by what an export or its card says.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tldrkit.datasets.sources import INVENTED, describe_kind, describe_licence, forbids_commerce
from tldrkit.families.taught import ORIGIN
from tldrkit.machine.processor import name_hardware
from tldrkit.options import Options
from tldrkit.sources.model import ModelSource
from tldrkit.store.lineage import Lineage, Origin
from tldrkit.store.manifest import Input, Manifest
from tldrkit.store.store import ArtifactStore

TRAINED_ON = "trained_on"
"""Key of an export's own file."""


@dataclass(frozen=True)
class TrainingData:
    """A data set that a model was trained on: its name; kind of its texts and licence, where known."""

    name: str
    kind: str = ""
    licence: str = ""

    @classmethod
    def read(cls, reference: str) -> "TrainingData":
        """Read what a data set's reference tells."""
        name = Path(reference.partition(" (")[0]).name
        return cls(name, describe_kind(reference), describe_licence(reference))


def walk_lineage(store: ArtifactStore, model: ModelSource) -> Iterator[tuple[Lineage, Manifest | None]]:
    """Go through all that a model was made from, each once, with its manifest where its store holds it."""
    if model.manifest is None:
        yield Lineage(role="source", reference=model.reference, digest=model.digest), None
        return
    waiting, seen = [(store, store.lineage(model.location))], set()
    while waiting:
        home, one = waiting.pop(0)
        if one.digest in seen:
            continue
        seen.add(one.digest)
        found, _ = home.find_input(Input(role=one.role, reference=one.reference, digest=one.digest))
        yield one, found.manifest if found else None
        waiting += [(home.find_home(found) if found else home, item) for item in one.inputs]


def find_origin(store: ArtifactStore, model: ModelSource) -> Origin:
    """Find what a verdict on a model hangs on, by following what it was made from to what no step made."""
    trained = model.manifest if model.manifest and "training_tokens" in model.manifest.metrics else None
    base = model.to_input()
    found, problem = store.find_input(base) if model.manifest else (None, "")
    while found and (source := next((one for one in found.manifest.inputs if one.role == "source"), None)):
        base, store = source, store.find_home(found)
        found, problem = store.find_input(base)
    return Origin(
        weights=model.digest,
        base="" if problem else base.digest,
        base_name=base.reference,
        trained_on=name_hardware(trained.provenance) if trained else "",
        trained_in=str(trained.spec.get("precision", "")) if trained else "",
    )


def find_training_data(store: ArtifactStore, model: ModelSource) -> list[TrainingData]:
    """Find what a model was trained on; empty where that is not known."""
    if model.manifest is None:
        return _read_folder(model.find_folder())
    used = dict.fromkeys(
        one.reference
        for _, manifest in walk_lineage(store, model)
        if manifest and "training_tokens" in manifest.metrics
        for one in manifest.inputs
        if one.role == "data"
    )
    return list(map(TrainingData.read, used))


def tell_training(options: Options, store: ArtifactStore, model: ModelSource) -> str:
    """Tell the person what a model was trained on, and return the sentence."""
    if not model.has_network:
        return "central takes the most central sentences of a thread as they are, without a network."
    sentence = describe_training(model.reference, find_training_data(store, model))
    options.display.log({"message": sentence})
    return sentence


def describe_training(name: str, data: Sequence[TrainingData]) -> str:
    """Say in a sentence what a model was trained on; where all of it is invented, it is a demonstration."""
    if not data:
        return f"It is not known what {name} was trained on."
    listed = ", ".join(f"{one.name} ({one.kind})" if one.kind else one.name for one in data)
    if all(one.kind == INVENTED for one in data):
        return f"{name} is a demonstration, trained on {listed}: what it writes of real threads is made up."
    return f"{name} was trained on {listed}."


def describe_terms(name: str, data: Sequence[TrainingData]) -> str:
    """Say in a sentence which data of a model's training is not for commercial use; empty where none is."""
    bound = [f"{one.name} ({one.licence})" for one in data if forbids_commerce(one.licence)]
    if not bound:
        return ""
    return (
        f"{name} learned from data that is licensed for non-commercial use: {', '.join(bound)}. "
        "Whether that binds the weights is a question of law; whoever gets them should know."
    )


def _read_folder(folder: Path) -> list[TrainingData]:
    """Read what a folder says of itself: an export in its own file, others in the head of their card."""
    try:
        told = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))[TRAINED_ON]
        return [TrainingData(str(one["name"]), str(one["kind"]), str(one.get("licence", ""))) for one in told]
    except (OSError, ValueError, KeyError, TypeError):  # none of ours, or of before this was said
        return _read_card(folder / "README.md")


def _read_card(path: Path) -> list[TrainingData]:
    if not path.is_file():
        return []
    from huggingface_hub import ModelCard

    try:
        named = ModelCard.load(path, ignore_metadata_errors=True).data.get("datasets")
    except Exception:  # whatever a card of others makes the library raise
        return []
    names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    return [
        TrainingData(name, describe_kind(name), describe_licence(name))
        for name in names
        if isinstance(name, str)
    ]


def render_training_data(data: Sequence[TrainingData]) -> list[dict[str, str]]:
    """Render data sets as an export's own file has them."""
    return [asdict(one) for one in data]
