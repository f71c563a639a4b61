"""Why training on a processor uses unfused attention: a training step of a small T5 with either, interleaved.

Prints seconds a step and the ratio over rounds; the network and batch are those of the tiny profile.
"""

import statistics
import time

import torch
from transformers import T5Config, T5ForConditionalGeneration

ROUNDS, STEPS = 7, 4
SOURCE, TARGET, BATCH = 136, 40, 16


def build(implementation: str) -> tuple[T5ForConditionalGeneration, torch.optim.Optimizer]:
    """Build the network with one attention, and its optimizer."""
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=1600, d_model=192, d_kv=48, d_ff=768, num_heads=4, num_layers=2, num_decoder_layers=3,
        dropout_rate=0.0, decoder_start_token_id=0,
    )  # fmt: skip
    network = T5ForConditionalGeneration(config)
    network.set_attn_implementation(implementation)
    return network, torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)


def time_steps(network: T5ForConditionalGeneration, optimizer: torch.optim.Optimizer) -> float:
    """Return the seconds of one training step, mean of a few."""
    source = torch.randint(3, 1600, (BATCH, SOURCE))
    target = torch.randint(3, 1600, (BATCH, TARGET))
    started = time.perf_counter()
    for _ in range(STEPS):
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(input_ids=source, decoder_input_ids=target, use_cache=False).logits
        torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), target.flatten()).backward()
        optimizer.step()
        optimizer.zero_grad()
    return (time.perf_counter() - started) / STEPS


def main() -> None:
    """Print the comparison."""
    unfused, fused = build("eager"), build("sdpa")
    pairs = [(time_steps(*unfused), time_steps(*fused)) for _ in range(ROUNDS + 1)][1:]
    ratios = sorted(other / own for own, other in pairs)
    print(f"unfused {statistics.median(own for own, _ in pairs):.3f} s a step")
    print(f"fused   {statistics.median(other for _, other in pairs):.3f} s a step")
    print(f"fused / unfused: median {statistics.median(ratios):.2f}, {ratios[0]:.2f} to {ratios[-1]:.2f}")


if __name__ == "__main__":
    main()
