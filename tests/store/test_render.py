import json
from datetime import date
from decimal import Decimal

import polars as pl

from recon.store import render


def frame():
    """Return one row of everything that is awkward to print."""
    return pl.DataFrame(
        {
            "text": ["=HYPERLINK(1)", "a|b\n\x1b[31mc", None],
            "amount": [-5, 2**62, None],
            "wide": pl.Series([Decimal(10**30), Decimal(1), None], dtype=pl.Decimal(38, 0)),
            "money": pl.Series([Decimal("1.10"), Decimal("-0.01"), None], dtype=pl.Decimal(20, 2)),
            "day": [date(2026, 3, 2), None, None],
            "many": [[1, 2], [], None],
            "shop": ["便利店", "x", None],
        }
    )


def test_csv_is_inert_and_exact():
    """Text that starts like a formula is quoted; negative numbers are left alone."""
    lines = render.as_csv(frame()).splitlines()
    assert lines[1] == f'\'=HYPERLINK(1),-5,{10**30},1.10,2026-03-02,"[1, 2]",便利店'
    assert lines[3] == ",,,,,,"


def test_no_control_characters_reach_a_terminal():
    """Escape sequences and line breaks of the input are printed as spaces."""
    for text in (render.as_table(frame()), render.as_markdown(frame()), render.as_csv(frame())):
        assert "\x1b" not in text


def test_json_keeps_every_digit():
    """Whole numbers of any size are numbers, decimals are text, nulls are null."""
    rows = json.loads(render.as_json(frame()))["rows"]
    assert rows[0]["wide"] == 10**30
    assert rows[1]["amount"] == 2**62
    assert rows[0]["money"] == "1.10"
    assert rows[2]["text"] is None
    assert rows[0]["many"] == [1, 2]


def test_a_table_lines_up_with_chinese_text():
    """Chinese characters take two columns, so the column after them starts in one place."""
    shops = pl.DataFrame({"shop": ["便利店", "abcdef"], "n": [1, 22]})
    lines = render.as_table(shops).splitlines()
    assert lines[2] == "便利店   1"
    assert lines[3] == "abcdef  22"


def test_a_long_answer_says_what_was_left_out():
    """The table format shows the first rows and counts the rest; other formats show all."""
    long = pl.DataFrame({"n": range(render.SHOWN_ROWS + 7)})
    assert "and 7 more rows" in render.as_table(long)
    assert len(render.as_csv(long).splitlines()) == render.SHOWN_ROWS + 8


def test_markdown_keeps_its_columns():
    """A bar inside a cell is escaped."""
    assert r"a\|b" in render.as_markdown(frame())


def test_an_overlong_cell_is_cut_to_the_width():
    """A wide cell ends in an ellipsis and keeps the columns aligned."""
    text = render.as_table(pl.DataFrame({"memo": ["长" * 100], "n": [1]}))
    assert "…" in text
    assert max(map(len, text.splitlines())) < 80


def test_tables_show_money_without_needless_zeros():
    """Four decimals of which no row uses the last two are shown as two; a third one is kept."""
    money = [Decimal("1.2000"), Decimal("-3.4500"), None]
    frame = pl.DataFrame(
        {"yuan": money, "dinar": [Decimal("1.2340"), *money[1:]], "whole": [Decimal(5)] * 3},
        schema_overrides={"yuan": pl.Decimal(37, 4), "dinar": pl.Decimal(37, 4)},
    )
    first, second = render.as_table(frame).splitlines()[2:4]
    assert first.split() == ["1.20", "1.234", "5"]
    assert second.split() == ["-3.45", "-3.450", "5"]
    assert "1.2000" in render.as_csv(frame)
