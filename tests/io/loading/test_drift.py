"""Changed columns are named, refused, and accepted when the rule file says so."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from recon.core.codes import Side
from recon.core.plan import InputFile
from recon.errors import InputError
from recon.io.loading.drift import check_drift, columns_from_json, columns_json
from recon.io.loading.load import Loaded, load
from recon.io.loading.tonight import Tonight
from recon.io.reading.contract import Columns, Options, named_columns

KNOWN = named_columns(("order", "amount", "time", "note"))
MAPPING = {"order_id": "order", "amount": "amount", "occurred_at": "time"}


def problem(
    now: Columns, before: tuple[Columns, ...] = (KNOWN,), **options: tuple[str, ...]
) -> str:
    """Return what is said of changed columns, empty when nothing is."""
    try:
        check_drift(before, now, Options(**options), "f.csv")
    except InputError as error:
        return error.problem
    return ""


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (("order", "amount", "time", "note", "shop"), "column 'shop' is new"),
        (("order", "amount", "time"), "column 'note' is lost"),
        (("order", "amount", "time", "text"), "column 'note' is now called 'text'"),
        (("order", "order_amount", "amounts", "time", "note"), "column 'amount' is now"),
        (("amount", "order", "time", "note"), "the columns amount, order stand in another order"),
    ],
)
def test_each_change_is_named(now: tuple[str, ...], words: str) -> None:
    """New, lost, renamed and moved columns are told apart."""
    found = problem(named_columns(now))
    if words == "column 'amount' is now":  # two candidates: lost and new, nothing is guessed
        assert "column 'amount' is lost" in found
        assert "column 'amounts' is new" in found
    else:
        assert words in found


def test_the_refusal_names_expected_found_where_and_fix() -> None:
    """A person reads what was expected, what was found, in which file, and what to do."""
    with pytest.raises(InputError) as caught:
        check_drift((KNOWN,), (*KNOWN, ("shop", "")), Options(), "f.csv")
    error = caught.value
    assert (error.code, error.where) == ("FILE_SCHEMA", "f.csv")
    assert "Expected order, amount, time, note; found order, amount, time, note, shop" in str(error)
    assert "changed_columns" in error.fix


def test_a_changed_type_is_named() -> None:
    """A column of another type is a change; one that holds nothing tonight is none."""
    before = ((("a", "decimal of scale 2"), ("b", "")),)
    with pytest.raises(InputError, match="column 'a' was decimal of scale 2 and is integer"):
        check_drift(before, (("a", "integer"), ("b", "")), Options(), "f")
    check_drift(before, (("a", "null"), ("b", "")), Options(), "f")


def test_known_columns_pass() -> None:
    """No history, the same columns, or columns of any earlier night are in order."""
    assert problem(KNOWN) == problem(KNOWN, ()) == problem(()) == ""
    other = named_columns(("a", "b"))
    assert problem(other, (KNOWN, other)) == ""


@pytest.mark.parametrize("accepted", [("shop",), ("*",)])
def test_a_declared_change_is_accepted(accepted: tuple[str, ...]) -> None:
    """A change is accepted by the column's name or for all; another change still is refused."""
    now = (*KNOWN, ("shop", ""))
    assert problem(now, changed_columns=accepted) == ""
    assert problem(now, ignore_columns=("shop",)) == ""
    lost_too = problem((*KNOWN[:-1], ("shop", ""), ("x", "")), changed_columns=("shop",))
    assert "column 'note' is lost" in lost_too
    assert "shop' is new" not in lost_too


def test_columns_survive_the_table() -> None:
    """What `inputs` keeps of a file's columns reads back the same."""
    assert columns_from_json(columns_json(KNOWN)) == KNOWN
    assert columns_from_json(None) == ()
    assert columns_json(()) is None


def write(path: Path, frame: pl.DataFrame) -> str:
    """Write a frame as the kind of file that the name says; return its format."""
    if path.suffix == ".csv":
        frame.write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")
        return "delimited"
    if path.suffix == ".parquet":
        frame.write_parquet(path)
        return "parquet"
    if path.suffix == ".arrow":
        frame.write_ipc(path, compat_level=pl.CompatLevel.oldest())
        return "arrow"
    if path.suffix == ".xlsx":
        text = frame.with_columns(pl.col("time").dt.strftime("%Y-%m-%d %H:%M:%S"))
        text.with_columns(pl.all().cast(pl.String)).write_excel(path)
        return "xlsx"
    rows = frame.with_columns(pl.all().cast(pl.String)).to_dicts()
    path.write_text("".join(json.dumps({**row, "time": row["time"][:19]}) + "\n" for row in rows))
    return "json_lines"


def loaded(path: Path, frame: pl.DataFrame, earlier: list[Columns], options: Options) -> Loaded:
    """Write and load one file."""
    form = write(path, frame)
    return load(
        [InputFile("shop", 0, Side.MERCHANT, form, path, path.name)],
        Tonight(
            date(2026, 3, 4),
            path.parent / "work",
            path.parent / "staging",
            {"shop": options},
            earlier={"shop": earlier},
        ),
    )


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow", "xlsx", "jsonl"])
def test_every_kind_of_file_is_watched(tmp_path: Path, ending: str) -> None:
    """A column that is new since the night before refuses a file of any kind that names columns."""
    frame = pl.DataFrame(
        {
            "order": ["A1"],
            "amount": [Decimal("1.50")],
            "time": [datetime(2026, 3, 4, 9)],  # noqa: DTZ001 - local time, as senders write it
        }
    )
    options = Options(columns=MAPPING, ignore_columns=("note",))
    before = loaded(tmp_path / f"a.{ending}", frame, [], options)
    assert before.inputs["state"].to_list() == ["UNVERIFIED"], before.inputs["message"][0]
    known = columns_from_json(before.inputs["columns"][0])
    assert [name for name, _ in known] == ([] if ending == "jsonl" else list(frame.columns))
    changed = frame.with_columns(shop=pl.lit("x"))
    after = loaded(tmp_path / f"b.{ending}", changed, [known], options)
    assert after.inputs["state"].to_list() == ["REFUSED"]
    message = after.inputs["message"][0]
    assert message.startswith("FILE_SCHEMA: ")
    assert "shop" in message
    told = Options(columns=MAPPING, ignore_columns=("note", "shop"))
    accepted = loaded(
        tmp_path / f"c.{ending}", changed.with_columns(order=pl.lit("A2")), [known], told
    )
    assert accepted.inputs["state"].to_list() == ["UNVERIFIED"], accepted.inputs["message"][0]


@pytest.mark.parametrize(("ending", "kind"), [("parquet", "integer"), ("arrow", "integer")])
def test_a_retyped_column_of_a_typed_file_is_refused(
    tmp_path: Path, ending: str, kind: str
) -> None:
    """An amount that was a decimal and is an integer now may be in another unit."""
    frame = pl.DataFrame({"order": ["A1"], "amount": [Decimal("1.50")]})
    frame = frame.with_columns(time=pl.lit(datetime(2026, 3, 4, 9)))  # noqa: DTZ001 - local time
    known = columns_from_json(
        loaded(tmp_path / f"a.{ending}", frame, [], Options(columns=MAPPING)).inputs["columns"][0]
    )
    minor = frame.with_columns(amount=pl.lit(150))
    after = loaded(tmp_path / f"b.{ending}", minor, [known], Options(columns=MAPPING))
    assert after.inputs["state"].to_list() == ["REFUSED"]
    assert f"'amount' was decimal of scale 2 and is {kind}" in after.inputs["message"][0]
