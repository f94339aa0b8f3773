"""A world while breaks are planted in it: what is left out, changed or added, and who is taken.

Every sale is taken by one plant at most, so that each planted break stands alone and its truth is
certain. Sales near midnight and near the cut-off are never taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recon.generate.causes import DIFFERENCES
from recon.generate.delays import Delays
from recon.generate.draw import channel_reference, clearing_day, merchant_name
from recon.generate.files import CHARGES, LINES, ORDERS, PAY, REFUND, Party
from recon.generate.notices import NOTICES
from recon.generate.pricing import at_rate
from recon.generate.profile import CHANNELS, PPM, Profile
from recon.generate.text import DAY_SECONDS, local_time, padded
from recon.generate.truth import Truth

_EARLIEST, _LATEST = 8 * 3_600, 21 * 3_600
SALE_KEY: Final = ["terminal", "amount", "day"]  # of counter sales, which have no order number
TILL_DAY: Final = ["channel", "merchant", "terminal", "day"]  # whose sales have one price
OTHER_TERMINAL: Final = "99999999"
STATUSES: Final = ("PAID", "CLOSED", "PENDING", "VOIDED", "FAILED")
PAID, CLOSED, PENDING, VOIDED, FAILED = range(5)


class Planter:
    """The sales, what plants did to them, and the truth."""

    def __init__(
        self,
        sales: pl.DataFrame,
        profile: Profile,
        party: Party,
        rng: np.random.Generator,
        truth: Truth,
        delays: Delays,
    ) -> None:
        """Begin with every sale paid, booked and delivered."""
        self.sales, self.profile, self.party, self.rng = sales, profile, party, rng
        self.truth, self.delays = truth, delays
        rows = sales.height
        self.no_order = np.zeros(rows, bool)
        self.no_charge = np.zeros(rows, bool)
        self.status = np.zeros(rows, np.uint8)
        self.order_amount = sales["amount"].to_numpy().copy()
        self.fee = sales["fee"].to_numpy().copy()
        self.foreign = np.zeros(rows, bool)
        self.at_counter = np.zeros(rows, bool)
        self.other_terminal = np.zeros(rows, bool)
        self.order_night = sales["night"].to_numpy().copy()
        self.orders: list[pl.DataFrame] = []
        self.charges: list[pl.DataFrame] = []
        self.notices: list[pl.DataFrame] = []
        self.transfers = [pl.DataFrame(schema=LINES)]
        self.differences = [pl.DataFrame(schema=DIFFERENCES)]
        self._counter = 3 * rows + 1_000  # beyond the counters of the sales drawn
        seconds = sales["t"].to_numpy() % DAY_SECONDS
        free = (seconds >= _EARLIEST) & (seconds < _LATEST)
        self._order = rng.permutation(np.flatnonzero(free))
        self._taken = sales.select(delays.touches_lost()).to_series().to_numpy().copy()
        self._merchant = sales["merchant_no"].to_numpy()

    @property
    def untaken(self) -> NDArray[np.bool_]:
        """Return which sales no plant has taken."""
        return ~self._taken

    @property
    def rows(self) -> int:
        """Return how many sales there are."""
        return self.sales.height

    def take(
        self,
        count: int,
        channels: Sequence[str] = CHANNELS,
        *,
        last_night: int | None = None,
        where: NDArray[np.bool_] | None = None,
    ) -> pl.DataFrame:
        """Return sales that no plant has taken yet, at most `count`, in order of time.

        The first ones are of the merchants in focus: there, every break meets the others.
        """
        allowed = self.sales["channel"].is_in(list(channels)).to_numpy() & ~self._taken
        if last_night is not None:
            allowed &= self.sales["night"].to_numpy() <= last_night
        if where is not None:
            allowed &= where
        candidates = self._order[allowed[self._order]]
        merchant = self._merchant[candidates]
        focus = [candidates[merchant == number][:1] for number in range(self.profile.focus)]
        ahead = np.concatenate(focus)
        others = candidates[: count + ahead.size]
        others = others[~np.isin(others, ahead)]
        chosen = np.sort(np.concatenate([ahead, others])[:count])
        self._taken[chosen] = True
        return self.sales[chosen]

    def keep_alike(self, picks: pl.DataFrame, key: list[str]) -> None:
        """Let no further plant take a sale that shares a key with picks."""
        alike = self.sales.join(picks.select(key), on=key, how="semi")
        self._taken[alike["i"].to_numpy()] = True

    def lonely(self) -> NDArray[np.bool_]:
        """Return which sales share terminal, amount and clearing day with no other one."""
        found: NDArray[np.bool_] = (
            self.sales.select(pl.struct(SALE_KEY).is_unique()).to_series().to_numpy()
        )
        return found

    def numbers(self, count: int) -> pl.Series:
        """Return fresh counters for rows that plants add."""
        start = self._counter
        self._counter += count
        return pl.Series("i", np.arange(start, start + count, dtype=np.int64))

    def charge_rows(self, picks: pl.DataFrame, kind: str = PAY) -> pl.DataFrame:
        """Return picks as rows of their channel's file."""
        frame = picks.with_columns(
            pl.lit(kind).alias("kind"),
            *(
                (pl.col(name) if name in picks.columns else pl.lit("")).alias(name)
                for name in ("original_order", "original_ref")
            ),
            *(
                (pl.col(name) if name in picks.columns else pl.lit(value=False)).alias(name)
                for name in ("repeated", "pending")
            ),
            t=pl.col("tc"),
        )
        frame = frame.with_columns(night=self.delays.delivered())
        return frame.select(pl.col(name).cast(dtype) for name, dtype in CHARGES.items())

    def order_rows(
        self, picks: pl.DataFrame, kind: str = PAY, status: str = "PAID"
    ) -> pl.DataFrame:
        """Return picks as rows of the merchant's books."""
        present = set(picks.columns)
        frame = picks.with_columns(
            pl.lit(kind).alias("kind"),
            (pl.col("status") if "status" in present else pl.lit(status)).alias("status"),
            (pl.col("currency") if "currency" in present else pl.lit("CNY")).alias("currency"),
            (pl.col("original_order") if "original_order" in present else pl.lit("")).alias(
                "original_order"
            ),
            (pl.col("till") if "till" in present else pl.lit("")).alias("terminal"),
            requested=pl.col("requested" if "requested" in present else "amount")
            if kind == REFUND
            else pl.lit(None),
        )
        return frame.select(pl.col(name).cast(dtype) for name, dtype in ORDERS.items())

    def later(self, picks: pl.DataFrame, earliest: int, latest: int) -> pl.DataFrame:
        """Return picks some seconds later, with a fresh counter and channel number."""
        gap = pl.Series("gap", self.rng.integers(earliest, latest, picks.height))
        numbers = self.numbers(picks.height)
        frame = picks.with_columns(
            numbers, t=pl.col("t") + gap, tc=pl.col("tc") + gap, stan=numbers % PPM
        )
        frame = frame.with_columns(
            night=(pl.col("t") // DAY_SECONDS).cast(pl.Int32), day=clearing_day("channel", "tc")
        )
        return frame.with_columns(channel_ref=channel_reference("i", "tc"))

    def card_merchant(self) -> pl.Expr:
        """Return the number that the row's channel knows its merchant by."""
        return merchant_name(self.party).alias("merchant")

    def refunds_of(
        self, picks: pl.DataFrame, days: NDArray[np.int64], *, partial: bool = True
    ) -> pl.DataFrame:
        """Return the refunds of picks, `days` later: own numbers, negative amount, fee returned.

        One in five is partial.
        """
        parted = pl.Series((self.rng.integers(0, 5, picks.height) == 0) & partial)
        moved = picks.with_columns(
            pl.Series("days", days),
            original_order=pl.col("order_id"),
            original_ref=pl.col("channel_ref"),
            partial=parted,
        ).with_columns(
            pl.col("t") + pl.col("days") * DAY_SECONDS, pl.col("tc") + pl.col("days") * DAY_SECONDS
        )
        moved = self.later(moved, 600, 3_600)
        part = (pl.col("amount") * 4 // 10).clip(1)
        size = pl.when(pl.col("partial")).then(part).otherwise("amount")
        back = at_rate(size, pl.col("ppm"))
        return moved.with_columns(
            amount=-size,
            fee=-back,
            order_id=pl.concat_str(
                pl.lit("F"), local_time("t", "%y%m%d"), pl.lit("-"), padded(pl.col("i"), 7)
            ),
        ).with_columns(
            channel_ref=pl.when(pl.col("channel") == "ALIPAY")
            .then("order_id")
            .otherwise("channel_ref")
        )

    def undone(self, picks: pl.DataFrame) -> pl.DataFrame:
        """Return the revocations of picks, on the same clearing day."""
        moved = self.later(
            picks.with_columns(
                original_order=pl.col("order_id"), original_ref=pl.col("channel_ref")
            ),
            20,
            600,
        )
        return moved.with_columns(
            amount=-pl.col("amount"),
            fee=-pl.col("fee"),
            order_id=pl.when(pl.col("channel") == "UNIONPAY")
            .then(pl.concat_str(pl.lit("V"), pl.col("order_id").str.slice(1)))
            .otherwise("order_id"),
        )

    def differ(
        self,
        picks: pl.DataFrame,
        reference: str,
        expected: pl.Expr,
        actual: pl.Expr,
        night: pl.Expr,
    ) -> None:
        """Note amounts that differ, for the causes that several of them share."""
        self.differences.append(
            picks.select(
                pl.col(reference).alias("reference"),
                night.cast(pl.Int32).alias("night"),
                "merchant",
                "terminal",
                expected.alias("expected"),
                actual.alias("actual"),
            )
        )

    def merchant_books(self) -> pl.DataFrame:
        """Return every row of the merchant's books (ORDERS), in order of time."""
        sales = self.sales.with_columns(
            pl.Series("status", np.asarray(STATUSES)[self.status]),
            pl.Series("amount", self.order_amount),
            pl.Series("night", self.order_night, pl.Int32),
            pl.Series("at_counter", self.at_counter),
            pl.Series("other_terminal", self.other_terminal),
            currency=pl.when(pl.Series(self.foreign)).then(pl.lit("USD")).otherwise(pl.lit("CNY")),
        ).with_columns(
            order_id=pl.when(pl.col("at_counter")).then(pl.lit("")).otherwise("order_id"),
            till=pl.when(pl.col("at_counter"))
            .then("terminal")
            .when(pl.col("other_terminal"))
            .then(pl.lit(OTHER_TERMINAL))
            .otherwise(pl.lit("")),
        )
        kept = self.order_rows(sales.filter(pl.Series(~self.no_order)))
        return pl.concat([kept, *self.orders]).sort("t", "order_id", maintain_order=True)

    def acquirer_notices(self) -> pl.DataFrame:
        """Return what the acquirer tells (NOTICES), in order of day."""
        whole = pl.concat([pl.DataFrame(schema=NOTICES), *self.notices])
        return whole.sort("day", "number")

    def channel_books(self) -> pl.DataFrame:
        """Return every row of every channel (CHARGES), in order of time."""
        sales = self.sales.with_columns(pl.Series("fee", self.fee))
        kept = self.charge_rows(sales).filter(pl.Series(~self.no_charge))
        return pl.concat([kept, *self.charges]).sort("t", "channel_ref", maintain_order=True)


def next_day(picks: pl.DataFrame) -> pl.DataFrame:
    """Return sales moved to the next day."""
    return picks.with_columns(pl.col("t") + DAY_SECONDS, pl.col("tc") + DAY_SECONDS)
