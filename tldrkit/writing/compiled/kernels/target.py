"""What loops are compiled for, as far as tiles depend on it: registers, and how 8 bits are multiplied."""

from typing import Literal, NamedTuple

from llvmlite import binding
from numba.core import config

DotInstruction = Literal["vpdpbusd", "pmaddubsw", "usdot", "sdot", ""]


class Target(NamedTuple):
    """A kind of processor.

    Args:
        name: What it is called.
        needs: Features it has, by LLVM's names.
        lanes: Numbers of 32 bits that a register holds.
        vectors: Registers of outputs that a tile adds up for each row.
        rows: Rows of the three tiles of floats. The first has the most whose sums stay in registers.
        rounded_rows: The same, of tiles of whole numbers.
        dot: Instruction that adds up products of 8 bits by fours; empty for none.
        pairs: Whether it has one that adds up products of bfloat16 by pairs: ``vdpbf16ps``.
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
        """Outputs of a block of weights."""
        return self.lanes * self.vectors

    @property
    def halved_rows(self) -> tuple[int, int, int]:
        """Rows of the three tiles of numbers in two halves, each of which is a row."""
        return (8, 4, 2) if self.lanes == 16 else (4, 4, 2)

    @property
    def largest_weight(self) -> int:
        """Of a weight in 8 bits.

        PMADDUBSW adds two products in 16 bits: 4 weights of at most 64 times inputs of 7 bits have a sum that
        fits. The others add in 32 bits, where no sum of a group overflows.
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
"""Best first; the last one is every other processor, whose products of 8 bits are done in floats."""


def find_target(features: frozenset[str]) -> Target:
    """Find the best target whose features are all there."""
    return next(target for target in TARGETS if target.needs <= features)


def find_features() -> frozenset[str]:
    """Find what loops may use: what NUMBA_CPU_FEATURES says, or what this processor has.

    Of a processor that NUMBA_CPU_NAME alone names no more than AVX2 is believed, since LLVM does not
    tell what another has.
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
