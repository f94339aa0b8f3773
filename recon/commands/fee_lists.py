"""`recon fees import` and `recon fees price`: a price list as a contract, and what it asks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon.commands.options import json_option, language_option
from recon.errors import UsageError

if TYPE_CHECKING:
    from recon.rules.rule_file.models import SourceContract

_file = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command(name="import")
@click.argument("file", type=_file)
@click.option(
    "--formula",
    required=True,
    help="A line's formula, {COLUMN} for a cell: '{rate}bp + {fixed}'.",
)
@click.option("--name", default=None, metavar="COLUMN", help="The column that names a line.")
@click.option(
    "--as", "renamed", multiple=True, metavar="COLUMN=ATTRIBUTE", help="Condition of another name."
)
@click.option(
    "--range", "ranges", multiple=True, metavar="ATTRIBUTE=LOW:HIGH", help="Two columns of bounds."
)
@click.option("--contract", default="price list", show_default=True, help="Name of the contract.")
@click.option("--currency", default="CNY", show_default=True, help="Currency of its money.")
def import_list(
    file: Path,
    formula: str,
    name: str | None,
    renamed: Sequence[str],
    ranges: Sequence[str],
    contract: str,
    currency: str,
) -> None:
    """Print a price list (CSV, JSON, Parquet) as a fee contract to append to a rule file.

    A row is a line, every other column a condition; a blank cell is any. Several words of a cell
    are a list, or stand between |. A range becomes a word such as 7.2..7.7.
    """
    from pydantic import ValidationError

    from recon.rules.prices.contract import FeeContract
    from recon.rules.rule_file.price_lists import Columns, as_toml, contract_of, read_table

    bounds = {}
    for attribute, columns in _pairs(ranges, "--range"):
        low, _, high = columns.partition(":")
        bounds[attribute] = (low, high)
    layout = Columns(formula, name, dict(_pairs(renamed, "--as")), bounds)
    table = contract_of(read_table(file), layout, contract, currency)
    try:
        FeeContract.model_validate(table)
    except ValidationError as error:
        found = "; ".join(item["msg"] for item in error.errors()[:5])
        raise UsageError(
            f"expected a list that can be priced, found: {found}",
            where=str(file),
            fix="say with `--formula`, `--as` and `--range` what its columns mean",
        ) from error
    click.echo(as_toml(table), nl=False)


@click.command(name="price")
@click.argument("config", type=_file)
@click.option("--amount", required=True, help="Amount in major units, for instance 100.00.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Clearing day.")
@click.option(
    "--is", "told", multiple=True, metavar="ATTRIBUTE=WORD", help="What the payment is; repeatable."
)
@language_option
@json_option
def price(
    config: Path,
    amount: str,
    day: datetime | None,
    told: Sequence[str],
    lang: str | None,
    as_json: bool,
) -> None:
    """Say what a payment would cost: every line that applies, its fee, and the one that wins."""
    from recon.io.formats import FORMATS
    from recon.rules.rule_file.rule_file import read_rules

    rules = read_rules(config, tuple(item.name for item in FORMATS)).rules
    words = dict(_pairs(told, "--is"))
    facts = [_priced(contract, amount, day, words) for contract in rules.fee_contracts]
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    chinese = (lang or rules.language) == "zh"
    for item in facts:
        click.echo(f"{item['contract']}: {_verdict(item, chinese=chinese)}")
        for line in item["lines"]:
            click.echo(f"  {line['line']}: {line['fee']} {item['currency']} ({line['formula']})")


def _priced(
    contract: SourceContract, amount: str, day: datetime | None, words: dict[str, str]
) -> dict[str, Any]:
    """Return the lines of a contract that apply to a payment, with the fee of each."""
    import numpy as np
    import polars as pl

    from recon.core.money import format_minor
    from recon.core.pricing import price_lines
    from recon.rules.prices.contract import Compiled

    unknown = sorted(set(words) - set(contract.known_attributes))
    if unknown:
        raise UsageError(
            f"expected attributes of the contract, found {', '.join(unknown)}",
            where=f"--is, fee contract {contract.name!r}",
            fix=f"one of: {', '.join(contract.known_attributes)}",
        )
    minor = _minor(contract, amount)
    compiled = Compiled(contract)
    row = pl.DataFrame(
        {name: [words.get(name)] for name in contract.known_attributes},
        schema=dict.fromkeys(contract.known_attributes, pl.String),
    ).with_columns(amount_minor=pl.lit(minor), clearing_date=pl.lit(day and day.date(), pl.Date))
    found = compiled.applying(row)
    fees = price_lines(compiled.tariff, np.full(found.size, abs(minor), np.int64), found)
    _, winner = compiled.price_rows(row)
    lines = [compiled.lines[number] for number in found]
    return {
        "contract": contract.name,
        "currency": contract.currency,
        "verdict": "tied" if winner[0] < 0 and lines else "priced" if lines else "no line",
        "line": lines[0].name if lines and winner[0] >= 0 else None,
        "fee_minor": int(fees[0]) if lines and winner[0] >= 0 else None,
        "lines": [
            {
                "line": line.name,
                "formula": line.formula,
                "fee": format_minor(int(fee), contract.currency),
                "fee_minor": int(fee),
            }
            for line, fee in zip(lines, fees, strict=True)
        ],
    }


def _minor(contract: SourceContract, amount: str) -> int:
    """Return an amount of the command line in minor units of the contract's currency."""
    try:
        return contract.minor(Decimal(amount))
    except (InvalidOperation, ValueError) as error:
        raise UsageError(
            f"expected an amount in {contract.currency}, found {amount!r}",
            where="--amount",
            fix="write digits, a point and no more decimals than the currency has",
        ) from error


def _verdict(item: dict[str, Any], *, chinese: bool) -> str:
    if item["verdict"] == "priced":
        return f"{item['line']}, {item['lines'][0]['fee']} {item['currency']}"
    if item["verdict"] == "tied":
        return "几条同样具体的条目适用" if chinese else "several lines apply, equally specific"
    return "没有适用的条目" if chinese else "no line applies"


def _pairs(texts: Sequence[str], option: str) -> list[tuple[str, str]]:
    """Return `KEY=VALUE` texts as pairs."""
    for text in texts:
        if "=" not in text:
            raise UsageError(
                f"expected KEY=VALUE, found {text!r}",
                where=option,
                fix="write a name, an equals sign and what it stands for",
            )
    return [(text.partition("=")[0], text.partition("=")[2]) for text in texts]
