"""How fast summaries are written: our engine in fp32, bf16 and int8, transformers' `generate`, CTranslate2.

Each engine is a process of its own; they are asked by turns, so that other work on the machine disturbs all
alike, and only one of them works at a time. Without --model a network of random weights is used, and every
summary has as many tokens as are allowed; with --model summaries end where the network ends them. Prints
threads a second, each round's ratio to the first engine, peak memory, the share of what this machine's int8
or float32 products could do at best, and how many texts are the first engine's. Of several shapes each engine
writes with each.

    python benchmarks/summarize.py [--shapes t5-small 4-3-384 4-3-384-dendrites bart-minilm bart-base
        distilbart] [--model FOLDER]
        [--engines fp32 bf16 int8 generate ctranslate2 ctranslate2-fp32] [--num-beams 1] [--documents 64]
        [--batch-size 16] [--one-at-a-time] [--max-tokens 64] [--threads 2] [--rounds 3] [--data FOLDER]
        [--dataset NAME] [--processor-time]

CTranslate2 (`pip install 'ctranslate2>=4.6,<5'`) runs in int8 or float32, with plain models alone, which its
own converter loads. An engine may be followed by a batch size (`int8:8`). One at a time, an engine gets each
thread when the one before is done. With --processor-time (and one thread) rates are by the processor's time,
which other work on the machine disturbs less than the clock's.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    GenerationConfig,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
)

from tldrkit.bases.scratch import build_tokenizer
from tldrkit.datasets.sources import resolve_source
from tldrkit.datasets.tokens import tokenize_documents
from tldrkit.dendrites.cascade import Cascade
from tldrkit.families.hub_code.configuration_tldr import TldrT5Config
from tldrkit.families.hub_code.dendritic_linear import grow_linears
from tldrkit.families.hub_code.modeling_tldr import TldrT5ForConditionalGeneration
from tldrkit.families.summarizer import Summarizer, load_summarizer, save_summarizer
from tldrkit.specs import DataSpec, Precision
from tldrkit.writing.compiled.kernels.products import multiply
from tldrkit.writing.compiled.sharing import share
from tldrkit.writing.compiled.stacking import stack
from tldrkit.writing.decoding import Decoding
from tldrkit.writing.generation import Generator
from tldrkit.writing.lean import load_lean

TOKENS = 32128
BARTS: dict[str, dict[str, Any]] = {
    "bart-minilm": {"vocab_size": 16000, "d_model": 384, "heads": 12, "ffn_dim": 1536, "layers": (6, 6)},
    "bart-base": {"vocab_size": 50265, "d_model": 768, "heads": 12, "ffn_dim": 3072, "layers": (6, 6)},
    "distilbart": {"vocab_size": 50264, "d_model": 1024, "heads": 16, "ffn_dim": 4096, "layers": (12, 6)},
}
SHAPES: dict[str, dict[str, Any]] = {
    "t5-small": {"num_layers": 6, "num_decoder_layers": 6},
    "4-3-384": {"num_layers": 4, "num_decoder_layers": 3, "dec_d_model": 384},
    "4-3-384-dendrites": {"num_layers": 4, "num_decoder_layers": 3, "dec_d_model": 384},
}
OURS = get_args(Precision)
PEERS: dict[str, Precision] = {"generate": "fp32", "ctranslate2": "int8", "ctranslate2-fp32": "fp32"}
Write = Callable[[list[str]], list[str]]


def build(shape: str, texts: list[str]) -> Summarizer:
    """Build a network with random weights."""
    torch.manual_seed(0)
    sizes = {"vocab_size": TOKENS, "d_model": 512, "d_kv": 64, "d_ff": 2048, "num_heads": 8, **SHAPES[shape]}
    network: PreTrainedModel
    if "dec_d_model" in sizes:
        network = TldrT5ForConditionalGeneration(TldrT5Config(**sizes, decoder_start_token_id=0))
    else:
        network = T5ForConditionalGeneration(T5Config(**sizes, decoder_start_token_id=0))
    network.eval()
    if shape.endswith("dendrites"):
        paths = [name for name, one in network.named_modules() if isinstance(one, torch.nn.Linear)]
        growth = {path: 1 for path in paths if path.startswith("decoder.") and "DenseReluDense" in path}
        grow_linears(network, growth, "sigmoid")
        network.config.growth = growth
    network.generation_config = GenerationConfig(pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
    return Summarizer(network, build_tokenizer(texts, 8000))


def build_bart(shape: str, texts: list[str]) -> Summarizer:
    """Build a BART with random weights."""
    torch.manual_seed(0)
    sizes = dict(BARTS[shape])
    layers, heads, width = sizes.pop("layers"), sizes.pop("heads"), sizes.pop("ffn_dim")
    for side, count in zip(("encoder", "decoder"), layers, strict=True):
        sizes |= {f"{side}_layers": count, f"{side}_attention_heads": heads, f"{side}_ffn_dim": width}
    marks = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1, "decoder_start_token_id": 1}
    network = BartForConditionalGeneration(BartConfig(**sizes, **marks, forced_eos_token_id=None)).eval()
    network.generation_config = GenerationConfig(**marks)
    return Summarizer(network, build_tokenizer(texts, 8000))


def load_converted(folder: Path, tokenizer: Any, decoding: Decoding, workers: int) -> Write:  # noqa: ANN401
    """Load a plain T5 or BART into CTranslate2 by its own converter, which reads a copy of the folder."""
    kind = {"int8": "int8", "fp32": "float32"}[decoding.precision]
    import ctranslate2
    from ctranslate2.converters.transformers import BartLoader, T5Loader, TransformersConverter

    def fill(_: Any, network: Any, tokenizer: Any) -> list[str]:  # noqa: ANN401
        known = len(tokenizer)
        names = tokenizer.convert_ids_to_tokens(range(known))
        return names + [f"<filler {number}>" for number in range(known, network.config.vocab_size)]

    # The tokenizer of random weights knows fewer tokens than they have rows.
    BartLoader.get_vocabulary = T5Loader.get_vocabulary = fill
    # The converter asks for a field that transformers 5 does not write, for a stock name, and for marks.
    config = json.loads((folder / "config.json").read_text(encoding="utf-8")) | {"normalize_before": False}
    config["model_type"] = config["model_type"].removeprefix("tldr_")
    tokenizer.bos_token, tokenizer.unk_token = (
        mark or tokenizer.eos_token for mark in (tokenizer.bos_token, tokenizer.unk_token)
    )
    with tempfile.TemporaryDirectory() as place:
        source, made = Path(place, "source"), Path(place, "made")
        shutil.copytree(folder, source)
        tokenizer.save_pretrained(source)
        (source / "config.json").write_text(json.dumps(config), encoding="utf-8")
        TransformersConverter(str(source)).convert(str(made), quantization=kind)
        threads = torch.get_num_threads() // workers
        translator = ctranslate2.Translator(
            str(made), compute_type=kind, inter_threads=workers, intra_threads=threads
        )

    def write(texts: list[str]) -> list[str]:
        rows = tokenize_documents(texts, tokenizer, decoding.prefix, decoding.max_source_tokens)
        results = translator.translate_batch(
            [tokenizer.convert_ids_to_tokens(row) for row in rows],
            max_batch_size=decoding.batch_size,
            max_input_length=0,
            beam_size=decoding.num_beams,
            min_decoding_length=decoding.min_target_tokens,
            max_decoding_length=decoding.max_target_tokens,
        )
        ids = [tokenizer.convert_tokens_to_ids(result.hypotheses[0]) for result in results]
        summaries: list[str] = tokenizer.batch_decode(ids, skip_special_tokens=True)
        return summaries

    return write


def load(engine: list[str], folder: Path, arguments: argparse.Namespace) -> Write:
    """Load an engine: ours, `generate` or CTranslate2."""
    name, *batch_size = engine
    ours = load_lean(folder) if name in OURS else None
    summarizer = ours or load_summarizer(folder)
    decoding = Decoding(
        prefix="summarize: ",
        max_source_tokens=512,
        max_target_tokens=arguments.max_tokens,
        min_target_tokens=0 if arguments.model else arguments.max_tokens,
        num_beams=arguments.num_beams,
        batch_size=int(batch_size[0]) if batch_size else arguments.batch_size,
        precision=name if name in OURS else PEERS[name],
    )
    alone = arguments.one_at_a_time
    workers = 1 if alone else arguments.threads
    if name.startswith("ctranslate2"):
        write = load_converted(folder, summarizer.tokenizer, decoding, workers)
    else:
        packed = name != "generate"
        generate = Generator(summarizer.network, summarizer.tokenizer, decoding, packed=packed)

        def write(texts: list[str]) -> list[str]:
            return [one.text for one in generate(texts)]

    return (lambda texts: [write([text])[0] for text in texts]) if alone else write


def work(arguments: argparse.Namespace) -> None:
    """Be one engine: answer each list of texts that comes in with summaries, time and memory."""
    torch.set_num_threads(arguments.threads)
    write = load(arguments.work.split(":"), arguments.folder, arguments)
    clock = time.process_time if arguments.processor_time else time.perf_counter
    for line in sys.stdin:
        texts = json.loads(line)
        started = clock()
        summaries = write(texts)
        answer = {"seconds": clock() - started, "summaries": summaries}
        answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(answer), flush=True)


def start(engine: str, folder: Path) -> subprocess.Popen[str]:
    """Start an engine."""
    command = [sys.executable, *sys.argv, "--work", engine, "--folder", str(folder)]
    quiet = {**os.environ, "TQDM_DISABLE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=quiet)


def ask(process: subprocess.Popen[str], texts: list[str]) -> dict[str, Any]:
    """Let an engine write."""
    assert process.stdin is not None
    assert process.stdout is not None
    print(json.dumps(texts), file=process.stdin, flush=True)
    while not (line := process.stdout.readline()).startswith("{"):
        if not line:
            raise SystemExit("an engine ended; see above")
    answer: dict[str, Any] = json.loads(line)
    return answer


def measure_products(threads: int) -> dict[str, float]:
    """Measure the best rate of products on all threads, GFLOP/s: M, K, N of 256, 512, 2048."""
    hidden, weight = (np.random.default_rng(0).random((n, 512), np.float32) - 0.5 for n in (256, 2048))
    rates = {}
    for precision in ("fp32", "int8"):
        weights = stack([Cascade(weight)], precision)
        job = partial(lambda weights, *span: multiply(hidden[slice(*span)], weights), weights)
        seconds = []
        for _ in range(200):
            started = time.perf_counter()
            share(len(hidden), threads, job)
            seconds.append(time.perf_counter() - started)
        rates[precision] = 2 * hidden.size * len(weight) / min(seconds) / 1e9
    return rates


def count_flops(network: PreTrainedModel, read: int, written: int) -> float:
    """Count the FLOPs of the linear layers, GFLOP: each token read or written, once, whatever the beams."""
    total = 0
    for name, parameter in network.named_parameters():
        if parameter.dim() < 2 or any(part in name for part in ("shared", "relative_attention", "embed_")):
            continue
        crossing = (".EncDecAttention.k", ".EncDecAttention.v", "encoder_attn.k_proj", "encoder_attn.v_proj")
        reads = name.startswith(("encoder", "model.encoder")) or any(part in name for part in crossing)
        total += 2 * parameter.numel() * (read if reads else written)
    return (total + 2 * network.get_input_embeddings().weight.numel() * written) / 1e9


def main() -> None:
    """Print the comparison."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--shapes", nargs="+", choices=[*SHAPES, *BARTS], default=["t5-small"])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--engines", nargs="+", default=["fp32", "int8", "generate", "ctranslate2"])
    parser.add_argument("--num-beams", type=int, default=1)
    parser.add_argument("--documents", type=int, default=64)
    parser.add_argument("--one-at-a-time", action="store_true")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1] / "../shared/data")
    parser.add_argument("--dataset", default="samsum")
    parser.add_argument("--processor-time", action="store_true")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments)
        return
    source = resolve_source(DataSpec(dataset=arguments.dataset), arguments.data)
    texts = [example.document for example in source.load("validation")[: arguments.documents]]
    best = measure_products(arguments.threads)
    print("products at best, GFLOP/s:", ", ".join(f"{name} {rate:.0f}" for name, rate in best.items()))
    with tempfile.TemporaryDirectory() as folder:
        models = {shape: Path(folder, shape) for shape in arguments.shapes}
        if arguments.model:
            models = {arguments.model.name: arguments.model}
        flops: dict[str, float] = {}
        for shape, model in models.items():
            if not arguments.model:
                save_summarizer((build_bart if shape in BARTS else build)(shape, texts), model)
            flops[shape] = tell_flops(shape, model, texts, arguments.max_tokens)
        pairs = product(arguments.engines, models)
        processes = {(engine, shape): start(engine, models[shape]) for engine, shape in pairs}
        answers = measure(processes, texts, arguments.rounds)
    first, *_ = answers.values()
    for (engine, shape), own in answers.items():
        ratios = [one["seconds"] / other["seconds"] for one, other in zip(first, own, strict=True)]
        same = sum(a == b for a, b in zip(first[0]["summaries"], own[0]["summaries"], strict=True))
        rate = len(texts) / statistics.median(one["seconds"] for one in own)
        name = engine.split(":")[0]
        limit = best["int8" if PEERS.get(name, name) == "int8" else "fp32"]
        share = "" if arguments.model else f"; {rate * flops[shape] / limit:.0%} of the products' rate"
        print(
            f"{engine} {shape:18} {rate:6.2f} threads/s; {statistics.median(ratios):.2f} x the first "
            f"({min(ratios):.2f} to {max(ratios):.2f}); {own[-1]['peak']:.0f} MB{share}; "
            f"{same} of {len(texts)} texts equal"
        )


def tell_flops(shape: str, model: Path, texts: list[str], max_tokens: int) -> float:
    """Print and return what a thread costs, GFLOP."""
    summarizer = load_summarizer(model)
    read = sum(map(len, tokenize_documents(texts, summarizer.tokenizer, "summarize: ", 512)))
    flops = count_flops(summarizer.network, read, len(texts) * max_tokens) / len(texts)
    print(f"{shape} {len(texts)} threads, {read / len(texts):.0f} tokens each; {flops:.2f} GFLOP each")
    return flops


def measure(
    processes: dict[tuple[str, str], subprocess.Popen[str]], texts: list[str], rounds: int
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Let all engines write by turns, after a few texts to warm up."""
    answers: dict[tuple[str, str], list[dict[str, Any]]] = {name: [] for name in processes}
    for process in processes.values():
        ask(process, texts[:4])
    for number in range(rounds):
        for name, process in processes.items():
            answers[name].append(ask(process, texts))
        rates = (f"{' '.join(name)} {len(texts) / own[-1]['seconds']:.2f}" for name, own in answers.items())
        print(f"round {number + 1}: {', '.join(rates)} threads/s", flush=True)
    for process in processes.values():
        process.communicate()
    return answers


if __name__ == "__main__":
    main()
