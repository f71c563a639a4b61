"""The smallest and the largest number of a group of inputs, emitted as LLVM code."""

from functools import reduce
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from tldrkit.writing.compiled.kernels.arrays import GROUP
from tldrkit.writing.compiled.kernels.target import TARGET

_FLOAT = ir.FloatType()


@intrinsic  # type: ignore[untyped-decorator]
def find_bounds_of_group(_: Any, vector: Any, group: Any) -> Any:  # noqa: ANN401  (of Numba's own types)
    """Find the smallest and the largest number of a group of a vector, which is loaded register by register.

    Args:
        vector: Contiguous float32, (in,).
        group: Index of a group that is full: it has GROUP numbers.
    """
    if vector.layout != "C":
        return None  # Numba then says that there is no such function for such an array

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401  (as above)
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        begin = builder.gep(array.data, [builder.mul(arguments[1], _index(GROUP))])
        floats = ir.VectorType(_FLOAT, TARGET.lanes)
        places = range(0, GROUP, TARGET.lanes)
        parts = [
            builder.load(builder.bitcast(builder.gep(begin, [_index(place)]), floats.as_pointer()), align=4)
            for place in places
        ]
        ends = [_reduce_floats(builder, end, parts) for end in ("min", "max")]
        return context.make_tuple(builder, signature.return_type, ends)

    return types.UniTuple(types.float32, 2)(vector, group), generate  # type: ignore[attr-defined]


def _reduce_floats(builder: Any, end: str, parts: list[Any]) -> Any:  # noqa: ANN401  (llvmlite is not typed)
    """Emit what reduces vectors to their smallest or largest number; none may be NaN."""

    def get(name: str, result: ir.Type, *given: ir.Type) -> Any:  # noqa: ANN401  (as above)
        kind = ir.FunctionType(result, given)
        return cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{floats.count}f32")

    floats, liberties = parts[0].type, ("nnan", "nsz")
    choose = get(f"{end}num", floats, floats, floats)
    best = reduce(lambda one, other: builder.call(choose, [one, other], fastmath=liberties), parts)
    return builder.call(get(f"vector.reduce.f{end}", _FLOAT, floats), [best], fastmath=liberties)


def _index(number: int) -> ir.Constant:
    return ir.Constant(ir.IntType(64), number)
