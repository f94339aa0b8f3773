"""A night under a memory limit: arrays in files, passes in slices, and not one byte different."""

from __future__ import annotations

import hashlib
import random
import shutil
import tempfile
from pathlib import Path
from threading import Event
from unittest import mock

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.core.arrays import room as room_module
from recon.core.arrays.columns import fill, flat_type, merged, series_of
from recon.core.arrays.numbers import numbers
from recon.core.arrays.pieces import Pieces, steps
from recon.core.arrays.room import Room
from recon.core.passes import key_slices
from recon.core.schema import SLIM
from recon.errors import ResourceError
from recon.generate.samples import SHOWCASE, sample_nights, samples_folder
from recon.io.formats import FORMATS
from recon.io.loading.slim_rows import NO_KEYS, SlimRows
from recon.pipeline import run_night
from recon.rules.rule_file.rule_file import read_rules


def published(folder: Path, memory_bytes: int | None) -> dict[str, str]:
    """Run two nights of the sample week; return the digest of every table that they publish."""
    shutil.copytree(samples_folder() / SHOWCASE, folder)
    rules = read_rules(folder / "recon.toml", tuple(item.name for item in FORMATS))
    for night in sample_nights(folder)[:2]:
        run_night(rules, night, memory_bytes=memory_bytes)
    files = sorted((rules.workspace / "runs").glob("2*/*/**/*.parquet"))
    assert not list((rules.workspace / "work").rglob("*.arrow"))
    return {
        str(path.relative_to(rules.workspace)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.mark.thorough
def test_a_memory_limit_changes_no_byte(tmp_path: Path) -> None:
    """The smallest limit there is pages and slices everything; the tables are the same files."""
    whole = published(tmp_path / "whole", None)
    with (
        mock.patch.object(key_slices, "SMALL", 0),
        mock.patch.object(room_module, "_PAGED_BYTES", 0),
    ):
        limited = published(tmp_path / "limited", 1)
    assert len(whole) > 20
    assert limited == whole


COLUMN = st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=20)


@given(COLUMN, COLUMN, st.randoms(use_true_random=False))
def test_columns_are_merged_as_they_were(
    old: list[int | None], new: list[int | None], rng: random.Random
) -> None:
    """Values and nulls stand at their places, and what is unknown counts as 0 without a copy."""
    is_old = [True] * len(old) + [False] * len(new)
    rng.shuffle(is_old)
    one, two = (pl.Series("amount_minor", side, pl.Int64) for side in (old, new))
    with (
        mock.patch.object(room_module, "_PAGED_BYTES", 1),
        tempfile.TemporaryDirectory() as folder,
    ):
        found = merged(one, two, np.array(is_old, np.bool_), Room(Path(folder)))
    ours, theirs = iter(old), iter(new)
    expected = [next(ours if mine else theirs) for mine in is_old]
    assert found.to_list() == expected
    assert found.name == "amount_minor"
    assert numbers(found).tolist() == [value or 0 for value in expected]
    assert numbers(pl.Series(expected, dtype=pl.Int64)).tolist() == numbers(found).tolist()


def test_pages_come_back_after_a_rest(tmp_path: Path) -> None:
    """What was written stays after the pages were let go of; the file has no name."""
    room = Room(tmp_path)
    data = room.array((1 << 18, 2), np.int64)
    data[:] = np.arange(1 << 18).reshape(-1, 1)
    room.rest()
    assert list(tmp_path.iterdir()) == []
    assert int(data.sum()) == (1 << 18) * ((1 << 18) - 1)


def test_a_room_keeps_to_its_limit(tmp_path: Path) -> None:
    """Near the limit the room rests by itself, and what was written is still there."""
    rested = Event()
    room = Room(tmp_path, memory_bytes=1)
    data = room.array(1 << 20, np.int64)
    data[:] = 7
    rest = room.rest
    with mock.patch.object(room, "rest", side_effect=lambda: (rest(), rested.set())), room:
        assert rested.wait(10)
    assert int(data.sum()) == 7 << 20


def test_a_room_without_space_is_an_error_and_no_crash(tmp_path: Path) -> None:
    """The space is reserved when the array is made, not when its pages are written."""
    with pytest.raises(ResourceError, match="free disk space"):
        Room(tmp_path).array(1 << 58, np.uint8)


def slim(start: int, rows: int) -> pl.DataFrame:
    """Return a batch of slim rows; some columns are unknown."""
    frame = pl.DataFrame({"txn_id": range(start, start + rows), "amount_minor": range(rows)})
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in SLIM.schema.items()
    )


@pytest.mark.parametrize("paged", [True, False])
def test_slim_rows_come_back_batch_by_batch(tmp_path: Path, paged: bool) -> None:  # noqa: FBT001 - one of two
    """Columns and digests come back in order, as often as they are asked for."""
    rows = SlimRows(tmp_path / "deep" / "rows.arrow" if paged else None)
    words = np.arange(6, dtype=np.uint64).reshape(3, 2)
    none = np.broadcast_to(np.uint64(0), (2, 2))
    rows.add(slim(1, 3), {"order_id": words})
    rows.add(slim(4, 2), {"order_id": none})
    for last in (False, True):
        found = [values.to_list() for values in rows.column("txn_id", last=last)]
        assert found == [[1, 2, 3], [4, 5]]
        digests = list(rows.digests("order_id", last=last))
        assert [part.tolist() for part in digests] == [words.tolist(), [[0, 0], [0, 0]]]
        assert digests[1].strides == NO_KEYS
    assert rows.keys == ("order_id",)
    assert rows.height == 5
    rows.clear()
    assert not list(tmp_path.rglob("*.arrow"))
    assert rows.height == 0


def test_slim_rows_on_a_refusing_disk_are_a_named_error(tmp_path: Path) -> None:
    """A folder that is a file stands for any refusal."""
    (tmp_path / "deep").write_text("a file")
    with pytest.raises(ResourceError, match=r"expected to write .*, found: File exists"):
        SlimRows(tmp_path / "deep" / "rows.arrow").add(slim(1, 1), {})


def test_a_column_of_nothing_touches_no_memory() -> None:
    """Rows without a value leave the zeros alone and are marked unknown."""
    data, known = np.zeros(3, flat_type(pl.Int64)), np.ones(3, np.bool_)
    fill(data[:1], known[:1], pl.Series([7]))
    fill(data[1:], known[1:], pl.Series([None, None], dtype=pl.Int64))
    column = series_of("fee_minor", pl.Int64, data, known)
    assert column.to_list() == [7, None, None]


def test_pieces_are_the_whole_table() -> None:
    """Steps cut every height without a gap; an empty table has one empty piece."""
    frame = pl.DataFrame({"n": range(10)})
    pieces = Pieces(lambda: (frame[start:stop] for start, stop in steps(frame.height, 4)))
    assert [piece.height for piece in pieces.make()] == [4, 4, 2]
    assert pieces.whole().equals(frame)
    assert list(steps(0)) == [(0, 0)]
