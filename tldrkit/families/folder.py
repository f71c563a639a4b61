"""A model's folder before anything of it is loaded: whether it is one, and whole. Needs no torch.

Knows what else people take for a model's folder, and says what to name instead.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from tldrkit.errors import ModelError
from tldrkit.files import LFS_POINTER
from tldrkit.machine.memory import find_memory
from tldrkit.tensors import check_whole, list_tensors
from tldrkit.texts import count_noun, show_bytes

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
WHOLE = "Copy or save the whole folder again; its weights must be safetensors."

_FILES = ("*.json", "*.safetensors", "*.model", "*.txt")
_VOCABULARIES = ("tokenizer.json", "*.model", "*.spm", "vocab.json", "vocab.txt")
_SENTENCEPIECE = ("*.model", "*.spm")
_WITHOUT_VOCABULARY = "ByT5Tokenizer"  # reads bytes
_ADAPTERS = ("adapter_config.json", "adapter_model.safetensors", "adapter_model.bin")


class _Foreign(NamedTuple):
    """Weights that are not read: their files, what they are, and what to do."""

    patterns: tuple[str, ...]
    what: str
    hint: str


_SOURCE = "Name the Hugging Face folder that they were made from."
_FOREIGN = (
    _Foreign(("*.gguf",), "GGUF weights, which are llama.cpp's", _SOURCE),
    _Foreign(("*.onnx",), "ONNX graphs, which cannot be trained or changed", _SOURCE),
    _Foreign(("*.tflite", "*.h5", "*.msgpack"), "weights of TensorFlow or Flax", _SOURCE),
    _Foreign(
        ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl"),
        "pickled weights, which may run code",
        "Pickled weights are never read: convert them with transformers' save_pretrained.",
    ),
)


def check_model_folder(folder: Path) -> None:
    """Check that a folder holds a model in Hugging Face's form: configuration, weights and tokenizer, whole.

    Of the weights the headers alone are read.

    Raises:
        ModelError: It does not; the sentence says what it holds instead.
    """
    for path in _list_files(folder, _FILES):
        _check_file(path)
    for name in _ADAPTERS:
        if (folder / name).exists():
            raise _describe_adapter(folder)
    if not (folder / CONFIG).is_file():
        raise _describe_stranger(folder)
    config = read_json(folder / CONFIG)
    if not isinstance(config.get("model_type"), str):
        raise ModelError(f"{folder / CONFIG} does not say which model_type it is of.", hint=WHOLE)
    _check_weights(folder)
    _check_tokenizer(folder)


def check_memory(folder: Path) -> None:
    """Refuse a network whose weights alone have more bytes than there is memory for.

    Raises:
        ModelError: They have.
    """
    whole = folder / WEIGHTS
    needed = sum(
        path.stat().st_size for path in ([whole] if whole.exists() else folder.glob("*.safetensors"))
    )
    available = find_memory().available
    if available is not None and needed > available:
        raise ModelError(
            f"The weights in {folder} take {show_bytes(needed)} of memory at least; "
            f"{show_bytes(available)} are available.",
            hint="Use a smaller model, or a machine with more memory.",
        )


def _check_tokenizer(folder: Path) -> None:
    """Check that a folder holds a tokenizer, in a form that can be read here."""
    models = [path.name for path in _list_files(folder, _SENTENCEPIECE)]
    if models and not (folder / "tokenizer.json").is_file() and find_spec("sentencepiece") is None:
        raise ModelError(
            f"{folder} holds its tokenizer as {models[0]}, and no tokenizer.json.",
            hint="pip install sentencepiece, which reads it; or take a copy that has tokenizer.json.",
        )
    if not any(_list_files(folder, _VOCABULARIES)):
        told = (
            read_json(folder / "tokenizer_config.json") if (folder / "tokenizer_config.json").exists() else {}
        )
        if told.get("tokenizer_class") != _WITHOUT_VOCABULARY:
            raise ModelError(
                f"{folder} holds no tokenizer.",
                hint="Save the tokenizer beside the weights: tokenizer.save_pretrained(folder).",
            )


def check_rows(folder: Path, largest: int, rows: int, *settings: Mapping[str, Any]) -> None:
    """Check that every token has a row among the embeddings.

    Args:
        folder: The model's, for the sentence.
        largest: Number of the tokenizer's last token.
        rows: Of the embeddings.
        settings: Of the model and of its generation, which name tokens.

    Raises:
        ModelError: One has none.
    """
    if largest >= rows:
        raise ModelError(
            f"{folder} has tokens numbered up to {largest:,}, but embeddings for {rows:,} of them.",
            hint="Its tokenizer is another model's, or tokens were added without resize_token_embeddings.",
        )
    named = [item for said in settings for item in said.items() if item[0].endswith("_token_id")]
    for name, value in named:
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, int) and number >= rows:
                held = count_noun(rows, "token")
                raise ModelError(
                    f"{folder} says that its {name} is {number:,}, but has embeddings for {held}.",
                    hint="Its configuration is another model's.",
                )


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ModelError: The file holds none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: it is no JSON.", hint=WHOLE) from error
    if not isinstance(found, dict):
        raise ModelError(f"{path} cannot be read: it holds no JSON object.", hint=WHOLE)
    return found


def _list_files(folder: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(folder.glob(pattern))


def _check_file(path: Path) -> None:
    """Check that a file is there itself, and no sign that points to it."""
    try:
        with path.open("rb") as file:
            head = file.read(len(LFS_POINTER))
    except FileNotFoundError as error:
        raise ModelError(
            f"{path} is a link to a file that is not there.",
            hint="Copy the folder with what its links lead to: cp -rL.",
        ) from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.", hint=WHOLE) from error
    if head == LFS_POINTER:
        raise ModelError(
            f"{path} is a pointer of Git LFS, not the file itself.",
            hint=f"Fetch the files: git lfs install, then git lfs pull in {path.parent}.",
        )


def _check_weights(folder: Path) -> None:
    """Check that a folder's weights are safetensors, and whole, in one file or in all shards of an index."""
    if (folder / WEIGHTS).is_file():  # wins over an index, as in transformers
        check_whole(folder / WEIGHTS)
        return
    if not (folder / INDEX).is_file():
        raise _describe_weights(folder)
    shards = read_json(folder / INDEX).get("weight_map")
    if not isinstance(shards, dict) or not all(isinstance(name, str) for name in shards.values()):
        raise ModelError(f"{folder / INDEX} cannot be read: it names no shards.", hint=WHOLE)
    for name in sorted(set(shards.values())):
        if Path(name).name != name:
            raise ModelError(f"{folder / INDEX} names {name!r}, which is not in the folder.", hint=WHOLE)
        check_whole(folder / name)
        held = list_tensors(folder / name)
        missing = sorted(tensor for tensor, shard in shards.items() if shard == name and tensor not in held)
        if missing:
            raise ModelError(
                f"{folder / name} lacks {missing[0]}, which {INDEX} says it holds.",
                hint="The shards are of different models: copy the whole folder again.",
            )


def _describe_weights(folder: Path) -> ModelError:
    """Say which weights a folder holds in the place of those that are looked for."""
    others = sorted(path.name for path in folder.glob("*.safetensors"))
    if others:
        return ModelError(
            f"{folder} holds {others[0]}, but neither {WEIGHTS} nor {INDEX}.",
            hint=f"Shards need their index; weights in one file must be named {WEIGHTS}.",
        )
    foreign = _find_foreign(folder)
    if foreign:
        return ModelError(f"{folder} holds no {WEIGHTS} but {foreign.what}.", hint=foreign.hint)
    return ModelError(f"{folder} holds no {WEIGHTS}.", hint=WHOLE)


def _describe_adapter(folder: Path) -> ModelError:
    """Say of an adapter which base it belongs to, and how both become one model."""
    try:
        base = str(read_json(folder / _ADAPTERS[0]).get("base_model_name_or_path") or "")
    except ModelError:
        base = ""
    of = f" for {base}" if base else ""
    return ModelError(
        f"{folder} is an adapter{of}, not a whole model.",
        hint="Merge it with peft into its base, and name the folder saved then: "
        f"AutoPeftModelForSeq2SeqLM.from_pretrained({str(folder)!r}).merge_and_unload().save_pretrained(…).",
    )


def _describe_stranger(folder: Path) -> ModelError:
    """Say what a folder without a configuration is."""
    snapshot = _find_snapshot(folder)
    if snapshot:
        return ModelError(
            f"{folder} is the root of a model in the hub's cache.", hint=f"Name its snapshot: {snapshot}"
        )
    inner = [path.parent for path in folder.glob(f"*/{CONFIG}")]
    if inner:
        newest = max(inner, key=lambda path: ((path / CONFIG).stat().st_mtime_ns, path))
        return ModelError(
            f"{folder} is no model's folder: {CONFIG} is missing here, and lies in a folder below.",
            hint=f"Name that folder, such as {newest}",
        )
    foreign = _find_foreign(folder)
    if foreign:
        return ModelError(f"{folder} holds {foreign.what}, and no {CONFIG}.", hint=foreign.hint)
    if list(folder.glob("models--*")):
        return ModelError(
            f"{folder} is the hub's cache, not a model.",
            hint="Name a model by its hub id, such as owner/name.",
        )
    return ModelError(
        f"{folder} holds no model: {CONFIG} is missing.",
        hint="Name a model folder in Hugging Face form, or a reference.",
    )


def _find_snapshot(folder: Path) -> Path | None:
    """Find the snapshot that a folder of the hub's cache means: that of its branch main, else the newest."""
    root = folder.parent if folder.name == "snapshots" else folder
    snapshots = [path for path in (root / "snapshots").glob("*") if path.is_dir()]
    if not snapshots:
        return None
    try:
        main = (root / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        main = ""
    named = [path for path in snapshots if path.name == main]
    return named[0] if named else max(snapshots, key=lambda path: (path.stat().st_mtime_ns, path))


def _find_foreign(folder: Path) -> _Foreign | None:
    """Find weights of a form that is not read, in a folder or just below it."""
    for foreign in _FOREIGN:
        for pattern in foreign.patterns:
            if any(folder.glob(pattern)) or any(folder.glob(f"*/{pattern}")):
                return foreign
    return None
