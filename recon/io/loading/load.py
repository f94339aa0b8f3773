"""Files -> transactions: stage, recognise, read, normalise, identify, prove.

Everything is independent of the order and of the number of threads: identities come from content,
tables are sorted by their keys, and of several equal files the first by declared path is loaded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.columns import Dtype, fill, flat_type, series_of
from recon.core.arrays.parallel import run_all
from recon.core.arrays.room import Room
from recon.core.codes import InputState
from recon.core.plan import InputFile, key_name
from recon.core.schema import INPUTS, REJECTS, SLIM
from recon.errors import InputError
from recon.io.formats import format_named
from recon.io.loading import another_night
from recon.io.loading.control import controls_json
from recon.io.loading.drift import columns_json
from recon.io.loading.load_file import FileIdentity, Job, Part, load_file
from recon.io.loading.retold import Judgement, Told, judge
from recon.io.loading.slim_rows import NO_KEYS
from recon.io.loading.tonight import Tonight
from recon.io.loading.verdict import verdict
from recon.io.reading.contract import ControlTotal, Options, StagedFile
from recon.io.reading.mask import mask_text
from recon.io.recognition.recognise import check_declared, meant
from recon.io.staging.stage import make_durable, stage

_SHOWN_CHARACTERS = 500
_OPEN_END = "the last line has no line end: its last cell may be cut off"


@dataclass(frozen=True)
class Loaded:
    """Everything the night knows about its files."""

    slim: pl.DataFrame  # SLIM, sorted by txn_id
    digests: dict[str, NDArray[np.uint64]]  # by `key_name`, shape (n, 2), aligned with `slim`
    parts: tuple[Path, ...]  # one Parquet file an input with rows, TRANSACTIONS, by txn_id
    inputs: pl.DataFrame  # INPUTS
    rejects: pl.DataFrame  # REJECTS
    notes: tuple[str, ...] = ()  # what the readers have passed over or missed, file by file


@dataclass(frozen=True, slots=True)
class _Result:
    """One input file and what became of it."""

    file: InputFile
    state: InputState
    message: str = ""
    staged: StagedFile | None = None
    identity: FileIdentity | None = None
    part: Part | None = None
    totals: tuple[ControlTotal, ...] = ()


def load(files: Sequence[InputFile], tonight: Tonight) -> Loaded:
    """Load the night's files. A bad row is a reject, a bad file a row of `inputs` that says why."""
    pl.Series(np.zeros(0))  # polars imports NumPy at its first use, where two threads may collide
    ordered = sorted(files, key=lambda file: (file.source, file.declared_path))
    workers = max(1, tonight.means.threads)
    with ThreadPoolExecutor(1) as disk, ThreadPoolExecutor(max_workers=workers) as pool:
        staged = list(pool.map(lambda file: _staged(file, tonight), ordered))
        new = _without_duplicates(staged, tonight.seen)
        on_disk = disk.submit(make_durable, tonight.staging)
        results = list(pool.map(lambda result: _loaded(result, _job(result, tonight)), new))
        on_disk.result()
    told = partial(another_night.judge, business_date=tonight.business_date, nights=tonight.nights)
    for judged in (judge, told):
        results = _set_aside(results, tonight.options, judged)
    return _gathered(results, tonight)


def _staged(file: InputFile, tonight: Tonight) -> _Result:
    """Stage one file; a file that cannot be staged is refused."""
    try:
        staged = stage(file.path, tonight.staging, tonight.business_date)
    except InputError as error:
        return _Result(file, InputState.REFUSED, _message(error))
    identity = FileIdentity.of(file.source, staged.sha256)
    return _Result(file, InputState.UNVERIFIED, staged=staged, identity=identity)


def _without_duplicates(
    staged: Sequence[_Result], seen: Mapping[str, Mapping[str, str]]
) -> list[_Result]:
    """Mark files whose bytes were loaded before, tonight or on an earlier night."""
    tonight: dict[tuple[str, str], str] = {}
    numbers: dict[int, str] = {}
    results = []
    for result in staged:
        if result.staged is None or result.identity is None:
            results.append(result)
            continue
        source = result.file.source
        received, content = result.staged.sha256, result.staged.path.name
        earlier = seen.get(source, {})
        before = earlier.get(received) or earlier.get(content) or tonight.get((source, content))
        other = numbers.setdefault(result.identity.number, result.file.declared_path)
        tonight.setdefault((source, content), result.file.declared_path)
        if before:
            results.append(
                replace(result, state=InputState.DUPLICATE, message=_loaded_before(before))
            )
        elif other != result.file.declared_path:
            results.append(replace(result, state=InputState.REFUSED, message=_same_number(other)))
        else:
            results.append(result)
    return results


def _loaded_before(where: str) -> str:
    """Return the sentence about a file that is not loaded twice."""
    return (
        f"the same bytes were loaded before: {where}\n"
        "  fix: nothing, it is not loaded twice; if another file was meant, ask the sender for it"
    )


def _same_number(other: str) -> str:
    """Return the sentence about two files whose 35-bit identities are equal by chance."""
    return (
        f"FILE_SCHEMA: expected a file identity of its own, found the one of {other}\n"
        "  fix: load one of the two on another night"
    )


def _job(result: _Result, tonight: Tonight) -> Job | None:
    """Return what is needed to read a staged file, None when it is not to be read."""
    if result.state != InputState.UNVERIFIED:
        return None
    assert result.staged is not None
    assert result.identity is not None
    source = result.file.source
    return Job(
        file=result.file,
        staged=result.staged,
        identity=result.identity,
        fmt=format_named(result.file.format),
        options=tonight.options.get(source, Options()),
        keys=tuple(tonight.keys),
        folder=tonight.workdir / "transactions",
        business_date=tonight.business_date,
        finish=tonight.finish,
        earlier=tuple(tonight.earlier.get(source, ())),
        threads=tonight.means.threads,
        is_paged=tonight.means.room.is_paged,
    )


def _loaded(result: _Result, job: Job | None) -> _Result:
    """Read one staged file and decide its state."""
    if job is None:
        return result
    try:
        check_declared(job.fmt, job.options, job.staged)
        job = replace(job, staged=meant(job.fmt, job.options, job.staged))
        part = load_file(job)
        totals = (
            *part.sums.compare(part.reading, job.options.currency, result.file.path.name),
            *part.reading.controls,
        )
    except InputError as error:
        job.part_path.unlink(missing_ok=True)
        return replace(result, state=InputState.REFUSED, message=_message(error))
    if not totals and part.rows:
        lacking = (proof.lacking for proof in job.fmt.proofs if proof.lacking)
        part.reading.notes[:0] = lacking
        if part.reading.is_open:  # some senders never write it; a shortened amount shows only so
            part.reading.notes.append(_OPEN_END)
    size = job.staged.path.stat().st_size
    state, message = verdict(
        job.fmt,
        job.options,
        part.rows,
        part.rejects,
        totals,
        size,
        part.reading.columns,
        part.whose,
    )
    if state == InputState.HELD:
        part.discard_rows()
    return replace(result, state=state, message=message, part=part, totals=totals)


def _set_aside(
    results: Sequence[_Result],
    options: Mapping[str, Options],
    judged: Callable[[Sequence[Told]], dict[int, Judgement]],
) -> list[_Result]:
    """Set aside the files that are not to count: their money is told elsewhere, or elsewhen."""
    live = [
        place for place, result in enumerate(results) if result.part and result.part.slim.height
    ]
    told = [
        Told(results[place].file, options.get(results[place].file.source, Options()), part)
        for place in live
        if (part := results[place].part) is not None
    ]
    settled = list(results)
    for position, (state, message) in judged(told).items():
        told[position].part.discard_rows()
        result = results[live[position]]
        # A duplicate has nothing of its own.
        part = result.part if state == InputState.HELD else None
        settled[live[position]] = replace(result, state=state, message=message, part=part)
    return settled


def _message(error: InputError) -> str:
    """Return an error as the table `inputs` tells it: the finding's code, then the sentence."""
    return f"{error.code}: {error.message()}"


def _gathered(results: Sequence[_Result], tonight: Tonight) -> Loaded:
    """Put the files together: rows sorted by identity, digests aligned with them."""
    live = sorted(
        (
            (result.identity.number, result.part)
            for result in results
            if result.part is not None and result.identity is not None and result.part.slim.height
        ),
        key=lambda pair: pair[0],
    )
    parts = [part for _, part in live]
    room, threads = tonight.means.room, tonight.means.threads
    columns = [(parts, name, dtype, room) for name, dtype in SLIM.schema.items()]
    slim = pl.DataFrame(run_all(_stacked, columns, threads))
    assert slim["txn_id"].is_sorted()
    names = [key_name(key) for key in tonight.keys]
    joined = run_all(_joined, [(parts, name, room) for name in names], threads)
    digests = dict(zip(names, joined, strict=True))
    assert all(len(found) == slim.height for found in digests.values())
    for part in parts:
        part.slim.clear()
    return Loaded(
        slim=slim,
        digests=digests,
        parts=tuple(part.path for part in parts),
        inputs=_inputs(results),
        rejects=_rejects(results),
        notes=tuple(
            mask_text(note)
            for result in results
            if result.part is not None
            for note in result.part.reading.notes
        ),
    )


def _stacked(parts: Sequence[Part], name: str, dtype: Dtype, room: Room) -> pl.Series:
    """Return one slim column over all files; the parts give theirs up."""
    height = sum(part.slim.height for part in parts)
    data, known = room.array(height, flat_type(dtype)), np.ones(height, np.bool_)
    start = 0
    for values in (piece for part in parts for piece in part.slim.column(name, last=True)):
        stop = start + len(values)
        fill(data[start:stop], known[start:stop], values)
        start = stop
    room.rest()
    return series_of(name, dtype, data, known)


def _joined(parts: Sequence[Part], name: str, room: Room) -> NDArray[np.uint64]:
    """Return the digests of one key over all files; the parts give theirs up."""
    joined = room.array((sum(part.slim.height for part in parts), 2), np.uint64)
    start = 0
    for piece in (words for part in parts for words in part.slim.digests(name, last=True)):
        if piece.strides != NO_KEYS:  # a stretch without keys stays untouched, and unbacked
            joined[start : start + len(piece)] = piece
        start += len(piece)
    room.rest()
    return joined


def _inputs(results: Sequence[_Result]) -> pl.DataFrame:
    """Return the table `inputs`."""
    names = _shown_names(results)
    rows = [_input_row(result, name) for result, name in zip(results, names, strict=True)]
    return pl.DataFrame(rows, schema=INPUTS.schema, orient="row").sort(*INPUTS.key)


def _shown_names(results: Sequence[_Result]) -> list[str]:
    """Return the files' names without card numbers; where those alone told them apart, numbered."""
    names: list[str] = []
    seen: Counter[tuple[str, str]] = Counter()
    for result in results:
        name = mask_text(result.file.declared_path)
        seen[result.file.source, name] += 1
        count = seen[result.file.source, name]
        names.append(name if count == 1 else f"{name} ({count})")
    return names


def _input_row(result: _Result, name: str) -> tuple[object, ...]:
    """Return one file as a row of `inputs`."""
    part = result.part
    rejected = len(part.rejects) if part else 0
    return (
        result.file.source,
        result.file.side.name,
        result.file.format,
        name,
        result.identity.file_id if result.identity else None,
        result.staged.sha256 if result.staged else None,
        _received_bytes(result.staged) if result.staged else None,
        part.reading.lines if part else None,
        part.rows if part else 0,
        rejected,
        result.state.name,
        controls_json(result.totals),
        mask_text(result.message) if result.message else result.message,
        columns_json(part.reading.columns) if part else None,
    )


def _received_bytes(staged: StagedFile) -> int:
    """Return the size of a file as received; what is read may be its unpacked content."""
    return (staged.path.parent / staged.sha256).stat().st_size


def _rejects(results: Sequence[_Result]) -> pl.DataFrame:
    """Return the table `rejects`: every refused row of every file that was read."""
    rows = [
        (result.identity.file_id, result.file.source, reject)
        for result in results
        if result.part is not None and result.identity is not None
        for reject in result.part.rejects
    ]
    return pl.DataFrame(
        [
            (
                file_id,
                source,
                reject.record_no,
                reject.byte_start,
                reject.byte_end,
                reject.text[:_SHOWN_CHARACTERS],
                list(reject.reasons),
            )
            for file_id, source, reject in rows
        ],
        schema=REJECTS.schema,
        orient="row",
    ).sort(*REJECTS.key)
