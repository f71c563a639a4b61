"""Whether memory stays flat over batches of many shapes: a small BART trained on a processor.

oneDNN, which torch multiplies with, keeps what it compiled for each new shape of a product: up to 1,024 of
them, unless ONEDNN_PRIMITIVE_CACHE_CAPACITY gives a number. tldrkit gives one (machine/kernel_cache.py). This
script takes the same steps with tldrkit's number and with the library's, over padded tensors (as networks
that cannot be packed do) and over packed tokens; each in a process of its own, in the number formats that the
processor multiplies in hardware. Every 50th step summaries are written too, by `generate`.

Prints resident memory (MiB) at steps 50, 200, 500 and 1,000, the last over the first, and tokens a second.

    python benchmarks/memory.py [--steps N] [--threads N] [--capacities 8 1024]
"""

import argparse
import itertools
import os
import random
import subprocess
import sys
import time
from pathlib import Path

STEPS = (50, 200, 500, 1000)
LIBRARYS = 1024  # oneDNN's own number
PATHS = ("padded", "packed")
VOCABULARY, LONGEST, WRITTEN = 2000, 256, 64
BATCH_TOKENS = 512


def draw_rows(generator: random.Random, step: int) -> list[tuple[list[int], list[int]]]:
    """Draw documents of about one length, with summaries, so many that a batch has about as many tokens.

    The first batches are the longest and the shortest, so that what the largest one takes is taken at once.
    """
    length = {1: LONGEST, 2: 16}.get(step) or generator.randint(16, LONGEST)
    count = max(1, BATCH_TOKENS // length)
    return [
        ([generator.randrange(5, VOCABULARY) for _ in range(length - generator.randrange(8))],
         [generator.randrange(5, VOCABULARY) for _ in range(generator.randint(4, WRITTEN))])
        for _ in range(count)
    ]  # fmt: skip


def read_mib() -> float:
    """Read the resident memory of this process, MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def take_steps(precision: str, path: str, steps: int, threads: int) -> None:
    """Train and write, and print memory at the steps asked for."""
    import torch
    from transformers import BartConfig, BartForConditionalGeneration

    import tldrkit.families.summarizer  # noqa: F401  (bounds the cache, as every command does)
    from tldrkit.datasets.batches import Tokens
    from tldrkit.machine.device import build_accelerator
    from tldrkit.machine.memory import keep_freed_memory
    from tldrkit.training.objective import PaddedLoss, build_objective, choose_attention
    from tldrkit.writing.decoding import Decoding
    from tldrkit.writing.padded import PaddedWriter

    torch.manual_seed(0)
    torch.set_num_threads(threads)
    keep_freed_memory()
    network = BartForConditionalGeneration(BartConfig(
        vocab_size=VOCABULARY, d_model=128, encoder_layers=2, decoder_layers=2, encoder_ffn_dim=512,
        decoder_ffn_dim=512, encoder_attention_heads=4, decoder_attention_heads=4, dropout=0.0,
        max_position_embeddings=LONGEST, forced_eos_token_id=None,
    ))  # fmt: skip
    accelerator = build_accelerator("cpu", precision)
    choose_attention(network, accelerator)
    objective = (
        PaddedLoss(network, accelerator) if path == "padded" else build_objective(network, accelerator, None)
    )
    writer = PaddedWriter(network, network.config.pad_token_id)
    decoding = Decoding(
        prefix="", max_source_tokens=LONGEST, max_target_tokens=WRITTEN, num_beams=1, batch_size=32,
        precision=precision,  # type: ignore[arg-type]
    )  # fmt: skip
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    generator = random.Random(0)
    tokens, seconds = 0, 0.0
    for step in range(1, steps + 1):
        rows = [Tokens(*row) for row in draw_rows(generator, step)]
        started = time.perf_counter()
        (objective(rows, 0.1) / sum(len(row.target) for row in rows)).backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds += time.perf_counter() - started
        tokens += sum(map(len, rows))
        if step % 50 == 0 or step <= 2:
            writer([row.source for row in rows], decoding)
        if step in STEPS:
            print(f"{step} {read_mib():.0f} {tokens / seconds:.0f}", flush=True)


def measure(precision: str, path: str, capacity: int, steps: int, threads: int) -> list[list[int]]:
    """Take the steps in a process of its own."""
    command = [
        sys.executable,
        __file__,
        "--child",
        precision,
        path,
        "--steps",
        str(steps),
        "--threads",
        str(threads),
    ]
    environment = os.environ | {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": str(capacity)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [[int(word) for word in line.split()] for line in done.stdout.splitlines() if line[:1].isdigit()]


def main() -> None:
    """Print the table."""
    from tldrkit.machine.kernel_cache import CACHED_KERNELS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=int, default=STEPS[-1])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--capacities", type=int, nargs="+", default=[CACHED_KERNELS, LIBRARYS])
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        take_steps(*asked.child, asked.steps, asked.threads)
        return
    from tldrkit.machine.processor import use_bf16

    shown = [step for step in STEPS if step <= asked.steps]
    steps = " | ".join(f"step {step:,}" for step in shown)
    print(f"| format | path | kernels kept | {steps} | last / first | tokens/s |")
    print("| --- | --- | ---: |" + " ---: |" * (len(shown) + 2))
    for precision in ("fp32", "bf16"):
        if precision == "bf16" and not use_bf16("auto", on_cpu=True):
            print("bf16: not run, this processor does not multiply it in hardware")
            continue
        for path, capacity in itertools.product(PATHS, asked.capacities):
            rows = measure(precision, path, capacity, asked.steps, asked.threads)
            memory = [mib for _, mib, _ in rows]
            cells = " | ".join(f"{mib:,}" for mib in memory)
            ratio = memory[-1] / memory[0]
            print(
                f"| {precision} | {path} | {capacity} | {cells} | {ratio:.2f} | {rows[-1][2]:,} |", flush=True
            )


if __name__ == "__main__":
    main()
