"""Runs every kernel call twice, compiled and as plain Python, and compares what they leave.

`Twins` wraps the kernels that the modules outside `recon.core.kernels` hold. A wrapped call copies
its arrays, runs the machine code on the given ones and the Python text on the copies; kernels
called by kernels are plain Python there too. What ran as Python is in `seen`.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections import Counter
from contextlib import contextmanager
from threading import Lock
from types import FunctionType, ModuleType, SimpleNamespace

import numpy as np
from numba.core.dispatcher import Dispatcher
from numba.core.extending import _Intrinsic

from recon.core import kernels

LARGEST = 5_000  # elements beyond which plain Python takes too long
EFFORT = 150_000  # elements that plain Python looks at for one kernel, in all
OVERHEAD = 50  # elements' worth that each call costs whatever its size
CLOSE = 1e-12  # reals: library functions may differ in the last place


def load_word(data, at):
    """Return what the intrinsic of that name loads."""
    _refuse_outside(data, at)
    return np.uint64(int.from_bytes(data[at : at + 8].tobytes(), "little"))


def _refuse_outside(data, at):
    """Raise where the eight bytes from `at` on are not all inside: machine code does not look."""
    if not 0 <= at <= len(data) - 8:
        raise IndexError(f"a word at {at} of {len(data)} bytes")


def mark_bits(data, at, delimiter):
    """Return what the intrinsic of that name finds."""
    if not 0 <= at <= len(data) - 64:
        raise IndexError(f"64 bytes at {at} of {len(data)} bytes")
    marks = np.isin(data[at : at + 64], np.array([delimiter, 10, 13], np.uint8))
    return np.packbits(marks, bitorder="little").view("<u8")[0]


def lowest_bit(bits):
    """Return what the intrinsic of that name returns."""
    return (int(bits) & -int(bits)).bit_length() - 1


INTRINSICS = {"load_word": load_word, "mark_bits": mark_bits, "lowest_bit": lowest_bit}


def kernel_modules():
    """Return every module of the kernels' room."""
    names = pkgutil.iter_modules(kernels.__path__, kernels.__name__ + ".")
    return [importlib.import_module(item.name) for item in names]


class Twins:
    """The kernels as plain Python, what was seen of them, and where they differ."""

    def __init__(self):
        """Make one namespace a module, in which every kernel is plain Python."""
        self.seen = set()
        self.differing = []
        self.names = {}
        self._plain = {}
        self._spent = Counter()
        self._lock = Lock()
        modules = kernel_modules()
        spaces = {module.__name__: dict(vars(module)) for module in modules}
        for module in modules:
            for name, member in vars(module).items():
                if isinstance(member, Dispatcher) and member.py_func.__module__ == module.__name__:
                    self._add(member, name, spaces[module.__name__])
        for space in spaces.values():
            for name, value in space.items():
                if id(value) in self._plain:
                    space[name] = self._plain[id(value)]
                elif isinstance(value, _Intrinsic):
                    space[name] = INTRINSICS[name]

    def _add(self, kernel, name, space):
        """Make the plain twin of one kernel, which notes that it ran."""
        full = f"{space['__name__'].removeprefix(kernels.__name__ + '.')}.{name}"
        plain = FunctionType(kernel.py_func.__code__, space, name, kernel.py_func.__defaults__)

        def noted(*arguments):
            self.seen.add(full)
            return plain(*arguments)

        self.names[id(kernel)] = full
        self._plain[id(kernel)] = noted

    def call(self, kernel, arguments):
        """Return what the compiled kernel returned; compare it with its twin while it is cheap."""
        name = self.names[id(kernel)]
        work = work_of(name, arguments)
        if work > LARGEST or self._spent[name] > EFFORT:
            return kernel(*arguments)
        self._spent[name] += work + OVERHEAD
        with self._lock:  # another thread may write to the same arrays
            return self._compare(kernel, name, arguments)

    def _compare(self, kernel, name, arguments):
        """Run both twins and note where they differ."""
        copies = _copies(arguments)
        result = kernel(*arguments)
        with np.errstate(over="ignore"):
            expected = self._plain[id(kernel)](*copies)
        pairs = [(result, expected), *zip(arguments, copies, strict=True)]
        if not all(_same(one, two) for one, two in pairs):
            self.differing.append(name)
        return result

    def wrapped(self, kernel):
        """Return what stands in for a kernel."""

        def both(*arguments):
            return self.call(kernel, arguments)

        both.py_func = kernel.py_func
        return both

    @contextmanager
    def installed(self):
        """Put the wrappers wherever a module outside holds a kernel or a module of kernels."""
        undo = []
        rooms = ("recon.", "tests.", "__main__")
        for module in [m for name, m in sys.modules.items() if name.startswith(rooms)]:
            if module.__name__.startswith((kernels.__name__, __name__)):
                continue
            for name, value in list(vars(module).items()):
                instead = self._instead(value)
                if instead is not None:
                    undo.append((module, name, value))
                    setattr(module, name, instead)
        try:
            yield self
        finally:
            for module, name, value in undo:
                setattr(module, name, value)

    def _instead(self, value):
        """Return the stand-in for a kernel or for a module of kernels; None for anything else."""
        if id(value) in self._plain:
            return self.wrapped(value)
        inside = isinstance(value, ModuleType) and value.__name__.startswith(kernels.__name__ + ".")
        if not inside:
            return None
        members = {
            name: self.wrapped(member) if id(member) in self._plain else member
            for name, member in vars(value).items()
        }
        return SimpleNamespace(**members)


def work_of(name, arguments):
    """Return how large a call of a kernel is, in elements looked at."""
    if name == "subset.proved_none":  # all moduli up to the length of its spare arrays
        return arguments[0].size * arguments[-1].size ** 2 // 2
    sizes = sum(part.size for part in arguments if isinstance(part, np.ndarray))
    if name == "subset.solve_planes":  # planes as long as the target is large
        sizes += arguments[0].size * int(arguments[2]) // 64
    return sizes


def _copies(arguments):
    """Return the arguments with every array copied, an array given twice copied once."""
    made = {}
    for part in arguments:
        if isinstance(part, np.ndarray) and id(part) not in made:
            made[id(part)] = part.copy()
    return [made.get(id(part), part) for part in arguments]


def _same(one, two):
    """Tell whether two results are equal; reals as near as library functions are."""
    if isinstance(one, tuple):
        return all(_same(a, b) for a, b in zip(one, two, strict=True))
    real = one.dtype.kind == "f" if isinstance(one, np.ndarray) else isinstance(one, float)
    if real:
        return np.allclose(one, two, rtol=CLOSE, atol=CLOSE, equal_nan=True)
    return np.array_equal(one, two)
