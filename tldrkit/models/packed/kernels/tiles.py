"""What can only be said in LLVM's language: instructions for 8-bit products, and for fetching."""

from typing import Any

from llvmlite import binding, ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic

from tldrkit.models.packed.kernels.arrays import OUTPUTS


def has_int8() -> bool:
    """Tell whether the processor that loops are compiled for has the instructions for 8-bit products."""
    if config.CPU_NAME or config.CPU_FEATURES:
        return "+avx2" in (config.CPU_FEATURES or "")
    return bool(binding.get_host_cpu_features().get("avx2"))


def build_tile(rows: int) -> Any:  # noqa: ANN401  (of Numba's own type)
    """Build what multiplies so many rows with a block of 8-bit weights, by the processor's own instruction.

    It adds two products of 16 bits in 32 (PMADDWD), which LLVM does not find by itself.
    """
    lanes, vectors = 8, OUTPUTS // 8
    word, sums_type = ir.IntType(32), ir.VectorType(ir.IntType(32), lanes)
    pairs_type, bytes_type = (ir.VectorType(ir.IntType(bits), 2 * lanes) for bits in (16, 8))

    def place(number: int) -> ir.Constant:
        return ir.Constant(ir.IntType(64), number)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401  (as above)
        given = zip(signature.args, arguments, strict=True)
        hidden, weight, sums = (context.make_array(kind)(context, builder, one) for kind, one in given)
        pairs, _ = cgutils.unpack_tuple(builder, weight.shape)
        blocks = builder.bitcast(weight.data, bytes_type.as_pointer())
        inputs = builder.bitcast(hidden.data, word.as_pointer())
        stride = builder.sdiv(cgutils.unpack_tuple(builder, hidden.strides)[0], place(4))
        zeros = ir.Constant(sums_type, None)
        totals = [cgutils.alloca_once_value(builder, zeros) for _ in range(rows * vectors)]
        add = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(sums_type, [pairs_type] * 2), "llvm.x86.avx2.pmadd.wd"
        )
        undefined = ir.Constant(sums_type, ir.Undefined)
        with cgutils.for_range(builder, pairs) as loop:
            spread = []
            for vector in range(vectors):
                at = builder.add(builder.mul(loop.index, place(vectors)), place(vector))
                loaded = builder.load(builder.gep(blocks, [at]), align=1)
                spread.append(builder.sext(loaded, pairs_type))
            for row in range(rows):
                at = builder.add(builder.mul(stride, place(row)), loop.index)
                pair = builder.load(builder.gep(inputs, [at]), align=2)
                one = builder.insert_element(undefined, pair, ir.Constant(word, 0))
                all_alike = builder.bitcast(builder.shuffle_vector(one, undefined, zeros), pairs_type)
                for total, weights in zip(totals[row * vectors :], spread, strict=False):
                    more = builder.call(add, [all_alike, weights])
                    builder.store(builder.add(builder.load(total), more), total)
        results = builder.bitcast(sums.data, sums_type.as_pointer())
        for number, total in enumerate(totals):
            builder.store(builder.load(total), builder.gep(results, [place(number)]), align=4)
        return context.get_dummy_value()

    @intrinsic  # type: ignore[untyped-decorator]
    def tile(_: Any, hidden: Any, weight: Any, sums: Any) -> Any:  # noqa: ANN401  (as above)
        return types.void(hidden, weight, sums), generate

    return tile


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(_: Any, vector: Any, place: Any) -> Any:  # noqa: ANN401  (of Numba's own types)
    """Ask for the cache line that holds a place of a vector; whatever the place, nothing else happens."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401  (as above)
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        hint = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        ask = cgutils.get_or_insert_function(builder.module, hint, "llvm.prefetch.p0")
        line = builder.bitcast(builder.gep(array.data, [arguments[1]]), byte)
        builder.call(ask, [line, *(ir.Constant(word, flag) for flag in (0, 2, 1))])  # to read, into L2, data
        return context.get_dummy_value()

    return types.void(vector, place), generate
