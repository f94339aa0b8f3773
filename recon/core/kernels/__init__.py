"""Kernels, as machine code that Numba keeps in its cache.

A kernel from the cache needs the runtime of arrays. Numba fills the tables of its compiler besides,
with all that can be compiled, which takes a process a quarter of a second; a kernel that does have
to be compiled fills them itself. Numba has no public door for that.
"""

from __future__ import annotations

from numba.core import caching, types
from numba.core.base import BaseContext
from numba.core.compiler import CompileResult
from numba.core.runtime.nrt import rtsys


def _load_overload(
    cache: caching.Cache, signature: tuple[types.Type, ...], target: BaseContext
) -> CompileResult | None:
    """Return a kernel from the cache; None where it is not there and has to be compiled."""
    rtsys.initialize(target)
    with cache._guard_against_spurious_io_errors():  # noqa: SLF001 - as Numba's own does
        return cache._load_overload(signature, target)  # type: ignore[no-any-return,no-untyped-call]  # noqa: SLF001 - as Numba
    return None  # the cache could not be read


caching.Cache.load_overload = _load_overload  # type: ignore[method-assign]  # there is no other door
