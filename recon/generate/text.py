"""Integers as the texts that files hold: yuan, padded digits, times. All vectorised."""

from __future__ import annotations

import polars as pl

DAY_SECONDS = 86_400


def yuan(column: str | pl.Expr, decimals: str = "") -> pl.Expr:
    """Return fen as yuan with two decimals, and `decimals` behind them."""
    fen = pl.col(column) if isinstance(column, str) else column
    size = fen.abs()
    return pl.concat_str(
        pl.when(fen < 0).then(pl.lit("-")).otherwise(pl.lit("")),
        (size // 100).cast(pl.String),
        pl.lit("."),
        padded(size % 100, 2),
        pl.lit(decimals),
    )


def padded(number: pl.Expr, digits: int) -> pl.Expr:
    """Return a number with leading zeros."""
    return number.cast(pl.String).str.zfill(digits)


def local_time(column: str, layout: str = "%Y-%m-%d %H:%M:%S") -> pl.Expr:
    """Return seconds of local time since 1970-01-01 as text."""
    return pl.from_epoch(pl.col(column), time_unit="s").dt.strftime(layout)


def yuan_text(fen: int, mark: str = ".", decimals: str = "") -> str:
    """Return one amount in fen as yuan."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}{mark}{abs(fen) % 100:02d}{decimals}"


def joined(frame: pl.DataFrame, line: pl.Expr) -> str:
    """Return the lines that `line` makes of the rows, each with its line end."""
    if frame.height == 0:
        return ""
    text: str = frame.select(line.str.join("\n")).item()
    return text + "\n"
