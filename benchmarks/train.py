"""How fast training is: our loop against transformers' Seq2SeqTrainer, on the same texts and network.

The peer groups by length and trains in the best number format that the machine multiplies in hardware, as
ours does. A BART is also trained by our loop over padded tensors, which is what packing is measured against.
All run in processes of their own, by turns; what counts is source and label tokens that are no padding.
Prints tokens a second, the ratio of each round, peak memory, and our share of the machine's rate of matrix
products. With --processor-time (and OMP_NUM_THREADS=1) rates are by the processor's time, which other work
on the machine disturbs less than the clock's.

    python benchmarks/train.py [--network small|t5-small|bart-minilm|bart-base] [--rounds N] [--steps N]
        [--data FOLDER] [--dataset NAME] [--processor-time]
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

NETWORKS: dict[str, dict[str, Any]] = {
    "small": {
        "vocab_size": 8000, "d_model": 256, "d_kv": 32, "d_ff": 1024, "num_heads": 8, "num_layers": 4,
        "num_decoder_layers": 4,
    },
    "t5-small": {
        "vocab_size": 32128, "d_model": 512, "d_kv": 64, "d_ff": 2048, "num_heads": 8, "num_layers": 6,
        "num_decoder_layers": 6,
    },
    "bart-minilm": {
        "vocab_size": 16000, "d_model": 384, "encoder_layers": 6, "decoder_layers": 6,
        "encoder_ffn_dim": 1536, "decoder_ffn_dim": 1536, "encoder_attention_heads": 12,
        "decoder_attention_heads": 12, "max_position_embeddings": 512,
    },
    "bart-base": {
        "vocab_size": 50265, "d_model": 768, "encoder_layers": 6, "decoder_layers": 6,
        "encoder_ffn_dim": 3072, "decoder_ffn_dim": 3072, "encoder_attention_heads": 12,
        "decoder_attention_heads": 12, "max_position_embeddings": 1024,
    },
}  # fmt: skip
BATCH = {"small": 48, "t5-small": 16, "bart-minilm": 16, "bart-base": 8}
PEER, PADDED, OURS = "Seq2SeqTrainer", "tldrkit padded", "tldrkit"
WARM = 4  # steps before the measured ones
EXAMPLES = 4000


def build_network(name: str) -> Any:  # noqa: ANN401  (transformers is not typed)
    """Build the network from seed 0, with the dropout of its family's checkpoints."""
    import torch
    from transformers import BartConfig, BartForConditionalGeneration, T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    if name.startswith("bart"):
        special = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1, "decoder_start_token_id": 1}
        return BartForConditionalGeneration(BartConfig(
            **NETWORKS[name], **special, forced_eos_token_id=None, dropout=0.1, attention_dropout=0.1
        ))  # fmt: skip
    return T5ForConditionalGeneration(T5Config(**NETWORKS[name], dropout_rate=0.1, decoder_start_token_id=0))


def build_shared_tokenizer(arguments: argparse.Namespace) -> None:
    """Train the tokenizer that all runs share, into their folder."""
    from tldrkit.bases.scratch import build_tokenizer
    from tldrkit.datasets.sources import resolve_source
    from tldrkit.specs import DataSpec

    source = resolve_source(DataSpec(dataset=arguments.dataset), arguments.data)
    texts = [text for e in source.load("train")[:EXAMPLES] for text in (e.document, e.summaries[0])]
    build_tokenizer(texts, 8000).save_pretrained(arguments.folder)


def load_texts(arguments: argparse.Namespace) -> Any:  # noqa: ANN401
    """Load some training examples and the tokenizer that was trained on them."""
    from transformers import AutoTokenizer

    from tldrkit.datasets.sources import resolve_source
    from tldrkit.specs import DataSpec

    source = resolve_source(DataSpec(dataset=arguments.dataset), arguments.data)
    return source.load("train")[:EXAMPLES], AutoTokenizer.from_pretrained(arguments.folder)


def choose_clock(arguments: argparse.Namespace) -> Callable[[], float]:
    """Choose what tells the seconds: the processor's time, or the clock's."""
    return time.process_time if arguments.processor_time else time.perf_counter


class Memory:
    """A tracker that keeps the events, and when they came."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self.events: list[Any] = []
        self.times: list[float] = []

    def log(self, event: Any) -> None:  # noqa: ANN401
        """Keep one."""
        self.events.append(event)
        self.times.append(self.clock())

    def close(self) -> None:
        """Do nothing."""


def run_peer(arguments: argparse.Namespace) -> dict[str, float]:
    """Train with Seq2SeqTrainer; returns tokens and seconds of the measured steps."""
    from transformers import DataCollatorForSeq2Seq, Seq2SeqTrainer, Seq2SeqTrainingArguments, TrainerCallback

    from tldrkit.machine.processor import use_bf16

    examples, tokenizer = load_texts(arguments)
    rows = [
        {
            "input_ids": tokenizer("summarize: " + e.document, truncation=True, max_length=512).input_ids,
            "labels": tokenizer(e.summaries[0], truncation=True, max_length=128).input_ids,
        }
        for e in examples
    ]
    network, counts, ends = build_network(arguments.network), [], []
    clock = choose_clock(arguments)
    pad = DataCollatorForSeq2Seq(tokenizer, model=network, pad_to_multiple_of=8)

    def collate(batch: list[dict[str, list[int]]]) -> Any:  # noqa: ANN401
        counts.append(sum(len(row["input_ids"]) + len(row["labels"]) for row in batch))
        return pad(batch)

    class Clock(TrainerCallback):
        def on_step_end(self, *_: object, **__: object) -> None:
            ends.append(clock())

    settings = Seq2SeqTrainingArguments(
        output_dir=arguments.folder, per_device_train_batch_size=BATCH[arguments.network],
        max_steps=WARM + arguments.steps, train_sampling_strategy="group_by_length",
        optim="adamw_torch_fused", bf16=use_bf16("auto", on_cpu=True), use_cpu=True,
        learning_rate=5e-4, report_to=[], save_strategy="no", logging_strategy="no", disable_tqdm=True,
        remove_unused_columns=False,
    )  # fmt: skip
    Seq2SeqTrainer(network, settings, train_dataset=rows, data_collator=collate, callbacks=[Clock()]).train()
    return {"tokens": sum(counts[WARM : WARM + arguments.steps]), "seconds": ends[-1] - ends[WARM - 1]}


def run_ours(arguments: argparse.Namespace) -> dict[str, float]:
    """Train with our loop; returns tokens and seconds of the measured steps."""
    import tldrkit.training.loop
    import tldrkit.training.objective
    from tldrkit.datasets.examples import Corpus
    from tldrkit.dendrites.growth import FixedShape
    from tldrkit.machine.device import build_accelerator
    from tldrkit.machine.memory import keep_freed_memory
    from tldrkit.specs import TrainSpec
    from tldrkit.training.loop import Trainer

    examples, tokenizer = load_texts(arguments)
    memory = Memory(choose_clock(arguments))
    steps = WARM + arguments.steps
    spec = TrainSpec(
        max_steps=steps, batch_size=BATCH[arguments.network], eval_every=steps, eval_examples=1,
        max_target_tokens=128,
    )  # fmt: skip
    keep_freed_memory()
    tldrkit.training.loop._LOG_EVERY = WARM
    if arguments.worker == PADDED:
        tldrkit.training.objective.draw_packable = lambda _: None  # as on a GPU
    trainer = Trainer(build_accelerator("cpu", "auto"), tokenizer, spec, FixedShape(), memory)
    trainer.fit(build_network(arguments.network), Corpus(train=examples, validation=examples[:1]))
    told = zip(memory.times, memory.events, strict=True)
    (began, first), *_, (ended, last) = [one for one in told if one[1]["kind"] == "train"]
    tokens, seconds = last["training_tokens"] - first["training_tokens"], ended - began
    work = tokens * count_flops(arguments.network, examples, tokenizer, spec) / seconds
    return {"tokens": tokens, "seconds": seconds, "share": work / measure_products(choose_clock(arguments))}


def count_flops(name: str, examples: Any, tokenizer: Any, spec: Any) -> float:  # noqa: ANN401
    """Count the operations in matrix products that a token of a batch costs, both ways."""
    from torch.utils.flop_counter import FlopCounterMode

    from tldrkit.datasets.batches import stream_batches
    from tldrkit.machine.device import build_accelerator
    from tldrkit.training.objective import build_objective

    rows = next(stream_batches(examples, tokenizer, spec))
    objective = build_objective(build_network(name), build_accelerator("cpu", "auto"), None)
    with FlopCounterMode(display=False) as counter:
        objective(rows, 0.0).backward()
    return float(counter.get_total_flops()) / sum(map(len, rows))


def measure_products(clock: Callable[[], float]) -> float:
    """Measure the machine's best rate of matrix products, operations a second."""
    import torch

    from tldrkit.machine.processor import use_bf16

    dtype = torch.bfloat16 if use_bf16("auto", on_cpu=True) else torch.float32
    one, other = torch.randn(8192, 512).to(dtype), torch.randn(512, 2048).to(dtype)
    product = torch.empty(8192, 2048, dtype=dtype)
    seconds = []
    for _ in range(20):
        started = clock()
        torch.mm(one, other, out=product)
        seconds.append(clock() - started)
    return 2 * 8192 * 512 * 2048 / min(seconds)


def work(arguments: argparse.Namespace) -> None:
    """Run one engine in this process and print what it did as JSON."""
    result = (run_peer if arguments.worker == PEER else run_ours)(arguments)
    result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(result))


def start(worker: str, arguments: argparse.Namespace) -> dict[str, float]:
    """Run one engine in a fresh process."""
    command = [sys.executable, __file__, "--worker", worker, "--folder", str(arguments.folder)]
    for name in ("network", "data", "dataset", "steps"):
        command += [f"--{name}", str(getattr(arguments, name))]
    command += ["--processor-time"] * arguments.processor_time
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", choices=NETWORKS, default="small")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=12, help="measured ones")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1] / "../shared/data")
    parser.add_argument("--dataset", default="samsum")
    parser.add_argument("--processor-time", action="store_true")
    parser.add_argument("--worker", choices=(PEER, PADDED, OURS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments)
    with tempfile.TemporaryDirectory() as folder:
        arguments.folder = Path(folder)
        build_shared_tokenizer(arguments)
        workers = (PEER, PADDED, OURS) if arguments.network.startswith("bart") else (PEER, OURS)
        ratios: dict[str, list[float]] = {worker: [] for worker in workers[:-1]}
        for number in range(arguments.rounds):
            done = {worker: start(worker, arguments) for worker in workers}
            rates = {worker: one["tokens"] / one["seconds"] for worker, one in done.items()}
            for worker, ratio in ratios.items():
                ratio.append(rates[OURS] / rates[worker])
            shown = [
                f"{name} {rates[name]:,.0f} tokens/s, {one['peak']:.2f} GiB" for name, one in done.items()
            ]
            share = f"{done[OURS]['share']:.0%} of the machine's rate of matrix products"
            print(f"round {number + 1}: {'; '.join(shown)}, {share}", flush=True)
    for worker, ratio in ratios.items():
        spread = f"{min(ratio):.2f} to {max(ratio):.2f}"
        print(f"{arguments.network}: {statistics.median(ratio):.2f} times {worker}, {spread}")
    return None


if __name__ == "__main__":
    main()
