import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from tldrkit.errors import ModelError
from tldrkit.families.hub_code.handler import ORIGIN as HANDLERS
from tldrkit.families.taught import ORIGIN, read_positions, read_taught, save_taught
from tldrkit.specs import Taught

T5 = {"model_type": "t5"}
T5_SMALL = {
    "model_type": "t5",
    "n_positions": 512,
    "task_specific_params": {
        "summarization": {
            "early_stopping": True, "length_penalty": 2.0, "max_length": 200, "min_length": 30,
            "no_repeat_ngram_size": 3, "num_beams": 4, "prefix": "summarize: ",
        },
        "translation_en_to_de": {"max_length": 300, "prefix": "translate English to German: "},
    },
}  # fmt: skip
BART_LARGE_CNN = {
    "model_type": "bart",
    "max_position_embeddings": 1024,
    "task_specific_params": {
        "summarization": {
            "early_stopping": True, "length_penalty": 2.0, "max_length": 142, "min_length": 56,
            "no_repeat_ngram_size": 3, "num_beams": 4,
        }
    },
}  # fmt: skip


def write(folder: Path, **files: Any) -> Path:  # noqa: ANN401  (JSON values)
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value))
    return folder


@pytest.mark.parametrize(
    ("files", "prefix", "read", "written"),
    [
        ({"config": T5_SMALL}, "summarize: ", 512, 199),
        ({"config": BART_LARGE_CNN}, "", 512, 141),
        ({"config": BART_LARGE_CNN | {"prefix": " "}}, " ", 512, 141),
        ({"config": T5}, "summarize: ", 512, 128),
        ({"config": {"model_type": "bart"}}, "", 512, 128),
        ({"config": {"model_type": "mt5"}}, "", 512, 128),
        ({"config": {"model_type": "pegasus"}, "generation_config": {"max_length": 64}}, "", 512, 63),
        ({"config": T5, "generation_config": {"max_new_tokens": 40}}, "summarize: ", 512, 40),
        ({"config": {"model_type": "bart", "max_length": 90}}, "", 512, 89),
        ({"config": {"model_type": "bart", "max_position_embeddings": 64}}, "", 64, 64),
        ({"config": T5, "tokenizer_config": {"model_max_length": 256}}, "summarize: ", 256, 128),
        ({"config": T5, "tokenizer_config": {"model_max_length": int(1e30)}}, "summarize: ", 512, 128),
        ({"config": T5, "generation_config": {"max_length": 1}}, "summarize: ", 512, 128),
        ({"config": T5 | {"task_specific_params": None}}, "summarize: ", 512, 128),
    ],
)  # fmt: skip
def test_a_checkpoint_of_others_has_its_configurations_word(
    tmp_path: Path, files: dict[str, Any], prefix: str, read: int, written: int
) -> None:
    """What it says on summarization, then its generation defaults, then ours; T5 alone has a prefix anyway.

    A ``max_length`` counts the start mark too. No more is read or written than network and tokenizer take.
    """
    expected = Taught(prefix=prefix, max_source_tokens=read, max_target_tokens=written)

    assert read_taught(write(tmp_path, **files)) == expected


def test_what_is_saved_beside_the_weights_is_believed_first(tmp_path: Path) -> None:
    """It is read back as it was saved, whatever the configuration and the step's spec say."""
    taught = Taught(prefix="tl;dr: ", max_source_tokens=64, max_target_tokens=16)
    save_taught(taught, write(tmp_path, config=T5_SMALL))

    assert read_taught(tmp_path, {"prefix": "no: ", "max_source_tokens": 99}) == taught


def test_an_older_artifact_has_its_specs_word(tmp_path: Path) -> None:
    """Without the file the spec of the step that made it says how it was taught, before its configuration."""
    spec = {"prefix": "so: ", "max_source_tokens": 256, "max_target_tokens": 64, "seed": 0}

    assert read_taught(write(tmp_path, config=T5_SMALL), spec) == Taught(
        prefix="so: ", max_source_tokens=256, max_target_tokens=64
    )


def test_an_older_export_has_its_generation_defaults_word_too(tmp_path: Path) -> None:
    """What its file does not say, tokens written, is what its generation defaults say."""
    origin = {"reading": {"prefix": "so: ", "max_source_tokens": 256}, "digest": "0" * 64}
    write(tmp_path, config={"model_type": "t5"}, generation_config={"max_new_tokens": 60}, tldrkit=origin)

    assert read_taught(tmp_path) == Taught(prefix="so: ", max_source_tokens=256, max_target_tokens=60)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"reading": 3}', '{"reading": {"prefix": 3}}',
     '{"reading": {"prefix": "", "max_source_tokens": "9"}}',
     '{"reading": {"prefix": "", "max_target_tokens": 0}}'],
)  # fmt: skip
def test_a_file_that_does_not_say_it_is_refused(tmp_path: Path, text: str) -> None:
    """A damaged file is named in one sentence, and never half believed."""
    (tmp_path / ORIGIN).write_text(text)

    with pytest.raises(ModelError, match=r"tldrkit\.json does not say how the model was taught to read"):
        read_taught(tmp_path)


def test_the_handler_reads_the_same_file() -> None:
    """The handler of endpoints, which imports nothing of the package, knows the file by the same name."""
    assert HANDLERS == ORIGIN


@pytest.mark.parametrize("cached", [False, True])
def test_asking_a_model_loads_no_torch(tmp_path: Path, cached: bool) -> None:
    """How a model was taught is found without torch and transformers, in a folder and in the hub's cache."""
    folder = tmp_path / "hub/models--t5-small/snapshots" / ("0" * 40)
    folder.mkdir(parents=True)
    (folder.parents[1] / "refs").mkdir()
    (folder.parents[1] / "refs/main").write_text("0" * 40)
    write(folder, config=T5_SMALL)
    save_file({"x": torch.ones(1)}, folder / "model.safetensors")
    (folder / "tokenizer.json").write_text("{}")
    code = (
        "import sys; from pathlib import Path; from tldrkit.sources.model import resolve_model\n"
        "from tldrkit.store.store import ArtifactStore\n"
        "taught = resolve_model(ArtifactStore(Path('store')), sys.argv[1]).taught\n"
        "print(taught.max_target_tokens, 'torch' in sys.modules, 'transformers' in sys.modules)"
    )
    command = [sys.executable, "-c", code, "t5-small" if cached else str(folder)]
    surroundings = os.environ | {"HF_HUB_CACHE": str(tmp_path / "hub")}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["199", "False", "False"]


@pytest.mark.parametrize(
    ("config", "positions"),
    [
        ({"max_position_embeddings": 1024}, (1024, 1024)),
        ({"max_encoder_position_embeddings": 16384, "max_decoder_position_embeddings": 1024}, (16384, 1024)),
        (
            {"encoder": {"max_position_embeddings": 512}, "decoder": {"max_position_embeddings": 300}},
            (512, 300),
        ),
        ({"encoder": {"model_type": "t5"}, "max_position_embeddings": True}, (None, None)),
        ({"n_positions": 512}, (None, None)),
    ],
)
def test_positions_are_those_of_each_side(
    config: dict[str, object], positions: tuple[int | None, int | None], tmp_path: Path
) -> None:
    """BART has one number for both sides, LED two, a pair of networks one in each; T5 has no limit."""
    (tmp_path / "config.json").write_text(json.dumps(config))

    assert tuple(read_positions(tmp_path)) == positions
    taught = read_taught(tmp_path)
    assert taught.max_source_tokens == min(512, positions[0] or 512)
    assert taught.max_target_tokens == min(128, positions[1] or 128)
