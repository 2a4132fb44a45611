"""What Numba has no words for: eight doubles at once, and arrays whose references go uncounted.

A minimum with its place, or with the one after it, stays scalar however its loop is written.
Here it is written in vectors, which LLVM fits to what the machine has.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import PrimitiveModel
from numba.extending import intrinsic, register_model

LANES = 8
compiled: Any = intrinsic  # its types know nothing of the first argument, which Numba gives
INT = ir.IntType(64)
INDEX = ir.IntType(32)
DOUBLES = ir.VectorType(ir.DoubleType(), LANES)


class Lanes(types.Type):
    """Numba's type of `LANES` doubles."""


lanes = Lanes("lanes")


@register_model(Lanes)
class LanesModel(PrimitiveModel):
    """LLVM holds them as they are."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, DOUBLES)


def define(signature: Any, write: Any) -> Any:
    """A function for compiled code, whose result is what ``write(builder, ...)`` returns."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return write(builder, *arguments)

    # Numba counts the arguments, so they can't be starred.
    forms = {
        1: lambda typing, a: (signature, generate),
        2: lambda typing, a, b: (signature, generate),
        3: lambda typing, a, b, c: (signature, generate),
    }
    return compiled(forms[len(signature.args)])


def write_spread(builder: Any, value: Any) -> Any:
    """The number in all lanes."""
    undefined = ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined)
    single = builder.insert_element(undefined, value, INDEX(0))
    return write_shuffle(builder, single, [0] * LANES)


def write_shuffle(builder: Any, values: Any, order: list[int]) -> Any:
    """The lanes in another order."""
    places = ir.Constant(ir.VectorType(INDEX, LANES), order)
    return builder.shuffle_vector(values, values, places)


def write_lower(builder: Any, a: Any, b: Any) -> Any:
    """The smaller of two in each lane."""
    return builder.select(builder.fcmp_ordered("<", a, b), a, b)


def write_upper(builder: Any, a: Any, b: Any) -> Any:
    """The larger of two in each lane."""
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def write_lowest(builder: Any, values: Any) -> Any:
    """The smallest lane."""
    half = LANES // 2
    while half:
        # The lanes of the other half, each beside its fellow.
        fellows = write_shuffle(builder, values, [i ^ half for i in range(LANES)])
        values = write_lower(builder, values, fellows)
        half //= 2
    return builder.extract_element(values, INDEX(0))


def write_mark(builder: Any, values: Any, value: Any) -> Any:
    """A bit for each lane that holds the value, that of lane 0 the lowest."""
    mask = builder.fcmp_ordered("==", values, write_spread(builder, value))
    return builder.zext(builder.bitcast(mask, ir.IntType(LANES)), INT)


def write_first(builder: Any, bits: Any) -> Any:
    """Number of the lowest bit that is set."""
    return builder.cttz(bits, ir.IntType(1)(1))


def write_put(builder: Any, values: Any, lane: Any, value: Any) -> Any:
    """The lanes with another value in one of them."""
    numbers = ir.Constant(ir.VectorType(INT, LANES), list(range(LANES)))
    is_lane = builder.icmp_signed("==", numbers, write_spread(builder, lane))
    return builder.select(is_lane, write_spread(builder, value), values)


def write_add_square(builder: Any, total: Any, values: Any, value: Any) -> Any:
    """Total + (values - value)² in each lane."""
    gap = builder.fsub(values, write_spread(builder, value))
    return builder.fadd(total, builder.fmul(gap, gap))


spread = define(lanes(types.float64), write_spread)
lower = define(lanes(lanes, lanes), write_lower)
upper = define(lanes(lanes, lanes), write_upper)
lowest = define(types.float64(lanes), write_lowest)
mark = define(types.int64(lanes, types.float64), write_mark)
first = define(types.int64(types.int64), write_first)
put = define(lanes(lanes, types.int64, types.float64), write_put)
add_square = define(lanes(lanes, lanes, types.float64), write_add_square)


def locate(context: Any, builder: Any, kind: Any, array: Any, row: Any, start: Any) -> Any:
    """Address of ``array[row, start]``, as one of lanes."""
    held = context.make_array(kind)(context, builder, array)
    offset = builder.add(builder.mul(row, builder.extract_value(held.shape, 1)), start)
    return builder.bitcast(builder.gep(held.data, [offset]), DOUBLES.as_pointer())


@compiled
def load(typing: Any, array: Any, row: Any, start: Any) -> Any:
    """``array[row, start : start + LANES]`` of a contiguous array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = locate(context, builder, signature.args[0], *arguments)
        return builder.load(place, align=8)

    return lanes(array, types.int64, types.int64), generate


@compiled
def store(typing: Any, array: Any, row: Any, start: Any, values: Any) -> Any:
    """Write to where `load` reads."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = locate(context, builder, signature.args[0], *arguments[:3])
        builder.store(arguments[3], place, align=8)
        return context.get_dummy_value()

    return types.none(array, types.int64, types.int64, lanes), generate


@compiled
def borrow(typing: Any, array: Any) -> Any:
    """The same array without an owner, for as long as the caller holds it.

    Numba counts the references to an array at each call that it inlines, by instructions that
    lock memory: in the learning loop they took two thirds of the time.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        held = context.make_array(signature.args[0])(context, builder, arguments[0])
        held.meminfo = cgutils.get_null_value(held.meminfo.type)
        held.parent = cgutils.get_null_value(held.parent.type)
        return held._getvalue()

    return array(array), generate
