"""What a BART keeps with fewer heads or a narrower decoder: losses before and after a short training.

A small BART is trained from scratch on the embedded corpus, unless --model names one, and compressed in many
ways. Prints the loss of a validation summary's word, nats: of the student before any training, of it after
--steps, and of a random network of its shape after as many.

    python benchmarks/bart_sizes.py [--model FOLDER] [--save FOLDER] [--teacher-steps 1400] [--steps 200]
"""

import argparse
import copy
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import BartConfig, BartForConditionalGeneration, GenerationConfig, PreTrainedModel

from tldrkit.bases.scratch import build_tokenizer
from tldrkit.compression.calibration import encode_calibration, run_calibration
from tldrkit.compression.compress import compress
from tldrkit.compression.losses import build_random
from tldrkit.datasets.synthetic.threads import generate_examples
from tldrkit.families.summarizer import Summarizer, load_summarizer, save_summarizer
from tldrkit.specs import CompressSpec

Pair = tuple[str, str]

TAUGHT = {"prefix": "", "max_source_tokens": 120, "max_target_tokens": 32}
WAYS: dict[str, dict[str, Any]] = {
    "heads 5 of 6": {"num_heads": 5},
    "heads 4 of 6": {"num_heads": 4},
    "heads 3 of 6": {"num_heads": 3},
    "decoder width 88 of 96, PCA": {"dec_d_model": 88},
    "decoder width 88 of 96, importance": {"dec_d_model": 88, "width_by": "importance"},
    "decoder width 64 of 96, PCA": {"dec_d_model": 64},
    "decoder width 64 of 96, importance": {"dec_d_model": 64, "width_by": "importance"},
    "decoder width 48 of 96, PCA": {"dec_d_model": 48},
    "decoder width 48 of 96, importance": {"dec_d_model": 48, "width_by": "importance"},
    "heads 4, decoder width 64": {"num_heads": 4, "dec_d_model": 64},
}


def take(split: str, count: int) -> list[Pair]:
    """Take documents of the embedded corpus with their summaries."""
    return [(example.document, example.summaries[0]) for example in generate_examples(split)[:count]]


def build(pairs: Sequence[Pair]) -> Summarizer:
    """Build a BART with random weights."""
    tokenizer = build_tokenizer([text for pair in pairs[:600] for text in pair], 1200)
    marks = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1, "decoder_start_token_id": 1}
    sizes = {
        f"{side}_{name}": size
        for side, layers in (("encoder", 2), ("decoder", 3))
        for name, size in (("layers", layers), ("attention_heads", 6), ("ffn_dim", 256))
    }
    torch.manual_seed(0)
    config = BartConfig(
        vocab_size=len(tokenizer), d_model=96, max_position_embeddings=192, scale_embedding=True, dropout=0.0,
        forced_eos_token_id=None, **sizes, **marks,
    )  # fmt: skip
    network = BartForConditionalGeneration(config)
    network.generation_config = GenerationConfig(**marks)
    return Summarizer(network, tokenizer)


def train(summarizer: Summarizer, pairs: Sequence[Pair], steps: int, lr: float = 2e-3) -> None:
    """Train for some steps of 8 documents, in place; the rate rises at first, then falls to zero."""
    network: PreTrainedModel = summarizer.network
    optimizer, draw = torch.optim.AdamW(network.parameters(), lr=lr, weight_decay=0.01), random.Random(0)
    network.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = lr * min(1.0, (step + 1) / max(20, steps // 14)) * (1 - step / steps)
        documents, summaries = zip(*draw.sample(list(pairs), 8), strict=True)
        how: dict[str, Any] = {"truncation": True, "padding": True, "return_tensors": "pt"}
        source = summarizer.tokenizer(list(documents), max_length=TAUGHT["max_source_tokens"], **how)
        target = summarizer.tokenizer(list(summaries), max_length=TAUGHT["max_target_tokens"], **how)
        labels = target.input_ids.masked_fill(target.attention_mask == 0, -100)
        network(
            input_ids=source.input_ids, attention_mask=source.attention_mask, labels=labels
        ).loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    network.eval()


def measure(summarizer: Summarizer, spec: CompressSpec, pairs: Sequence[Pair]) -> float:
    """Measure the loss of a summary's word, nats."""
    examples = encode_calibration(summarizer, spec, pairs)
    tokens = sum(example.summary.numel() for example in examples)
    words = sum(len(summary.split()) for _, summary in pairs)
    return run_calibration(summarizer.network, examples) * tokens / words


def main() -> None:
    """Print the table."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--save", type=Path, help="Where the BART that was trained is kept.")
    parser.add_argument("--teacher-steps", type=int, default=1400)
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args()
    pairs, held_out = take("train", 1500), take("validation", 40)
    if arguments.model:
        teacher = load_summarizer(arguments.model)
    else:
        teacher = build(pairs)
        train(teacher, pairs, arguments.teacher_steps)
        if arguments.save:
            save_summarizer(teacher, arguments.save)
    loss = measure(teacher, CompressSpec(**TAUGHT), held_out)
    print(f"the BART: {teacher.parameters:,} parameters, loss {loss:.3f}", flush=True)
    print(
        f"| student | parameters | variance kept | loss | after {arguments.steps} steps | random one after |"
    )
    print("|---|---:|---:|---:|---:|---:|", flush=True)
    for way, sizes in WAYS.items():
        spec = CompressSpec(calibration_examples=96, **sizes, **TAUGHT)
        done = compress(teacher, spec, pairs)
        student = done.summarizer
        drawn = Summarizer(build_random(student.network, 0), student.tokenizer)
        before = measure(student, spec, held_out)
        after = []
        for one in (copy.copy(student), drawn):
            train(one, pairs, arguments.steps, 1e-3)
            after.append(f"{measure(one, spec, held_out):.3f}")
        kept = done.report["variance_kept"] if "dec_d_model" in sizes else None
        share = f"{kept:.1%}" if kept else ""
        print(
            f"| {way} | {student.parameters:,} | {share} | {before:.3f} | {' | '.join(after)} |", flush=True
        )


if __name__ == "__main__":
    main()
