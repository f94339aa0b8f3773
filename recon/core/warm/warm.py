"""Compiles every kernel ahead of the first run by calling it once on tiny arrays.

`SAMPLES` holds one function a room of kernels; each runs the drivers that a night runs, so that
the compiled argument types are those of a night. `compiled` then says what is in the cache.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
from numba.core.dispatcher import Dispatcher

from recon.core import kernels
from recon.core.arrays.means import Means
from recon.core.codes import Kind, Side, State
from recon.core.groups import group_table
from recon.core.match import match
from recon.core.passes.key_groups import group_keys
from recon.core.passes.subset.search import Pool, planes, search
from recon.core.plan import Leg, Method, Pass
from recon.core.repeats import RepeatModel, find_repeats
from recon.core.schema import SLIM, conform
from recon.core.texts.text import text_buffers
from recon.core.warm.cut import warm_cut, warm_json, warm_xml
from recon.core.warm.terms import warm_terms
from recon.core.warm.text import warm_text


def warm_matcher() -> None:
    """Run the key match with and without partitions and every pass over four rows."""
    digest = np.arange(1, 17, dtype=np.uint64).reshape(8, 2)
    numbers = np.arange(8)
    for bits in (0, 2):
        for keys in (digest, numbers):
            group_keys(keys, keys, threads=1, bits=bits)
    rows = warm_rows()
    legs = tuple(
        Leg(f"{method.name} {own}", Side.MERCHANT, Side.CHANNEL, (warm_pass(method, own),))
        for method in Method
        for own in (False, True)
    )
    digests = {"key": np.repeat(digest[:1], 4, axis=0)}
    texts = {"memo": text_buffers(pl.Series(["a", "b", "a", "c"]))}
    everybody = {leg.name: np.ones(4, np.bool_) for leg in legs}
    match(rows, digests, legs, everybody, means=Means(1), texts=texts)


def warm_groups() -> None:
    """Make the groups of four rows, and look for repeats among them."""
    numbers = np.arange(4)
    group_table(warm_rows(), numbers.astype(np.int32), np.zeros(4, np.uint8)).whole()
    find_repeats(numbers, numbers, RepeatModel())


def warm_rows() -> pl.DataFrame:
    """Return two payments of each of two sides (SLIM)."""
    rows = pl.DataFrame(
        {
            "txn_id": [1, 2, 3, 4],
            "side": [int(Side.MERCHANT), int(Side.MERCHANT), int(Side.CHANNEL), int(Side.CHANNEL)],
            "kind": [int(Kind.PAYMENT)] * 4,
            "state": [int(State.SUCCESS)] * 4,
            "amount_minor": [1, 2, 1, 2],
            "net_minor": [1, 2, 1, 2],
            "currency": [0] * 4,
            "clearing_date": [0] * 4,
            "due_date": [0] * 4,
            "value_date": [0] * 4,
        }
    )
    return conform(rows, SLIM)


def warm_pass(method: Method, own: bool) -> Pass:  # noqa: FBT001 - one of two variants
    """Return a pass whose rows meet; `own` takes the other form of its windows and tolerance."""
    return Pass(
        method.name,
        method,
        ("key",),
        ("key",),
        days_after=1,
        tolerance_minor=1,
        tolerance_base="right" if own else "left",
        until_due=own,
        many_to_many=own,
    )


def warm_subsets() -> None:
    """Run every form of the subset search and the bit planes on pools without a hit."""
    amount = np.array([2, 4, 6, 8, 10], np.int64)
    search(Pool(amount, 5, 5, 10_000))
    for budget in (10_000, 10_000_000):  # by the planes, by remainders
        planes(Pool(amount + 1, 4, 4, budget))


SAMPLES: tuple[Callable[[], None], ...] = (
    warm_matcher,
    warm_groups,
    warm_subsets,
    warm_text,
    warm_terms,
    warm_cut,
    warm_json,
    warm_xml,
)


def warm_rest() -> None:
    """Run every sample but that of the matcher, which takes as long as the others together."""
    for sample in SAMPLES:
        if sample is not warm_matcher:
            sample()


def every_kernel() -> Iterator[tuple[str, Dispatcher]]:
    """Yield the name and the dispatcher of every kernel of the package, in name order."""
    for module in pkgutil.iter_modules(kernels.__path__, kernels.__name__ + "."):
        members = vars(importlib.import_module(module.name)).items()
        for name, member in sorted(members, key=lambda pair: pair[0]):
            if isinstance(member, Dispatcher) and member.py_func.__module__ == module.name:
                yield f"{module.name.removeprefix(kernels.__name__ + '.')}.{name}", member


def warm() -> list[str]:
    """Run every sample; return the names of the kernels that are compiled now."""
    for sample in SAMPLES:
        sample()
    return [name for name, kernel in every_kernel() if kernel.stats.cache_hits or kernel.signatures]
