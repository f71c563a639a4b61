"""What can only be said in LLVM's language: the innermost loop of products, and fetching."""

from itertools import product
from typing import Any, NamedTuple

from llvmlite import binding, ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic

from tldrkit.models.frozen.kernels.arrays import OUTPUTS

_LANES = 8
"""Numbers of 32 bits that a register holds where there is AVX2."""
_VECTORS = OUTPUTS // _LANES
_WORD, _FLOAT, _BYTE = ir.IntType(32), ir.FloatType(), ir.IntType(8).as_pointer()


def has_int8() -> bool:
    """Tell whether the processor that loops are compiled for has the instructions for 8-bit products."""
    if config.CPU_NAME or config.CPU_FEATURES:
        return "+avx2" in (config.CPU_FEATURES or "")
    return bool(binding.get_host_cpu_features().get("avx2"))


class _Floats:
    """Products of floats, added as they are made."""

    input = _FLOAT
    total = weight = ir.VectorType(_FLOAT, _LANES)

    def widen(self, _: Any, weights: Any) -> Any:  # noqa: ANN401  (llvmlite is not typed)
        return weights

    def add(self, builder: Any, total: Any, inputs: Any, weights: Any) -> Any:  # noqa: ANN401  (as above)
        kind = ir.FunctionType(self.total, [self.total] * 3)
        multiply = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{_LANES}f32")
        return builder.call(multiply, [inputs, weights, total])

    def finish(self, _: Any, total: Any, *__: Any) -> Any:  # noqa: ANN401  (as above)
        return total


class _Halves(_Floats):
    """The same; a weight has the upper half of its bits alone, as bfloat16 has."""

    weight = ir.VectorType(ir.IntType(16), _LANES)

    def widen(self, builder: Any, weights: Any) -> Any:  # noqa: ANN401  (as above)
        words = builder.zext(weights, ir.VectorType(_WORD, _LANES))
        upper = ir.Constant(words.type, [16] * _LANES)
        return builder.bitcast(builder.shl(words, upper), self.total)


class _Integers:
    """Pairs of products of 16 bits, which one instruction (PMADDWD) makes and adds; LLVM does not find it."""

    input, total = _WORD, ir.VectorType(_WORD, _LANES)
    weight = ir.VectorType(ir.IntType(8), 2 * _LANES)
    _pairs = ir.VectorType(ir.IntType(16), 2 * _LANES)

    def widen(self, builder: Any, weights: Any) -> Any:  # noqa: ANN401  (as above)
        return builder.sext(weights, self._pairs)

    def add(self, builder: Any, total: Any, inputs: Any, weights: Any) -> Any:  # noqa: ANN401  (as above)
        kind = ir.FunctionType(self.total, [self._pairs] * 2)
        multiply = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx2.pmadd.wd")
        return builder.add(total, builder.call(multiply, [builder.bitcast(inputs, self._pairs), weights]))

    def finish(self, builder: Any, total: Any, row_scale: Any, scales: Any) -> Any:  # noqa: ANN401  (as above)
        """Multiply by the scales of the row and of the outputs."""
        scaled = builder.fmul(builder.sitofp(total, _Floats.total), _spread(builder, builder.load(row_scale)))
        return builder.fmul(scaled, builder.load(scales, align=4))


_KINDS = {"float32": _Floats(), "uint16": _Halves(), "int8": _Integers()}


class _Given(NamedTuple):
    """What a tile is given: arrays as structures that llvmlite builds code on, and numbers."""

    inputs: Any
    weight: Any
    result: Any
    row_scales: Any
    scales: Any
    count: Any
    ahead: Any
    step: Any


def build_tile(rows: int, kind: str) -> Any:  # noqa: ANN401  (of Numba's own type)
    """Build what multiplies so many rows with a block of weights, every sum in a register.

    It is called with
    - inputs, (rows, in);
    - a block of weights, as ``Product`` has them;
    - where the result is written to, (rows, OUTPUTS) or more of each;
    - what sums of whole numbers are multiplied by: of each row, and of each output;
    - how many rows there are (the last one is done again in place of those that are not), how many bytes
      ahead of the block to fetch what comes next, and how many bytes further with every input.

    Args:
        rows: 6 at most, or registers do not suffice.
        kind: Of weights: float32, uint16 or int8.
    """
    own = _KINDS[kind]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401  (as above)
        *arrays, pair, plan = zip(signature.args, arguments, strict=True)
        scales = zip(pair[0].types, cgutils.unpack_tuple(builder, pair[1]), strict=True)
        opened = (context.make_array(one)(context, builder, given) for one, given in (*arrays, *scales))
        _build_loop(builder, own, _Given(*opened, *cgutils.unpack_tuple(builder, plan[1])), rows)
        return context.get_dummy_value()

    @intrinsic  # type: ignore[untyped-decorator]
    def tile(_: Any, inputs: Any, weight: Any, result: Any, scales: Any, plan: Any) -> Any:  # noqa: ANN401  (as above)
        return types.void(inputs, weight, result, scales, plan), generate

    return tile


def _place(number: int) -> ir.Constant:
    return ir.Constant(ir.IntType(64), number)


def _find_rows(builder: Any, array: Any, kind: ir.Type, rows: int, count: Any) -> list[Any]:  # noqa: ANN401  (as above)
    """Find where the rows of an array begin; those that are not there are the last one."""
    stride = cgutils.unpack_tuple(builder, array.strides)[0]
    first, last = builder.bitcast(array.data, _BYTE), builder.sub(count, _place(1))
    places = []
    for row in range(rows):
        is_there = builder.icmp_signed("<", _place(row), count)
        own = builder.select(is_there, _place(row), last)
        places.append(builder.bitcast(builder.gep(first, [builder.mul(stride, own)]), kind.as_pointer()))
    return places


def _build_loop(builder: Any, kind: Any, given: _Given, rows: int) -> None:  # noqa: ANN401  (as above)
    steps, _ = cgutils.unpack_tuple(builder, given.weight.shape)
    block = builder.bitcast(given.weight.data, kind.weight.as_pointer())
    scales = builder.bitcast(given.scales.data, _Floats.total.as_pointer())
    coming = builder.gep(builder.bitcast(given.weight.data, _BYTE), [given.ahead])
    inputs = _find_rows(builder, given.inputs, kind.input, rows, given.count)
    zeros = ir.Constant(kind.total, None)
    totals = [cgutils.alloca_once_value(builder, zeros) for _ in range(rows * _VECTORS)]
    with cgutils.for_range(builder, steps) as loop:
        _fetch(builder, builder.gep(coming, [builder.mul(loop.index, given.step)]))
        weights = []
        for vector in range(_VECTORS):
            at = builder.add(builder.mul(loop.index, _place(_VECTORS)), _place(vector))
            weights.append(kind.widen(builder, builder.load(builder.gep(block, [at]), align=8)))
        for row, first in enumerate(inputs):
            everywhere = _spread(builder, builder.load(builder.gep(first, [loop.index]), align=2))
            for total, some in zip(totals[row * _VECTORS :], weights, strict=False):
                builder.store(kind.add(builder, builder.load(total), everywhere, some), total)
    results = _find_rows(builder, given.result, _Floats.total, rows, given.count)
    row_scales = _find_rows(builder, given.row_scales, _FLOAT, rows, given.count)
    for row, vector in product(range(rows), range(_VECTORS)):
        total = builder.load(totals[row * _VECTORS + vector])
        finished = kind.finish(builder, total, row_scales[row], builder.gep(scales, [_place(vector)]))
        builder.store(finished, builder.gep(results[row], [_place(vector)]), align=4)


def _spread(builder: Any, number: Any) -> Any:  # noqa: ANN401  (as above)
    """Put a number into all lanes of a vector."""
    undefined = ir.Constant(ir.VectorType(number.type, _LANES), ir.Undefined)
    alone = builder.insert_element(undefined, number, ir.Constant(_WORD, 0))
    return builder.shuffle_vector(alone, undefined, ir.Constant(ir.VectorType(_WORD, _LANES), None))


def _fetch(builder: Any, place: Any) -> None:  # noqa: ANN401  (as above)
    """Ask for the cache line of a place; whatever the place, nothing else happens."""
    hint = ir.FunctionType(ir.VoidType(), [_BYTE, _WORD, _WORD, _WORD])
    ask = cgutils.get_or_insert_function(builder.module, hint, "llvm.prefetch.p0")
    builder.call(ask, [place, *(ir.Constant(_WORD, flag) for flag in (0, 2, 1))])  # to read, into L2, data
