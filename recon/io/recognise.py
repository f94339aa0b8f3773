"""What recognition may look at, taken from a staged file, and whether it is what was declared."""

from __future__ import annotations

import zipfile
from typing import Final

from recon.errors import InputError
from recon.io import formats
from recon.io.formats.archive import DAMAGE, ENCRYPTED
from recon.io.formats.contract import Format, Money, Options, Probe, StagedFile
from recon.io.formats.workbook_sheet import head_cells, is_workbook

HEAD_BYTES: Final = 1 << 16
_ZIP_MAGIC: Final = b"PK\x03\x04"
_WORKBOOKS: Final = (_ZIP_MAGIC, b"\xd0\xcf\x11\xe0")


def probe_of(staged: StagedFile) -> Probe:
    """Return name, size and first bytes of a staged file, of its first member when it is a zip.

    A workbook has no bytes to go by: its probe has the cells of its first rows.
    """
    with staged.path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if is_workbook(staged):
        return Probe(staged.name, staged.size, b"", cells=head_cells(staged))
    if not head.startswith(_ZIP_MAGIC):
        return Probe(staged.name, staged.size, head)
    try:
        with zipfile.ZipFile(staged.path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            names = tuple(info.filename for info in members)
            if any(info.flag_bits & ENCRYPTED for info in members):
                raise _packed(staged, "an archive with a password")
            if members:
                with archive.open(members[0]) as stream:
                    head = stream.read(HEAD_BYTES)
            if len(members) == 1 and head.startswith(_WORKBOOKS):
                raise _packed(staged, f"an archive that holds the workbook {names[0]!r}")
            return Probe(staged.name, staged.size, head, names)
    except DAMAGE as error:
        raise InputError(
            f"expected a whole zip archive, found one that does not open ({error})",
            where=staged.name,
            fix="ask the sender for the file again",
            code="FILE_SCHEMA",
        ) from error


def _packed(staged: StagedFile, found: str) -> InputError:
    """Return the refusal of an archive that a person has to unpack."""
    return InputError(
        f"expected a file or an archive that opens, found {found}",
        where=staged.name,
        fix="unpack it and deliver what is in it",
        code="FILE_SCHEMA",
    )


def check_declared(declared: Format, options: Options, staged: StagedFile) -> None:
    """Refuse a file that is recognised as another format than the declared one.

    A declared column mapping is the user's own word about the file and is not questioned here: its
    columns are checked by the reader.
    """
    _check_units(declared, options, staged.name)
    if options.columns:
        return
    probe = probe_of(staged)
    if declared.recognise(probe):
        return
    same = {declared.name, declared.twin}
    others = [known.name for known in formats.recognised(probe) if known.name not in same]
    if others:
        raise InputError(
            f"expected {declared.name} ({declared.title_en}), found a file of "
            f"{' or '.join(others)}",
            where=staged.name,
            fix=f'write format = "{others[0]}" for the source, or deliver the file declared for it',
            code="FILE_SCHEMA",
        )


def _check_units(declared: Format, options: Options, where: str) -> None:
    """Refuse a unit of a column that is no amount, or that the format itself fixes."""
    honoured = bool(options.columns) or declared.unit_by_column
    fields = declared.fields(options).values() if options.units and honoured else ()
    amounts = [field.column for field in fields if isinstance(field, Money)]
    unknown = [column for column in options.units if column not in amounts]
    if unknown:
        raise InputError(
            f"expected units of {', '.join(amounts) or 'no column'}, found {', '.join(unknown)}",
            where=where,
            fix="correct [source.units]: it names the sender's amount columns; a format with units"
            " of its own takes none",
            code="FILE_SCHEMA",
        )
