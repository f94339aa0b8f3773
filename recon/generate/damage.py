"""Files that arrive late, empty, with a wrong trailer or in another layout; a night each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recon.generate.delays import Delays
from recon.generate.files import day_of
from recon.generate.profile import ALIPAY, WECHAT
from recon.generate.truth import Truth

_LOST_NIGHTS = 5  # that must follow, for the money of a lost bill to be judged
_OLD_TILL = "order_no,paid_at,method,type,state,amount,currency,terminal,original_order\n"


@dataclass(frozen=True, slots=True)
class Damage:
    """Which night (0 is the first) each kind of damage strikes; None: never."""

    wrong_trailer: int | None = None  # a first WeChat bill, sent again whole on the same night
    late_bill: int | None = None  # a channel's bill comes with the next night's files
    empty_file: int | None = None  # a till sends no bytes
    old_layout: int | None = None  # a till sends a column under another name
    late_channel: str = ALIPAY  # whose bill is late
    lost_bill: int | None = None  # the Alipay bill of the night never comes

    @classmethod
    def spread(cls, nights: int) -> Damage:
        """Return one damage of each kind on nights of their own, as far as there are nights."""
        trailer, late, empty, old = (
            night if night < nights - 1 else None for night in (1, 3, 2, 4)
        )
        return cls(trailer, late, empty, old, lost_bill=0 if nights > _LOST_NIGHTS else None)

    def delays(self, first: int, last: int) -> Delays:
        """Return what waits because of the damage."""
        late = self._nights(first, last, self.late_bill)
        blocked = {WECHAT: self._nights(first, last, self.wrong_trailer)}
        blocked[self.late_channel] = blocked.get(self.late_channel, frozenset()) | late
        lost = self._nights(first, last, self.lost_bill)
        blocked[ALIPAY] = blocked.get(ALIPAY, frozenset()) | lost
        tills = self._nights(first, last, self.empty_file, self.old_layout)
        return Delays({self.late_channel: late}, blocked, tills, lost)

    def _nights(self, first: int, last: int, *offsets: int | None) -> frozenset[int]:
        nights = {first + offset for offset in offsets if offset is not None}
        return frozenset(night for night in nights if night <= last)

    def apply(self, inbox: Path, truth: Truth) -> None:
        """Write the damaged files beside the good ones, and the truth about them."""
        late = self.late_channel.lower()
        plants = (
            ("FILE_TOTAL", "wechat", self.wrong_trailer, "the trailer counts one row too many"),
            ("FILE_MISSING", late, self.late_bill, "the bill comes a night late"),
            ("FILE_MISSING", "alipay", self.lost_bill, "the bill never comes"),
            ("FILE_EMPTY", "orders", self.empty_file, "a till sends no bytes"),
            ("FILE_SCHEMA", "orders", self.old_layout, "a till names a column `state`"),
        )
        for code, source, offset, planted in plants:
            if offset is None or truth.first + offset > truth.last:
                continue
            night = truth.first + offset
            self._write(code, inbox / day_of(night).isoformat())
            truth.add(
                code,
                pl.DataFrame({"source": [source], "night": [night]}),
                column="source",
                night="night",
                amount=pl.lit(0),
                planted=planted,
            )

    def _write(self, code: str, folder: Path) -> None:
        if code == "FILE_TOTAL":
            (folder / "wechat_first.csv").write_bytes(
                one_too_many((folder / "wechat.csv").read_bytes())
            )
        elif code == "FILE_EMPTY":
            (folder / "orders_till_7.csv").write_bytes(b"")
        elif code == "FILE_SCHEMA":
            (folder / "orders_till_8.csv").write_text(_OLD_TILL, encoding="utf-8")


def one_too_many(bill: bytes) -> bytes:
    """Return a WeChat bill whose trailer counts one row too many."""
    head, _, trailer = bill.rstrip(b"\n").rpartition(b"\n`")
    count, _, rest = trailer.partition(b",")
    return head + b"\n`" + str(int(count) + 1).encode() + b"," + rest + b"\n"


def no_damage() -> Damage:
    """Return no damage at all."""
    return Damage()
