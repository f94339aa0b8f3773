"""What recognition may look at, taken from a staged file, and whether it is what was declared."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from recon.errors import InputError
from recon.io import formats
from recon.io.reading.archive import (
    DAMAGE,
    ENCRYPTED,
    ZIP_MAGIC,
    is_zip,
    member_blocks,
    member_name,
    one_member,
    real_members,
)
from recon.io.reading.contract import Format, Money, Options, Probe, StagedFile
from recon.io.reading.workbook_sheet import head_cells, is_workbook
from recon.io.staging.stage import content_of, place

HEAD_BYTES: Final = 1 << 16


def probe_of(staged: StagedFile, declared: Format | None = None) -> Probe:
    """Return name, size and first bytes of a staged file.

    Of an archive of several files: of the first one that the declared format knows, that any format
    knows, else of the first. A workbook has no bytes to go by: its probe has the cells of its first
    rows.
    """
    with staged.path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if is_workbook(staged):
        return Probe(staged.name, staged.size, b"", cells=head_cells(staged))
    if not head.startswith(ZIP_MAGIC):
        return Probe(staged.name, staged.size, head)
    try:
        with zipfile.ZipFile(staged.path) as archive:
            members = real_members(archive)
            if any(info.flag_bits & ENCRYPTED for info in members):
                raise _locked(staged)
            return Probe(
                staged.name,
                staged.size,
                _telling_head(archive, members, declared),
                tuple(info.filename for info in members),
            )
    except DAMAGE as error:
        raise InputError(
            f"expected a whole zip archive, found one that does not open ({error})",
            where=staged.name,
            fix="ask the sender for the file again",
            code="FILE_SCHEMA",
        ) from error


def _telling_head(
    archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], declared: Format | None
) -> bytes:
    """Return the first bytes of the member that says most about the archive."""
    probes = []
    for info in members:
        with archive.open(info) as stream:
            probes.append(Probe(member_name(info), info.file_size, stream.read(HEAD_BYTES)))
    fits = declared.recognise if declared is not None else lambda _probe: False
    expected = (probe for probe in probes if probe.size and fits(probe))
    known = (probe for probe in probes if probe.size and formats.recognised(probe))
    return next(chain(expected, known, probes), Probe("", 0, b"")).head


def _locked(staged: StagedFile) -> InputError:
    """Return the refusal of an archive that a person has to unpack."""
    return InputError(
        "expected a file or an archive that opens, found an archive with a password",
        where=staged.name,
        fix="unpack it and deliver what is in it",
        code="FILE_SCHEMA",
    )


def meant(declared: Format, options: Options, staged: StagedFile) -> StagedFile:
    """Return what a format reads: the file, or the one member of an archive that is the format's.

    Raises InputError when not exactly one member fits, or the archive does not open.
    """
    if declared.reads_archives or not is_zip(staged.path) or is_workbook(staged):
        return staged

    def is_meant(name: str, head: bytes) -> bool:
        """Return whether a member is one to read: by its looks, or at the user's word."""
        known = bool(options.columns or options.member)
        return known or declared.recognise(Probe(name, len(head), head))

    folder = staged.path.parent
    info = one_member(staged.path, staged.name, is_meant, options.member)
    member = place(member_blocks(staged.path, info, staged.name), folder)
    name = f"{staged.name}/{member_name(info)}"
    path, size, name = content_of(member, name, folder)
    return replace(staged, path=path, name=name, size=size)


def check_declared(declared: Format, options: Options, staged: StagedFile) -> None:
    """Refuse a file that is recognised as another format than the declared one.

    A declared column mapping is the user's own word about the file and is not questioned here: its
    columns are checked by the reader.
    """
    _check_units(declared, options, staged.name)
    if options.columns:
        return
    probe = probe_of(staged, declared)
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
