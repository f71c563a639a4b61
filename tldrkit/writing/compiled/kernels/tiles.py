"""What can only be said in LLVM's language: the innermost loops of products, and fetching."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

from llvmlite import binding, ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic

from tldrkit.writing.compiled.kernels.arrays import GROUP, OUTPUTS

_LANES = 8
"""Numbers of 32 bits that a register holds where there is AVX2."""
_VECTORS = OUTPUTS // _LANES
_STEPS = GROUP // 8
"""Steps through a group of inputs in 8 bits."""
_WORD, _FLOAT, _BYTE = ir.IntType(32), ir.FloatType(), ir.IntType(8)
_FLOATS, _WORDS = ir.VectorType(_FLOAT, _LANES), ir.VectorType(_WORD, _LANES)
_SHORTS, _BYTES = ir.VectorType(ir.IntType(16), 2 * _LANES), ir.VectorType(_BYTE, 4 * _LANES)


def has_int8() -> bool:
    """Tell whether the processor that loops are compiled for has the instructions for 8-bit products."""
    if config.CPU_NAME or config.CPU_FEATURES:
        return "+avx2" in (config.CPU_FEATURES or "")
    return bool(binding.get_host_cpu_features().get("avx2"))


def build_tile(rows: int, kind: str) -> Any:  # noqa: ANN401  (of Numba's own type)
    """Build what multiplies so many rows with a block of weights, every sum in a register.

    It is called with whole arrays: cutting parts out each time would take a third of the products' time.
    They are
    - inputs, (rows, in); of whole numbers, those that fill up an eight are 0;
    - weights, as ``Product`` has them;
    - where the result is written to, (rows, out);
    - of whole numbers: the step and the lowest number of each group of inputs, (rows, groups, 2), and the
      scales and sums of ``Product``;
    - which block, from which row on (the last row is done again in place of those that are not there), to
      which column; how many bytes ahead of the block to fetch, and how many further with every step.

    Args:
        rows: 6 at most, or 3 of whole numbers, or registers do not suffice.
        kind: Of weights: float32, uint16 or int8.
    """
    own = _KINDS[kind]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401  (as above)
        *arrays, scaling, place = zip(signature.args, arguments, strict=True)
        more = zip(scaling[0].types, cgutils.unpack_tuple(builder, scaling[1]), strict=True)
        opened = (context.make_array(one)(context, builder, given) for one, given in (*arrays, *more))
        tile = _Tile(builder, rows, *opened, *cgutils.unpack_tuple(builder, place[1]))
        tile.store(own.sum_up(tile))
        return context.get_dummy_value()

    @intrinsic  # type: ignore[untyped-decorator]
    def multiply(_: Any, inputs: Any, weight: Any, result: Any, scaling: Any, place: Any) -> Any:  # noqa: ANN401  (as above)
        return types.void(inputs, weight, result, scaling, place), generate

    return multiply


class _Tile(NamedTuple):
    """What a tile is given: arrays as structures that llvmlite builds code on, and numbers."""

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

    def measure(self, array: Any, dimension: int) -> Any:  # noqa: ANN401  (llvmlite is not typed)
        return cgutils.unpack_tuple(self.builder, array.shape)[dimension]

    def find(self, array: Any, index: Any, kind: ir.Type) -> Any:  # noqa: ANN401  (as above)
        """Find where one of the first dimension of an array begins."""
        stride, *_ = cgutils.unpack_tuple(self.builder, array.strides)
        first = self.builder.bitcast(array.data, _BYTE.as_pointer())
        place = self.builder.gep(first, [self.builder.mul(stride, index)])
        return self.builder.bitcast(place, kind.as_pointer())

    def find_rows(self, array: Any, kind: ir.Type) -> list[Any]:  # noqa: ANN401  (as above)
        """Find where the rows of an array begin; those that are not there are the last one."""
        last = self.builder.sub(self.measure(self.inputs, 0), _number(1))
        numbers = [self.builder.add(self.row, _number(row)) for row in range(self.rows)]
        is_there = [self.builder.icmp_signed("<", one, last) for one in numbers]
        pairs = zip(is_there, numbers, strict=True)
        return [self.find(array, self.builder.select(found, one, last), kind) for found, one in pairs]

    def load(self, first: Any, index: Any, count: int) -> Iterator[Any]:  # noqa: ANN401  (as above)
        """Load so many numbers or vectors one behind the other: those of an index."""
        begin = self.builder.mul(index, _number(count))
        for number in range(count):
            place = self.builder.gep(first, [self.builder.add(begin, _number(number))])
            yield self.builder.load(place, align=4)

    def spread(self, number: Any) -> Any:  # noqa: ANN401  (as above)
        """Put a number into all lanes of a vector."""
        undefined = ir.Constant(ir.VectorType(number.type, _LANES), ir.Undefined)
        alone = self.builder.insert_element(undefined, number, ir.Constant(_WORD, 0))
        return self.builder.shuffle_vector(alone, undefined, ir.Constant(_WORDS, None))

    def call(self, name: str, result: ir.Type, *given: Any) -> Any:  # noqa: ANN401  (as above)
        """Call what LLVM knows by a name."""
        kind = ir.FunctionType(result, [one.type for one in given])
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), given)

    def multiply_and_add(self, one: Any, other: Any, total: Any) -> Any:  # noqa: ANN401  (as above)
        return self.call(f"llvm.fmuladd.v{_LANES}f32", _FLOATS, one, other, total)

    def fetch(self, step: Any) -> None:  # noqa: ANN401  (as above)
        """Ask for the cache line that comes with a step; whatever its place, nothing else happens."""
        distance = self.builder.add(self.ahead, self.builder.mul(step, self.further))
        place = self.builder.gep(self.find(self.weight, self.block, _BYTE), [distance])
        flags = [ir.Constant(_WORD, flag) for flag in (0, 2, 1)]  # to read, into L2, data
        self.call("llvm.prefetch.p0", ir.VoidType(), place, *flags)

    def begin_totals(self, kind: ir.Type) -> list[Any]:
        """Make room for the sums of all outputs, a row after the other, and set them to zero."""
        totals = [cgutils.alloca_once(self.builder, kind) for _ in range(self.rows * _VECTORS)]
        for total in totals:
            self.builder.store(ir.Constant(kind, None), total)
        return totals

    def walk(
        self, kind: "_Floats | _Integers", span: tuple[Any, Any], before: Callable[[Any], None]
    ) -> list[Any]:
        """Add up products from one step to before another.

        Args:
            kind: How they are made.
            span: Both steps.
            before: Called before each step.
        """
        totals, inputs = self.begin_totals(kind.total), self.find_rows(self.inputs, kind.input)
        block = self.find(self.weight, self.block, kind.weight)
        with cgutils.for_range(self.builder, span[1], span[0]) as loop:
            before(loop.index)
            weights = kind.load(self, block, loop.index)
            for row, first in enumerate(inputs):
                everywhere = kind.spread(self, first, loop.index)
                for total, some in zip(totals[row * _VECTORS :], weights, strict=False):
                    sums = kind.add(self, self.builder.load(total), everywhere, some)
                    self.builder.store(sums, total)
        return [self.builder.load(total) for total in totals]

    def store(self, totals: list[Any]) -> None:
        """Write the result."""
        firsts = self.find_rows(self.result, _FLOAT)
        for (first, vector), total in zip(product(firsts, range(_VECTORS)), totals, strict=True):
            place = self.builder.gep(first, [self.builder.add(self.column, _number(vector * _LANES))])
            self.builder.store(total, self.builder.bitcast(place, _FLOATS.as_pointer()), align=4)


def _number(number: int) -> ir.Constant:
    return ir.Constant(ir.IntType(64), number)


class _Floats:
    """Products of floats, an input at once."""

    input, total = _FLOAT, _FLOATS
    weight: ir.Type = _FLOATS

    def load(self, tile: _Tile, block: Any, step: Any) -> list[Any]:  # noqa: ANN401  (as above)
        return [self.widen(tile.builder, one) for one in tile.load(block, step, _VECTORS)]

    def widen(self, _: Any, weights: Any) -> Any:  # noqa: ANN401  (as above)
        return weights

    def spread(self, tile: _Tile, row: Any, step: Any) -> Any:  # noqa: ANN401  (as above)
        return tile.spread(*tile.load(row, step, 1))

    def add(self, tile: _Tile, total: Any, inputs: Any, weights: Any) -> Any:  # noqa: ANN401  (as above)
        return tile.multiply_and_add(inputs, weights, total)

    def sum_up(self, tile: _Tile) -> list[Any]:
        return tile.walk(self, (_number(0), tile.measure(tile.weight, 1)), tile.fetch)


class _Halves(_Floats):
    """The same; a weight has the upper half of its bits alone, as bfloat16 has."""

    weight = ir.VectorType(ir.IntType(16), _LANES)

    def widen(self, builder: Any, weights: Any) -> Any:  # noqa: ANN401  (as above)
        upper = ir.Constant(_WORDS, [16] * _LANES)
        return builder.bitcast(builder.shl(builder.zext(weights, _WORDS), upper), _FLOATS)


class _Integers:
    """Products of 8 bits, eight inputs at once; LLVM does not find these instructions.

    Inputs have no sign. Two neighbours' products are added in 16 bits (PMADDUBSW), and so are those of the
    next four inputs, which ``Product.most`` makes room for; then all of them in 32 bits (PMADDWD with ones).
    """

    input, total, weight = _WORD, _WORDS, _BYTES

    def load(self, tile: _Tile, block: Any, step: Any) -> list[Any]:  # noqa: ANN401  (as above)
        """Load the weights of eight inputs, of each vector those of both fours."""
        loaded = list(tile.load(block, step, 2 * _VECTORS))
        return list(zip(loaded[:_VECTORS], loaded[_VECTORS:], strict=True))

    def spread(self, tile: _Tile, row: Any, step: Any) -> Any:  # noqa: ANN401  (as above)
        return [tile.builder.bitcast(tile.spread(four), _BYTES) for four in tile.load(row, step, 2)]

    def add(self, tile: _Tile, total: Any, inputs: Any, weights: Any) -> Any:  # noqa: ANN401  (as above)
        fours = zip(inputs, weights, strict=True)
        first, second = (tile.call("llvm.x86.avx2.pmadd.ub.sw", _SHORTS, *four) for four in fours)
        ones = ir.Constant(_SHORTS, [1] * 2 * _LANES)
        pairs = tile.builder.add(first, second)
        return tile.builder.add(total, tile.call("llvm.x86.avx2.pmadd.wd", _WORDS, pairs, ones))

    def sum_up(self, tile: _Tile) -> list[Any]:
        """Sum up group by group, each with its own step and lowest number, and scale the outputs at last."""
        totals, steps = tile.begin_totals(_FLOATS), tile.measure(tile.weight, 1)
        with cgutils.for_range(tile.builder, tile.measure(tile.sums, 1)) as loop:
            first = tile.builder.mul(loop.index, _number(_STEPS))
            for step in range(0, _STEPS, 2):  # lines of 64 bytes are asked for about once so
                tile.fetch(tile.builder.add(first, _number(step)))
            behind = tile.builder.add(first, _number(_STEPS))
            last = tile.builder.select(tile.builder.icmp_signed("<", behind, steps), behind, steps)
            self._add_group(tile, totals, loop.index, tile.walk(self, (first, last), lambda _: None))
        scales = tile.builder.bitcast(tile.scales.data, _FLOATS.as_pointer())
        factors = [*tile.load(scales, tile.block, _VECTORS)] * tile.rows
        return [
            tile.builder.fmul(tile.builder.load(one), by) for one, by in zip(totals, factors, strict=True)
        ]

    def _add_group(self, tile: _Tile, totals: list[Any], group: Any, products: list[Any]) -> None:  # noqa: ANN401  (as above)
        sums = [*tile.load(tile.find(tile.sums, tile.block, _FLOATS), group, _VECTORS)]
        for row, first in enumerate(tile.find_rows(tile.levels, _FLOAT)):
            step, low = (tile.spread(one) for one in tile.load(first, group, 2))
            for vector, own in enumerate(range(row * _VECTORS, (row + 1) * _VECTORS)):
                lowest = tile.multiply_and_add(low, sums[vector], tile.builder.load(totals[own]))
                floats = tile.builder.sitofp(products[own], _FLOATS)
                tile.builder.store(tile.multiply_and_add(step, floats, lowest), totals[own])


_KINDS: dict[str, _Floats | _Integers] = {"float32": _Floats(), "uint16": _Halves(), "int8": _Integers()}
