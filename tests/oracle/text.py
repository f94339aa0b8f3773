"""Text similarities in plain Python."""

from __future__ import annotations


def distance(one, two):
    """Return the edit distance by the full table."""
    row = list(range(len(one) + 1))
    for j, letter in enumerate(two):
        before, row = row, [j + 1]
        for i, other in enumerate(one):
            row.append(min(row[i] + 1, before[i + 1] + 1, before[i] + (letter != other)))
    return row[-1]


def prefix(one, two):
    """Return how many leading characters two texts share."""
    n = 0
    while n < min(len(one), len(two)) and one[n] == two[n]:
        n += 1
    return n


def jaro_winkler(one, two):
    """Return the Jaro-Winkler similarity by its definition."""
    if not one and not two:
        return 1.0
    reach = max(max(len(one), len(two)) // 2 - 1, 0)
    left, right = [], set()
    for i, letter in enumerate(one):
        for j in range(max(0, i - reach), min(len(two), i + reach + 1)):
            if j not in right and two[j] == letter:
                left.append(letter)
                right.add(j)
                break
    if not left:
        return 0.0
    swapped = sum(a != two[j] for a, j in zip(left, sorted(right), strict=True)) // 2
    m = len(left)
    jaro = (m / len(one) + m / len(two) + (m - swapped) / m) / 3
    bonus = min(prefix(one, two), 4)
    return jaro + 0.1 * bonus * (1 - jaro) if jaro > 0.7 else jaro


def nearness(one, two):
    """Return how near two texts are as spellings, 0 to 5, from the definitions."""
    longest = max(len(one), len(two))
    if min(len(one), len(two)) < 4:
        return 0
    edits, alike = distance(one, two), jaro_winkler(two, one)
    levels = [
        (5, edits * 10 <= longest),
        (4, edits * 10 <= 2 * longest),
        (3, alike >= 0.95),
        (2, edits * 10 <= 3 * longest),
        (1, alike >= 0.88),
    ]
    return next((level for level, holds in levels if holds), 0)


def features(text):
    """Return the words of three bytes or more, and every window of six digits, as a list."""
    found = [word for word in text.split(" ") if len(word) >= 3]
    for word in text.split(" "):
        for begin in range(len(word) - 5):
            window = word[begin : begin + 6]
            if window.isascii() and window.isdigit():
                found.append("#" + window)
    return found
