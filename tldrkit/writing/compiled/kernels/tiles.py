"""Tiles: the innermost loops of matrix products, emitted as LLVM code.

A tile multiplies a few rows with one block of packed weights (``Product``), and holds all sums in registers.
In each step through the inputs it loads weights, broadcasts an input of every row, multiplies and adds. It is
emitted since a loop of Numba's can name neither registers nor 8-bit instructions, and cannot prefetch.
"""

from collections.abc import Callable, Iterator
from functools import reduce
from itertools import product
from typing import Any, NamedTuple

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from tldrkit.writing.compiled.kernels.arrays import GROUP
from tldrkit.writing.compiled.kernels.target import TARGET, Target

_STEPS = GROUP // 8
"""Steps through a group of 8-bit inputs, eight inputs each."""
_WORD, _FLOAT, _BYTE, _SHORT = ir.IntType(32), ir.FloatType(), ir.IntType(8), ir.IntType(16)


def build_tile(rows: int, kind: str) -> Any:  # noqa: ANN401  (of Numba's own type)
    """Build the function of a tile, for Numba to compile into the loops that call it.

    It is called with whole arrays: cutting parts out each time would take a third of the products' time.
    - Inputs: (rows, in), float32; bits of bfloat16 where pairs are multiplied; bytes for 8-bit weights,
      with zeros up to a whole number of steps.
    - Weights: packed, of a ``Product``, or of one head of a ``KVCache``.
    - Result: (rows, out), written to; float32, but int32 for uint8 weights.
    - Scaling: for int8 weights, step and low of each group of inputs, (rows, groups, 2), and ``scales`` and
      ``sums`` of the ``Product``; else None.
    - Place: index of the block; first row (where there are fewer rows than the tile has, it does the last
      one again instead); first column of the result; how many bytes behind the beginning of the block to
      prefetch from, and how many bytes further with every step.

    Args:
        rows: Rows of the tile: a number that the target names, or sums do not fit into registers.
        kind: Type of the weights: float32, uint16 (bits of bfloat16), int8 (of linear layers) or uint8 (keys
            and values).
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401  (as above)
        *arrays, scaling, place = zip(signature.args, arguments, strict=True)
        more = [(None, None)] * 3
        if scaling[0] is not types.none:
            more = list(zip(scaling[0].types, cgutils.unpack_tuple(builder, scaling[1]), strict=True))
        opened = (kind and context.make_array(kind)(context, builder, one) for kind, one in (*arrays, *more))
        emit_tile(TARGET, kind, builder, rows, [*opened, *cgutils.unpack_tuple(builder, place[1])])
        return context.get_dummy_value()

    @intrinsic  # type: ignore[untyped-decorator]
    def multiply(_: Any, inputs: Any, weight: Any, result: Any, scaling: Any, place: Any) -> Any:  # noqa: ANN401  (as above)
        return types.void(inputs, weight, result, scaling, place), generate

    return multiply


def emit_tile(target: Target, kind: str, builder: Any, rows: int, given: list[Any]) -> None:  # noqa: ANN401  (llvmlite is not typed)
    """Emit the code of a tile.

    Args:
        target: The processor it is for.
        kind: As in ``build_tile``.
        builder: Of llvmlite, where the code goes.
        rows: As in ``build_tile``.
        given: The fields of ``_Tile`` from `inputs` on.
    """
    own = _BFloat16Pairs(target) if kind == "uint16" and target.pairs else _KINDS[kind](target)
    tile = _Tile(target, builder, rows, *given)
    tile.store(own.sum_up(tile))


class _Tile(NamedTuple):
    """The arguments of a tile, and what all kinds of tiles emit.

    Arrays are structures with `data`, `shape` and `strides`; these and numbers are values of LLVM, known when
    the code runs. `levels`, `scales` and `sums` are the scaling, `block` to `further` the place
    (``build_tile``).
    """

    target: Target
    builder: Any
    rows: int
    inputs: Any
    weight: Any
    result: Any
    levels: Any
    scales: Any
    sums: Any
    block: Any
    row: Any
    column: Any
    ahead: Any
    further: Any

    @property
    def vectors(self) -> int:
        return self.target.vectors

    @property
    def floats(self) -> ir.Type:
        return ir.VectorType(_FLOAT, self.target.lanes)

    def measure(self, array: Any, dimension: int) -> Any:  # noqa: ANN401  (llvmlite is not typed)
        return cgutils.unpack_tuple(self.builder, array.shape)[dimension]

    def find(self, array: Any, index: Any, kind: ir.Type) -> Any:  # noqa: ANN401  (as above)
        """Find the address of ``array[index]``, as a pointer to a type."""
        stride, *_ = cgutils.unpack_tuple(self.builder, array.strides)
        first = self.builder.bitcast(array.data, _BYTE.as_pointer())
        place = self.builder.gep(first, [self.builder.mul(stride, index)])
        return self.builder.bitcast(place, kind.as_pointer())

    def find_rows(self, array: Any, kind: ir.Type) -> list[Any]:  # noqa: ANN401  (as above)
        """Find the addresses of the tile's rows in an array; rows that are not there are the last one."""
        last = self.builder.sub(self.measure(self.inputs, 0), _number(1))
        numbers = [self.builder.add(self.row, _number(row)) for row in range(self.rows)]
        is_there = [self.builder.icmp_signed("<", one, last) for one in numbers]
        pairs = zip(is_there, numbers, strict=True)
        return [self.find(array, self.builder.select(found, one, last), kind) for found, one in pairs]

    def load(self, first: Any, index: Any, count: int) -> Iterator[Any]:  # noqa: ANN401  (as above)
        """Load ``count`` numbers or vectors one behind the other, from ``first[index * count]`` on."""
        begin = self.builder.mul(index, _number(count))
        for number in range(count):
            place = self.builder.gep(first, [self.builder.add(begin, _number(number))])
            yield self.builder.load(place, align=4)

    def broadcast(self, number: Any) -> Any:  # noqa: ANN401  (as above)
        """Put a number into all lanes of a vector."""
        undefined = ir.Constant(ir.VectorType(number.type, self.target.lanes), ir.Undefined)
        alone = self.builder.insert_element(undefined, number, ir.Constant(_WORD, 0))
        zeros = ir.Constant(ir.VectorType(_WORD, self.target.lanes), None)
        return self.builder.shuffle_vector(alone, undefined, zeros)

    def call(self, name: str, result: ir.Type, *given: Any) -> Any:  # noqa: ANN401  (as above)
        """Call an intrinsic of LLVM by its name, such as an instruction of the processor."""
        kind = ir.FunctionType(result, [one.type for one in given])
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), given)

    def multiply_and_add(self, one: Any, other: Any, total: Any) -> Any:  # noqa: ANN401  (as above)
        return self.call(f"llvm.fmuladd.v{self.target.lanes}f32", self.floats, one, other, total)

    def prefetch(self, step: Any, size: int) -> None:  # noqa: ANN401  (as above)
        """Prefetch into the L2 cache what a block to come has of a step; it has `size` bytes of weights.

        There is a prefetch for each cache line (64 bytes) that the step reads. As the tiles of a block share
        the work, these are spread over the `further` bytes that are this tile's part of the step.
        """
        distance = self.builder.add(self.ahead, self.builder.mul(step, self.further))
        begin, lines = self.find(self.weight, self.block, _BYTE), max(1, size // 64)
        flags = [ir.Constant(_WORD, flag) for flag in (0, 2, 1)]  # to read, into L2, data
        for line in range(lines):
            more = self.builder.udiv(self.builder.mul(self.further, _number(line)), _number(lines))
            place = self.builder.gep(begin, [self.builder.add(distance, more)])
            self.call("llvm.prefetch.p0", ir.VoidType(), place, *flags)

    def begin_totals(self, kind: ir.Type) -> list[Any]:
        """Make accumulators, row by row, set to zero: variables that LLVM then holds in registers."""
        totals = [cgutils.alloca_once(self.builder, kind) for _ in range(self.rows * self.vectors)]
        for total in totals:
            self.builder.store(ir.Constant(kind, None), total)
        return totals

    def accumulate(self, kind: "_Floats | _Integers", span: tuple[Any, Any]) -> list[Any]:
        """Multiply and add, from one step to before another.

        Args:
            kind: How weights and inputs are loaded, multiplied and added.
            span: Both steps.

        Returns:
            The accumulators' values, in the order of ``begin_totals``.
        """
        totals, inputs = self.begin_totals(kind.total), self.find_rows(self.inputs, kind.input)
        block = self.find(self.weight, self.block, kind.weight)
        with cgutils.for_range(self.builder, span[1], span[0]) as loop:
            self.prefetch(loop.index, kind.size)
            weights = kind.load(self, block, loop.index)
            for row, first in enumerate(inputs):
                everywhere = kind.broadcast(self, first, loop.index)
                for total, some in zip(totals[row * self.vectors :], weights, strict=False):
                    sums = kind.add(self, self.builder.load(total), everywhere, some)
                    self.builder.store(sums, total)
        return [self.builder.load(total) for total in totals]

    def store(self, totals: list[Any]) -> None:
        """Write the sums into the result."""
        firsts = self.find_rows(self.result, _FLOAT)
        for (first, vector), total in zip(product(firsts, range(self.vectors)), totals, strict=True):
            place = self.builder.gep(
                first, [self.builder.add(self.column, _number(vector * self.target.lanes))]
            )
            self.builder.store(total, self.builder.bitcast(place, total.type.as_pointer()), align=4)


def _number(number: int) -> ir.Constant:
    return ir.Constant(ir.IntType(64), number)


class _Floats:
    """Products of float32, one input in each step.

    Attributes:
        input, weight, total: Types of LLVM: of a number loaded from a row, a vector loaded from a block, and
            an accumulator.
        size: Bytes of weights that a step loads from a block.
    """

    input: ir.Type = _FLOAT

    def __init__(self, target: Target) -> None:
        self.total = self.weight = ir.VectorType(_FLOAT, target.lanes)
        self.size = 4 * target.outputs

    def load(self, tile: _Tile, block: Any, step: Any) -> list[Any]:  # noqa: ANN401  (as above)
        return [self.widen(tile, one) for one in tile.load(block, step, tile.vectors)]

    def widen(self, _: _Tile, weights: Any) -> Any:  # noqa: ANN401  (as above)
        return weights

    def broadcast(self, tile: _Tile, row: Any, step: Any) -> Any:  # noqa: ANN401  (as above)
        return tile.broadcast(*tile.load(row, step, 1))

    def add(self, tile: _Tile, total: Any, inputs: Any, weights: Any) -> Any:  # noqa: ANN401  (as above)
        return tile.multiply_and_add(inputs, weights, total)

    def sum_up(self, tile: _Tile) -> list[Any]:
        return tile.accumulate(self, (_number(0), tile.measure(tile.weight, 1)))


class _BFloat16(_Floats):
    """Products of float32 with weights in bfloat16, which are the upper 16 bits of a float32."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.weight = ir.VectorType(_SHORT, target.lanes)
        self.size = 2 * target.outputs

    def widen(self, tile: _Tile, weights: Any) -> Any:  # noqa: ANN401  (as above)
        words = ir.VectorType(_WORD, tile.target.lanes)
        upper = ir.Constant(words, [16] * tile.target.lanes)
        return tile.builder.bitcast(tile.builder.shl(tile.builder.zext(weights, words), upper), tile.floats)


class _BFloat16Pairs(_Floats):
    """Products of bfloat16 with bfloat16, two inputs in each step, by VDPBF16PS.

    LLVM does not find this instruction in a loop; it adds both products to a sum in float32.
    """

    input = _WORD  # two bfloat16

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.weight = ir.VectorType(_WORD, target.lanes)
        self._pairs = ir.VectorType(_BFloatType(), 2 * target.lanes)
        self._bits = 32 * target.lanes

    def add(self, tile: _Tile, total: Any, inputs: Any, weights: Any) -> Any:  # noqa: ANN401  (as above)
        pairs = (tile.builder.bitcast(one, self._pairs) for one in (inputs, weights))
        return tile.call(f"llvm.x86.avx512bf16.dpbf16ps.{self._bits}", self.total, total, *pairs)


class _BFloatType(ir.Type):  # type: ignore[misc]
    """LLVM's type `bfloat`, which llvmlite does not have."""

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _BFloatType)

    def __hash__(self) -> int:
        return hash(_BFloatType)


class _Integers:
    """Products of unsigned 8-bit inputs with signed 8-bit weights, eight inputs in each step.

    They are made by the instruction that the target names, which LLVM does not find in a loop. It multiplies
    four bytes in each lane of 32 bits, here called a four, and adds the products to a sum in 32 bits.
    """

    input = _WORD  # four bytes

    def __init__(self, target: Target) -> None:
        self.total = ir.VectorType(_WORD, target.lanes)
        self.weight = ir.VectorType(_BYTE, 4 * target.lanes)
        self._shorts = ir.VectorType(_SHORT, 2 * target.lanes)
        self.size = 8 * target.outputs
        self._bits = 32 * target.lanes
        self._dot = target.dot

    def load(self, tile: _Tile, block: Any, step: Any) -> list[Any]:  # noqa: ANN401  (as above)
        """Load the weights of eight inputs: of each vector of outputs, those of the first and second four."""
        loaded = list(tile.load(block, step, 2 * tile.vectors))
        return list(zip(loaded[: tile.vectors], loaded[tile.vectors :], strict=True))

    def broadcast(self, tile: _Tile, row: Any, step: Any) -> Any:  # noqa: ANN401  (as above)
        return [tile.builder.bitcast(tile.broadcast(four), self.weight) for four in tile.load(row, step, 2)]

    def add(self, tile: _Tile, total: Any, inputs: Any, weights: Any) -> Any:  # noqa: ANN401  (as above)
        fours = list(zip(inputs, weights, strict=True))
        if self._dot == "pmaddubsw":
            return self._add_pairs(tile, total, fours)
        for four in fours:
            total = self.add_four(tile, total, *four)
        return total

    def _add_pairs(self, tile: _Tile, total: Any, fours: list[Any]) -> Any:  # noqa: ANN401  (as above)
        """Add products where there is only PMADDUBSW, which adds two neighbours' products in 16 bits.

        Those of both fours are added in 16 bits, too (``Product.most`` makes room for that), and then in 32
        bits, by PMADDWD with ones.
        """
        pairs_by, fours_by = {
            256: ("llvm.x86.avx2.pmadd.ub.sw", "llvm.x86.avx2.pmadd.wd"),
            512: ("llvm.x86.avx512.pmaddubs.w.512", "llvm.x86.avx512.pmaddw.d.512"),
        }[self._bits]
        products = [tile.call(pairs_by, self._shorts, *four) for four in fours]
        ones = ir.Constant(self._shorts, [1] * self._shorts.count)
        pairs = reduce(tile.builder.add, products)
        return tile.builder.add(total, tile.call(fours_by, self.total, pairs, ones))

    def add_four(self, tile: _Tile, total: Any, inputs: Any, weights: Any) -> Any:  # noqa: ANN401  (as above)
        """Add the products of one four of every lane; inputs are unsigned, weights signed."""
        if self._dot == "pmaddubsw":
            return self._add_pairs(tile, total, [(inputs, weights)])
        if self._dot == "vpdpbusd":
            words = (tile.builder.bitcast(one, self.total) for one in (inputs, weights))
            return tile.call(f"llvm.x86.avx512.vpdpbusd.{self._bits}", self.total, total, *words)
        if self._dot == "usdot":
            return tile.call("llvm.aarch64.neon.usdot.v4i32.v16i8", self.total, total, inputs, weights)
        # SDOT knows signed bytes alone: 128 is subtracted from inputs (``^ 128``). ``_add_group`` adds it to
        # `low`, as 128 steps; keys and values have 128 too much anyway (RAISED).
        signed = tile.builder.xor(inputs, ir.Constant(self.weight, [128] * self.weight.count))
        return tile.call("llvm.aarch64.neon.sdot.v4i32.v16i8", self.total, total, signed, weights)

    def sum_up(self, tile: _Tile) -> list[Any]:
        """Sum up each group in whole numbers, and the groups in float32, by the formula of ``Product``."""
        totals, steps = tile.begin_totals(tile.floats), tile.measure(tile.weight, 1)
        with cgutils.for_range(tile.builder, tile.measure(tile.sums, 1)) as loop:
            first = tile.builder.mul(loop.index, _number(_STEPS))
            behind = tile.builder.add(first, _number(_STEPS))
            last = tile.builder.select(tile.builder.icmp_signed("<", behind, steps), behind, steps)
            self._add_group(tile, totals, loop.index, tile.accumulate(self, (first, last)))
        scales = tile.builder.bitcast(tile.scales.data, tile.floats.as_pointer())
        factors = [*tile.load(scales, tile.block, tile.vectors)] * tile.rows
        return [
            tile.builder.fmul(tile.builder.load(one), by) for one, by in zip(totals, factors, strict=True)
        ]

    def _add_group(self, tile: _Tile, totals: list[Any], group: Any, products: list[Any]) -> None:  # noqa: ANN401  (as above)
        """Add ``step * products + low * sums`` of a group to the sums of all rows."""
        vectors = tile.vectors
        sums = [*tile.load(tile.find(tile.sums, tile.block, tile.floats), group, vectors)]
        for row, first in enumerate(tile.find_rows(tile.levels, _FLOAT)):
            step, low = (tile.broadcast(one) for one in tile.load(first, group, 2))
            if self._dot == "sdot":
                low = tile.multiply_and_add(step, ir.Constant(tile.floats, [128.0] * tile.target.lanes), low)
            for vector, own in enumerate(range(row * vectors, (row + 1) * vectors)):
                lowest = tile.multiply_and_add(low, sums[vector], tile.builder.load(totals[own]))
                floats = tile.builder.sitofp(products[own], tile.floats)
                tile.builder.store(tile.multiply_and_add(step, floats, lowest), totals[own])


class _Raised(_Integers):
    """Products of signed 8-bit inputs with unsigned 8-bit keys or values, four inputs in each step.

    Sums are whole numbers; ``multiply_bytes`` takes from them what RAISED has added, and scales them.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.size = 4 * target.outputs

    def load(self, tile: _Tile, block: Any, step: Any) -> list[Any]:  # noqa: ANN401  (as above)
        return list(tile.load(block, step, tile.vectors))

    def broadcast(self, tile: _Tile, row: Any, step: Any) -> Any:  # noqa: ANN401  (as above)
        return tile.builder.bitcast(tile.broadcast(*tile.load(row, step, 1)), self.weight)

    def add(self, tile: _Tile, total: Any, inputs: Any, weights: Any) -> Any:  # noqa: ANN401  (as above)
        return self.add_four(tile, total, weights, inputs)

    def sum_up(self, tile: _Tile) -> list[Any]:
        return tile.accumulate(self, (_number(0), tile.measure(tile.weight, 1)))


_KINDS: dict[str, Callable[[Target], _Floats | _Integers]] = {
    "float32": _Floats,
    "uint16": _BFloat16,
    "int8": _Integers,
    "uint8": _Raised,
}
