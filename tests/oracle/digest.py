"""The 128-bit digest in plain Python integers, written from its description."""

from __future__ import annotations

ALL = (1 << 64) - 1
SEEDS = (0x243F6A8885A308D3, 0x13198A2E03707344)
TAG = 0xE7037ED1A0B428DB


def rotate(value, bits):
    """Rotate a 64-bit word to the left."""
    return ((value << bits) | (value >> (64 - bits))) & ALL


def first(state, word):
    """Absorb a word into the first lane."""
    return rotate(state ^ (word * 0x9E3779B185EBCA87 & ALL), 31) * 0xC2B2AE3D27D4EB4F & ALL


def second(state, word):
    """Absorb a word into the second lane."""
    mixed = (state + (word ^ (word >> 32)) * 0xD6E8FEB86659FD93) & ALL
    return rotate(mixed, 27) * 0xA0761D6478BD642F & ALL


def avalanche(value):
    """Spread a lane."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value ^= value >> 33
        value = value * factor & ALL
    return value ^ (value >> 33)


def digest_parts(parts):
    """Return the digest of tagged parts: (tag, bytes or number) pairs, None absorbs nothing."""
    lanes = list(SEEDS)
    for tag, part in parts:
        if part is None:
            continue
        words = [tag * TAG & ALL]
        if isinstance(part, bytes):
            words += [int.from_bytes(part[at : at + 8], "little") for at in range(0, len(part), 8)]
            words.append(len(part))
        else:
            words.append(part & ALL)
        for word in words:
            lanes = [first(lanes[0], word), second(lanes[1], word)]
    a, b = avalanche(lanes[0]), avalanche(lanes[1])
    return (a + b) & ALL, ((a + 2 * b) & ALL) or 1


def digest_key(values):
    """Return the digest of a composite key of texts, (0, 0) when one is null."""
    if None in values:
        return 0, 0
    return digest_parts([(tag + 1, value.encode()) for tag, value in enumerate(values)])
