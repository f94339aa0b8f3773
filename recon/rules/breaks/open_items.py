"""The memory between nights: what is carried in becomes ledger rows, what waits is carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.core.arrays.columns import merged
from recon.core.arrays.room import Room
from recon.core.codes import Code, Side, State
from recon.core.money import CURRENCY_NUMBER
from recon.core.plan import Key, key_name
from recon.core.schema import OPEN_ITEMS, SLIM, TRANSACTIONS, conform, words
from recon.core.texts.digest import digest
from recon.rules.night import Ledger, Night


def opening_rows(open_items: pl.DataFrame) -> pl.DataFrame:
    """Return the carried transactions, each once, sorted by txn_id (schema TRANSACTIONS)."""
    return conform(open_items.unique("txn_id", keep="first").sort("txn_id"), TRANSACTIONS)


def slim_rows(wide: pl.DataFrame, sources: Sequence[str]) -> pl.DataFrame:
    """Return transactions as the matcher sees them (schema SLIM)."""
    position = {name: number for number, name in enumerate(sources)}
    return wide.select(
        "txn_id",
        pl.col("side").to_physical().cast(pl.UInt8),
        pl.col("source").replace_strict(position, default=len(position), return_dtype=pl.UInt16),
        pl.col("kind").to_physical().cast(pl.UInt8),
        pl.col("state").to_physical().cast(pl.UInt8),
        "amount_minor",
        "fee_minor",
        "net_minor",
        pl.col("currency").replace_strict(CURRENCY_NUMBER, return_dtype=pl.UInt16),
        "occurred_at",
        "clearing_date",
        "value_date",
        "due_date",
        "fingerprint",
        pl.lit(0, pl.UInt32).alias("occurrence"),
    ).cast(SLIM.schema)  # type: ignore[arg-type]  # polars types the mapping too narrowly


def key_digests(wide: pl.DataFrame, keys: Sequence[Key]) -> dict[str, NDArray[np.uint64]]:
    """Return the digests of each key, shape (rows, 2), for carried rows."""
    return {
        key_name(key): digest([wide[column].cast(pl.String).to_arrow() for column in key])
        for key in keys
    }


def join_ledger(
    new_slim: pl.DataFrame,
    new_digests: Mapping[str, NDArray[np.uint64]],
    open_items: pl.DataFrame,
    sources: Sequence[str],
    keys: Sequence[Key],
    room: Room,
) -> Ledger:
    """Return tonight's ledger: carried rows and new rows together, sorted by txn_id."""
    carried = opening_rows(open_items)
    if carried.height == 0:
        none = np.zeros(new_slim.height, bool)
        return Ledger(new_slim, dict(new_digests), none, {}, {}, {})
    old_slim, old_digests = slim_rows(carried, sources), key_digests(carried, keys)
    opening = _places(old_slim["txn_id"].to_numpy(), new_slim["txn_id"].to_numpy())
    slim = pl.DataFrame(
        merged(old_slim[name], new_slim[name], opening, room) for name in SLIM.schema
    )
    digests = {}
    for name, words_of in new_digests.items():
        digests[name] = room.array((opening.size, 2), np.uint64)
        digests[name][opening], digests[name][~opening] = old_digests[name], words_of
    ids = slim["txn_id"].to_numpy()
    reported = open_items.filter(pl.col("break_id").is_not_null())
    legs = open_items["leg"].unique().sort().to_list()
    on_leg = {leg: pl.col("leg") == leg for leg in legs}
    return Ledger(
        slim,
        digests,
        opening,
        {leg: _marked(ids, open_items.filter(mine)) for leg, mine in on_leg.items()},
        {leg: _marked(ids, reported.filter(mine)) for leg, mine in on_leg.items()},
        {},
        {leg: _codes(ids, reported.filter(mine)) for leg, mine in on_leg.items()},
    )


def _places(old: NDArray[np.int64], new: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows of the ledger are carried ones; both sides ascend."""
    opening = np.zeros(old.size + new.size, bool)
    opening[np.searchsorted(new, old) + np.arange(old.size)] = True
    return opening


def _marked(ids: NDArray[np.int64], items: pl.DataFrame) -> NDArray[np.bool_]:
    """Return which rows of the ledger stand among some carried ones."""
    marks = np.zeros(len(ids), bool)
    marks[np.searchsorted(ids, items["txn_id"].to_numpy())] = True
    return marks


def _codes(ids: NDArray[np.int64], items: pl.DataFrame) -> NDArray[np.uint16]:
    """Return for each row of the ledger the code of the break that it is part of, 0 for none."""
    codes = np.zeros(len(ids), np.uint16)
    number = {code.name: int(code) for code in Code}
    told = items["break_code"].cast(pl.String).replace_strict(number, return_dtype=pl.UInt16)
    codes[np.searchsorted(ids, items["txn_id"].to_numpy())] = told.to_numpy()
    return codes


def closing_items(
    waiting: pl.DataFrame,
    wide: pl.DataFrame,
    ledger: Ledger,
    opening: pl.DataFrame,
    breaks: pl.DataFrame,
    night: Night,
) -> pl.DataFrame:
    """Return the rows carried to the next night (schema OPEN_ITEMS).

    `breaks` maps an anchor and a code to its break: columns anchor, code, leg, break_id, since,
    over (why its rows are carried no more, or null).
    """
    today = pl.lit(night.business_date)
    ids = ledger.slim["txn_id"].gather(waiting["row"].to_numpy())
    named = (
        waiting.with_columns(ids.alias("txn_id"))
        .join(
            breaks.unique(["anchor", "code", "leg"], keep="first", maintain_order=True),
            on=["anchor", "code", "leg"],
            how="left",
            maintain_order="left",
        )
        .filter(pl.col("over").is_null())
    )
    seen = opening.select("txn_id", "leg", "first_seen").unique(["txn_id", "leg"])
    items = named.join(seen, on=["txn_id", "leg"], how="left", maintain_order="left")
    items = items.with_columns(pl.coalesce("first_seen", today).alias("first_seen"))
    items = items.select(
        "txn_id",
        "leg",
        "first_seen",
        pl.Series("age", _ages(items["first_seen"], night)),
        pl.col("waiting_for")
        .replace_strict({int(s): s.name for s in Side}, return_dtype=pl.String)
        .cast(words(Side)),
        "wait_until",
        pl.col("code")
        .replace_strict({int(c): c.name for c in Code}, return_dtype=pl.String)
        .cast(words(Code))
        .alias("break_code"),
        pl.col("since").alias("break_since"),
        "break_id",
    )
    joined = items.join(_as_netted(wide, ledger), on="txn_id", how="inner", validate="m:1")
    assert joined.height == items.height, "a waiting row has no wide row"
    return conform(joined.sort("txn_id", "leg"), OPEN_ITEMS)


def _as_netted(wide: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Return the rows with payments that netting found undone as REVERSED: they stay undone."""
    undone = ledger.slim.filter(pl.col("state") == int(State.REVERSED))["txn_id"].implode()
    word = pl.lit(State.REVERSED.name, dtype=wide.schema["state"])
    state = pl.when(pl.col("txn_id").is_in(undone)).then(word).otherwise("state")
    return wide.with_columns(state.alias("state"))


def _ages(first_seen: pl.Series, night: Night) -> pl.Series:
    """Return ages in business days."""
    return night.calendar.business_ages(first_seen, night.business_date).cast(pl.Int32)
