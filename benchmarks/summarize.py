"""How fast summaries are written: packed against transformers' generate, with the same network and texts.

By turns in one process; both write the same pieces, which is checked. Prints threads a second and the ratio
of each round. Without a model the shape of t5-small is used with random weights and every summary has as
many tokens as are allowed; with --model it ends where the network ends it.

    python benchmarks/summarize.py [--model FOLDER] [--num-beams 4] [--documents 64] [--batch-size 16]
        [--max-tokens 64] [--threads 2] [--rounds 3] [--data FOLDER] [--dataset NAME]
"""

import argparse
import statistics
import time
from pathlib import Path

import torch
from transformers import GenerationConfig, PreTrainedModel, T5Config, T5ForConditionalGeneration

from tldrkit.data.sources import resolve_source
from tldrkit.engines.generation import Decoding, Generator
from tldrkit.models.scratch import build_tokenizer
from tldrkit.models.summarizer import Summarizer, load_summarizer
from tldrkit.specs import DataSpec

PIECES = 32128


def build(texts: list[str]) -> Summarizer:
    """Build t5-small's shape with random weights; nothing ends its summaries."""
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=PIECES, d_model=512, d_kv=64, d_ff=2048, num_layers=6, num_decoder_layers=6, num_heads=8,
        decoder_start_token_id=0,
    )  # fmt: skip
    network: PreTrainedModel = T5ForConditionalGeneration(config).eval()
    network.lm_head.weight = torch.nn.Parameter(torch.randn(PIECES, 512))  # tied, it would repeat itself
    network.generation_config = GenerationConfig(pad_token_id=0, decoder_start_token_id=0)
    return Summarizer(network, build_tokenizer(texts, 8000))


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path)
    parser.add_argument("--num-beams", type=int, default=1)
    parser.add_argument("--documents", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1] / "../shared/data")
    parser.add_argument("--dataset", default="samsum")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    source = resolve_source(DataSpec(dataset=arguments.dataset), arguments.data)
    texts = [example.document for example in source.load("validation")[: arguments.documents]]
    summarizer = load_summarizer(arguments.model) if arguments.model else build(texts)
    decoding = Decoding(
        prefix="summarize: ", max_source_tokens=512, max_target_tokens=arguments.max_tokens,
        num_beams=arguments.num_beams, batch_size=arguments.batch_size,
    )  # fmt: skip
    packed = Generator(summarizer.network, summarizer.tokenizer, decoding)
    padded = Generator(summarizer.network, summarizer.tokenizer, decoding, packed=False)
    packed(texts[:2])
    padded(texts[:2])
    ratios = []
    for number in range(arguments.rounds):
        seconds, written = [], []
        for generate in (padded, packed):
            started = time.perf_counter()
            written.append(generate(texts))
            seconds.append(time.perf_counter() - started)
        ratios.append(seconds[0] / seconds[1])
        same = sum(one.text == other.text for one, other in zip(*written, strict=True))
        rates = [len(texts) / one for one in seconds]
        print(
            f"round {number + 1}: generate {rates[0]:.2f} threads/s, packed {rates[1]:.2f}; "
            f"ratio {ratios[-1]:.2f}; {same} of {len(texts)} summaries equal",
            flush=True,
        )
    print(f"ratio median {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    main()
