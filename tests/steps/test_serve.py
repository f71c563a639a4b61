"""What is done before a served model takes its first request."""

import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import base_folder  # noqa: F401  (a fixture)

LOAD = """
import sys
from pathlib import Path
from tldrkit.options import Options
from tldrkit.specs import SummarizeSpec
from tldrkit.steps.serve import _load
from tldrkit.sources.model import resolve_model
from tldrkit.store.store import ArtifactStore

options = Options(artifacts=Path(sys.argv[2]), device="cpu")
model = resolve_model(ArtifactStore(options.artifacts), sys.argv[1])
_load(options, SummarizeSpec(num_beams=1), model, sys.argv[1])

from tldrkit.writing.compiled.kernels.attention import store
from tldrkit.writing.compiled.kernels.choice import find_top
from tldrkit.writing.compiled.kernels.layer import write_layer
print(*(bool(one.signatures) for one in (store, find_top, write_layer)))
"""


def test_a_served_model_is_compiled_before_the_first_request(
    base_folder: Path,  # noqa: F811  (as above)
    tmp_path: Path,
) -> None:
    """Loops of greedy and of beam search are there when the address is announced."""
    command = [sys.executable, "-c", LOAD, str(base_folder), str(tmp_path / "store")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True"] * 3
