"""Compiles all loops before they are needed: ``python -m tldrkit.writing.ahead``.

What is compiled for a network of a few numbers is what any network runs. What was kept is not compiled again.
"""

import sys
import time
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from tldrkit.dendrites.cascade import Cascade
from tldrkit.specs import Precision
from tldrkit.writing.compiled.decoder import Decoder
from tldrkit.writing.compiled.kernels.target import TARGET, has_int8
from tldrkit.writing.compiled.parameters import FrozenNetwork, draw_compiled
from tldrkit.writing.compiled.rules import Rules
from tldrkit.writing.compiled.search import Beams, write_by_beams, write_greedily
from tldrkit.writing.lean import find_linears, find_shapes

_CONFIG = {
    "model_type": "t5", "d_model": 8, "d_kv": 4, "d_ff": 8, "num_heads": 2, "num_layers": 1,
    "num_decoder_layers": 1, "vocab_size": 16, "relative_attention_num_buckets": 4,
    "relative_attention_max_distance": 8, "layer_norm_epsilon": 1e-6, "feed_forward_proj": "relu",
    "dense_act_fn": "relu", "scale_decoder_outputs": True, "tie_word_embeddings": True,
    "decoder_start_token_id": 0,
}  # fmt: skip


def compile_ahead(tell: Callable[[str], object]) -> None:
    """Compile the loops of fp32 and, where the processor has it, of int8.

    Args:
        tell: Takes a line before each, and one at the end.
    """
    precisions: tuple[Precision, ...] = ("fp32", "int8") if has_int8() else ("fp32",)
    rules, started = Rules(no_repeat_ngram_size=2, repetition_penalty=1.5), time.perf_counter()
    for precision in precisions:
        tell(f"Compiling loops for {precision} on this processor ({TARGET.name}); half a minute ...")
        decoder = Decoder(build_zeros(), precision)
        write_greedily(decoder, [[3, 4, 5]], 3, rules)
        write_by_beams(decoder, [[3, 4, 5]], 3, rules, Beams(2))
    tell(f"Loops are compiled and kept: {time.perf_counter() - started:.0f} s.")


def build_zeros() -> FrozenNetwork:
    """Build a T5 of one layer whose numbers are all zero."""
    config = SimpleNamespace(**_CONFIG)
    blueprint = draw_compiled(config)
    if blueprint is None:
        raise AssertionError("a T5 is compiled")
    shapes, linears = dict(find_shapes(blueprint, config)), dict(find_linears(blueprint))
    return FrozenNetwork(
        config=config,
        generation_config=SimpleNamespace(decoder_start_token_id=0, bos_token_id=None),
        blueprint=blueprint,
        read_linear=lambda path: Cascade(np.zeros(linears[path], np.float32)),
        read=lambda name: np.zeros(shapes[name], np.float32),
    )


if __name__ == "__main__":
    compile_ahead(lambda line: sys.stderr.write(f"{line}\n"))
