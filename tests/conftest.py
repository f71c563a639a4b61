"""What every test may ask for."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("WANDB_MODE", "disabled")

if TYPE_CHECKING:
    from tldrkit.datasets.examples import Corpus

pytest_plugins = ["tests.networks"]

settings.register_profile("tests", deadline=None)  # machines differ; speed belongs in benchmarks/
settings.load_profile("tests")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data sets; TLDRKIT_TEST_DATA names another."""
    folder = Path(os.environ.get("TLDRKIT_TEST_DATA", Path(__file__).parents[1] / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set TLDRKIT_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small local data set `toy`: 60 training examples, 10 for validation, 12 for testing."""
    from tldrkit.datasets.synthetic.threads import generate_examples

    folder = tmp_path_factory.mktemp("corpus")
    for split, count in (("train", 60), ("validation", 10), ("test", 12)):
        rows = [json.dumps(example.to_dict()) for example in generate_examples(split)[:count]]
        (folder / f"toy.{split}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def examples(corpus: Path) -> "Corpus":
    """The small data set `toy`, loaded."""
    from tldrkit.datasets.sources import resolve_source
    from tldrkit.specs import DataSpec

    return resolve_source(DataSpec(dataset="toy"), corpus).load_corpus()
