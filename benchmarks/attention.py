"""Why training on a processor uses unfused attention: a small T5 and a small BART with either, interleaved.

Prints, for both precisions, seconds of a training step, of a batch of greedy summaries by BART (T5's are
written otherwise, by writing/compiled), and the ratios over rounds. Sizes are those of the tiny profile.

    python benchmarks/attention.py [--rounds 7] [--steps 4]
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from transformers import BartConfig, BartForConditionalGeneration, T5Config, T5ForConditionalGeneration

SOURCE, TARGET, BATCH, VOCAB = 136, 40, 16, 1600


def build_t5() -> nn.Module:
    """Build the T5."""
    return T5ForConditionalGeneration(T5Config(
        vocab_size=VOCAB, d_model=192, d_kv=48, d_ff=768, num_heads=4, num_layers=2, num_decoder_layers=3,
        dropout_rate=0.0, decoder_start_token_id=0,
    ))  # fmt: skip


def build_bart() -> nn.Module:
    """Build the BART."""
    return BartForConditionalGeneration(BartConfig(
        vocab_size=VOCAB, d_model=192, encoder_ffn_dim=768, decoder_ffn_dim=768, encoder_layers=2,
        decoder_layers=3, encoder_attention_heads=4, decoder_attention_heads=4, dropout=0.0,
        max_position_embeddings=256,
    ))  # fmt: skip


class Case:
    """A network with one attention in one precision, and its optimizer."""

    def __init__(self, build: Callable[[], nn.Module], implementation: str, dtype: torch.dtype) -> None:
        torch.manual_seed(0)
        self._network = build()
        self._network.set_attn_implementation(implementation)
        self._optimizer = torch.optim.AdamW(self._network.parameters(), lr=1e-3, fused=True)
        self._half = torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16)
        lengths = torch.linspace(SOURCE // 2, SOURCE, BATCH).long()
        self._mask = (torch.arange(SOURCE)[None] < lengths[:, None]).long()  # as padded batches have one

    def train(self, steps: int) -> float:
        """Return the seconds of one training step, mean of a few."""
        source, target = self._draw(SOURCE), self._draw(TARGET)
        started = time.perf_counter()
        for _ in range(steps):
            with self._half:
                logits = self._network(
                    input_ids=source, attention_mask=self._mask, decoder_input_ids=target, use_cache=False
                ).logits
            nn.functional.cross_entropy(logits.float().flatten(0, 1), target.flatten()).backward()
            self._optimizer.step()
            self._optimizer.zero_grad()
        return (time.perf_counter() - started) / steps

    def write(self, steps: int) -> float:
        """Return the seconds of one batch of greedy summaries, mean of a few."""
        source = self._draw(SOURCE)
        started = time.perf_counter()
        with torch.no_grad(), self._half:
            for _ in range(steps):
                self._network.generate(
                    input_ids=source, attention_mask=self._mask, min_new_tokens=TARGET, max_new_tokens=TARGET
                )
        return (time.perf_counter() - started) / steps

    def _draw(self, length: int) -> Tensor:
        return torch.randint(3, VOCAB, (BATCH, length))


def compare(name: str, unfused: Callable[[], float], fused: Callable[[], float], rounds: int) -> None:
    """Print medians and the ratio of two ways, measured by turns; the first round warms up."""
    pairs = [(unfused(), fused()) for _ in range(rounds + 1)][1:]
    ratios = sorted(other / own for own, other in pairs)
    medians = [statistics.median(times) for times in zip(*pairs, strict=True)]
    print(
        f"{name:24} unfused {medians[0]:.3f} s, fused {medians[1]:.3f} s; fused / unfused: median "
        f"{statistics.median(ratios):.2f}, {ratios[0]:.2f} to {ratios[-1]:.2f}",
        flush=True,
    )


def main() -> None:
    """Print the comparisons."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=4)
    given = parser.parse_args()
    for family, build in (("T5", build_t5), ("BART", build_bart)):
        for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
            cases = [Case(build, implementation, dtype) for implementation in ("eager", "sdpa")]
            train = [lambda case=case: case.train(given.steps) for case in cases]
            compare(f"{family} {precision}, training", *train, given.rounds)
            if family == "BART":
                write = [lambda case=case: case.write(1) for case in cases]
                compare(f"{family} {precision}, writing", *write, given.rounds)


if __name__ == "__main__":
    main()
