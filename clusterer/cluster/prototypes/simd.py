"""SIMD vectors for compiled code, which Numba itself does not offer.

Numba does not vectorise the search for a minimum and its position, however its loop is written.
The functions here operate on vectors of eight doubles, which LLVM maps to the registers of the
machine.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.datamodel import PrimitiveModel
from numba.extending import intrinsic, register_model

VECTOR_WIDTH = 8
# Numba supplies the first argument, so its type annotations do not fit the calls.
untyped_intrinsic: Any = intrinsic
INT = ir.IntType(64)
INDEX = ir.IntType(32)
DOUBLES = ir.VectorType(ir.DoubleType(), VECTOR_WIDTH)


class Vector(types.Type):
    """Numba's type of a vector of `VECTOR_WIDTH` doubles."""


vector = Vector("vector")


@register_model(Vector)
class VectorModel(PrimitiveModel):
    """In LLVM, the type is a vector."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, DOUBLES)


def define(signature: Any, build: Any) -> Any:
    """Return a function for compiled code; ``build(builder, ...)`` emits its instructions."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return build(builder, *arguments)

    # Numba counts the arguments, so they cannot be starred.
    forms = {
        1: lambda typing, a: (signature, generate),
        2: lambda typing, a, b: (signature, generate),
        3: lambda typing, a, b, c: (signature, generate),
    }
    return untyped_intrinsic(forms[len(signature.args)])


def build_broadcast(builder: Any, value: Any) -> Any:
    """Fill a vector with one number."""
    undefined = ir.Constant(ir.VectorType(value.type, VECTOR_WIDTH), ir.Undefined)
    single = builder.insert_element(undefined, value, INDEX(0))
    return build_shuffle(builder, single, [0] * VECTOR_WIDTH)


def build_shuffle(builder: Any, values: Any, order: list[int]) -> Any:
    """Reorder the elements."""
    positions = ir.Constant(ir.VectorType(INDEX, VECTOR_WIDTH), order)
    return builder.shuffle_vector(values, values, positions)


def build_minimum(builder: Any, a: Any, b: Any) -> Any:
    """Take the smaller of two, element by element."""
    return builder.select(builder.fcmp_ordered("<", a, b), a, b)


def build_maximum(builder: Any, a: Any, b: Any) -> Any:
    """Take the larger of two, element by element."""
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def build_reduce_minimum(builder: Any, values: Any) -> Any:
    """Take the smallest element."""
    half = VECTOR_WIDTH // 2
    while half:
        swapped = build_shuffle(builder, values, [i ^ half for i in range(VECTOR_WIDTH)])
        values = build_minimum(builder, values, swapped)
        half //= 2
    return builder.extract_element(values, INDEX(0))


def build_equality_mask(builder: Any, values: Any, value: Any) -> Any:
    """Set one bit for each element that equals the value; element 0 is the lowest bit."""
    mask = builder.fcmp_ordered("==", values, build_broadcast(builder, value))
    return builder.zext(builder.bitcast(mask, ir.IntType(VECTOR_WIDTH)), INT)


def build_count_trailing_zeros(builder: Any, bits: Any) -> Any:
    """Count the zeros below the lowest bit that is set."""
    return builder.cttz(bits, ir.IntType(1)(1))


def build_replace_element(builder: Any, values: Any, position: Any, value: Any) -> Any:
    """Replace one element."""
    positions = ir.Constant(ir.VectorType(INT, VECTOR_WIDTH), list(range(VECTOR_WIDTH)))
    is_position = builder.icmp_signed("==", positions, build_broadcast(builder, position))
    return builder.select(is_position, build_broadcast(builder, value), values)


def build_add_squared_difference(builder: Any, total: Any, values: Any, value: Any) -> Any:
    """Compute total + (values - value)², element by element."""
    gap = builder.fsub(values, build_broadcast(builder, value))
    return builder.fadd(total, builder.fmul(gap, gap))


def build_minimum_to_store(builder: Any, a: Any, b: Any) -> Any:
    """Take the smaller of two, element by element; none may be NaN.

    If the result of `build_minimum` replaces an operand in memory, LLVM stores single elements of
    the vector, which takes ten times as long on some machines.
    """
    kind = ir.FunctionType(DOUBLES, [DOUBLES, DOUBLES])
    name = f"llvm.minnum.v{VECTOR_WIDTH}f64"
    function = builder.module.declare_intrinsic(name, fnty=kind)
    return builder.call(function, [a, b], fastmath=("nnan",))


def build_multiply(builder: Any, a: Any, b: Any) -> Any:
    """Multiply, element by element."""
    return builder.fmul(a, b)


def build_scale_and_add(builder: Any, values: Any, factor: Any, added: Any) -> Any:
    """Compute values * factor + added, element by element."""
    return builder.fadd(builder.fmul(values, build_broadcast(builder, factor)), added)


broadcast = define(vector(types.float64), build_broadcast)
minimum = define(vector(vector, vector), build_minimum)
maximum = define(vector(vector, vector), build_maximum)
reduce_minimum = define(types.float64(vector), build_reduce_minimum)
equality_mask = define(types.int64(vector, types.float64), build_equality_mask)
count_trailing_zeros = define(types.int64(types.int64), build_count_trailing_zeros)
replace_element = define(vector(vector, types.int64, types.float64), build_replace_element)
minimum_to_store = define(vector(vector, vector), build_minimum_to_store)
multiply = define(vector(vector, vector), build_multiply)
scale_and_add = define(vector(vector, types.float64, vector), build_scale_and_add)
add_squared_difference = define(vector(vector, vector, types.float64), build_add_squared_difference)


def get_address(context: Any, builder: Any, kind: Any, array: Any, row: Any, start: Any) -> Any:
    """Return the address of ``array[row, start]`` as a pointer to a vector."""
    parts = context.make_array(kind)(context, builder, array)
    offset = builder.add(builder.mul(row, builder.extract_value(parts.shape, 1)), start)
    return builder.bitcast(builder.gep(parts.data, [offset]), DOUBLES.as_pointer())


@untyped_intrinsic
def load_vector(typing: Any, array: Any, row: Any, start: Any) -> Any:
    """Load ``array[row, start : start + VECTOR_WIDTH]`` of a contiguous array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = get_address(context, builder, signature.args[0], *arguments)
        return builder.load(address, align=8)

    return vector(array, types.int64, types.int64), generate


@untyped_intrinsic
def store_vector(typing: Any, array: Any, row: Any, start: Any, values: Any) -> Any:
    """Write a vector to ``array[row, start : start + VECTOR_WIDTH]`` of a contiguous array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = get_address(context, builder, signature.args[0], *arguments[:3])
        builder.store(arguments[3], address, align=8)
        return context.get_dummy_value()

    return types.none(array, types.int64, types.int64, vector), generate
