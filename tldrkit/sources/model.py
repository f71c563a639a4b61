"""Where a step's model comes from: an artifact, a local folder, or the hub. Reads no weights."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tldrkit.errors import ModelError, SpecError, StoreError, UnknownReference
from tldrkit.families.folder import check_model_folder
from tldrkit.families.taught import Positions, read_positions, read_taught
from tldrkit.options import Options, is_first_process
from tldrkit.scoring.baselines import CENTRAL_WORDS
from tldrkit.specs import Taught, TaughtSpecT
from tldrkit.store.digest import digest_file, digest_json
from tldrkit.store.manifest import Input, Manifest
from tldrkit.store.names import parse_reference
from tldrkit.store.store import ArtifactStore
from tldrkit.texts import count_noun

CENTRAL = "central"
"""What stands for a model where there is no network (``writing/central.py``)."""
_CENTRAL_REVISION = 1
"""Whoever changes which sentences it takes raises it."""
_CENTRAL_TAUGHT = Taught(prefix="", max_source_tokens=1_000_000, max_target_tokens=CENTRAL_WORDS)
_MODEL_FILES = ("*.json", "*.safetensors", "*.model", "*.txt")


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """A model that can be loaded, and how it is named."""

    reference: str
    """The artifact's reference, the folder's path, or the hub id."""

    digest: str
    """Digest of the content; of the name alone for a hub id."""

    location: str
    """Folder or hub id to load from."""

    manifest: Manifest | None = None
    """The artifact's manifest, where it is one."""

    has_network: bool = True
    """False for what takes sentences of a thread as they are."""

    hint: str = ""
    """What else the name may have meant, where it is a hub id that no model is fetched for."""

    @property
    def taught(self) -> Taught:
        """How it was taught to read and write; a model of the hub is fetched to be asked.

        Raises:
            ModelError: It cannot be fetched, or what it says cannot be used.
        """
        return self._read_taught(self.find_folder()) if self.has_network else _CENTRAL_TAUGHT

    def complete(self, spec: TaughtSpecT, options: Options, *, target: str | None = None) -> TaughtSpecT:
        """Fill in what a spec leaves open as the model was taught; tell the person what it does otherwise.

        Args:
            spec: What is to be done with the model.
            options: The surroundings, with a display.
            target: Name of the model that will be taught what the spec says; None where none is made.

        Raises:
            ModelError: How it was taught cannot be found out.
            SpecError: The spec asks for more tokens than the network has positions.
        """
        if not self.has_network:
            return spec.complete(self.taught)
        folder = self.find_folder()
        taught = self._read_taught(folder)
        told = spec.tell(taught)
        check_positions(self.reference, read_positions(folder), told)
        before, now = asdict(taught), asdict(told)
        changed = [name for name in now if now[name] != before[name]]
        if changed and is_first_process():
            here = f"{target} is taught" if target else "here it is told"
            message = f"{self.reference} was taught {_list(before, changed)}; {here} {_list(now, changed)}."
            options.display.log({"message": message})
        return spec.complete(taught)

    def _read_taught(self, folder: Path) -> Taught:
        return read_taught(folder, self.manifest.spec if self.manifest else None)

    def find_folder(self) -> Path:
        """Find its folder; a model of the hub is fetched.

        Raises:
            ModelError: It cannot be fetched.
        """
        folder = Path(self.location)
        if not folder.is_dir():
            from tldrkit.families.hub import fetch_from_hub

            try:
                folder = fetch_from_hub(self.location)
            except ModelError as error:
                raise ModelError(str(error), hint=self.hint or error.hint) from error
        return folder

    def to_input(self, role: str = "source") -> Input:
        """Describe it as a step's input."""
        return Input(role=role, reference=self.reference, digest=self.digest)


def check_positions(name: str, positions: Positions, taught: Taught) -> None:
    """Check that a network can read and write as many tokens as it is told, before it does anything else.

    Args:
        name: What people call the network.
        positions: How many tokens it has positions for.
        taught: How it is told to read and write.

    Raises:
        SpecError: It has positions for fewer.
    """
    asked = (
        ("Read", positions.read, taught.max_source_tokens),
        ("Write", positions.written, taught.max_target_tokens),
    )
    for do, most, tokens in asked:
        if most is not None and tokens > most:
            raise SpecError(
                f"{name} has positions for {count_noun(most, 'token')}, not for {tokens:,}.",
                hint=f"{do} at most {count_noun(most, 'token')}.",
            )


def resolve_writer(store: ArtifactStore, source: str) -> ModelSource:
    """Find what `source` names and can write summaries: a model, or ``central``, which needs no network.

    Raises:
        TldrkitError: As ``resolve_model``.
    """
    if source == CENTRAL:
        digest = digest_json({CENTRAL: _CENTRAL_REVISION})
        return ModelSource(reference=CENTRAL, digest=digest, location=CENTRAL, has_network=False)
    return resolve_model(store, source)


def resolve_model(store: ArtifactStore, source: str) -> ModelSource:
    """Find the model that `source` names.

    A comparison stands for its winner's model. An artifact's bytes are checked. A local folder must hold a
    whole model; any other `owner/name` or plain name that is no artifact and no folder is taken for a hub id.

    Raises:
        ModelError: If it names a folder that is no model's, or not whole.
        UnknownReference: If it names nothing.
        DamagedArtifact: If a file of the artifact is missing or was changed.
        StoreError: If it names an artifact that is no model and stands for none.
    """
    if source != (told := source.encode(errors="replace").decode()):
        raise UnknownReference(f"The model {told!r} is no name in UTF-8.", hint="See `tldrkit artifacts ls`.")
    if source == CENTRAL:
        raise ModelError(
            "central takes sentences of a thread as they are; it has no network.",
            hint="It can summarize, serve and be scored. For anything else name a model.",
        )
    if not source:
        raise UnknownReference("The name of the model is empty.", hint="Is a variable not set?")
    try:
        artifact = store.take(source)
    except UnknownReference as unknown:
        if _is_near_artifact(store, source) or not (Path(source).is_dir() or _may_be_hub_id(source)):
            raise
        return replace(resolve_outside(source), hint=f"{unknown} {unknown.hint}")
    manifest = artifact.manifest
    if manifest.kind == "comparison":
        if not manifest.metrics["winner_model"]:
            raise StoreError(
                f"{artifact.reference} compares outputs only: there is no model to take.",
                hint="Name a model, or compare scores of models.",
            )
        return resolve_model(store, str(manifest.metrics["winner_model"]))
    if manifest.kind != "model":
        raise StoreError(
            f"{artifact.reference} is of kind {manifest.kind!r}, not a model.",
            hint="`tldrkit artifacts ls` shows the models.",
        )
    return ModelSource(
        reference=artifact.reference, digest=manifest.digest, location=str(artifact.path), manifest=manifest
    )


def resolve_outside(source: str) -> ModelSource:
    """Find the folder or hub id that `source` names.

    Raises:
        ModelError: If it is a folder that is no model's, or not whole.
        UnknownReference: If it is neither.
    """
    path = Path(source)
    if path.is_dir():
        return describe_folder(path, digest_folder(path))
    if path.is_file():
        raise UnknownReference(
            f"{source} is a file, not a model's folder.", hint=f"Name the folder that holds it: {path.parent}"
        )
    if _may_be_hub_id(source):
        return ModelSource(reference=source, digest=digest_json({"hub": source}), location=source)
    raise UnknownReference(
        f"{source!r} is neither an artifact, nor a folder, nor a hub id.", hint="See `tldrkit artifacts ls`."
    )


def digest_folder(folder: Path) -> dict[str, str]:
    """Compute the sha256 of each of a model's files.

    Raises:
        ModelError: The folder is no model's, or not whole.
    """
    check_model_folder(folder)
    files = sorted({path for pattern in _MODEL_FILES for path in folder.glob(pattern)})
    return {path.name: digest_file(path) for path in files}


def describe_folder(folder: Path, digests: Mapping[str, str]) -> ModelSource:
    """Describe a model's folder, given the digests of its files."""
    return ModelSource(
        reference=str(folder), digest=digest_json(dict(digests)), location=str(folder.resolve())
    )


def _is_near_artifact(store: ArtifactStore, source: str) -> bool:
    """Tell whether a reference misses what the store holds, and so is no folder or hub id."""
    asked = parse_reference(source)
    if asked is None or Path(source).exists():
        return False
    names = store.find_names()
    first, slash, _ = asked.name.partition("/")
    return asked.name in names or (bool(slash) and any(name.startswith(f"{first}/") for name in names))


def _list(values: Mapping[str, Any], names: list[str]) -> str:
    return ", ".join(f"{name} {values[name]!r}" for name in names)


def _may_be_hub_id(source: str) -> bool:
    """Tell `t5-small` and `google-t5/t5-small` from references such as `b/s0/train` and `b/train@v3`."""
    return source.count("/") <= 1 and "@" not in source and not source.startswith((".", "/", "~"))
