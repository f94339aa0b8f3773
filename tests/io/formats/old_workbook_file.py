"""Writes small BIFF8 workbooks (.xls) for tests: one stream in an OLE2 container."""

from __future__ import annotations

import struct

SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SMALL = 4096  # streams below this size would live in the mini stream: they are padded instead


def old_workbook(rows, name="sheet"):
    """Return an .xls file with one sheet; str cells are text, int and float cells are numbers."""
    return container(stream(rows, name))


def stream(rows, name="sheet"):
    """Return the BIFF8 stream of a workbook with one sheet."""
    title = struct.pack("<BB", len(name), 0) + name.encode("latin-1")
    head = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0x06))
    head += record(0x0042, struct.pack("<H", 1200))
    bound = record(0x0085, struct.pack("<IBB", 0, 0, 0) + title)
    place = len(head) + len(bound) + 4
    bound = record(0x0085, struct.pack("<IBB", place, 0, 0) + title)
    body = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0x06))
    width = max((len(row) for row in rows), default=0)
    body += record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for down, row in enumerate(rows):
        for along, cell in enumerate(row):
            if cell is None:
                continue
            at = struct.pack("<HHH", down, along, 0)
            if isinstance(cell, str):
                text = struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le")
                body += record(0x0204, at + text)
            else:
                body += record(0x0203, at + struct.pack("<d", cell))
    return head + bound + record(0x000A, b"") + body + record(0x000A, b"")


def record(kind, data):
    """Return one BIFF record."""
    return struct.pack("<HH", kind, len(data)) + data


def container(data):
    """Return an OLE2 file whose one stream is `Workbook`."""
    data = data.ljust(max(_SMALL, -(-len(data) // SECTOR) * SECTOR), b"\x00")
    sectors = len(data) // SECTOR
    assert sectors + 2 <= SECTOR // 4, "one sector of the allocation table is enough"
    table = [_FAT, _END, *range(3, sectors + 2), _END]
    table += [_FREE] * (SECTOR // 4 - len(table))
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, _SMALL, _END, 0, _END, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", _FREE) * 108
    entries = entry("Root Entry", 5, _END, 0, child=1) + entry("Workbook", 2, 2, len(data))
    return header + struct.pack("<128I", *table) + entries.ljust(SECTOR, b"\x00") + data


def entry(name, kind, start, size, child=0xFFFFFFFF):
    """Return one entry of the directory."""
    text = (name + "\0").encode("utf-16-le")
    out = text.ljust(64, b"\x00") + struct.pack("<HBB", len(text), kind, 1)
    out += struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
    return out + bytes(16 + 4 + 16) + struct.pack("<IQ", start, size)
