"""The pictures of the HTML report, from the night's tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from recon.report import chart_svg as draw
from recon.report.html_words import PageWords
from recon.report.pack import Pack, real_breaks
from recon.report.priority import age_band, bands
from recon.report.root_causes import Cause
from recon.report.tie_out import Line, Statement, channel_flows
from recon.report.words import label, money

_AGE_COLOURS = ("#84caff", "#53b1fd", "#2e90fa", "#1570ef", "#f79009", "#f04438", "#7a271a")
_PPM = 1_000_000
_LEAGUE_ROWS = 20  # merchants with fewer rows have no rate worth a rank
_LEAGUE_SHOWN = 10
_MIX_SHOWN = 12
_MOST_CURRENCIES = 3
_MOST_DAYS = 10


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its title; `wide` ones take the whole page."""

    title: str
    svg: str
    wide: bool = False
    note: str = ""


def pictures(pack: Pack, proofs: Sequence[Statement], say: PageWords) -> list[Picture]:
    """Return every picture that has something to show."""
    made = [
        *_flows(pack, proofs, say),
        Picture(say("ageing"), _ageing(pack)),
        Picture(say("mix"), _mix(pack, say, by_money=False)),
        Picture(say("mix_money"), _mix(pack, say, by_money=True)),
        Picture(say("match"), _match(pack)),
        *_settle(pack, say),
        Picture(say("league"), _league(pack)),
    ]
    return [picture for picture in made if picture.svg]


def _flows(pack: Pack, proofs: Sequence[Statement], say: PageWords) -> Iterator[Picture]:
    """Yield a flow a currency, the ones with most rows first."""
    rows = pack.ledger.group_by("currency").len().sort("len", "currency", descending=[True, False])
    for currency in rows["currency"].drop_nulls().to_list()[:_MOST_CURRENCIES]:
        mine = [proof for proof in proofs if proof.currency == currency]
        heads, streams = _streams(pack, mine, currency, say)
        if streams:
            title = f"{say('where')}  {currency}"
            yield Picture(title, draw.flow(heads, streams), wide=True)


def _streams(
    pack: Pack, proofs: Sequence[Statement], currency: str, say: PageWords
) -> tuple[list[tuple[str, str]], list[draw.Stream]]:
    """Return the parties' heads and the bands of the flow, left to right."""
    heads: list[tuple[str, str]] = []
    streams: list[draw.Stream] = []
    by_sides = {(proof.left, proof.right): proof for proof in proofs}
    stations = [("MERCHANT", "CHANNEL"), ("CHANNEL", "BANK"), ("MERCHANT", "BANK")]
    for left, right in stations:
        proof = by_sides.get((left, right))
        if proof is None:
            continue
        heads.append(_head(proof, left, say))
        here = len(heads) - 1
        streams += _side_streams(pack, proof, left, here, say, onward=True)
        if left == "MERCHANT" and right == "CHANNEL":
            for line in proof.of("missing", "CHANNEL"):
                streams.append(_stream(here, pack.label(line.code), line, currency, draw.AMBER))
        if left == "CHANNEL":
            streams += _fee_stream(pack, here, currency, say)
    last = proofs[-1] if proofs else None
    if last is not None:
        closing = by_sides.get(("CHANNEL", "BANK"), last)
        heads.append(_head(closing, closing.right, say))
        streams += _side_streams(pack, closing, closing.right, len(heads) - 1, say, onward=False)
    return heads, streams


def _head(proof: Statement, side: str, say: PageWords) -> tuple[str, str]:
    (total,) = proof.of("total", side)
    shown = f"{money(total.amount_minor, proof.currency)} · {total.rows:,} {say('rows')}"
    return label("side", side, say.language), shown


def _side_streams(
    pack: Pack, proof: Statement, side: str, column: int, say: PageWords, *, onward: bool
) -> list[draw.Stream]:
    (joined,) = proof.of("linked", side)
    to_bank = proof.right == "BANK"
    word = "linked" if onward and not to_bank else "settled" if onward else "bank_linked"
    if not onward and not to_bank:
        word = "linked"
    found = [_stream(column, say(word), joined, proof.currency, draw.GREEN, onward=onward)]
    found += [
        _stream(column, say("waiting"), line, proof.currency, draw.BLUE)
        for line in proof.of("waiting", side)
    ]
    found += [
        _stream(column, pack.label(line.code), line, proof.currency, draw.RED)
        for line in proof.of("missing", side)
    ]
    aside = [
        line
        for role in ("not_needed", "before_books", "netted", "other_kind")
        for line in proof.of(role, side)
    ]
    if any(line.amount_minor for line in aside):
        total = Line("", side, "", sum(x.rows for x in aside), sum(x.amount_minor for x in aside))
        found.append(_stream(column, say("idle"), total, proof.currency, "#98a2b3"))
    return found


def _fee_stream(pack: Pack, column: int, currency: str, say: PageWords) -> list[draw.Stream]:
    mine = channel_flows(pack).filter(pl.col("currency") == currency)
    fees = sum(int(value) for value in mine["fees"].to_list())
    if not fees:
        return []
    line = Line("", "CHANNEL", "", 0, -fees)
    return [_stream(column, say("fee"), line, currency, "#7a5af8")]


def _stream(
    column: int, text: str, line: Line, currency: str, colour: str, *, onward: bool = False
) -> draw.Stream:
    shown = money(line.amount_minor, currency)
    return draw.Stream(column, text, abs(line.amount_minor), shown, colour, onward)


def _open(pack: Pack) -> pl.DataFrame:
    return pack.disputes.filter(pl.col("status").cast(pl.String) != "RESOLVED")


def _ageing(pack: Pack) -> str:
    names = bands()
    aged = _open(pack).with_columns(band=age_band(pl.col("age_days").fill_null(0)))
    counted = aged.group_by("code").agg(
        *((pl.col("band") == name).sum().cast(pl.Int64).alias(name) for name in names)
    )
    rows = [(pack.label(str(row[0])), row[1:]) for row in counted.sort("code").iter_rows()]
    return draw.stacked(rows, names, _AGE_COLOURS)


def _mix(pack: Pack, say: PageWords, *, by_money: bool) -> str:
    by = ["code", "currency"] if by_money else ["code"]
    amount = pl.col("amount_minor").cast(pl.Int128).sum()
    counted = _open(pack).group_by(by).agg(pl.len().cast(pl.Int64).alias("rows"), amount)
    size = "amount_minor" if by_money else "rows"
    items = [
        draw.Bar(
            pack.label(row["code"]),
            int(row[size]),
            money(int(row["amount_minor"]), row["currency"]) if by_money else f"{row['rows']:,}",
            draw.RED if by_money else draw.BLUE,
        )
        for row in counted.sort(size, "code", descending=[True, False]).head(_MIX_SHOWN).to_dicts()
    ]
    return draw.bars([*items, *_mix_rest(counted, size, say, by_money=by_money)])


def _mix_rest(
    counted: pl.DataFrame, size: str, say: PageWords, *, by_money: bool
) -> list[draw.Bar]:
    """Return one bar a currency for the reasons that have none of their own."""
    rest = counted.sort(size, "code", descending=[True, False]).slice(_MIX_SHOWN)
    if rest.height == 0:
        return []
    if not by_money:
        total = int(rest["rows"].sum())
        return [draw.Bar(say("rest", n=rest.height), total, f"{total:,}", draw.BLUE)]
    sums = rest.group_by("currency").agg(pl.len().alias("n"), pl.col("amount_minor").sum())
    return [
        draw.Bar(
            say("rest", n=row["n"]),
            int(row["amount_minor"]),
            money(int(row["amount_minor"]), row["currency"]),
            draw.RED,
        )
        for row in sums.sort("currency").to_dicts()
    ]


def _match(pack: Pack) -> str:
    """Return the share of new rows matched or in time, a line a source."""
    days = pack.days["night"].unique().sort().to_list()
    summed = pack.days.group_by("night", "source").agg(pl.col("rows", "matched", "waiting").sum())
    found = {
        (row["night"], row["source"]): (row["matched"] + row["waiting"]) * draw.SHARE // row["rows"]
        for row in summed.to_dicts()
        if row["rows"]
    }
    sources = pack.days["source"].unique().sort().to_list()
    series = [(name, [found.get((day, name)) for day in days]) for name in sources]
    return draw.lines([f"{day:%m-%d}" for day in days], series) if days else ""


def _settle(pack: Pack, say: PageWords) -> Iterator[Picture]:
    """Yield how many days rows took to reach the bank, a picture a source."""
    if pack.settled.height == 0:
        return
    summed = (
        pack.settled.group_by("source", "days").agg(pl.col("rows").sum()).sort("source", "days")
    )
    for (source,), mine in summed.group_by("source", maintain_order=True):
        items = [
            draw.Bar(_days(days, say), rows, f"{rows:,}", draw.GREEN)
            for days, rows in mine.select("days", "rows").head(_MOST_DAYS).iter_rows()
        ]
        late = mine.slice(_MOST_DAYS)
        if late.height:
            rows = int(late["rows"].sum())
            first = _days(int(late["days"][0]), say)
            items.append(draw.Bar(f"≥ {first}", rows, f"{rows:,}", draw.GREEN))
        note = ", ".join(
            f"{say(f'p{part}')} {_days(percentile(mine, part), say)}" for part in (50, 90, 99)
        )
        yield Picture(f"{say('settle')}: {source}", draw.bars(items), note=note)


def _days(count: int, say: PageWords) -> str:
    return f"{count} {say('day' if count == 1 else 'days')}"


def percentile(counted: pl.DataFrame, part: int) -> int:
    """Return the least number of days within which `part` percent of the rows settled."""
    wanted = counted["rows"].sum() * part
    seen = 0
    for days, rows in counted.select("days", "rows").iter_rows():
        seen += rows * 100
        if seen >= wanted:
            return int(days)
    return 0


def merchant_league(pack: Pack) -> pl.DataFrame:
    """Return merchants by their cases for each hundred rows.

    Columns merchant_id, rows, broken, share (hundredths of a percent). A case counts once, whatever
    number of rows it names: a payout that is missing is one, and not its whole batch.
    """
    own = pack.ledger.filter(pl.col("side").cast(pl.String) != "BANK").drop_nulls("merchant_id")
    cases = (
        real_breaks(pack.tables["breaks"])
        .select("break_id", txn_id=pl.col("txn_ids"))
        .explode("txn_id")
        .join(own.select("txn_id", "merchant_id"), on="txn_id", maintain_order="left")
        .unique("break_id", keep="first", maintain_order=True)
        .group_by("merchant_id")
        .agg(broken=pl.len().cast(pl.Int64))
    )
    return (
        own.group_by("merchant_id")
        .agg(rows=pl.len().cast(pl.Int64))
        .join(cases, on="merchant_id")
        .filter(pl.col("rows") >= _LEAGUE_ROWS)
        .with_columns(share=pl.col("broken") * draw.SHARE // pl.col("rows"))
        .sort("share", "merchant_id", descending=[True, False])
    )


def _league(pack: Pack) -> str:
    counted = merchant_league(pack).head(_LEAGUE_SHOWN)
    return draw.bars(
        [
            draw.Bar(
                row["merchant_id"],
                row["share"],
                f"{row['share'] // 100}.{row['share'] % 100:02d} %  "
                f"({row['broken']:,}/{row['rows']:,})",
                draw.AMBER,
            )
            for row in counted.to_dicts()
        ]
    )


def fee_table(pack: Pack) -> list[dict[str, str]]:
    """Return per channel source and currency: gross, fee paid, rate paid, fee less breaks, breaks.

    Where the rule file holds a fee contract, the fee less what the fee breaks name is the
    contract's fee; without one there are no fee breaks, and both are the fee paid.
    """
    wrong = (
        real_breaks(pack.tables["breaks"])
        .filter(pl.col("code").cast(pl.String).str.starts_with("FEE_"))
        .group_by("source", "currency")
        .agg(pl.col("difference_minor").cast(pl.Int128).sum().alias("over"))
    )
    over = {(row["source"], row["currency"]): int(row["over"]) for row in wrong.to_dicts()}
    table = []
    for row in channel_flows(pack).to_dicts():
        fee, currency = -int(row["fees"]), row["currency"]
        gross = int(row["gross"]) + int(row["refunds"]) + int(row["undone"])
        excess = over.get((row["source"], currency), 0)
        ppm = fee * _PPM // gross if gross else 0
        table.append(
            {
                "source": row["source"],
                "gross": money(gross, currency),
                "fee": money(fee, currency),
                "rate": f"{ppm // 10_000}.{ppm % 10_000:04d} %",
                "contract": money(fee - excess, currency),
                "over": money(excess, currency),
            }
        )
    return table


def cause_lines(causes: Sequence[Cause], pack: Pack, say: PageWords) -> list[str]:
    """Return each root cause as one sentence."""
    return [
        say(
            "cause_line",
            there=f"{cause.breaks_there:,}",
            all=f"{cause.breaks_all:,}",
            label=pack.label(cause.code),
            attribute=label("column", cause.attribute, say.language),
            value=cause.value,
            rows=f"{cause.rows_there:,}",
            total=f"{cause.rows_all:,}",
            again=say("again", nights=cause.nights) if cause.nights > 1 else "",
            chance=f"{cause.expected_ppm // _PPM}.{cause.expected_ppm % _PPM // 100_000}",
        )
        for cause in causes
    ]
