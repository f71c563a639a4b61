"""The processors that loops are compiled for: their vector registers, and how they multiply 8 bits.

A tile (``tiles.py``) multiplies a few rows with one block of weights, and holds all sums in registers.
"""

from typing import Literal, NamedTuple

from llvmlite import binding
from numba.core import config

DotInstruction = Literal["vpdpbusd", "pmaddubsw", "usdot", "sdot", ""]


class Target(NamedTuple):
    """A kind of processor.

    Args:
        name: What it is called.
        needs: Features it has, by LLVM's names.
        lanes: Numbers of 32 bits that a vector register holds.
        vectors: Registers that hold the sums of one row in a tile; `lanes` outputs each.
        rows: Rows of the three sizes of tiles with float weights, the largest first. That has as many as
            registers allow: of AVX-512's 32, 12 rows * 2 vectors hold sums, others weights and an input.
        rounded_rows: The same, of tiles with 8-bit weights. They need registers for twice as many weights,
            and PMADDUBSW some for sums of 16 bits.
        dot: Instruction that multiplies bytes and adds up the products by fours; empty for none.
        pairs: Whether there is one that does so with pairs of bfloat16: ``vdpbf16ps``.
    """

    name: str
    needs: frozenset[str]
    lanes: int
    vectors: int
    rows: tuple[int, int, int]
    rounded_rows: tuple[int, int, int]
    dot: DotInstruction
    pairs: bool = False

    @property
    def outputs(self) -> int:
        """Outputs of a block of weights: those that a tile computes for each row."""
        return self.lanes * self.vectors

    @property
    def halved_rows(self) -> tuple[int, int, int]:
        """Rows of the three sizes of tiles with 8-bit keys and values.

        A query takes two of them, and so do the weights of an attention: ``multiply_bytes`` splits them.
        """
        return (8, 4, 2) if self.lanes == 16 else (4, 4, 2)

    @property
    def largest_weight(self) -> int:
        """Largest magnitude of an 8-bit weight.

        With PMADDUBSW four products are added in 16 bits: 4 * 64 * 127 is just below 2 ** 15, so inputs may
        always have 7 bits, and more where weights are smaller (``Product.most``). The other instructions add
        in 32 bits, where no sum of a group overflows.
        """
        return 64 if self.dot == "pmaddubsw" else 127


_AVX2, _AVX512 = frozenset({"avx2", "fma"}), frozenset({"avx512f", "avx512bw", "avx512vl"})
_VNNI = _AVX512 | {"avx512vnni"}
TARGETS = (
    Target("avx512-bf16", _VNNI | {"avx512bf16"}, 16, 2, (12, 4, 1), (8, 4, 1), "vpdpbusd", pairs=True),
    Target("avx512-vnni", _VNNI, 16, 2, (12, 4, 1), (8, 4, 1), "vpdpbusd"),
    Target("avx512", _AVX512, 16, 2, (12, 4, 1), (6, 2, 1), "pmaddubsw"),
    Target("avx-vnni", _AVX2 | {"avxvnni"}, 8, 2, (6, 4, 1), (6, 4, 1), "vpdpbusd"),
    Target("avx2", _AVX2, 8, 2, (6, 4, 1), (3, 2, 1), "pmaddubsw"),
    Target("neon-i8mm", frozenset({"neon", "i8mm"}), 4, 4, (6, 4, 1), (6, 4, 1), "usdot"),
    Target("neon-dotprod", frozenset({"neon", "dotprod"}), 4, 4, (6, 4, 1), (6, 4, 1), "sdot"),
    Target("plain", frozenset(), 8, 2, (6, 4, 1), (3, 2, 1), ""),
)
"""Best first. The last one is for every other processor; it has no 8-bit products."""


def find_target(features: frozenset[str]) -> Target:
    """Find the best target whose features are all there."""
    return next(target for target in TARGETS if target.needs <= features)


def find_features() -> frozenset[str]:
    """Find the features that loops may use: those of NUMBA_CPU_FEATURES, or else those of this processor.

    Where NUMBA_CPU_NAME names another processor, only AVX2 is used, if this one has it: LLVM does not tell
    what the other has.
    """
    if config.CPU_FEATURES is not None:
        return frozenset(name[1:] for name in config.CPU_FEATURES.split(",") if name.startswith("+"))
    present = frozenset(name for name, found in binding.get_host_cpu_features().items() if found)
    return present & _AVX2 if config.CPU_NAME else present


TARGET = find_target(find_features())
"""What this process compiles loops for."""


def has_int8() -> bool:
    """Tell whether the processor that loops are compiled for has instructions for 8-bit products."""
    return bool(TARGET.dot)
