"""The matcher's passes in plain Python: slow, short and obvious."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations

STATE_ORDER = {0: 0, 1: 1, 4: 1, 5: 2, 2: 3, 3: 3}
FLOW = {0: 0, 8: 0, 1: 1, 2: 2, 3: 2}
BANK = 2
EXACT, KEY, SURPLUS, GROUP, UNIQUE = 0, 1, 2, 3, 4


def by_key(rows, keys, extra):
    """Return row positions by (key, extra(row)), rows without a key left out."""
    out = defaultdict(list)
    for position in rows:
        if keys[position] is not None:
            out[keys[position], extra(position)].append(position)
    return out


def order(table, position):
    """Return what a row is sorted by inside its key group."""
    row = table[position]
    time = row["time"]
    return (STATE_ORDER[row["state"]], time is None, time or 0, row["amount"] or 0, position)


def exact_links(table, left, right, banked):
    """Return {(left, right, kind)} and {row: smallest row of its group} of an EXACT pass."""

    def flow(position):
        return 0 if banked else FLOW.get(table[position]["kind"], 3)

    keys = [row["key"] for row in table]
    links, groups = set(), {}
    lefts, rights = by_key(left, keys, flow), by_key(right, keys, flow)
    for key in lefts.keys() & rights.keys():
        one = sorted(lefts[key], key=lambda p: order(table, p))
        two = sorted(rights[key], key=lambda p: order(table, p))
        groups |= dict.fromkeys(one + two, min(one + two))
        links |= pair_group(table, one, two, banked)
    return links, groups


def pair_group(table, one, two, banked):
    """Return the links inside one key group; rows arrive in pairing order."""

    def paid(p):
        return banked or table[p]["state"] == 0

    def same(p, q):
        return alike(table, p, q) and table[p]["amount"] == table[q]["amount"]

    links, taken = set(), set()

    def meet(left_paid, right_paid, fits):
        for p in one:
            for q in two:
                chosen = paid(p) == left_paid and paid(q) == right_paid
                if chosen and p not in taken and q not in taken and fits(p, q):
                    links.add((p, q, EXACT if same(p, q) else KEY))
                    taken.update((p, q))

    for stage in ((True, True), (True, False), (False, True), (False, False)):
        meet(*stage, same)
        if stage == (True, True):
            for ours, theirs in splits(table, [p for p in one if paid(p)], two, paid, taken):
                links.update({(p, theirs[0], GROUP) for p in ours})
                links.update({(ours[0], q, GROUP) for q in theirs})
                taken.update(ours + theirs)
        meet(*stage, lambda p, q: alike(table, p, q))
        meet(*stage, lambda _p, _q: True)
    return links | left_over(one, two, taken)


def left_over(one, two, taken):
    """Return the links of rows without a partner to the first row of the other side."""
    ours = {(p, two[0], SURPLUS) for p in one if p not in taken}
    return ours | {(one[0], q, SURPLUS) for q in two if q not in taken}


def alike(table, p, q):
    """Return whether two rows have amounts of one currency."""
    return known(table, p, q) and table[p]["currency"] == table[q]["currency"]


def known(table, *rows):
    """Return whether every row has an amount."""
    return all(table[p]["amount"] is not None for p in rows)


def splits(table, one, two, paid, taken):
    """Return (left rows, right rows) of amounts that one side tells in parts, by currency."""
    found = []
    for currency in {table[p]["currency"] for p in one}:
        sides = [
            [
                p
                for p in side
                if p not in taken
                and paid(p)
                and known(table, p)
                and table[p]["currency"] == currency
            ]
            for side in (one, two)
        ]
        lefts, rights = sides
        if len(lefts) == 1 and len(rights) > 1:
            parts = parts_of(table, rights, table[lefts[0]]["amount"])
            found += [(lefts, parts)] if parts else []
        elif len(rights) == 1 and len(lefts) > 1:
            parts = parts_of(table, lefts, table[rights[0]]["amount"])
            found += [(parts, rights)] if parts else []
        elif min(len(lefts), len(rights)) > 1 and len(lefts) != len(rights):
            sums = [sum(table[p]["amount"] for p in side) for side in sides]
            if sums[0] == sums[1] and one_sign(table, lefts + rights):
                found.append((lefts, rights))
    return found


def one_sign(table, rows):
    """Return whether all amounts are positive, or all negative."""
    return len({table[p]["amount"] > 0 for p in rows}) == 1 and all(
        table[p]["amount"] for p in rows
    )


def parts_of(table, rows, whole):
    """Return the rows that add up to `whole`: the only such subset, else the first such run."""
    amounts = [table[p]["amount"] for p in rows]
    if not whole or not one_sign(table, rows) or (whole > 0) != (amounts[0] > 0):
        return []
    if len(rows) <= 8:
        fitting = {
            tuple(sorted(amounts[k] for k in chosen))
            for size in range(1, len(rows) + 1)
            for chosen in combinations(range(len(rows)), size)
            if sum(amounts[k] for k in chosen) == whole
        }
        if len(fitting) < 2:
            wanted = Counter(*fitting)
            chosen = [wanted[a] > amounts[:k].count(a) for k, a in enumerate(amounts)]
            return [p for p, is_part in zip(rows, chosen, strict=True) if is_part]
    runs = [k + 1 for k in range(len(rows)) if sum(amounts[: k + 1]) == whole]
    return rows[: runs[0]] if runs else []


def group_links(table, left, right):
    """Return {(left, right, kind)} and {row: smallest row of its group} of a GROUP pass."""
    keys = [row["key"] for row in table]
    links, groups = set(), {}
    lefts = by_key(left, keys, lambda p: table[p]["currency"])
    rights = by_key(right, keys, lambda p: table[p]["currency"])
    for key in lefts.keys() & rights.keys():
        one, two = sorted(lefts[key]), sorted(rights[key])
        groups |= dict.fromkeys(one + two, min(one + two))
        links |= {(p, two[0], GROUP) for p in one} | {(one[0], q, GROUP) for q in two[1:]}
    return links, groups


def unique_links(table, left, right, before, after):
    """Return {(left, right, kind)} of a UNIQUE pass and {(row, candidate)} of its ties."""

    def candidate(p, q):
        one, two = table[p], table[q]
        known = None not in (one["key"], two["key"], one["amount"], two["amount"])
        same = all(one[name] == two[name] for name in ("key", "amount", "currency"))
        if not (before or after):
            return known and same
        dated = one["due"] is not None and two["value"] is not None
        return known and same and dated and -before <= two["value"] - one["due"] <= after

    of_left = {p: [q for q in right if candidate(p, q)] for p in left}
    of_right = {q: [p for p in left if candidate(p, q)] for q in right}
    alone = {p: qs[0] for p, qs in of_left.items() if len(qs) == 1}
    links = {(p, q, UNIQUE) for p, q in alone.items() if len(of_right[q]) == 1}
    linked = {row for link in links for row in link[:2]}
    ties = {
        (row, other)
        for side in (of_left, of_right)
        for row, others in side.items()
        for other in others
        if row not in linked
    }
    return links, ties


def components(rows, pairs):
    """Return the smallest row of each row's connected component, by repeated relabelling."""
    label = list(range(rows))
    changed = True
    while changed:
        changed = False
        for p, q in pairs:
            low = min(label[p], label[q])
            changed |= label[p] != low or label[q] != low
            label[p] = label[q] = low
    return label


def maximum_matchings(edges):
    """Return every maximum matching of a small bipartite graph, as sets of edges."""
    best = [frozenset()]

    def extend(rest, chosen, taken):
        if len(chosen) > len(best[0]):
            best.clear()
        if not best or len(chosen) == len(best[0]):
            best.append(frozenset(chosen))
        for k, (p, q) in enumerate(rest):
            if ("l", p) not in taken and ("r", q) not in taken:
                extend(rest[k + 1 :], chosen | {(p, q)}, taken | {("l", p), ("r", q)})

    extend(sorted(edges), frozenset(), frozenset())
    return set(best)


def window_decided(edges, matchings):
    """Return the rows that every maximum matching covers, like all their possible partners."""
    rows = {("l", p) for p, _ in edges} | {("r", q) for _, q in edges}
    always = {
        row
        for row in rows
        if all(any(row in (("l", p), ("r", q)) for p, q in matching) for matching in matchings)
    }
    partners = {}
    for matching in matchings:
        for p, q in matching:
            partners.setdefault(("l", p), set()).add(("r", q))
            partners.setdefault(("r", q), set()).add(("l", p))
    return {row for row in always if partners.get(row, set()) <= always}


def matchings(edges):
    """Yield every matching of a small bipartite graph, as a frozenset of edges."""

    def extend(rest, chosen):
        yield frozenset(chosen)
        for k, (p, q) in enumerate(rest):
            if all(p != one and q != two for one, two in chosen):
                yield from extend(rest[k + 1 :], [*chosen, (p, q)])

    yield from extend(sorted(edges), [])


def band_optima(penalty):
    """Return every matching with most pairs and, among those, least penalty.

    `penalty` maps (left, right) to (money, days).
    """

    def worth(matching):
        return (
            -len(matching),
            sum(penalty[edge][0] for edge in matching),
            sum(penalty[edge][1] for edge in matching),
        )

    everything = list(matchings(penalty))
    best = min(worth(matching) for matching in everything)
    return [matching for matching in everything if worth(matching) == best]


def best_gain(gain):
    """Return the greatest total gain of any matching; `gain` maps edges to integers."""
    return max(sum(gain[edge] for edge in matching) for matching in matchings(gain))
