from pathlib import Path

import pytest

from tldrkit.data.examples import Corpus
from tldrkit.data.sources import resolve_source
from tldrkit.specs import DataSpec


@pytest.fixture(scope="session")
def examples(corpus: Path) -> Corpus:
    """The small data set `toy`, loaded."""
    return resolve_source(DataSpec(dataset="toy"), corpus).load_corpus()
