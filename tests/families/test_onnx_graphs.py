"""ONNX graphs beside the network they were written from."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from tests.networks import KIN_NETWORKS, VOCAB
from tests.training.packed.references import BARTS, T5S, build_blocks
from tests.writing.compiled.test_bart import spread as spread_bart
from tests.writing.compiled.test_search import spread
from tldrkit.errors import ModelError
from tldrkit.families.onnx_graphs import describe_graphs, write_graphs

onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

NETWORKS = {
    "gated T5": lambda: spread(T5S["gated"]()),
    "narrow and grown T5": lambda: spread(T5S["asymmetric and grown"]()),
    "T5 with grown blocks": lambda: spread(build_blocks()),
    "BART": BARTS["scaled embeddings, relu"],
    "BART with a bias of logits": BARTS["bias of logits"],
    "untied BART": BARTS["untied"],
    "grown BART": BARTS["grown"],
    "narrow BART": lambda: spread_bart(BARTS["narrow decoder"]()),
    "mT5": lambda: spread(KIN_NETWORKS["mt5"]()),
    "grown mBART": KIN_NETWORKS["mbart, grown"],
    "Marian": KIN_NETWORKS["marian"],
    "grown Pegasus": KIN_NETWORKS["pegasus, grown"],
}
MOST = 9


def run(graph: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:  # noqa: ANN401  (not typed)
    names = [output.name for output in graph.get_outputs()]
    return dict(zip(names, graph.run(None, inputs), strict=True))


def write_greedily(folder: Path, told: dict[str, Any], ids: np.ndarray, mask: np.ndarray) -> list[list[int]]:
    """Write as the example of docs/how-to/export.md does."""
    encoder, decoder = (
        onnxruntime.InferenceSession(folder / f"{side}.onnx") for side in ("encoder", "decoder")
    )
    read = run(encoder, {"ids": ids, "mask": mask})
    nothing = np.zeros((len(ids), told["heads"], 0, told["width"]), np.float32)
    past = {f"past_{kind}_{n}": nothing for kind in ("keys", "values") for n in range(told["layers"])}
    token = np.full((len(ids), 1), told["start"])
    written = []
    for place in range(MOST):
        step = run(decoder, {"token": token, "mask": mask, **past, **read})
        logits = step.pop("logits")
        logits[:, told["never"]] = -np.inf
        token = logits.argmax(-1)[:, None]
        for mark, where in (("first", 0), ("last", MOST - 1)):
            if place == where and told[mark] is not None:
                token[:] = told[mark]
        past = {f"past_{name}": longer for name, longer in step.items()}
        written.append(token[:, 0])
    return [cut(row, told["end"]) for row in np.array(written).T.tolist()]


def cut(row: list[int], end: int) -> list[int]:
    return row[: row.index(end)] if end in row else row


def draw_documents() -> tuple[torch.Tensor, torch.Tensor]:
    """Draw token ids of four documents, and the mask of their padding."""
    ids = torch.randint(3, VOCAB, (4, 12), generator=torch.Generator().manual_seed(5))
    mask = (torch.arange(12) < torch.tensor([[12], [7], [3], [10]])).long()
    return ids * mask, mask


@pytest.mark.parametrize("kind", NETWORKS)
def test_graphs_write_what_generate_writes(kind: str, tmp_path: Path) -> None:
    """Token for token in fp32, documents padded, with what generation defaults force and forbid."""
    network: PreTrainedModel = NETWORKS[kind]().eval()
    network.generation_config.suppress_tokens = [7, 11]
    ids, mask = draw_documents()
    write_graphs(network, tmp_path, int8=False)
    told = describe_graphs(network)
    written = write_greedily(tmp_path, told, ids.numpy(), mask.numpy())
    how = {"max_new_tokens": MOST, "num_beams": 1, "do_sample": False}
    expected = [
        cut(row, told["end"]) for row in network.generate(ids, attention_mask=mask, **how)[:, 1:].tolist()
    ]

    assert len({tuple(row) for row in expected}) > 1
    assert written == expected


@pytest.mark.parametrize("kind", ["narrow and grown T5", "grown BART"])
def test_graphs_in_8_bits_are_smaller_and_write(kind: str, tmp_path: Path) -> None:
    """Each graph has less than 0.8 of the bytes, though tiny ones are mostly not weights."""
    network: PreTrainedModel = NETWORKS[kind]().eval()
    ids, mask = draw_documents()
    sizes = []
    for int8 in (False, True):
        write_graphs(network, tmp_path, int8=int8)
        sizes.append([(tmp_path / f"{side}.onnx").stat().st_size for side in ("encoder", "decoder")])
    written = write_greedily(tmp_path, describe_graphs(network), ids.numpy(), mask.numpy())

    assert all(small < 0.8 * whole for whole, small in zip(*sizes, strict=True))
    assert all(0 <= token < VOCAB for row in written for token in row)


def test_a_family_without_a_blueprint_is_refused(tiny_t5: PreTrainedModel, tmp_path: Path) -> None:
    """It is named, and nothing is written."""
    tiny_t5.config.model_type = "led"
    with pytest.raises(ModelError, match="A led network has no ONNX form"):
        write_graphs(tiny_t5, tmp_path, int8=False)
    assert not list(tmp_path.iterdir())
