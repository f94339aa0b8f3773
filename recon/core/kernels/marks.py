"""Finds delimiters and line ends, 64 bytes at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from recon.core.kernels.arrays import Bytes, Ints

_LF = 10
_CR = 13
_STRIDE = 64  # bytes that are looked at together
_ZERO = np.uint64(0)
_ONE = np.uint64(1)


@intrinsic
def mark_bits(_typing_context: Any, data: Any, at: Any, delimiter: Any) -> Any:  # noqa: ANN401 - numba's own types
    """Return which of the 64 bytes from `at` on are delimiter, LF or CR: bit k is byte `at + k`."""
    signature = types.uint64(data, at, delimiter)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401 - as above
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte = ir.IntType(8)
        many = ir.VectorType(byte, _STRIDE)
        start = builder.gep(builder.bitcast(array.data, byte.as_pointer()), [arguments[1]])
        block = builder.load(builder.bitcast(start, many.as_pointer()), align=1)
        one = builder.insert_element(
            ir.Constant(many, ir.Undefined), builder.trunc(arguments[2], byte), ir.IntType(32)(0)
        )
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), _STRIDE), [0] * _STRIDE)
        found = builder.icmp_unsigned("==", block, builder.shuffle_vector(one, one, everywhere))
        for sign in (_LF, _CR):
            wanted = ir.Constant(many, [sign] * _STRIDE)
            found = builder.or_(found, builder.icmp_unsigned("==", block, wanted))
        return builder.bitcast(found, ir.IntType(64))

    return signature, generate


@intrinsic
def lowest_bit(_typing_context: Any, bits: Any) -> Any:  # noqa: ANN401 - numba's own types
    """Return the place of the lowest bit that is set; some bit must be."""
    signature = types.int64(bits)

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401 - as above
        return builder.cttz(arguments[0], ir.IntType(1)(1))

    return signature, generate


@njit(cache=True, nogil=True)
def find_marks(data: Bytes, delimiter: int, marks: Ints) -> int:
    """Write where the bytes delimiter, LF and CR stand into `marks` (int32); return how many."""
    count = 0
    whole = data.size // _STRIDE * _STRIDE
    for at in range(0, whole, _STRIDE):
        bits: Any = mark_bits(data, at, delimiter)  # type: ignore[call-arg]  # numba passes its context
        while bits != _ZERO:
            marks[count] = at + lowest_bit(bits)
            count += 1
            bits &= bits - _ONE
    for at in range(whole, data.size):
        if data[at] == delimiter or data[at] == _LF or data[at] == _CR:
            marks[count] = at
            count += 1
    return count
