"""Which rows of a pool add up to a target: runs, few rows, meet in the middle, two bit planes.

Amounts are int64 minor units of either sign unless said otherwise; a hit is a sum in
[low, high]. Counts are exact; at most as many hits are listed as `out` has lines.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recon.core.kernels.arrays import Flags, Ints, Words

WORD_BITS = 64
ONE = np.uint64(1)
WORD_TOP = np.uint64(64)
PAIR, TRIPLE, QUADRUPLE = 2, 3, 4
SEVERAL = 2  # two subsets or more


@njit(cache=True, nogil=True)
def find_runs(prefix: Ints, low: int, high: int, around: int, out: Ints) -> tuple[int, int]:
    """Count runs of consecutive rows whose sum is a hit, and those at most `around` away.

    `prefix` (n + 1) are the prefix sums; `out` (limit, 2) gets begin and end of the first hits.
    """
    hits = 0
    near = 0
    for i in range(prefix.size - 1):
        for j in range(i + 1, prefix.size):
            total = prefix[j] - prefix[i]
            if low - around <= total <= high + around:
                near += 1
                if low <= total <= high:
                    if hits < out.shape[0]:
                        out[hits, 0] = i
                        out[hits, 1] = j
                    hits += 1
    return hits, near


@njit(cache=True, nogil=True)
def find_pairs(
    amount: Ints, begin: int, low: int, high: int, head: Ints, hits: int, out: Ints
) -> int:
    """Count pairs of ascending `amount[begin:]` whose sum is a hit, after the rows in `head`.

    Returns the running number of hits; `out` gets `head`, the pair, and -1 in unused places.
    """
    upper = amount.size - 1
    for i in range(begin, amount.size - 1):
        while upper > begin and amount[i] + amount[upper] > high:
            upper -= 1
        j = upper
        while j > i and amount[i] + amount[j] >= low:
            if hits < out.shape[0]:
                out[hits, :] = -1
                out[hits, : head.size] = head
                out[hits, head.size] = i
                out[hits, head.size + 1] = j
            hits += 1
            j -= 1
    return hits


@njit(cache=True, nogil=True)
def find_few(amount: Ints, low: int, high: int, most: int, out: Ints) -> int:
    """Count sets of one to `most` (at most 4) rows of ascending `amount` whose sum is a hit.

    `out` (limit, 4) gets positions of the first hits, -1 in unused places. O(n**(most - 1)).
    """
    hits = 0
    n = amount.size
    for i in range(n):
        if low <= amount[i] <= high:
            if hits < out.shape[0]:
                out[hits, :] = -1
                out[hits, 0] = i
            hits += 1
    head = np.empty(2, np.int64)
    if most >= PAIR:
        hits = find_pairs(amount, 0, low, high, head[:0], hits, out)
    for i in range(n if most >= TRIPLE else 0):
        head[0] = i
        rest = amount[i]
        hits = find_pairs(amount, i + 1, low - rest, high - rest, head[:1], hits, out)
        for j in range(i + 1, n if most >= QUADRUPLE else 0):
            head[1] = j
            rest = amount[i] + amount[j]
            hits = find_pairs(amount, j + 1, low - rest, high - rest, head, hits, out)
    return hits


@njit(cache=True, nogil=True)
def all_sums(amount: Ints, sums: Ints, masks: Ints) -> None:
    """Fill the 2**n subset sums in ascending order and the subset of each as a bit mask."""
    spare = np.empty_like(sums)
    spare_mask = np.empty_like(masks)
    sums[0] = 0
    masks[0] = 0
    size = 1
    for k in range(amount.size):
        bit = 1 << k
        i = 0
        j = 0
        for place in range(2 * size):
            with_item = i == size or (j < size and sums[j] + amount[k] < sums[i])
            if with_item:
                spare[place] = sums[j] + amount[k]
                spare_mask[place] = masks[j] | bit
                j += 1
            else:
                spare[place] = sums[i]
                spare_mask[place] = masks[i]
                i += 1
        size *= 2
        sums[:size] = spare[:size]
        masks[:size] = spare_mask[:size]


@njit(cache=True, nogil=True)
def meet_sums(
    one: Ints, one_mask: Ints, two: Ints, two_mask: Ints, low: int, high: int, out: Ints
) -> int:
    """Count pairs of ascending sums that together are a hit; `out` (limit, 2) gets the masks."""
    hits = 0
    begin = two.size
    end = two.size
    for i in range(one.size):
        while end > 0 and one[i] + two[end - 1] > high:
            end -= 1
        while begin > 0 and one[i] + two[begin - 1] >= low:
            begin -= 1
        for j in range(begin, min(end, begin + max(out.shape[0] - hits, 0))):
            out[hits + j - begin, 0] = one_mask[i]
            out[hits + j - begin, 1] = two_mask[j]
        hits += max(end - begin, 0)
    return hits


@njit(cache=True, nogil=True)
def reaches_residue(
    amount: Ints, modulus: int, low: int, high: int, once: Flags, spare: Flags
) -> bool:
    """Tell whether some subset of positive `amount` has a sum like one of [low, high], by modulus.

    Only the remainders are looked at, so that a false answer proves that no subset is a hit, and
    a true one proves nothing. `once`, `spare`: at least `modulus` long.
    """
    once[:modulus] = 0
    once[0] = 1
    for k in range(amount.size):
        shift = amount[k] % modulus
        if shift == 0:
            continue
        for r in range(shift):
            spare[r] = once[r] | once[r + modulus - shift]
        for r in range(shift, modulus):
            spare[r] = once[r] | once[r - shift]
        once, spare = spare, once
        if k % 8 == 0 and once[:modulus].all():
            return True
    hit = False
    for total in range(low, high + 1):
        hit |= once[total % modulus] != 0
    return hit


@njit(cache=True, nogil=True)
def proved_none(amount: Ints, low: int, high: int, once: Flags, spare: Flags) -> int:
    """Return the first modulus by which no subset of positive `amount` is a hit; 0 for none.

    Tries every modulus up to the length of `once` and `spare`.
    """
    for modulus in range(max(high - low + 2, 2), once.size + 1):
        if not reaches_residue(amount, modulus, low, high, once, spare):
            return modulus
    return 0


@njit(cache=True, nogil=True)
def add_block(
    once: Words, twice: Words, first: int, last: int, shift: int, old_once: Words, old_twice: Words
) -> None:
    """Add one item of value `shift` > 0 to the words `first:last` of the planes, in place.

    Bit s of `once` says that a sum s exists, of `twice` that two subsets have it. The words that
    move up are copied to `old_*` first, which are longer than the block by one word at least.
    """
    skip = shift // WORD_BITS
    bits = np.uint64(shift % WORD_BITS)
    back = WORD_TOP - bits
    n = last - first
    low = first - skip - 1
    if low < 0:
        old_once[0] = 0
        old_twice[0] = 0
        old_once[1 : n + 1] = once[:n]
        old_twice[1 : n + 1] = twice[:n]
    else:
        old_once[: n + 1] = once[low : low + n + 1]
        old_twice[: n + 1] = twice[low : low + n + 1]
    once_now = once[first:last]
    twice_now = twice[first:last]
    if bits == 0:
        for w in range(n):
            twice_now[w] |= old_twice[w + 1] | (once_now[w] & old_once[w + 1])
            once_now[w] |= old_once[w + 1]
        return
    for w in range(n):
        moved = (old_once[w + 1] << bits) | (old_once[w] >> back)
        again = (old_twice[w + 1] << bits) | (old_twice[w] >> back)
        twice_now[w] |= again | (once_now[w] & moved)
        once_now[w] |= moved


@njit(cache=True, nogil=True)
def add_items(
    once: Words,
    twice: Words,
    shift: Ints,
    begin: Ints,
    end: Ints,
    old_once: Words,
    old_twice: Words,
) -> None:
    """Add several items in one sweep from the top of the planes to the bottom.

    Each item follows the one before it at a distance of its own shift, where that one is done, so
    that a word is worked on by all of them while it lies in the cache. Of each item only the words
    `begin` to `end` are done.
    """
    block = old_once.size - 1
    lag = np.zeros(shift.size, np.int64)
    top = 0
    bottom = once.size
    for k in range(shift.size):
        skip = shift[k] // WORD_BITS
        if k > 0:
            lag[k] = lag[k - 1] + skip + 1
        begin[k] = max(begin[k], skip)
        top = max(top, end[k] - lag[k])
        bottom = min(bottom, begin[k] - lag[k])
    while top > bottom:
        for k in range(shift.size):
            first = max(top - block + lag[k], begin[k])
            last = min(top + lag[k], end[k])
            if first < last:
                add_block(once, twice, first, last, shift[k], old_once, old_twice)
        top -= block


@njit(cache=True, nogil=True)
def count_planes(once: Words, twice: Words, low: int, high: int) -> int:
    """Return 0, 1 or 2: how many subsets have a sum in [low, high], two standing for more."""
    found = 0
    for s in range(low, high + 1):
        word = s // WORD_BITS
        bit = ONE << np.uint64(s % WORD_BITS)
        if twice[word] & bit:
            found += SEVERAL
        elif once[word] & bit:
            found += 1
        if found >= SEVERAL:
            return SEVERAL
    return found


@njit(cache=True, nogil=True)
def solve_planes(amount: Ints, low: int, high: int, block: int, reach_words: int) -> int:
    """Return 0, 1 or 2 (two or more) subsets of positive `amount` with sums in [low, high].

    Exact: every subset is accounted for. Stops as soon as two are proved. 0 <= low <= high.
    Sums that the rows still to come cannot lift to `low` are left out of each step. Items are
    added together in sweeps that keep `reach_words` words of both planes in the cache.
    """
    items = amount[amount <= high]
    once = np.zeros(high // WORD_BITS + 1, np.uint64)
    twice = np.zeros(once.size, np.uint64)
    old_once = np.empty(block + 1, np.uint64)
    old_twice = np.empty(block + 1, np.uint64)
    begin = np.empty(items.size, np.int64)
    end = np.empty(items.size, np.int64)
    once[0] = ONE
    reach = 0
    rest = int(items.sum())
    done = 0
    while done < items.size:
        first = done
        words = 0
        while done < items.size and (done == first or words + items[done] // 64 < reach_words):
            rest -= int(items[done])
            reach = min(reach + int(items[done]), high)
            begin[done] = max(low - rest, 0) // WORD_BITS
            end[done] = reach // WORD_BITS + 1
            words += items[done] // WORD_BITS + 1
            done += 1
        batch = slice(first, done)
        add_items(once, twice, items[batch], begin[batch], end[batch], old_once, old_twice)
        if reach >= low and count_planes(once, twice, low, reach) == SEVERAL:
            return SEVERAL
    return count_planes(once, twice, low, high)
