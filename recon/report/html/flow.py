"""Where the money is: a picture a currency, from the orders to the channel to the bank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from recon.report.flows import channel_flows
from recon.report.html import chart_svg as draw
from recon.report.html.words import PageWords
from recon.report.pack import Pack
from recon.report.tie_out import Line, Statement
from recon.report.words import label, money

_STATIONS = (("MERCHANT", "CHANNEL"), ("CHANNEL", "BANK"), ("MERCHANT", "BANK"))
_ASIDE = ("not_needed", "before_books", "netted", "other_kind")
_UNEXPLAINED = "#7a271a"


def flow_picture(pack: Pack, proofs: Sequence[Statement], currency: str, say: PageWords) -> str:
    """Return the flow of one currency, or "" where no leg compares it."""
    by_sides = {(proof.left, proof.right): proof for proof in proofs if proof.currency == currency}
    heads: list[draw.Head] = []
    streams: list[draw.Stream] = []
    last: Statement | None = None
    for sides in _STATIONS:
        proof = by_sides.get(sides)
        if proof is None:
            continue
        streams += _left_streams(pack, proof, len(heads), say)
        heads.append(_head(pack, proof, proof.left, say))
        last = proof if last is None or proof.left != "MERCHANT" else last
    if last is None:
        return ""
    streams += _right_streams(pack, last, len(heads), say)
    heads.append(_head(pack, last, last.right, say))
    return draw.flow(heads, streams) if streams else ""


def _head(pack: Pack, proof: Statement, side: str, say: PageWords) -> draw.Head:
    """Return a party, the sum of its rows, and how many of them earlier nights handed on."""
    (total,) = proof.of("total", side)
    other = proof.right if side == proof.left else proof.left
    carried = pack.opening.filter(
        (pl.col("side").cast(pl.String) == side)
        & (pl.col("waiting_for").cast(pl.String) == other)
        & (pl.col("currency") == proof.currency)
    )["txn_id"].n_unique()
    return draw.Head(
        label("side", side, say.language),
        f"{money(total.amount_minor, proof.currency)} · {say.rows(total.rows)}",
        say("carried", rows=f"{carried:,}") if carried else "",
    )


def _left_streams(
    pack: Pack, proof: Statement, column: int, say: PageWords
) -> Iterator[draw.Stream]:
    """Yield what goes on to the next party, what waits or is missing, what only that one has."""
    side, currency = proof.left, proof.currency
    (linked,) = proof.of("linked", side)
    exchanged = sum(line.amount_minor for line in proof.of("exchanged"))
    gone = -exchanged if exchanged < 0 else 0  # its partners stand in another currency
    word = "settled" if proof.right == "BANK" else "linked"
    yield from _stream(
        column, say(word), linked.amount_minor - gone, currency, draw.GREEN, onward=True
    )
    yield from _stream(column, say("exchanged"), gone, currency, draw.VIOLET)
    yield from _waiting_and_missing(pack, proof, side, column, say)
    if side == "MERCHANT" and proof.right == "CHANNEL":
        for line in proof.of("missing", proof.right):
            there = say("only_there", side=label("side", proof.right, say.language))
            yield from _line(column, there + pack.label(line.code), line, currency, draw.AMBER)
        yield from _stream(column, say("from_exchange"), max(exchanged, 0), currency, draw.AMBER)
    if side == "CHANNEL":
        mine = channel_flows(pack).filter(pl.col("currency") == currency)
        fees = -sum(int(value) for value in mine["fees"].to_list())
        yield from _stream(column, say("fee"), fees, currency, draw.VIOLET)


def _right_streams(
    pack: Pack, proof: Statement, column: int, say: PageWords
) -> Iterator[draw.Stream]:
    """Yield what the last party's rows are explained by, and what nothing explains."""
    (linked,) = proof.of("linked", proof.right)
    word = "bank_linked" if proof.left == "CHANNEL" else "linked"
    yield from _line(column, say(word), linked, proof.currency, draw.GREEN)
    yield from _waiting_and_missing(pack, proof, proof.right, column, say)


def _waiting_and_missing(
    pack: Pack, proof: Statement, side: str, column: int, say: PageWords
) -> Iterator[draw.Stream]:
    currency = proof.currency
    for line in proof.of("waiting", side):
        yield from _line(column, say("waiting"), line, currency, draw.BLUE)
    for line in proof.of("missing", side):
        yield from _line(column, pack.label(line.code), line, currency, draw.RED)
    for line in proof.of("residual", side):
        yield from _line(column, say("residual"), line, currency, _UNEXPLAINED)
    aside = sum(line.amount_minor for role in _ASIDE for line in proof.of(role, side))
    yield from _stream(column, say("idle"), aside, currency, draw.QUIET)


def _line(column: int, text: str, line: Line, currency: str, colour: str) -> Iterator[draw.Stream]:
    yield from _stream(column, text, line.amount_minor, currency, colour)


def _stream(
    column: int, text: str, minor: int, currency: str, colour: str, *, onward: bool = False
) -> Iterator[draw.Stream]:
    """Yield a band, or none where no money is in it."""
    if minor:
        shown = money(minor, currency)
        yield draw.Stream(column, text, abs(minor), shown, colour, onward and minor > 0)
