"""Exports of grown networks of every family, loaded where tldrkit is not asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast

from tests.networks import KIN, build_grown
from tests.training.packed.references import build_blocks
from tldrkit.families.huggingface import export_summarizer
from tldrkit.families.summarizer import Summarizer
from tldrkit.specs import ExportSpec

ELSEWHERE = """
import json, sys
import torch
from transformers import AutoModelForSeq2SeqLM

told = {}
for folder in sys.argv[1:]:
    network = AutoModelForSeq2SeqLM.from_pretrained(folder, trust_remote_code=True).eval()
    ids = torch.arange(3, 15)[None]
    with torch.no_grad():
        told[folder] = network(input_ids=ids, decoder_input_ids=ids).logits.double().tolist()
assert "tldrkit" not in sys.modules
print(json.dumps(told))
"""


def test_a_grown_network_brings_its_code(tiny_tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    """Of each family, and blocks, in a process that knows transformers alone: the same logits to the bit."""
    ids, expected = torch.arange(3, 15)[None], {}
    networks = {family: build_grown(family) for family in KIN} | {"t5": build_blocks().eval()}
    for family, network in networks.items():
        folder = tmp_path / family
        network.set_attn_implementation("sdpa")
        with torch.no_grad():
            expected[str(folder)] = network(input_ids=ids, decoder_input_ids=ids).logits.double().tolist()
        export_summarizer(Summarizer(network, tiny_tokenizer), folder, ExportSpec(max_target_tokens=12))
    bare = os.environ | {"HF_MODULES_CACHE": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-I", "-c", ELSEWHERE, *expected]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected
