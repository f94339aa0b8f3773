"""The matcher's passes in plain Python: slow, short and obvious."""

from __future__ import annotations

from collections import defaultdict

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
        links |= pair_group(table, one, two)
    return links, groups


def pair_group(table, one, two):
    """Return the links inside one key group; rows arrive in pairing order."""
    links, taken = set(), set()
    for p in one:
        for q in two:
            same = table[p]["amount"] is not None and table[p]["amount"] == table[q]["amount"]
            if q not in taken and same and table[p]["currency"] == table[q]["currency"]:
                links.add((p, q, EXACT))
                taken |= {p, q}
                break
    one_rest = [p for p in one if p not in taken]
    two_rest = [q for q in two if q not in taken]
    both = min(len(one_rest), len(two_rest))
    links |= {(p, q, KEY) for p, q in zip(one_rest, two_rest, strict=False)}
    links |= {(p, two[0], SURPLUS) for p in one_rest[both:]}
    links |= {(one[0], q, SURPLUS) for q in two_rest[both:]}
    return links


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
